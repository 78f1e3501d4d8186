"""What an accepted act records: (stream, fact) pairs. Amounts, days and provisions are those of its decision.

Prices are not copied: quotes stay where they were told, and accounts find the one that answers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from kitei.desk import Decision, Situation, Verdict
from kitei.ledger.contracts import Contract, Device, OptionTaken
from kitei.ledger.facts import Fact
from kitei.services.managed_vpn import application as customer
from kitei.services.managed_vpn import operation as operator
from kitei.services.managed_vpn.act import Act
from kitei.services.managed_vpn.contract import charge_json, is_site, tables
from kitei.services.managed_vpn.rules.addresses import gateway_of
from kitei.services.managed_vpn.rules.changes import changed_months, return_day
from kitei.services.managed_vpn.rules.credits import judged
from kitei.services.managed_vpn.rules.devices import device_of
from kitei.services.managed_vpn.rules.ending import ending_with, overdue
from kitei.services.managed_vpn.rules.fees import accepted_on
from kitei.services.managed_vpn.rules.lengths import option_pending_months, pending_months
from kitei.services.managed_vpn.rules.naming import builds_network, names_of, numbers_of
from kitei.services.managed_vpn.rules.options import option_choice, running
from kitei.services.managed_vpn.rules.settings import sites_of
from kitei.services.managed_vpn.rules.settling import running_options
from kitei.terms import plain_name, term_last_day
from kitei.values import JST, Json, day_of

Recorded = tuple[str, Fact]
Body = dict[str, Json]


def conclude(asked: Act, decision: Decision, situation: Situation) -> Sequence[Recorded]:
    """The facts of an accepted act, in order; charges last. Pure.

    Raises ValueError for a decision that is not an acceptance: nothing follows from it.
    """
    if decision.verdict is not Verdict.ACCEPT:
        raise ValueError(f"a decision to {decision.verdict.name.lower()} concludes nothing")
    record = _RECORDS.get(type(asked))
    found = list(record(asked, decision, situation)) if record else []
    for due in decision.charges:
        found.append(_to(due.contract, "charge.fell-due", charge_json(due), due.due_on, due.cites))
    return found


def _cited(decision: Decision) -> tuple[str, ...]:
    return tuple(str(cite) for cite in decision.cites)


def _to(contract: str, kind: str, body: Mapping[str, Json], on: date, cites: tuple[str, ...]) -> Recorded:
    return f"contract:{contract}", Fact(kind, body, on, cites)


def _term(s: Situation, start: date, months: int) -> Json:
    last = term_last_day(start, months, s.reading("term.month-arithmetic").value)
    return {"months": months, "start": start.isoformat(), "last": last.isoformat()}


# -- sites -------------------------------------------------------------------------------------------


def _sites(asked: customer.Apply, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day, cites = accepted_on(asked), _cited(decision)
    names, numbers = names_of(asked, s), numbers_of(asked, s)
    reasons = s.texts(("art:7.1", "art:7.2", "art:22.2"))
    for site, name, number in zip(asked.sites, names, numbers, strict=True):
        body: Body = {
            "service": s.edition.service,
            "customer": site.holder or asked.by,
            "kind": site.kind,
            "item": site.item,
            "network": site.network[0],
            "application": asked.id,
            "edition": s.edition.in_force.isoformat(),
            "name": site.name[0] if site.name else name,
            "number": number,
            "device_type": site.device_type,
            "models": list(site.models),
            "maintenance": site.maintenance,
            "months": site.minimum_term,
            "lans": [_lan(lan, day, reasons) for lan in site.lans],
            "access": _access(site.access),
            "billing_wish": asked.billing_start.isoformat() if asked.billing_start else None,
        }
        watched = _watched(asked, site, names, s)
        if watched is not None:
            body |= {"watches": watched, "slots": list(site.slots)}
        yield _to(name, "contract.concluded", body, day, cites)
        for option in site.options:
            yield _to(name, "option.added", {"option": option.option, "model": option.model}, day, cites)
            if option.billing_start:
                yield _option_billing(s, name, option.option, option.billing_start, None)
        if watched is not None:
            watching: Body = {
                "monitoring": [
                    {"contract": name, "slots": list(site.slots), "since": day.isoformat(), "last": None}
                ]
            }
            yield _to(watched, "contract.amended", watching, day, s.texts(("art:2.1.t4", "art:2.1.t4.a2")))


def _lan(lan: customer.Lan, since: date, cites: tuple[str, ...]) -> Json:
    """A LAN in a contract's body; a gateway left open is the operator's to designate."""
    return {
        "prefix": lan.prefix,
        "gateway": gateway_of(lan),
        "designated_by": lan.designated_by,
        "since": since.isoformat(),
        "last": None,
        "cites": list(cites),
    }


def _access(access: customer.Access | None) -> Json:
    if access is None:
        return None
    return {
        "operator": access.operator,
        "settings_disclosed": access.settings_disclosed,
        "changed_on": access.changed_on.isoformat() if access.changed_on else None,
        "change_notified": access.change_notified,
    }


def _watched(
    asked: customer.Apply, site: customer.SiteWanted, names: Sequence[str], s: Situation
) -> str | None:
    """The contract that closed monitoring is for: the one named, else the network's parent; None for a site."""
    if builds_network(site):
        return None
    if site.watches is not None:
        return site.watches
    there = [each.id for each in s.in_force(site.network[0]) if each.kind == "parent" and is_site(each)]
    there += [
        name
        for other, name in zip(asked.sites, names, strict=True)
        if other.kind == "parent" and builds_network(other) and other.network[0] == site.network[0]
    ]
    return there[0]


