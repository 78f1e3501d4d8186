"""Managed VPN PRO's contracts: folded from their facts, and read as sites of VPN networks.

A contract's `group` is its VPN network. Its `body` holds `number`, `name`, `device_type`, `models`,
`maintenance`, `months`, `lans`, `monitoring`, `watches`, `slots`, `access` and `wan_address`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Literal, cast

from kitei.desk import quote_of
from kitei.ledger.contracts import Charge, Contract, Credit, Device, Ending, MinimumTerm, OptionTaken
from kitei.ledger.facts import Entry
from kitei.values import Json, JsonObject, Yen

Kind = Literal["parent", "child"]
Item = Literal["single-star-single-edge", "dual-star-single-edge", "dual-star-dual-edge", "closed-monitoring"]

IN_SERVICE = ("ordered", "installed", "failed")


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


def tables(body: JsonObject, key: str) -> tuple[dict[str, Any], ...]:
    """A list of tables in a body, empty where there is none."""
    found: Any = body.get(key)
    return tuple(found) if isinstance(found, list | tuple) else ()


def fold(contract: Contract | None, entry: Entry) -> Contract:
    """The contract after one more fact of its stream.

    Raises ValueError for a fact before `contract.concluded`, a second one, or a kind that no contract has.
    """
    fact = entry.fact
    name = entry.stream.removeprefix("contract:")
    if fact.kind == "contract.concluded":
        if contract is not None:
            raise ValueError(f"{entry.stream} is concluded twice, at {contract.seq} and {entry.seq}")
        return _concluded(name, entry)
    if contract is None:
        raise ValueError(f"{entry.stream} begins with {fact.kind!r}, not with contract.concluded")
    grow = _GROWTH.get(fact.kind)
    if grow is None:
        raise ValueError(
            f"{fact.kind!r} at {entry.seq} is no fact of a contract; there are {', '.join(_GROWTH)}"
        )
    return replace(grow(contract, entry), version=entry.version, seq=entry.seq)


def _concluded(name: str, entry: Entry) -> Contract:
    body, fact = cast(Mapping[str, Any], entry.fact.body), entry.fact
    kept = ("service", "customer", "kind", "item", "network", "application", "edition", "quotes")
    return Contract(
        id=name,
        service=body["service"],
        customer=body["customer"],
        kind=body["kind"],
        item=body["item"],
        group=body.get("network") or "",
        application=body.get("application") or "",
        edition=date.fromisoformat(body["edition"]),
        concluded_on=fact.effective_on,
        billing_start=None,
        term=None,
        ending=None,
        options=(),
        devices=(),
        quotes=tuple(quote_of(each, entry.seq) for each in tables(body, "quotes")),
        charges=(),
        credits=(),
        body={key: value for key, value in body.items() if key not in kept},
        cites=fact.cites,
        version=entry.version,
        seq=entry.seq,
    )


def _term(written: Json, cites: tuple[str, ...]) -> MinimumTerm | None:
    if not isinstance(written, Mapping):
        return None
    return MinimumTerm(
        cast(int, written["months"]),
        date.fromisoformat(str(written["start"])),
        date.fromisoformat(str(written["last"])),
        cites,
    )


def _ending(entry: Entry) -> Ending:
    body = entry.fact.body
    arrived = body.get("arrived")
    return Ending(
        date.fromisoformat(str(body["last"])),
        str(body["ground"]),
        date.fromisoformat(str(arrived)) if arrived else None,
        entry.fact.cites,
    )


def _billing_started(contract: Contract, entry: Entry) -> Contract:
    body = entry.fact.body
    start = date.fromisoformat(str(body["billing_start"]))
    return replace(
        contract,
        billing_start=contract.billing_start or start,
        term=_term(body.get("term"), entry.fact.cites) or contract.term,
    )


def _amended(contract: Contract, entry: Entry) -> Contract:
    """`add_lans`, `remove_lans` (prefix, last), `monitoring`, `term`; any other key replaces the body's."""
    changes = dict(entry.fact.body)
    body: dict[str, Json] = dict(contract.body)
    removed = {each["prefix"]: each["last"] for each in tables(changes, "remove_lans")}
    stopped = {each["contract"]: each["last"] for each in tables(changes, "stop_monitoring")}
    body["lans"] = [
        {**each, "last": removed[each["prefix"]]}
        if each["prefix"] in removed and each.get("last") is None
        else each
        for each in (*tables(body, "lans"), *tables(changes, "add_lans"))
    ]
    body["monitoring"] = [
        {**each, "last": stopped[each["contract"]]} if each["contract"] in stopped else each
        for each in (*tables(body, "monitoring"), *tables(changes, "monitoring"))
    ]
    term = _term(changes.get("term"), entry.fact.cites)
    for key in ("add_lans", "remove_lans", "monitoring", "stop_monitoring", "term"):
        changes.pop(key, None)
    return replace(contract, body=body | changes, term=term or contract.term)


