"""Managed VPN PRO's contracts: folded from their facts, and read as sites of VPN networks.

A contract's `group` is its VPN network. Its `body` holds `number`, `name`, `device_type`, `models`,
`maintenance`, `months`, `lans`, `monitoring`, `watches`, `slots`, `access` and `wan_address`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, cast

from kitei.clauses import contract as clauses
from kitei.clauses.contract import tables
from kitei.ledger.contracts import Contract, Device
from kitei.ledger.facts import Entry
from kitei.values import JsonObject

Kind = Literal["parent", "child"]
Item = Literal["single-star-single-edge", "dual-star-single-edge", "dual-star-dual-edge", "closed-monitoring"]


@dataclass(frozen=True, slots=True)
class Lan:
    """A customer LAN prefix at a site, the gateway its hosts use, and who designated it (art. 7.2).

    `cites` are the provisions and `since` the day (a work order may add one later).
    """

    prefix: str
    gateway: str
    designated_by: Literal["customer", "operator"]
    since: date
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A site in force: a parent or a child of one VPN network.

    `number` is 0 for the parent and 1, 2, ... for children, never used again in its network; the
    network's numbering plan hangs on it. `devices` are those in service, by slot (`a`, `b`).
    `monitored` are the slots of devices under closed monitoring, `watchers` the contracts it is done for,
    each with its slot.
    """

    contract: str
    customer: str
    kind: Kind
    network: str
    item: Item
    name: str
    number: int
    lans: tuple[Lan, ...]
    devices: tuple[Device, ...]
    monitored: tuple[str, ...]
    options: tuple[str, ...]
    cites: tuple[str, ...]
    watchers: tuple[tuple[str, str], ...] = ()


def is_site(contract: Contract) -> bool:
    """Whether the contract is for a site, and not for monitoring a device of one."""
    return contract.item != "closed-monitoring"


def site(contract: Contract, on: date) -> Site:
    """The site a contract describes on a day. Raises KeyError naming an attribute its body lacks."""
    body = contract.body
    watchers = _watchers(body, on)
    return Site(
        contract=contract.id,
        customer=contract.customer,
        kind=cast(Kind, contract.kind),
        network=contract.group,
        item=cast(Item, contract.item),
        name=str(body["name"]),
        number=cast(int, body["number"]),
        lans=lans(contract, on),
        devices=tuple(_serving(contract.devices)),
        monitored=tuple(dict.fromkeys(slot for slot, _ in watchers)),
        options=tuple(
            option.name
            for option in contract.options
            if option.added_on <= on and (option.ending is None or on <= option.ending.last)
        ),
        cites=contract.cites,
        watchers=watchers,
    )


def _serving(devices: Sequence[Device]) -> Iterator[Device]:
    """One device for each slot: an installed one, the latest, else one that failed, else one on its way.

    So a replacement takes over when it is put in place, not when it is sent; a spare has no slot here.
    """
    for slot in ("a", "b"):
        for state in ("installed", "failed", "ordered"):
            if found := [each for each in devices if (each.slot, each.state) == (slot, state)]:
                yield max(found, key=lambda each: each.since)
                break


def lans(contract: Contract, on: date) -> tuple[Lan, ...]:
    """The LANs of a site on a day, in order of their prefixes as text."""
    found = [
        Lan(
            each["prefix"],
            each["gateway"],
            each["designated_by"],
            date.fromisoformat(each["since"]),
            tuple(each["cites"]),
        )
        for each in tables(contract.body, "lans")
        if each["since"] <= on.isoformat() and (each.get("last") is None or on.isoformat() <= each["last"])
    ]
    return tuple(sorted(found, key=lambda lan: lan.prefix))


def _watchers(body: JsonObject, on: date) -> tuple[tuple[str, str], ...]:
    """The monitored slots, in order, each with the contract for its monitoring."""
    day = on.isoformat()
    return tuple(
        sorted(
            {
                (slot, each["contract"])
                for each in tables(body, "monitoring")
                if each["since"] <= day and (each.get("last") is None or day <= each["last"])
                for slot in each["slots"]
            }
        )
    )


def fold(contract: Contract | None, entry: Entry) -> Contract:
    """The contract after one more fact of its stream. Raises ValueError for one that no contract has."""
    return clauses.fold(contract, entry, _OWN)


def _amended(contract: Contract, entry: Entry) -> Contract:
    """`add_lans`, `remove_lans` (prefix, last), `monitoring`, `stop_monitoring` grow the lists of the body."""
    changes = dict(entry.fact.body)
    removed = {each["prefix"]: each["last"] for each in tables(changes, "remove_lans")}
    stopped = {each["contract"]: each["last"] for each in tables(changes, "stop_monitoring")}
    lans = [
        {**each, "last": removed[each["prefix"]]}
        if each["prefix"] in removed and each.get("last") is None
        else each
        for each in (*tables(contract.body, "lans"), *tables(changes, "add_lans"))
    ]
    monitoring = [
        {**each, "last": stopped[each["contract"]]} if each["contract"] in stopped else each
        for each in (*tables(contract.body, "monitoring"), *tables(changes, "monitoring"))
    ]
    for key in ("add_lans", "remove_lans", "monitoring", "stop_monitoring"):
        changes.pop(key, None)
    body = {**changes, "lans": lans, "monitoring": monitoring}
    return clauses.amended(contract, replace(entry, fact=replace(entry.fact, body=body)))


_OWN: Mapping[str, clauses.Grow] = {"contract.amended": _amended}