# -- billing and options -----------------------------------------------------------------------------


def _billing(asked: operator.StartBilling, decision: Decision, s: Situation) -> Iterator[Recorded]:
    contract, start = s.contract(asked.contract), asked.billing_start
    if asked.option:
        taken = running(contract, asked.option, s.on)
        yield _option_billing(s, contract.id, asked.option, start, taken)
        if taken and option_pending_months(taken):
            settled: Body = {"option": asked.option, "pending_term": None}
            yield _to(contract.id, "option.amended", settled, start, s.texts(("art:17.3.s2",)))
        return
    changed, own = pending_months(contract), contract.body.get("months")
    months = changed or (own if type(own) is int else None)
    rule = "art:5.2" if changed else "art:5.1"
    body: Body = {"billing_start": start.isoformat()}
    if months is not None:
        body["term"] = _term(s, start, months)
    cites = s.texts(("art:19.1.s2", "schedule:1.2.1", rule))
    yield _to(contract.id, "contract.billing-started", body, start, cites)
    if changed:
        yield _to(contract.id, "contract.amended", {"pending_term": None}, start, s.texts((rule,)))


def _option_billing(s: Situation, name: str, option: str, start: date, taken: OptionTaken | None) -> Recorded:
    choice = option_choice(s, option)
    changed = option_pending_months(taken) if taken else None
    months = changed or (choice.number("term_months") if choice and choice.has("term_months") else None)
    body: Body = {"option": option, "billing_start": start.isoformat()}
    if months is not None:
        body["term"] = _term(s, start, months)
    rule = "art:17.3.s2" if changed else "art:17.3"
    return _to(name, "option.billing-started", body, start, s.texts(("art:19.1.s2", "schedule:1.2.2", rule)))


def _option(asked: customer.AddOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"option": asked.option, "model": asked.model}
    yield _to(asked.contract, "option.added", body, accepted_on(asked), _cited(decision))
    if asked.billing_start:
        yield _option_billing(s, asked.contract, asked.option, asked.billing_start, None)