def _ending_set(contract: Contract, entry: Entry) -> Contract:
    due = entry.fact.body.get("return_by")
    return replace(
        contract,
        ending=_ending(entry),
        devices=tuple(
            replace(device, return_by=date.fromisoformat(str(due)), return_cites=entry.fact.cites)
            if due and device.state in IN_SERVICE
            else device
            for device in contract.devices
        ),
    )


def _option_added(contract: Contract, entry: Entry) -> Contract:
    body = dict(entry.fact.body)
    quotes = tuple(quote_of(each, entry.seq) for each in tables(body, "quotes"))
    kept = {key: value for key, value in body.items() if key not in ("option", "quotes")}
    taken = OptionTaken(str(body["option"]), entry.fact.effective_on, None, None, None, quotes, kept)
    return replace(contract, options=(*contract.options, taken))


def _option(contract: Contract, entry: Entry, grow: Callable[[OptionTaken], OptionTaken]) -> Contract:
    """Change the latest option of that name that has not ended."""
    name = entry.fact.body["option"]
    live = [each for each in contract.options if each.name == name and each.ending is None]
    if not live:
        raise ValueError(f"contract {contract.id} has no running option {name!r} at {entry.seq}")
    grown = grow(live[-1])
    return replace(contract, options=tuple(grown if each is live[-1] else each for each in contract.options))


def _option_billing_started(contract: Contract, entry: Entry) -> Contract:
    body = entry.fact.body
    start = date.fromisoformat(str(body["billing_start"]))
    term = _term(body.get("term"), entry.fact.cites)
    return _option(contract, entry, lambda o: replace(o, billing_start=start, term=term or o.term))


def _option_amended(contract: Contract, entry: Entry) -> Contract:
    body = {key: value for key, value in entry.fact.body.items() if key not in ("option", "term")}
    term = _term(entry.fact.body.get("term"), entry.fact.cites)
    return _option(contract, entry, lambda o: replace(o, term=term or o.term, body={**o.body, **body}))


def _option_ending_set(contract: Contract, entry: Entry) -> Contract:
    return _option(contract, entry, lambda o: replace(o, ending=_ending(entry)))


def _device(contract: Contract, entry: Entry) -> Contract:
    """`device.assigned` makes one; the others move it on. A replaced one gives its slot to `new_serial`."""
    body, fact = entry.fact.body, entry.fact
    state = {"assigned": "ordered"}.get(fact.kind.removeprefix("device."), fact.kind.removeprefix("device."))
    serial = str(body["serial"])
    due = body.get("return_by")
    devices = {device.serial: device for device in contract.devices}
    old = devices.get(serial)
    if state != "ordered" and old is None:
        raise ValueError(f"contract {contract.id} has no device {serial!r} at {entry.seq}")
    devices[serial] = Device(
        serial=serial,
        model=str(body.get("model") or (old.model if old else "")),
        slot=str(body.get("slot") or (old.slot if old else "a")),
        state=cast(Any, state),
        since=fact.effective_on,
        return_by=date.fromisoformat(str(due)) if due else (old.return_by if old else None),
        return_cites=fact.cites if due else (old.return_cites if old else ()),
    )
    new = body.get("new_serial")
    if new and old:
        taking = devices.get(str(new))
        devices[str(new)] = Device(
            str(new), taking.model if taking else old.model, old.slot, "installed", fact.effective_on
        )
    return replace(contract, devices=tuple(devices.values()))


