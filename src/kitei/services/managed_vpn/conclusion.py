"""Decision to facts: what an accepted act records, contract by contract. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from kitei.desk import Decision, Situation, Verdict
from kitei.ledger import Fact
from kitei.ledger.contracts import Contract, MinimumTerm
from kitei.services.managed_vpn import application as customer
from kitei.services.managed_vpn import operation as operator
from kitei.services.managed_vpn.act import Act
from kitei.services.managed_vpn.contract import charge_json
from kitei.services.managed_vpn.rules.addresses import gateway_of
from kitei.services.managed_vpn.rules.changes import changed_months, return_day
from kitei.services.managed_vpn.rules.credits import judged
from kitei.services.managed_vpn.rules.ending import effective_day, ending_with, overdue
from kitei.services.managed_vpn.rules.fees import accepted_on
from kitei.services.managed_vpn.rules.lengths import option_pending_months, pending_months
from kitei.services.managed_vpn.rules.naming import builds_network, names_of, numbers_of
from kitei.services.managed_vpn.rules.options import option_choice, running
from kitei.services.managed_vpn.rules.settings import sites_of
from kitei.services.managed_vpn.rules.settling import running_options
from kitei.terms import term_last_day
from kitei.values import Json, JsonObject, day_of

Facts = Iterator[tuple[str, Fact]]


def conclude(asked: Act, decision: Decision, s: Situation) -> Sequence[tuple[str, Fact]]:
    """The (stream, fact) pairs of an accepted act: what became of it, then the charges that fell due."""
    record = _RECORDS.get(type(asked))
    facts = list(record(asked, decision, s)) if record else []
    charges = [
        (
            f"contract:{charge.contract}",
            Fact("charge.fell-due", charge_json(charge), charge.due_on, charge.cites),
        )
        for charge in decision.charges
        if charge.contract
    ]
    return (*facts, *charges)


def _cites(decision: Decision) -> tuple[str, ...]:
    return tuple(str(cite) for cite in decision.cites)


def _applied(asked: customer.Apply, decision: Decision, s: Situation) -> Facts:
    on, cites = accepted_on(asked), _cites(decision)
    names, numbers = names_of(asked, s), numbers_of(asked, s)
    for site, name, number in zip(asked.sites, names, numbers, strict=True):
        network = site.network[0]
        watched = _watched(asked, site, names, s)
        body: dict[str, Json] = {
            "service": s.edition.service,
            "customer": site.holder or asked.by,
            "kind": site.kind,
            "item": site.item,
            "network": network,
            "application": asked.id,
            "edition": s.edition.in_force.isoformat(),
            "number": number,
            "name": site.name[0] if site.name else name,
            "device_type": site.device_type,
            "models": list(site.models),
            "maintenance": site.maintenance,
            "months": site.minimum_term,
            "lans": [_lan(lan, on, cites) for lan in site.lans],
            "monitoring": [],
            "watches": watched,
            "slots": list(site.slots),
            "access": _access(site.access),
            "billing_wish": asked.billing_start.isoformat() if asked.billing_start else None,
        }
        yield f"contract:{name}", Fact("contract.concluded", body, on, cites)
        for option in site.options:
            taken: dict[str, Json] = {"option": option.option, "model": option.model}
            yield f"contract:{name}", Fact("option.added", taken, on, cites)
        if watched is not None and not builds_network(site):
            watch: JsonObject = {
                "monitoring": [{"contract": name, "slots": list(site.slots), "since": on.isoformat()}]
            }
            yield f"contract:{watched}", Fact("contract.amended", watch, on, cites)


def _watched(
    asked: customer.Apply, site: customer.SiteWanted, names: Sequence[str], s: Situation
) -> str | None:
    """Whose device closed monitoring is for: the contract named, else the network's parent."""
    if builds_network(site):
        return None
    if site.watches is not None:
        return site.watches
    for other, name in zip(asked.sites, names, strict=True):
        if other.kind == "parent" and other.network == site.network and builds_network(other):
            return name
    return next((each.id for each in s.in_force(site.network[0]) if each.kind == "parent"), None)


def _lan(lan: customer.Lan, since: date, cites: tuple[str, ...]) -> JsonObject:
    return {
        "prefix": lan.prefix,
        "gateway": gateway_of(lan),
        "designated_by": lan.designated_by,
        "since": since.isoformat(),
        "cites": list(cites),
    }


def _access(access: customer.Access | None) -> JsonObject | None:
    if access is None:
        return None
    return {
        "operator": access.operator,
        "settings_disclosed": access.settings_disclosed,
        "changed_on": access.changed_on.isoformat() if access.changed_on else None,
        "change_notified": access.change_notified,
    }


