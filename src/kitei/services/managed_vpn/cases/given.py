"""What a case gives: contracts, quotes, lists, outages and earlier works, as facts that a ledger would hold."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from kitei.clauses.history import (
    ALWAYS,
    History,
    day_or_none,
    ending_fact,
    option_facts,
    quote_body,
    take_operator,
    take_outages,
    term_fact,
)
from kitei.desk.cases import Sheet
from kitei.ledger.facts import Fact
from kitei.services.managed_vpn.application import WorkOrder
from kitei.services.managed_vpn.edition import TERMS
from kitei.services.managed_vpn.operation import Visit
from kitei.values import Json, day_of

MONTHS = {"1y": 12, "3y": 36}
LISTS = {
    "equivalent_devices": "equivalent-devices",
    "device_change_pairs": "device-change-pairs",
    "sfp_devices": "sfp-devices",
    "vpn_module_devices": "vpn-module-devices",
    "rack_devices": "rack-devices",
    "monitored_switches": "monitored-switches",
    "holidays": "holidays",
}
PARAMETERS = {"max_children_per_vpn": "max-children", "minimum_usable_seconds": "minimum-usable-seconds"}
QUOTES = {
    "initial_jpy": "initial",
    "option_initial_jpy": "option-initial",
    "device_change_jpy": "device-change",
    "device_change_fee_jpy": "device-change",
    "failure_jpy": "device-failure",
    "lost_device_jpy": "lost-device",
    "onsite_jpy": "onsite-installation",
    "type2_price_jpy": "maintenance-list-price",
}


def take_given(given: Sheet, facts: Sheet, when: Sheet, history: History) -> None:
    """Record all that is given. What belongs to the act itself is left in `facts` for it."""
    access, designated = facts.take("access_line", {}), facts.take("designated_addresses", {})
    for contract in given.sheets("contracts"):
        name = contract.take("id")
        history.know(contract.look("customer"))
        for fact in contract_facts(contract, name, history, access.get(name), designated.get(name, {})):
            history.record(f"contract:{name}", fact)
        contract.close()
    _watches(history)
    history.know(when.look("by"))
    history.know(when.look("customer"))
    take_operator(given, when, history, LISTS, PARAMETERS, QUOTES)
    take_outages(facts, when, history)
    _earlier(given, facts, when, history)


def contract_facts(
    sheet: Sheet, name: str, history: History, access: Mapping[str, Any] | None, designated: Mapping[str, str]
) -> Iterator[Fact]:
    """A contract as given, from its conclusion on."""
    customer = sheet.take("customer")
    billing = day_or_none(sheet.take("billing_start"))
    made = day_or_none(sheet.take("made")) or min(filter(None, (billing, history.day)))
    kind, item = (
        history.slug("kinds", sheet.take("kind")),
        history.slug("items", sheet.take("item") or "シングルスターシングルエッジ"),
    )
    months = MONTHS.get(sheet.take("minimum_term") or "", 12)
    model, network = sheet.take("device_model") or "", sheet.take("vpn_network")
    prices = (("monthly", sheet.take("monthly_fee_jpy")), ("maintenance", sheet.take("maintenance_fee_jpy")))
    lans = {
        **designated,
        **{each: "customer" for each in _listed(sheet.take("lan_prefixes") or sheet.take("lan_prefix"))},
    }
    yield Fact(
        "contract.concluded",
        {
            "service": TERMS.service,
            "customer": customer,
            "kind": kind,
            "item": item,
            "group": network,
            "edition": TERMS.first.in_force.isoformat(),
            "name": name,
            "number": 0 if kind == "parent" else int("".join(filter(str.isdecimal, name)) or 1),
            "device_type": history.slug("device_types", sheet.take("device_type") or "Cisco"),
            "maintenance": history.slug("maintenance", sheet.take("maintenance") or "タイプ2").replace(
                "タイプ", "type-"
            ),
            "models": [model] if model else [],
            "months": months,
            "lans": [_lan(prefix, who, made) for prefix, who in lans.items()],
            "access": _access(access),
            "quotes": [quote_body(fee, amount) for fee, amount in prices if amount is not None],
        },
        made,
    )
    if billing is not None:
        yield term_fact(history, "contract.billing-started", billing, months, "art:5.1")
    yield from _devices(sheet, name, kind, item, model, made, history)
    for option in sheet.sheets("options"):
        yield from _option_facts(option, made, customer, history)
        option.close()
    changed = sheet.sheet("device_changed")
    if start := day_or_none(changed.take("new_billing_start")):
        length = MONTHS.get(changed.take("minimum_term") or "", months)
        yield term_fact(history, "contract.amended", start, length, "art:5.2")
    changed.close()
    if ended := day_or_none(sheet.take("ended")):
        due = (ended + timedelta(days=30)).isoformat()
        yield ending_fact(ended, made, return_by=due)
    if returned := day_or_none(sheet.take("device_returned")):
        for serial in _serials(name, kind, item):
            yield Fact("device.returned", {"serial": serial}, returned)


def _serials(name: str, kind: str, item: str) -> Sequence[str]:
    choice = TERMS.first.value("items")[item]
    key = f"devices_at_{kind}"
    return [f"{name}-dev{at + 1}" for at in range(choice.number(key) if choice.has(key) else 0)]


def _devices(
    sheet: Sheet, name: str, kind: str, item: str, model: str, made: date, history: History
) -> Iterator[Fact]:
    for slot, serial in zip("ab", _serials(name, kind, item), strict=False):
        yield Fact("device.assigned", {"serial": serial, "model": model, "slot": slot}, made)
        yield Fact("device.installed", {"serial": serial}, made)
    names = [history.slug("options", each["name"]) for each in sheet.look("options", [])]
    if "cold-standby" in names:
        yield Fact("device.assigned", {"serial": f"{name}-spare", "model": model, "slot": "spare-a"}, made)


def _watches(history: History) -> None:
    """A contract for closed monitoring is for its network's parent."""
    contracts = history.situation().contracts.values()
    for watching in (each for each in contracts if each.item == "closed-monitoring"):
        for parent in contracts:
            if parent.kind == "parent" and parent.group == watching.group and parent is not watching:
                told: Json = [
                    {"contract": watching.id, "slots": ["a"], "since": ALWAYS.isoformat(), "last": None}
                ]
                history.record(
                    f"contract:{parent.id}", Fact("contract.amended", {"monitoring": told}, history.day)
                )