def _quoted(contract: Contract, entry: Entry) -> Contract:
    return replace(contract, quotes=(*contract.quotes, quote_of(entry.fact.body, entry.seq)))


def _charged(contract: Contract, entry: Entry) -> Contract:
    return replace(contract, charges=(*contract.charges, charge_of(contract.id, entry)))


def charge_json(charge: Charge) -> JsonObject:
    """The body of a `charge.fell-due` fact; its day and provisions are the fact's own."""
    return {
        "name": charge.name,
        "customer": charge.customer,
        "amount": charge.amount,
        "detail": charge.detail,
        "missing": charge.missing,
        "conventions": [list(pair) for pair in charge.conventions],
    }


def charge_of(contract: str, entry: Entry) -> Charge:
    """A charge read back from a `charge.fell-due` entry."""
    body = cast(Mapping[str, Any], entry.fact.body)
    return Charge(
        name=body["name"],
        customer=body["customer"],
        due_on=entry.fact.effective_on,
        amount=body["amount"],
        cites=entry.fact.cites,
        detail=body.get("detail") or {},
        missing=body.get("missing"),
        conventions=tuple((key, value) for key, value in body.get("conventions") or ()),
        contract=contract,
    )


def _outage_found(contract: Contract, entry: Entry) -> Contract:
    others = tuple(each for each in contract.outages if each["id"] != entry.fact.body["id"])
    return replace(contract, outages=(*others, entry.fact.body))


def _credit_granted(contract: Contract, entry: Entry) -> Contract:
    body = cast(Mapping[str, Any], entry.fact.body)
    granted = Credit(
        outage=body["outage"],
        claimed_on=date.fromisoformat(body["claimed_on"]),
        units=body["units"],
        amount=Yen(body["amount"]),
        fraction=Fraction(body["fraction"]),
        cites=entry.fact.cites,
        conventions=tuple((key, value) for key, value in body.get("conventions") or ()),
    )
    return replace(contract, credits=(*contract.credits, granted))


def _noted(contract: Contract, entry: Entry) -> Contract:
    """A fact that is kept for its own sake and changes nothing of the contract."""
    return contract


_GROWTH: Mapping[str, Callable[[Contract, Entry], Contract]] = {
    "contract.billing-started": _billing_started,
    "contract.amended": _amended,
    "contract.ending-set": _ending_set,
    "option.added": _option_added,
    "option.billing-started": _option_billing_started,
    "option.amended": _option_amended,
    "option.ending-set": _option_ending_set,
    "device.assigned": _device,
    "device.installed": _device,
    "device.failed": _device,
    "device.replaced": _device,
    "device.retired": _device,
    "device.lost": _device,
    "device.returned": _device,
    "work.performed": _noted,
    "charge.fell-due": _charged,
    "quote.recorded": _quoted,
    "outage.found": _outage_found,
    "credit.claimed": _noted,
    "credit.granted": _credit_granted,
    "credit.refused": _noted,
}


def fold_all(entries: Sequence[Entry]) -> Contract:
    """A whole stream at once. Raises ValueError where it is empty."""
    contract: Contract | None = None
    for entry in entries:
        contract = fold(contract, entry)
    if contract is None:
        raise ValueError("there is no entry to fold a contract from")
    return contract