def _billed(asked: operator.StartBilling, decision: Decision, s: Situation) -> Facts:
    contract, cites = s.contract(asked.contract), _cites(decision)
    how = s.reading("term.month-arithmetic").value
    body: dict[str, Json] = {"billing_start": asked.billing_start.isoformat()}
    months: int | None
    if asked.option is None:
        own = contract.body.get("months")
        months = pending_months(contract) or (own if type(own) is int else None)
        kind = "contract.billing-started"
    else:
        taken, choice = running(contract, asked.option, s.on), option_choice(s, asked.option)
        assert taken is not None and choice is not None  # the rules refuse what is not running
        months = option_pending_months(taken) or (
            choice.number("term_months") if choice.has("term_months") else None
        )
        body["option"], kind = asked.option, "option.billing-started"
    if months is not None:
        last = term_last_day(asked.billing_start, months, how)
        body["term"] = _term(MinimumTerm(months, asked.billing_start, last, ()))
    yield f"contract:{contract.id}", Fact(kind, body, asked.billing_start, cites)


def _term(term: MinimumTerm) -> JsonObject:
    return {"months": term.months, "start": term.start.isoformat(), "last": term.last.isoformat()}


def _option_added(asked: customer.AddOption, decision: Decision, s: Situation) -> Facts:
    on, cites = accepted_on(asked), _cites(decision)
    body: dict[str, Json] = {"option": asked.option, "model": asked.model}
    yield f"contract:{asked.contract}", Fact("option.added", body, on, cites)
    if asked.billing_start is not None:
        begin = operator.StartBilling(
            by=asked.by,
            at=asked.at,
            contract=asked.contract,
            billing_start=asked.billing_start,
            option=asked.option,
        )
        choice = option_choice(s, asked.option)
        started: dict[str, Json] = {"option": asked.option, "billing_start": begin.billing_start.isoformat()}
        if choice is not None and choice.has("term_months"):
            months = choice.number("term_months")
            last = term_last_day(begin.billing_start, months, s.reading("term.month-arithmetic").value)
            started["term"] = _term(MinimumTerm(months, begin.billing_start, last, ()))
        yield (
            f"contract:{asked.contract}",
            Fact("option.billing-started", started, begin.billing_start, cites),
        )


def _option_stopped(asked: customer.StopOption, decision: Decision, s: Situation) -> Facts:
    last = decision.dates["effective"]
    arrived = asked.arrived or day_of(asked.at)
    body: JsonObject = {
        "option": asked.option,
        "last": last.isoformat(),
        "ground": "customer-notice",
        "arrived": arrived.isoformat(),
    }
    yield f"contract:{asked.contract}", Fact("option.ending-set", body, arrived, _cites(decision))


def _changed(asked: customer.Change, decision: Decision, s: Situation) -> Facts:
    """A device change: the old device goes back, the new one comes, and a new term waits for its billing."""
    if asked.device is None:
        return
    contract, cites = s.contract(asked.contract), _cites(decision)
    on = asked.change_on or accepted_on(asked)
    how = s.reading("term.month-arithmetic").value
    months = changed_months(asked, s, contract)
    if asked.option is None:
        body: dict[str, Json] = {"models": [asked.device.new], "pending_term": months}
        if asked.billing_start is not None:
            last = term_last_day(asked.billing_start, months, how)
            body |= {"pending_term": None, "term": _term(MinimumTerm(months, asked.billing_start, last, ()))}
        yield f"contract:{contract.id}", Fact("contract.amended", body, on, cites)
    else:
        changed: JsonObject = {"option": asked.option, "model": asked.device.new}
        yield f"contract:{contract.id}", Fact("option.amended", changed, on, cites)
    back = return_day(s, on)
    for device in contract.devices:
        slot = asked.device.slot
        if (
            device.model == asked.device.old
            and slot in (None, device.slot)
            and device.state in ("ordered", "installed")
        ):
            gone: JsonObject = {"serial": device.serial, "return_by": back.isoformat()}
            yield f"contract:{contract.id}", Fact("device.retired", gone, on, cites)


def _ended(asked: customer.Cancel | operator.OperatorTerminate, decision: Decision, s: Situation) -> Facts:
    last, cites = effective_day(asked, s), _cites(decision)
    if last is None:
        return
    arrived = (getattr(asked, "arrived", None) or day_of(asked.at)).isoformat()
    back = return_day(s, last).isoformat()
    for contract in ending_with(asked, s):
        body: JsonObject = {
            "last": last.isoformat(),
            "ground": asked.ground,
            "arrived": arrived,
            "return_by": back,
        }
        yield f"contract:{contract.id}", Fact("contract.ending-set", body, day_of(asked.at), cites)
        for option in running_options(contract, last):
            stop: JsonObject = {
                "option": option.name,
                "last": last.isoformat(),
                "ground": "contract-ended",
                "arrived": arrived,
            }
            yield f"contract:{contract.id}", Fact("option.ending-set", stop, day_of(asked.at), cites)
        watches = contract.body.get("watches")
        if isinstance(watches, str) and watches in s.contracts:
            ends: JsonObject = {"stop_monitoring": [{"contract": contract.id, "last": last.isoformat()}]}
            yield f"contract:{watches}", Fact("contract.amended", ends, day_of(asked.at), cites)


