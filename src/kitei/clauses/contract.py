"""A contract folded from its facts: what every service's contracts have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from kitei.clauses.options import to_bill
from kitei.desk import quote_of
from kitei.ledger.contracts import Charge, Contract, Credit, Device, Ending, MinimumTerm, OptionTaken
from kitei.ledger.facts import Entry
from kitei.values import Json, JsonObject, Yen

IN_SERVICE = ("ordered", "installed", "failed")

Grow: TypeAlias = Callable[[Contract, Entry], Contract]


def tables(body: JsonObject, key: str) -> tuple[dict[str, Any], ...]:
    """A list of tables in a body, empty where there is none."""
    found: Any = body.get(key)
    return tuple(found) if isinstance(found, list | tuple) else ()


def fold(contract: Contract | None, entry: Entry, own: Mapping[str, Grow] = MappingProxyType({})) -> Contract:
    """The contract after one more fact of its stream. `own` is how a service's own facts change it.

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
    grow = own.get(fact.kind) or _GROWTH.get(fact.kind)
    if grow is None:
        known = ", ".join({**_GROWTH, **own})
        raise ValueError(f"{fact.kind!r} at {entry.seq} is no fact of a contract; there are {known}")
    return replace(grow(contract, entry), version=entry.version, seq=entry.seq)


def _concluded(name: str, entry: Entry) -> Contract:
    body, fact = cast(Mapping[str, Any], entry.fact.body), entry.fact
    kept = ("service", "customer", "kind", "item", "group", "application", "edition", "quotes")
    return Contract(
        id=name,
        service=body["service"],
        customer=body["customer"],
        kind=body.get("kind") or "",
        item=body.get("item") or "",
        group=body.get("group") or "",
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


def amended(contract: Contract, entry: Entry) -> Contract:
    """`term` and `item` are the contract's own; any other key replaces the body's."""
    changes = dict(entry.fact.body)
    term = _term(changes.pop("term", None), entry.fact.cites)
    item = str(changes.pop("item", contract.item))
    return replace(contract, body={**contract.body, **changes}, item=item, term=term or contract.term)


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


def _option(
    contract: Contract,
    entry: Entry,
    grow: Callable[[OptionTaken], OptionTaken],
    chosen: Callable[[Sequence[OptionTaken]], OptionTaken | None] = lambda several: several[-1],
) -> Contract:
    """Change the latest option of that name that has not ended, or the one of them that is `chosen`."""
    name = entry.fact.body["option"]
    live = [each for each in contract.options if each.name == name and each.ending is None]
    if not live:
        raise ValueError(f"contract {contract.id} has no running option {name!r} at {entry.seq}")
    one = chosen(live)
    return replace(contract, options=tuple(grow(each) if each is one else each for each in contract.options))


def _option_billing_started(contract: Contract, entry: Entry) -> Contract:
    body = entry.fact.body
    start = date.fromisoformat(str(body["billing_start"]))
    term = _term(body.get("term"), entry.fact.cites)
    return _option(contract, entry, lambda o: replace(o, billing_start=start, term=term or o.term), to_bill)


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
    """Known better now; what it was found to come of stays."""
    body = entry.fact.body
    others = tuple(each for each in contract.outages if each["id"] != body["id"])
    known = next((each for each in contract.outages if each["id"] == body["id"]), {})
    return replace(contract, outages=(*others, {**known, **body}))


def _outage_gone(contract: Contract, entry: Entry) -> Contract:
    """It turned out to be part of another, or none: what it was known by was taken back."""
    rest = tuple(each for each in contract.outages if each["id"] != entry.fact.body["id"])
    return replace(contract, outages=rest)


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


_GROWTH: Mapping[str, Grow] = {
    "contract.billing-started": _billing_started,
    "contract.amended": amended,
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
    "outage.joined": _outage_gone,
    "outage.withdrawn": _outage_gone,
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
