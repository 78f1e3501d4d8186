"""What an accepted act records: (stream, fact) pairs. Amounts, days and provisions are those of its decision.

Prices are not copied: quotes stay where they were told, and accounts find the one that answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from kitei.clauses.acts import accepted_on
from kitei.clauses.conclusion import (
    Body,
    Conclusions,
    Record,
    Recorded,
    cited,
    option_billing,
    term_body,
    to_contract,
)
from kitei.clauses.contract import tables
from kitei.clauses.devices import device_of
from kitei.clauses.returns import DayCheck, overdue, return_day
from kitei.desk import Decision, Situation
from kitei.ledger.contracts import Contract, Device
from kitei.services.managed_vpn import application as customer
from kitei.services.managed_vpn import operation as operator
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.rules.addresses import gateway_of
from kitei.services.managed_vpn.rules.changes import changed_months
from kitei.services.managed_vpn.rules.credits import CREDITS
from kitei.services.managed_vpn.rules.ending import ENDINGS
from kitei.services.managed_vpn.rules.naming import builds_network, names_of, numbers_of
from kitei.services.managed_vpn.rules.settings import sites_of
from kitei.terms import plain_name
from kitei.values import JST, Json, day_of

# -- sites -------------------------------------------------------------------------------------------


def _sites(asked: customer.Apply, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day, cites = accepted_on(asked), cited(decision)
    names, numbers = names_of(asked, s), numbers_of(asked, s)
    reasons = s.texts(("art:7.1", "art:7.2", "art:22.2"))
    for site, name, number in zip(asked.sites, names, numbers, strict=True):
        body: Body = {
            "service": s.edition.service,
            "customer": site.holder or asked.by,
            "kind": site.kind,
            "item": site.item,
            "group": site.network[0],
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
        yield to_contract(name, "contract.concluded", body, day, cites)
        for option in site.options:
            yield to_contract(
                name, "option.added", {"option": option.option, "model": option.model}, day, cites
            )
            if option.billing_start:
                yield option_billing(s, name, option.option, option.billing_start)
        if watched is not None:
            watching: Body = {
                "monitoring": [
                    {"contract": name, "slots": list(site.slots), "since": day.isoformat(), "last": None}
                ]
            }
            yield to_contract(
                watched, "contract.amended", watching, day, s.texts(("art:2.1.t4", "art:2.1.t4.a2"))
            )


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


# -- options -----------------------------------------------------------------------------


def _option(asked: customer.AddOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"option": asked.option, "model": asked.model}
    yield to_contract(asked.contract, "option.added", body, accepted_on(asked), cited(decision))
    if asked.billing_start:
        yield option_billing(s, asked.contract, asked.option, asked.billing_start)


# -- changes and works -------------------------------------------------------------------------------


def _change(asked: customer.Change, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The new model and term. The old device serves, and stays, until the new one takes its place."""
    contract = s.contract(asked.contract)
    if asked.device is None:
        return
    day, old, new = asked.change_on or accepted_on(asked), asked.device.old, asked.device.new
    cites = cited(decision)
    if asked.option is None:
        models = contract.body.get("models")
        listed = [str(each) for each in models] if isinstance(models, list | tuple) else []
        swapped = [new if plain_name(each) == plain_name(old) else each for each in listed] or [new]
        yield to_contract(
            contract.id, "contract.amended", {**_restart(asked, s, contract), "models": swapped}, day, cites
        )
    else:
        yield to_contract(contract.id, "option.amended", _option_change(asked, s, new), day, cites)
        if asked.option == "private-switch" and s.reading("mvp.switch-change-resets-base").value == "yes":
            yield to_contract(
                contract.id, "contract.amended", _restart(asked, s, contract), day, s.texts(("art:5.2",))
            )


def _restart(asked: customer.Change, s: Situation, contract: Contract) -> Body:
    """A new minimum term, or how long it will be once the new device is billed (art. 5.2)."""
    months = changed_months(asked, s, contract)
    if asked.billing_start:
        return {"term": term_body(s, asked.billing_start, months), "months": months}
    return {"pending_term": months, "months": months}


def _option_change(asked: customer.Change, s: Situation, new: str) -> Body:
    body: Body = {"option": asked.option, "model": new}
    cold = s.reading("mvp.cold-standby-change").value == "allowed-with-restart"
    if asked.option == "private-switch" or cold:
        months = s.number("changed_switch_term_months")
        if asked.billing_start:
            body["term"] = term_body(s, asked.billing_start, months)
        else:
            body["pending_term"] = months
    return body


def _work(asked: customer.WorkOrder, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """What was ordered, and that it was done; settings go to the one site the order is for.

    A LAN taken away is gone from the day of the work on.
    """
    start = asked.start or asked.at
    day, cites = start.astimezone(JST).date(), cited(decision)
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
        yield to_contract(site.id, "work.performed", performed, day, cites)
        if changes and site.id == asked.contract and asked.outcome != "failed-by-operator":
            yield to_contract(site.id, "contract.amended", changes, day, cites)


# -- endings and devices -----------------------------------------------------------------------------


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
    yield to_contract(contract.id, kind, body, day, cited(decision))


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


def _lost(asked: DayCheck, decision: Decision, s: Situation) -> Iterator[Recorded]:
    charged = {due.detail.get("serial") for due in decision.charges}
    cites = s.texts(("art:14.3", "art:16.2"))
    for device in overdue(s, s.contract(asked.contract)):
        if device.serial in charged:
            yield to_contract(asked.contract, "device.lost", {"serial": device.serial}, s.on, cites)


# -- endings -----------------------------------------------------------------------------------------


def _due_back(contract: Contract, last: date, s: Situation) -> Mapping[str, Json]:
    return {"return_by": return_day(s, last).isoformat()}


def _no_longer_watched(contract: Contract, last: date, s: Situation) -> Iterator[Recorded]:
    """Sites whose devices the contract had under monitoring are told that it stops."""
    for other in s.groups.get(contract.group, ()):
        if any(each["contract"] == contract.id for each in tables(other.body, "monitoring")):
            ends: Body = {"stop_monitoring": [{"contract": contract.id, "last": last.isoformat()}]}
            yield to_contract(other.id, "contract.amended", ends, s.on, s.texts(("art:2.1.t4",)))


_RECORDS: Mapping[type, Record] = {
    customer.Apply: _sites,
    customer.AddOption: _option,
    customer.Change: _change,
    customer.WorkOrder: _work,
    operator.DeviceEvent: _device,
    DayCheck: _lost,
}
CONCLUSIONS = Conclusions(_RECORDS, ENDINGS, CREDITS, _no_longer_watched, _due_back)
conclude = CONCLUSIONS.conclude