def _worked(asked: customer.WorkOrder, decision: Decision, s: Situation) -> Facts:
    """What was ordered, and that it was done. LANs go to the one site the order is for."""
    on, cites = day_of(asked.start or asked.at), _cites(decision)
    for contract in sites_of(asked, s):
        done: JsonObject = {
            "by": asked.by,
            "start": (asked.start or asked.at).isoformat(),
            "end": asked.end.isoformat() if asked.end else None,
            "devices": asked.devices,
            "works": asked.works,
            "outcome": asked.outcome,
        }
        yield f"contract:{contract.id}", Fact("work.performed", done, on, cites)
        if asked.outcome == "failed-by-operator" or contract.id != (asked.contract or contract.id):
            continue
        body: dict[str, Json] = {}
        if asked.add_lans:
            body["add_lans"] = [_lan(lan, on, cites) for lan in asked.add_lans]
        if asked.remove_lans:
            body["remove_lans"] = [{"prefix": prefix, "last": on.isoformat()} for prefix in asked.remove_lans]
        if asked.wan_address:
            body["wan_address"] = asked.wan_address
        if body:
            yield f"contract:{contract.id}", Fact("contract.amended", body, on, cites)


def _happened(asked: operator.DeviceEvent, decision: Decision, s: Situation) -> Facts:
    contract, on, cites = s.contract(asked.contract), day_of(asked.at), _cites(decision)
    kind = _EVENTS.get(asked.event)
    serial = asked.serial or next((d.serial for d in contract.devices if d.slot == (asked.slot or "a")), None)
    if kind is None or serial is None:
        return
    body: dict[str, Json] = {"serial": serial}
    for name in ("model", "slot", "new_serial", "place", "cause"):
        if value := getattr(asked, name):
            body[name] = value
    spare = next((d for d in contract.devices if d.slot.startswith("spare") and d.state != "replaced"), None)
    if asked.event == "swap" and spare is not None and "new_serial" not in body:
        body["new_serial"] = spare.serial
    yield f"contract:{contract.id}", Fact(kind, body, on, cites)


_EVENTS: Mapping[str, str] = {
    "assigned": "device.assigned",
    "installed": "device.installed",
    "failure-reported": "device.failed",
    "damaged": "device.failed",
    "swap": "device.replaced",
    "replaced": "device.replaced",
    "lost-reported": "device.lost",
    "returned": "device.returned",
}


def _claimed(asked: customer.ClaimCredit, decision: Decision, s: Situation) -> Facts:
    on, stream = day_of(asked.at), f"contract:{asked.contract}"
    for earned, finding in judged(asked, s):
        claim: JsonObject = {"outage": earned.outage.id, "claimed_on": on.isoformat()}
        cites = tuple(str(cite) for cite in finding.cites)
        yield stream, Fact("credit.claimed", claim, on, cites)
        if finding.verdict is Verdict.REFUSE or earned.amount is None:
            yield stream, Fact("credit.refused", claim, on, cites)
            continue
        granted: JsonObject = {
            **claim,
            "units": earned.units,
            "amount": int(earned.amount),
            "fraction": str(earned.fraction),
            "conventions": [list(pair) for pair in earned.conventions],
        }
        yield stream, Fact("credit.granted", granted, on, cites)


def _checked(asked: operator.DayCheck, decision: Decision, s: Situation) -> Facts:
    contract: Contract = s.contract(asked.contract)
    if not any(charge.name == "lost-device" for charge in decision.charges):
        return
    for device in overdue(s, contract):
        body: JsonObject = {"serial": device.serial, "cause": "not returned in time"}
        yield f"contract:{contract.id}", Fact("device.lost", body, day_of(asked.at), _cites(decision))


_RECORDS: Mapping[type, Callable[[Any, Decision, Situation], Facts]] = {
    customer.Apply: _applied,
    operator.StartBilling: _billed,
    customer.AddOption: _option_added,
    customer.StopOption: _option_stopped,
    customer.Change: _changed,
    customer.Cancel: _ended,
    operator.OperatorTerminate: _ended,
    customer.WorkOrder: _worked,
    operator.DeviceEvent: _happened,
    customer.ClaimCredit: _claimed,
    operator.DayCheck: _checked,
}