def _option_end(asked: customer.StopOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {
        "option": asked.option,
        "last": _last(s, decision.dates["effective"]).isoformat(),
        "ground": "customer-notice",
        "arrived": (asked.arrived or day_of(asked.at)).isoformat(),
    }
    yield _to(asked.contract, "option.ending-set", body, day_of(asked.at), _cited(decision))


def _last(s: Situation, effective: date) -> date:
    """The last day of service: the effective day to its end, or the day before (effect.time-of-day)."""
    early = s.reading("effect.time-of-day").value == "start-of-day"
    return effective - timedelta(days=1) if early else effective


# -- changes and works -------------------------------------------------------------------------------


def _change(asked: customer.Change, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The new model and term. The old device serves, and stays, until the new one takes its place."""
    contract = s.contract(asked.contract)
    if asked.device is None:
        return
    day, old, new = asked.change_on or accepted_on(asked), asked.device.old, asked.device.new
    cites = _cited(decision)
    if asked.option is None:
        models = contract.body.get("models")
        listed = [str(each) for each in models] if isinstance(models, list | tuple) else []
        swapped = [new if plain_name(each) == plain_name(old) else each for each in listed] or [new]
        yield _to(
            contract.id, "contract.amended", {**_restart(asked, s, contract), "models": swapped}, day, cites
        )
    else:
        yield _to(contract.id, "option.amended", _option_change(asked, s, new), day, cites)
        if asked.option == "private-switch" and s.reading("mvp.switch-change-resets-base").value == "yes":
            yield _to(
                contract.id, "contract.amended", _restart(asked, s, contract), day, s.texts(("art:5.2",))
            )


def _restart(asked: customer.Change, s: Situation, contract: Contract) -> Body:
    """A new minimum term, or how long it will be once the new device is billed (art. 5.2)."""
    months = changed_months(asked, s, contract)
    if asked.billing_start:
        return {"term": _term(s, asked.billing_start, months), "months": months}
    return {"pending_term": months, "months": months}


def _option_change(asked: customer.Change, s: Situation, new: str) -> Body:
    body: Body = {"option": asked.option, "model": new}
    cold = s.reading("mvp.cold-standby-change").value == "allowed-with-restart"
    if asked.option == "private-switch" or cold:
        months = s.number("changed_switch_term_months")
        if asked.billing_start:
            body["term"] = _term(s, asked.billing_start, months)
        else:
            body["pending_term"] = months
    return body


def _work(asked: customer.WorkOrder, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """What was ordered, and that it was done; settings go to the one site the order is for.

    A LAN taken away is gone from the day of the work on.
    """
    start = asked.start or asked.at
    day, cites = start.astimezone(JST).date(), _cited(decision)
    changes: Body = {}
    if asked.add_lans:
        reasons = s.texts(("art:7.1", "art:7.2", "art:10.3", "art:22.2"))
        changes["add_lans"] = [_lan(lan, day, reasons) for lan in asked.add_lans]
    if asked.remove_lans:
        last = (day - timedelta(days=1)).isoformat()
        changes["remove_lans"] = [{"prefix": prefix, "last": last} for prefix in asked.remove_lans]
    if asked.wan_address is not None:
        changes["wan_address"] = asked.wan_address
    performed: Body = {
        "order": asked.id,
        "by": asked.by,
        "start": start.isoformat(),
        "end": asked.end.isoformat() if asked.end else None,
        "devices": asked.devices,
        "works": asked.works,
        "outcome": asked.outcome,
    }
    for site in sites_of(asked, s):
        yield _to(site.id, "work.performed", performed, day, cites)
        if changes and site.id == asked.contract and asked.outcome != "failed-by-operator":
            yield _to(site.id, "contract.amended", changes, day, cites)


# -- endings and devices -----------------------------------------------------------------------------


def _end(
    asked: customer.Cancel | operator.OperatorTerminate, decision: Decision, s: Situation
) -> Iterator[Recorded]:
    day, cites = day_of(asked.at), _cited(decision)
    last = _last(s, decision.dates["effective"])
    arrived = (asked.arrived or day) if isinstance(asked, customer.Cancel) else None
    body: Body = {
        "last": last.isoformat(),
        "ground": asked.ground,
        "arrived": arrived.isoformat() if arrived else None,
    }
    for contract in ending_with(asked, s):
        due = return_day(s, last).isoformat()
        yield _to(contract.id, "contract.ending-set", {**body, "return_by": due}, day, cites)
        for option in running_options(contract, last):
            stop = {**body, "option": option.name, "ground": "contract-ended"}
            yield _to(contract.id, "option.ending-set", stop, day, cites)
        for other in s.groups.get(contract.group, ()):
            if any(each["contract"] == contract.id for each in tables(other.body, "monitoring")):
                ends: Body = {"stop_monitoring": [{"contract": contract.id, "last": last.isoformat()}]}
                yield _to(other.id, "contract.amended", ends, day, s.texts(("art:2.1.t4",)))


_DEVICE_FACTS = {
    "assigned": "device.assigned",
    "installed": "device.installed",
    "replaced": "device.replaced",
    "returned": "device.returned",
    "lost-reported": "device.lost",
    "failure-reported": "device.failed",
    "damaged": "device.failed",
    "swap": "device.replaced",
    "spare-connected": "device.replaced",
}


def _device(asked: operator.DeviceEvent, decision: Decision, s: Situation) -> Iterator[Recorded]:
    kind = _DEVICE_FACTS.get(asked.event)
    contract, day = s.contract(asked.contract), day_of(asked.at)
    device = device_of(contract, asked)
    no_failure = asked.event == "failure-reported" and asked.known.fault == "none"
    serial = asked.serial if asked.event == "assigned" else (device.serial if device else None)
    if kind is None or no_failure or serial is None:
        return
    body: Body = {"serial": serial}
    if device is not None and asked.event == "installed" and (old := _before(contract, device)):
        kind, body = "device.replaced", {"serial": old.serial}
    if asked.event == "assigned":
        body |= {"model": asked.model or _model(contract), "slot": asked.slot or "a"}
    if kind == "device.replaced":
        new = asked.serial if asked.event == "installed" else asked.new_serial
        spare = next((each.serial for each in contract.devices if each.slot.startswith("spare")), None)
        body |= {"new_serial": new or spare, "return_by": return_day(s, day).isoformat()}
    yield _to(contract.id, kind, body, day, _cited(decision))


def _before(contract: Contract, device: Device) -> Device | None:
    """The device that another one takes the place of, None where its slot was empty."""
    return next(
        (
            each
            for each in contract.devices
            if each.serial != device.serial
            and each.slot == device.slot
            and each.state in ("installed", "failed")
        ),
        None,
    )


def _model(contract: Contract) -> str:
    models = contract.body.get("models")
    return str(models[0]) if isinstance(models, list | tuple) and models else ""


def _lost(asked: operator.DayCheck, decision: Decision, s: Situation) -> Iterator[Recorded]:
    charged = {due.detail.get("serial") for due in decision.charges}
    cites = s.texts(("art:14.3", "art:16.2"))
    for device in overdue(s, s.contract(asked.contract)):
        if device.serial in charged:
            yield _to(asked.contract, "device.lost", {"serial": device.serial}, s.on, cites)


# -- credits -----------------------------------------------------------------------------------------


def _credit(asked: customer.ClaimCredit, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The claim of each outage, and what became of it. One that cannot be computed yet stays claimed."""
    day = day_of(asked.at)
    for earned, finding in judged(asked, s):
        cites = tuple(str(cite) for cite in finding.cites)
        claim: Body = {"outage": earned.outage.id, "claimed_on": day.isoformat()}
        yield _to(asked.contract, "credit.claimed", {**claim, "by": asked.by}, day, cites)
        if finding.verdict is Verdict.REFUSE:
            why: Json = {"ja": finding.why.ja, "en": finding.why.en}
            yield _to(asked.contract, "credit.refused", {**claim, "why": why}, day, cites)
        elif earned.amount is not None:
            granted: Body = {
                **claim,
                "units": earned.units,
                "amount": earned.amount,
                "fraction": str(earned.fraction),
                "conventions": [list(pair) for pair in earned.conventions],
            }
            yield _to(asked.contract, "credit.granted", granted, day, cites)


_RECORDS: Mapping[type, Callable[[Any, Decision, Situation], Iterator[Recorded]]] = {
    customer.Apply: _sites,
    operator.StartBilling: _billing,
    customer.AddOption: _option,
    customer.StopOption: _option_end,
    customer.Change: _change,
    customer.WorkOrder: _work,
    customer.Cancel: _end,
    operator.OperatorTerminate: _end,
    operator.DeviceEvent: _device,
    operator.DayCheck: _lost,
    customer.ClaimCredit: _credit,
}
