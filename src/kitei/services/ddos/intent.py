"""DDoS Protection's side of desired state: collectors that watch, and what routes, cleans and carries. Pure.

What stands always and what is done against an attack are made apart, so that the latter can be published by
itself in the moment it is ordered.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

from kitei.ledger.contracts import Contract
from kitei.network import (
    Announcement,
    Estate,
    FlowRule,
    NodeIntent,
    Part,
    RouteLeave,
    Scrubbing,
)
from kitei.network.codec import node_intent, node_intents
from kitei.network.ddos_estate import CollectorPlace
from kitei.network.expiry import expires
from kitei.services.ddos.defence import standing_mitigations
from kitei.services.ddos.means import Means, all_means, edition_on
from kitei.services.ddos.stopping import Placed, by_contract, dynamic_parts, own_parts, standing_parts
from kitei.services.ddos.watching import collector_part, watch_parts, watched_line

_Against = Announcement | FlowRule | Scrubbing
_NEVER: Final = datetime.max.replace(tzinfo=UTC)

__all__ = ["compile_contracts", "is_dynamic", "refreshed", "watched_line"]


def compile_contracts(contracts: Sequence[Contract], estate: Estate, on: date) -> tuple[NodeIntent, ...]:
    """The nodes that the contracts in force on a day need, and what stands against attacks now."""
    standing = _by_node(_standing(contracts, estate, on))
    dynamic = _by_node(_dynamic(contracts, estate, on))
    return node_intents(
        {
            node: (*(always := standing.get(node, ())), *_ordered_once(dynamic.get(node, ()), always))
            for node in {*standing, *dynamic}
        }
    )


def is_dynamic(part: Part) -> bool:
    """Whether a part is there against an attack, and goes by itself."""
    return isinstance(part, _Against) and part.until is not None


def refreshed(
    nodes: Iterable[NodeIntent],
    contracts: Sequence[Contract],
    estate: Estate,
    on: date,
    touched: frozenset[str] | None = None,
) -> tuple[NodeIntent, ...]:
    """Those of the nodes, as they were published, that change with what is done against attacks now.

    What stands always stays as it was published, but for leave that has been taken back: routers that a contract's
    routes may not go to any more leave it at once. Contracts that were not published get nothing. `touched`
    are those whose leave has to be looked into (None: all).
    """
    published = {node.node: node for node in nodes}
    served = {each.origin.owner for node in published.values() for each in node.parts if not is_dynamic(each)}
    wanted = _by_node(each for each in _dynamic(contracts, estate, on) if each[1].origin.owner in served)
    leaves = _leaves(contracts, estate, on, touched)
    changed = []
    for name, node in published.items():
        kept = [_narrowed(each, name, leaves, touched is None) for each in node.parts if not is_dynamic(each)]
        after = node_intent(name, (*kept, *_ordered_once(wanted.get(name, ()), kept)))
        if after.digest != node.digest:
            changed.append(after)
    return tuple(changed)


def _by_node(placed: Iterable[Placed]) -> Mapping[str, Sequence[Part]]:
    found: dict[str, list[Part]] = {}
    for node, part in placed:
        found.setdefault(node, []).append(part)
    return found


def _ordered_once(orders: Iterable[Part], standing: Iterable[Part]) -> Iterable[Part]:
    """What was ordered against attacks, each once, however many asked for it.

    What stands always is not ordered again. Of several orders for one prefix that of the first contract is carried
    out, until the last of them ends: an order that was given is never cut short by another.
    """
    found: dict[str, Part] = {}
    always = {each.key for each in standing}
    for part in orders:
        if part.key not in always:
            found[part.key] = _longer(found.get(part.key, part), part)
    return found.values()


def _longer(first: Part, other: Part) -> Part:
    """The first, until the later end of both."""
    if not isinstance(first, _Against) or not isinstance(other, _Against):
        return first
    return replace(first, until=max((first, other), key=lambda each: expires(each) or _NEVER).until)


def _standing(contracts: Sequence[Contract], estate: Estate, on: date) -> Iterator[Placed]:
    bought = tuple(all_means(contracts, on).values())
    if not bought:
        return
    edition, by_id, places = edition_on(on), {each.id: each for each in contracts}, estate.defence
    watches = tuple(watch_parts(by_id, bought, edition))
    for place in places.collectors:
        yield place.node, collector_part(place, edition)
        watched = _watched(place, bought)
        yield from ((place.node, part) for part in watches if part.origin.owner in watched)
    defended = tuple(by_contract(by_id, bought, places, edition))
    if defended:
        yield from own_parts(places, edition, estate.sacks)
    for ground in defended:
        yield from standing_parts(ground)


def _watched(place: CollectorPlace, bought: Sequence[Means]) -> frozenset[str]:
    """Whom a collector watches. Art. 10.2(8): over another provider's path only who has the option for it."""
    return frozenset(
        each.contract for each in bought if place.carrier is None or place.carrier in each.watched_by
    )


def _dynamic(contracts: Sequence[Contract], estate: Estate, on: date) -> Iterator[Placed]:
    """Only contracts with something in force are looked into, and what they are added to."""
    touched = {each.id for each in contracts if standing_mitigations(each)}
    if not touched:
        return
    edition, by_id = edition_on(on), {each.id: each for each in contracts}
    bases = {str(by_id[each].body.get("base")) for each in touched}
    bought = all_means([by_id[each] for each in sorted(touched | (bases & set(by_id)))], on)
    mine = tuple(means for id, means in bought.items() if id in touched)
    for ground in by_contract(by_id, mine, estate.defence, edition):
        yield from dynamic_parts(ground)


@dataclass(frozen=True, slots=True)
class _Leaves:
    """The leave and the standing routes that contracts have now, by node and key, as far as it was looked into."""

    found: Mapping[tuple[str, str], RouteLeave | Announcement]
    looked: frozenset[str]


def _leaves(
    contracts: Sequence[Contract], estate: Estate, on: date, touched: frozenset[str] | None
) -> _Leaves:
    """Of contracts that changed, and of those that are added to them."""
    concerned = [
        each
        for each in contracts
        if touched is None or each.id in touched or str(each.body.get("base")) in touched
    ]
    ids = frozenset(each.id for each in concerned)
    bases = {str(each.body.get("base")) for each in concerned} - ids
    some = [*concerned, *(each for each in contracts if each.id in bases)] if bases else concerned
    found = {
        (node, part.key): part
        for node, part in _standing(some, estate, on)
        if isinstance(part, RouteLeave | Announcement)
    }
    return _Leaves(found, ids)


def _narrowed(part: Part, node: str, leaves: _Leaves, everyone: bool) -> Part:
    """A published leave without what it would not say today; it is never widened here. A route that stands always
    leads where it would lead today: a scrubber may have been lost."""
    if not isinstance(part, RouteLeave | Announcement) or not (everyone or part.contract in leaves.looked):
        return part
    now = leaves.found.get((node, part.key))
    if isinstance(part, Announcement):
        return replace(part, next_hop=now.next_hop) if isinstance(now, Announcement) else part
    if not isinstance(now, RouteLeave):
        return replace(part, upstreams=(), actions=())
    return replace(
        part,
        upstreams=tuple(each for each in part.upstreams if each in now.upstreams),
        actions=tuple(each for each in part.actions if each in now.actions),
        prefixes=tuple(each for each in part.prefixes if each in now.prefixes),
    )
