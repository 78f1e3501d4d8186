"""What an accepted act records: (stream, fact) pairs. Amounts, days and provisions are those of its decision.

Prices are not copied: quotes stay where they were told, and accounts find the one that answers.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from kitei.clauses import returns
from kitei.clauses.acts import Cancel, OperatorTerminate, accepted_on
from kitei.clauses.conclusion import (
    Body,
    Conclusions,
    Record,
    Recorded,
    cited,
    last_day,
    option_billing,
    term_body,
    to_contract,
)
from kitei.clauses.devices import device_of
from kitei.clauses.ending import Ending
from kitei.clauses.returns import return_day
from kitei.desk import Decision, Situation
from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Fact
from kitei.services.ddos import application as customer
from kitei.services.ddos import operation as operator
from kitei.services.ddos.contract import MULTI_ISP, ROUTER, had_rental, text_of
from kitei.services.ddos.defence_facts import RECORDS
from kitei.services.ddos.rules import changes, devices, ending
from kitei.services.ddos.rules.credits import CREDITS
from kitei.services.ddos.rules.ending import CASCADE, ENDINGS, Link
from kitei.services.ddos.rules.items import (
    base_asked_with,
    bases,
    months_of_item,
    names_of,
    needs_of,
    qualifying,
)
from kitei.services.ddos.rules.options import AskedOption, months_of, steps_of
from kitei.services.ddos.rules.route_control import done_by
from kitei.values import Json, day_of

# -- contracts ---------------------------------------------------------------------------------------


def _contracts(asked: customer.Apply, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day, cites, names = accepted_on(asked), cited(decision), names_of(asked, s)
    for wanted, name in zip(asked.services, names, strict=True):
        body: Body = {
            "service": s.edition.service,
            "customer": asked.by,
            "item": wanted.item,
            "group": asked.by,
            "application": asked.id,
            "edition": s.edition.in_force.isoformat(),
            "name": wanted.name or name,
            "months": months_of_item(s, wanted.item),
            "base": _base(asked, wanted, names, s),
            "rests_on": _rests_on(s, asked.by, wanted.item, wanted.rests_on),
            "addresses": [_address(each, "customer", day, s) for each in wanted.addresses],
            "policies": list(wanted.policies),
            "changed": [],
            "billing_wish": asked.billing_start.isoformat() if asked.billing_start else None,
        }
        yield to_contract(name, "contract.concluded", body, day, cites)
        for option in wanted.options:
            yield from _added(s, name, option, asked.known.operable, day, cites)


def _base(asked: customer.Apply, wanted: customer.Wanted, names: tuple[str, ...], s: Situation) -> str | None:
    """The contract that a type M is added to: one there is, else one of the same batch."""
    if needs_of(s, wanted.item) != "art:3.1.4":
        return None
    there, together = bases(s, asked.by, wanted.base), base_asked_with(asked, wanted, s)
    return there[0].id if there else names[together] if together is not None else None


def _rests_on(s: Situation, holder: str, item: str, named: str | None = None) -> str | None:
    """The id of the designated service that a contract rests on, so that its end is known to matter (art. 11.2)."""
    if needs_of(s, item) in (None, "art:3.1.4"):
        return None
    found = qualifying(s, holder, item, named)
    return found[0].id if found else None


def _address(prefix: str, who: str, since: date, s: Situation) -> Json:
    reasons = s.texts(("art:5.1", "art:5.2"))
    return {
        "prefix": prefix,
        "designated_by": who,
        "since": since.isoformat(),
        "last": None,
        "cites": list(reasons),
    }


def _designated(asked: customer.DesignateAddresses, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day, who = day_of(asked.at), "operator" if asked.by == "operator" else "customer"
    last = (day - timedelta(days=1)).isoformat()
    body: Body = {
        "add_addresses": [_address(each, who, day, s) for each in asked.prefixes],
        "remove_addresses": [{"prefix": each, "last": last} for each in asked.remove],
    }
    yield to_contract(asked.contract, "contract.amended", body, day, cited(decision))


# -- options -----------------------------------------------------------------------------------------


def _added(
    s: Situation, contract: str, option: AskedOption, operable: bool | None, day: date, cites: tuple[str, ...]
) -> Iterator[Recorded]:
    """An option with what it was taken with, and its own billing where that is known already."""
    choice = s.lists["options"][option.option]
    months = months_of(s, choice, option.item) or 0
    told: Mapping[str, Json] = {
        "item": option.item,
        "model": option.model,
        "variant": option.variant,
        "mbps": steps_of(s, option) if option.option == "bandwidth" else None,
        "routers": option.routers,
        "multihomed_with": option.multihomed_with,
    }
    body: Body = {"option": option.option, "months": months}
    body |= {key: value for key, value in told.items() if value is not None}
    if option.option == MULTI_ISP:
        # Left open, it was referred; what comes here was accepted by the operator's own answer.
        by = done_by(s, option, operable is not False)
        body |= {"route_control": by, "accepts": list(option.accepts)}
    yield to_contract(contract, "option.added", body, day, cites)
    if option.billing_start:
        yield option_billing(s, contract, option.option, option.billing_start, own=months)


def _option(asked: customer.AddOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    yield from _added(s, asked.contract, asked, asked.known.operable, accepted_on(asked), cited(decision))


def _route_control(
    asked: customer.RequestRouteControl, decision: Decision, s: Situation
) -> Iterator[Recorded]:
    body: Body = {"option": MULTI_ISP, "route_control": "operator", "accepts": list(asked.accepts)}
    yield to_contract(asked.contract, "option.amended", body, accepted_on(asked), cited(decision))


def _complaint(asked: operator.Complaint, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day, cites = day_of(asked.at), cited(decision)
    told: Body = {
        "about": asked.about,
        "complainant": asked.complainant,
        "decided": asked.known.instruction or "stop",
    }
    yield to_contract(asked.contract, "complaint.received", told, day, cites)
    if told["decided"] == "stop":
        stopped: Body = {"option": MULTI_ISP, "route_control": "stopped"}
        yield to_contract(asked.contract, "option.amended", stopped, day, cites)


# -- changes -----------------------------------------------------------------------------------------


def _change(asked: customer.Change, decision: Decision, s: Situation) -> Iterator[Recorded]:
    contract, day, cites = s.contract(asked.contract), changes.change_day(asked), cited(decision)
    if asked.item is not None:
        yield from _new_item(asked, s, contract, day, cites)
    if asked.device is not None:
        body: Body = {"option": ROUTER, "model": asked.device.new}
        months, start = s.number("changed_router_term_months"), devices.restart_of(asked, s)
        body |= {"pending_term": months} if start is None else {"term": term_body(s, start, months)}
        reasons = s.texts(("art:10.5", "art:10.5.s2"))
        yield to_contract(contract.id, "option.amended", body, day, reasons)
    if changes.is_router_count(asked, s):
        count: Body = {"option": MULTI_ISP, "routers": asked.routers}
        yield to_contract(contract.id, "option.amended", count, day, cites)
    elif asked.matter is not None:
        yield to_contract(
            contract.id, "contract.amended", {"matter": asked.matter, "to": asked.to}, day, cites
        )


def _new_item(
    asked: customer.Change, s: Situation, contract: Contract, day: date, cites: tuple[str, ...]
) -> Iterator[Recorded]:
    """The item from a day on, what it had been, what it rests on now, and the options that end with the change."""
    item, pair = changes.new_item(asked, s), changes.pair_of(asked, s)
    assert pair is not None
    before: Body = {
        "item": contract.item,
        "until": (day - timedelta(days=1)).isoformat(),
        "path": pair.cite.path,
    }
    others = [each for each in bases(s, contract.customer, asked.base) if each.id != contract.id]
    body: Body = {
        "item": item,
        "changed": [before],
        "months": months_of_item(s, item),
        "base": others[0].id if item == "type-m" and others else None,
        "rests_on": _rests_on(s, contract.customer, item),
    }
    if s.reading("ddp.item-change").value == "restarts":
        body["term"] = term_body(s, asked.billing_start or day, months_of_item(s, item))
    yield to_contract(contract.id, "contract.amended", body, day, cites)
    for option in changes.options_lost(asked, s):
        stop: Body = {
            "option": option.name,
            "last": last_day(s, day).isoformat(),
            "ground": "item-change",
            "arrived": None,
        }
        yield to_contract(contract.id, "option.ending-set", stop, day, cites)


# -- devices and works -------------------------------------------------------------------------------


_DEVICE_FACTS = {
    "assigned": "device.assigned",
    "installed": "device.installed",
    "replaced": "device.replaced",
    "returned": "device.returned",
    "lost-reported": "device.lost",
    "failure-reported": "device.failed",
    "damaged": "device.failed",
}


def _device(asked: operator.DeviceEvent, decision: Decision, s: Situation) -> Iterator[Recorded]:
    kind, contract = _DEVICE_FACTS.get(asked.event), s.contract(asked.contract)
    device = device_of(contract, asked)
    sound = asked.event == "failure-reported" and asked.known.fault == "none"
    serial = asked.serial if asked.event == "assigned" else (device.serial if device else None)
    if kind is None or sound or serial is None or not had_rental(contract):
        return
    body: Body = {"serial": serial}
    if asked.event == "assigned":
        body |= {"model": asked.model or "", "slot": asked.slot or "router"}
    elif asked.event == "replaced":
        body["new_serial"] = asked.new_serial
    yield to_contract(contract.id, kind, body, day_of(asked.at), cited(decision))


def _lost(asked: returns.DayCheck, decision: Decision, s: Situation) -> Iterator[Recorded]:
    charged = {due.detail.get("serial") for due in decision.charges}
    cites = s.texts(("art:7.3", "art:9.2"))
    for device in returns.overdue(s, s.contract(asked.contract)):
        if device.serial in charged:
            yield to_contract(asked.contract, "device.lost", {"serial": device.serial}, s.on, cites)


def _work(asked: operator.Work, decision: Decision, s: Situation) -> Iterator[Recorded]:
    start = asked.start or asked.at
    body: Body = {
        "option": asked.option,
        "variant": asked.variant,
        "start": start.isoformat(),
        "end": asked.end.isoformat() if asked.end else None,
        "what": asked.what,
    }
    yield to_contract(asked.contract, "work.performed", body, day_of(start), cited(decision))


def _support(asked: customer.AskSupport, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"by": asked.by, "at": asked.at.isoformat()}
    yield to_contract(asked.contract, "support.asked", body, day_of(asked.at), cited(decision))


# -- endings -----------------------------------------------------------------------------------------


def _due_back(contract: Contract, last: date, s: Situation) -> Mapping[str, Json]:
    """Devices of a contract that ends are due back; of others there is no such day (art. 7.3)."""
    return {"return_by": return_day(s, last).isoformat()} if had_rental(contract) else {}


def _end(asked: Ending, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The ending of a contract and of those that end with it; others are told what they rest on from then."""
    yield from CONCLUSIONS.end(asked, decision, s)
    links = ending.below(s.contract(asked.contract), decision.dates["effective"], s)
    yield from _taken_over(links, day_of(asked.at), s)


