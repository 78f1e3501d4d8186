"""What a contract may have done for it on a day, by its item and options: the only door from contracts to nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from kitei.clauses.options import running
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.ddos.contract import (
    MULTI_ISP,
    ROUTER,
    Address,
    addresses,
    extra_mbps,
    item_on,
    letter,
    text_of,
)
from kitei.services.ddos.edition import TERMS
from kitei.terms import Choice, Edition

_MBPS: Final = 10**6


@dataclass(frozen=True, slots=True)
class Means:
    """What is bought. `treating` is the contract as which its traffic is treated: a type M's base, else itself.

    `clean_bps` is what may pass after mitigation (0: the item names no ceiling), one police for all of
    `treating`. `carriers` are other providers whose routers may be given routes: with the recorded consent to
    every condition only, and none since a complaint stopped it; `watched_by` those over whose path it is watched, for
    which the option is enough. Paths are those of the provisions that say so.
    """

    contract: str
    customer: str
    item: Choice
    treated: Choice
    treating: str
    addresses: tuple[Address, ...]
    mitigates: bool
    clean_bps: int
    always_on: bool
    carriers: tuple[str, ...]
    watched_by: tuple[str, ...]
    tunnel: bool
    incidents: bool
    watch_paths: tuple[str, ...]
    defence_paths: tuple[str, ...]
    clean_paths: tuple[str, ...]

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(each.prefix) for each in self.addresses)

    def protects(self, target: str) -> bool:
        """Whether an address or a prefix lies within one protected prefix."""
        wanted = ip_network(target)
        return any(lies_in(wanted, each) for each in self.networks)


def edition_on(on: date) -> Edition:
    """The edition in force; before the first, that one."""
    return TERMS.on(on) if on >= TERMS.first.in_force else TERMS.first


def means(contract: Contract, contracts: Mapping[str, Contract], on: date) -> Means | None:
    """What a contract has a right to on a day; None for one that is not in force.

    A type M whose base is not in force has nothing but its name: there is nobody to treat it as.
    """
    if not contract.is_in_force(on):
        return None
    edition = edition_on(on)
    items = edition.value("items")
    item = items[item_on(contract, on)]
    treating, treated = contract, item
    if item.text("mitigates") == "base":
        base = contracts.get(text_of(contract, "base") or "")
        if base is None or base.id == contract.id or not base.is_in_force(on):
            return _bare(contract, item)
        treating, treated = base, items[item_on(base, on)]
    mitigates = treated.text("mitigates") == "yes"
    added = (item.cite.path,) if treating is not contract else ()
    extra = extra_mbps(treating, on) if treated.has("ceiling_mbps") else 0
    dual = option(contract, "dual-stack", on) or option(treating, "dual-stack", on)
    always = mitigates and _always_on(edition, contract, treating, on)
    carriers = _carriers(edition, treating, on) if mitigates else ()
    return Means(
        contract.id,
        contract.customer,
        item,
        treated,
        treating.id,
        _protected(contract, treating, item, dual is not None, on),
        mitigates,
        _clean(treated, extra) if mitigates else 0,
        always,
        carriers,
        tuple(filter(None, (_other_carrier(edition, treating, on),))),
        mitigates and option(treating, ROUTER, on) is not None,
        treated.has("incidents"),
        (item.cite.path, "art:5.1", *(("art:10.2.7.a2",) if dual else ())),
        (*added, treated.cite.path, *(("art:10.2.8.a2", "art:10.4") if carriers else ())),
        (*added, treated.cite.path, *(("art:10.2.5.a2",) if extra else ())),
    )


def all_means(contracts: Sequence[Contract], on: date) -> Mapping[str, Means]:
    """What every contract in force has a right to, by its id, in order of ids."""
    by_id = {each.id: each for each in contracts}
    found = {id: means(by_id[id], by_id, on) for id in sorted(by_id)}
    return {id: each for id, each in found.items() if each is not None}


def lies_in(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    same = inner.version == outer.version and inner.prefixlen >= outer.prefixlen
    return same and inner.network_address in outer


def option(contract: Contract, name: str, on: date) -> OptionTaken | None:
    """An option that runs on a day and not only from a later one."""
    found = running(contract, name, on)
    return found if found is not None and found.added_on <= on else None


def _bare(contract: Contract, item: Choice) -> Means:
    """Of a contract that can neither watch nor defend anything."""
    return Means(
        contract.id, contract.customer, item, item, contract.id, (), False, 0, False, (), (), False, False,
        (item.cite.path,), (item.cite.path,), (item.cite.path,),
    )  # fmt: skip


def _clean(item: Choice, extra: int) -> int:
    """Up to the ceiling and its extensions, that much included; a limit to stay below is not reached by a bit."""
    if item.has("ceiling_mbps"):
        return (item.number("ceiling_mbps") + extra) * _MBPS
    return item.number("below_mbps") * _MBPS - 1 if item.has("below_mbps") else 0


def _always_on(edition: Edition, contract: Contract, treating: Contract, on: date) -> bool:
    """Art. 10.2(1): of a type E, or of a type M on a type X or P. An option its item is not for does nothing."""
    wanted = edition.value("options")["always-on"]
    if option(contract, "always-on", on) is None:
        return False
    if letter(item_on(contract, on)) not in wanted.text("items"):
        return False
    return treating is contract or letter(item_on(treating, on)) in wanted.text("bases")


def _carriers(edition: Edition, contract: Contract, on: date) -> tuple[str, ...]:
    """Art. 10.4: the operator does the route control, and every condition is recorded as accepted."""
    taken, carrier = option(contract, MULTI_ISP, on), _other_carrier(edition, contract, on)
    if taken is None or carrier is None or taken.body.get("route_control") != "operator":
        return ()
    accepted = taken.body.get("accepts")
    needed = set(edition.value("route_control_conditions").slugs)
    if not isinstance(accepted, list | tuple) or not needed <= set(map(str, accepted)):
        return ()
    return (carrier,)


def _other_carrier(edition: Edition, contract: Contract, on: date) -> str | None:
    """Art. 10.2(8): the provider that the option names, of an item that it is for."""
    taken = option(contract, MULTI_ISP, on)
    if taken is None:
        return None
    if letter(item_on(contract, on)) not in edition.value("options")[MULTI_ISP].text("items"):
        return None
    carrier = taken.body.get("multihomed_with")
    return carrier if isinstance(carrier, str) and carrier else None


def _protected(
    contract: Contract, treating: Contract, item: Choice, dual: bool, on: date
) -> tuple[Address, ...]:
    """Its own addresses, or those of what it is added to; of one family only, where its item has but one.

    Which one: that of the prefix designated first, IPv4 of two of one day.
    """
    found = addresses(contract, on) or addresses(treating, on)
    if dual or item.number("families") > 1 or len({each.family for each in found}) < 2:
        return found
    first = min(found, key=lambda each: (each.since, each.family, each.prefix))
    return tuple(each for each in found if each.family == first.family)
