"""What a speaker may say: of all that is wanted, what is inside its contract's leave; the rest with its reason.

Pure. Each pair of a route and an upstream is judged by itself, so that one that is not allowed takes nothing
from those that are. Where a number is exceeded, what is announced already goes first: nothing flaps.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TypeAlias

from kitei.drivers.gobgp.matches import flaws_of_rule, match_of, rate_of
from kitei.drivers.gobgp.upstreams import tag_of
from kitei.drivers.gobgp.values import Family, Held, Kind, Match, Tag
from kitei.network import Announcement, FlowRule, Part, RouteLeave, Upstream

Order: TypeAlias = Announcement | FlowRule
Place: TypeAlias = tuple[Family, str | Match]


@dataclass(slots=True)
class _Said:
    """One route while it is put together."""

    owners: set[str] = field(default_factory=set)
    next_hop: str = ""
    rate: float | None = None
    by_kind: dict[Kind, set[str]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset[str]().union(*self.by_kind.values())

    def held(self, family: Family, of: str | Match) -> Held:
        blackholed = self.by_kind.get("blackhole", set())
        tags: set[Tag] = set()
        for kind, names in self.by_kind.items():
            # where an upstream discards all of it, there is nothing left to divert
            tags |= {tag_of(name, kind) for name in names if kind != "divert" or name not in blackholed}
        return Held(family, of, self.next_hop, self.rate, frozenset(tags))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Routes to hold with whose they are, and what was refused and why."""

    routes: Mapping[Held, tuple[str, ...]]
    refused: tuple[str, ...]


def allowed(
    wanted: Sequence[Part], upstreams: Mapping[str, Upstream], spoken: Collection[Place] = ()
) -> Allowed:
    """`wanted` without what has expired; `spoken` is what is announced now."""
    leaves = {part.contract: part for part in wanted if isinstance(part, RouteLeave)}
    orders = [part for part in wanted if isinstance(part, Announcement | FlowRule)]
    refused: list[str] = []
    placed: list[tuple[Order, Place]] = []
    for order in sorted(orders, key=lambda order: order.key):
        flaws = list(_flaws(order, leaves.get(order.contract)))
        refused += [_told(order, flaw) for flaw in flaws]
        if not flaws:
            placed.append((order, _place(order)))
    placed.sort(key=lambda each: each[1] not in spoken)  # stable
    said: dict[Place, _Said] = {}
    used, given = Counter[str](), Counter[str]()
    for order, place in placed:
        leave = leaves[order.contract]
        there = said.get(place)
        if there is not None and _kind(order) in there.by_kind:
            refused.append(_told(order, "the same is announced by another order"))
        elif used[order.contract] >= leave.most:
            refused.append(_told(order, f"{order.contract} may have {leave.most} at a time, and has them"))
        else:
            told = there.names if there is not None else frozenset()
            names = []
            for name in order.upstreams:
                flaw = _flaw_towards(name, order, place[0], leave, upstreams)
                if flaw is None and name not in told and given[name] >= upstreams[name].most:
                    flaw = f"{name} is given {upstreams[name].most} at most, and has them"
                if flaw is not None:
                    refused.append(_told(order, flaw))
                elif name not in names:
                    names.append(name)
            if names:
                used[order.contract] += 1
                given.update(set(names) - told)
                _say(said.setdefault(place, _Said()), order, names)
    routes = {one.held(*place): tuple(sorted(one.owners)) for place, one in said.items()}
    return Allowed(routes, tuple(refused))


def _say(said: _Said, order: Order, names: Sequence[str]) -> None:
    said.owners.add(order.contract)
    said.by_kind[_kind(order)] = set(names)
    if isinstance(order, FlowRule):
        said.rate = rate_of(order)
    elif order.action == "divert":
        said.next_hop = str(ip_address(order.next_hop))


def _kind(order: Order) -> Kind:
    return "flow" if isinstance(order, FlowRule) else order.action


def _place(order: Order) -> Place:
    if isinstance(order, FlowRule):
        version = ip_network(order.destination).version
        return ("ipv4-flowspec" if version == 4 else "ipv6-flowspec"), match_of(order)
    network = ip_network(order.prefix)
    return ("ipv4" if network.version == 4 else "ipv6"), str(network)


def _action(order: Order) -> str:
    if isinstance(order, Announcement):
        return order.action
    return "filter" if order.rate == 0 else "rate-limit"


def _flaws(order: Order, leave: RouteLeave | None) -> Iterator[str]:
    """What stands against it whatever the upstream."""
    if leave is None:
        yield f"{order.contract} has no leave to announce anything"
        return
    if (action := _action(order)) not in leave.actions:
        yield f"{action} is not among what {order.contract} may: {', '.join(leave.actions) or 'nothing'}"
    text = order.destination if isinstance(order, FlowRule) else order.prefix
    try:
        network = ip_network(text)
    except ValueError:
        yield f"{text!r} is not a prefix such as '198.51.100.0/24'"
        return
    if not any(_is_within(text, prefix) for prefix in leave.prefixes):
        yield f"{text} is outside {', '.join(leave.prefixes) or 'nothing'}"
    longest = leave.longest_ipv4 if network.version == 4 else leave.longest_ipv6
    if network.prefixlen > longest:
        yield f"/{network.prefixlen} is longer than /{longest}"
    if isinstance(order, FlowRule):
        yield from flaws_of_rule(order)
    elif order.action == "divert":
        yield from _flaws_of_hop(order)


def _flaws_of_hop(order: Announcement) -> Iterator[str]:
    try:
        hop, network = ip_address(order.next_hop), ip_network(order.prefix)
    except ValueError:
        yield f"{order.next_hop!r} is not the address of a scrubber"
        return
    if hop.version != network.version:
        yield f"its next hop {hop} is of the other family"
    elif hop in network:
        yield f"its next hop {hop} is inside it: the way there would lead to itself"


def _is_within(text: str, prefix: str) -> bool:
    try:
        inner, outer = ip_network(text), ip_network(prefix)
    except ValueError:
        return False  # a leave that cannot be read allows nothing
    return (
        inner.version == outer.version
        and outer.prefixlen <= inner.prefixlen
        and inner.network_address in outer
    )


def _flaw_towards(
    name: str, order: Order, family: Family, leave: RouteLeave, upstreams: Mapping[str, Upstream]
) -> str | None:
    if name not in leave.upstreams:
        return f"{name} is not among the upstreams of its leave: {', '.join(leave.upstreams) or 'none'}"
    if name not in upstreams:
        return f"there is no upstream {name} to tell"
    if family not in upstreams[name].families:
        return f"{name} takes no {family}"
    if isinstance(order, Announcement) and order.action == "blackhole" and not upstreams[name].blackhole:
        return f"{name} has no community to discard by"
    return None


def _told(order: Order, flaw: str) -> str:
    return f"{order.key} for {order.contract}: {flaw}"