def _taken_over(links: tuple[Link, ...], day: date, s: Situation) -> Iterator[Recorded]:
    reasons = s.texts(("art:11.2",))
    for link in links:
        if link.fate == "goes-on":
            key = "base" if text_of(link.contract, "base") else "rests_on"
            yield to_contract(link.contract.id, "contract.amended", {key: link.takes_over}, day, reasons)


def _external(asked: operator.ExternalEnded, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """What ended is recorded of the customer; contracts that rest on it end the same day, or rest on another."""
    day, cites, links = day_of(asked.at), cited(decision), ending.upon(asked, s)
    holding, holder = ending.holding_of(asked, s), ending.holder_of(asked, s)
    assert holding is not None
    told: Body = {
        **holding.attributes,
        "holds": holding.service,
        "id": holding.id,
        "first": holding.days.first.isoformat(),
        "last": holding.days.last.isoformat() if holding.days.last else None,
    }
    told |= {"last": day.isoformat()} if asked.option is None else {"ddos_link_option": False, "options": []}
    yield f"customer:{holder}", Fact("service.held", told, day, cites)
    for link in links:
        if link.fate == "ends":
            last = last_day(s, day)
            yield from CONCLUSIONS.end_one(link.contract, last, CASCADE, None, day, cites, s)
    yield from _taken_over(links, day, s)


def _pulled_along(asked: returns.Ended, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """Types M that still rested on a contract that has ended."""
    contract, day = s.contract(asked.contract), day_of(asked.at)
    if contract.ending is None:
        return
    links = ending.below(contract, contract.ending.last, s)
    for link in links:
        if link.fate == "ends":
            last = contract.ending.last
            yield from CONCLUSIONS.end_one(link.contract, last, CASCADE, None, day, cited(decision), s)
    yield from _taken_over(links, day, s)


_RECORDS: Mapping[type, Record] = {
    customer.Apply: _contracts,
    customer.DesignateAddresses: _designated,
    customer.AddOption: _option,
    customer.RequestRouteControl: _route_control,
    customer.Change: _change,
    customer.AskSupport: _support,
    operator.Complaint: _complaint,
    operator.DeviceEvent: _device,
    operator.Work: _work,
    operator.ExternalEnded: _external,
    returns.DayCheck: _lost,
    returns.Ended: _pulled_along,
    Cancel: _end,
    OperatorTerminate: _end,
    **RECORDS,
}
CONCLUSIONS = Conclusions(_RECORDS, ENDINGS, CREDITS, ending_body=_due_back)
conclude = CONCLUSIONS.conclude