def _option_facts(sheet: Sheet, made: date, customer: str, history: History) -> Iterator[Fact]:
    slug, changed = history.slug("options", sheet.look("name")), sheet.sheet("device_changed")
    yield from option_facts(sheet, made, customer, history, model=sheet.take("device_model"))
    if again := day_or_none(changed.take("new_billing_start")):
        months = TERMS.first.value("options")[slug].number("term_months")
        yield term_fact(history, "option.amended", again, months, "art:17.3.s2", option=slug)
    changed.close()


def _earlier(given: Sheet, facts: Sheet, when: Sheet, history: History) -> None:
    """Works and visits that went before the act."""
    for work in given.sheets("works"):
        at = datetime.fromisoformat(work.take("at"))
        contracts = history.situation(day_of(at)).contracts.values()
        parent = next(each for each in contracts if each.kind == "parent")
        child = next((each for each in contracts if each.kind == "child"), parent)
        history.do(
            WorkOrder(
                by=work.take("by") or parent.customer,
                at=at,
                contract=work.take("contract") or child.id,
                devices=work.take("devices", 1),
                works=work.take("works", 1),
            )
        )
        work.close()
    at = datetime.fromisoformat(when.look("at"))
    for key in ("visit", "onsite_repair"):
        visit = facts.sheet(key)
        if visit.keys():
            history.do(_visit(visit, key == "onsite_repair", when.look("contract"), at, history))
            visit.close()


def _visit(sheet: Sheet, repair: bool, about: str | None, at: datetime, history: History) -> Visit:
    contracts = history.situation().contracts.values()
    site = about or next(each.id for each in contracts if repair or each.options)
    hard = sheet.take("hard_to_reach_travel_jpy")
    travel = sheet.take("travel_jpy", 0)
    return Visit(
        by="operator",
        at=at,
        contract=site,
        purpose="repair" if repair else "installation",
        hard_to_reach=sheet.take("place") == "hard to reach" or hard is not None,
        travel=hard if hard is not None else travel,
        special_works=sheet.take("special_works_jpy", 0),
        cancelled=sheet.take("work_cancelled_charge_jpy", 0),
        long_hours=sheet.take("long_hours_charge_jpy", 0),
        urgent=sheet.take("urgent_charge_jpy", 0),
        distance_km=sheet.take("distance_km"),
    )


def _lan(prefix: str, who: str, since: date) -> Json:
    return {
        "prefix": prefix,
        "gateway": prefix.split("/")[0],
        "designated_by": who,
        "since": since.isoformat(),
        "last": None,
        "cites": [],
    }


def _access(told: Mapping[str, Any] | None) -> Json:
    if told is None:
        return None
    sheet = Sheet(told, "access_line")
    found: Json = {
        "operator": sheet.take("operator", "operator"),
        "settings_disclosed": sheet.take("settings_disclosed", True),
        "changed_on": sheet.take("changed_at"),
        "change_notified": sheet.take("change_notified", True),
    }
    sheet.close()
    return found


def _listed(value: str | Sequence[str] | None) -> Sequence[str]:
    return [] if value is None else [value] if isinstance(value, str) else value
