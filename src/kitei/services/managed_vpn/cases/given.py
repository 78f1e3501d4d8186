"""What a case gives: contracts, quotes, lists, outages and earlier works, as facts that a ledger would hold."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from kitei.desk import Situation, operator_of
from kitei.desk.cases import Sheet
from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Entry, Fact
from kitei.services.managed_vpn.act import Act
from kitei.services.managed_vpn.application import WorkOrder
from kitei.services.managed_vpn.conclusion import conclude
from kitei.services.managed_vpn.contract import fold
from kitei.services.managed_vpn.decision import decide
from kitei.services.managed_vpn.edition import TERMS
from kitei.services.managed_vpn.operation import Visit
from kitei.terms import plain_name, term_last_day
from kitei.values import JST, Json, day_of

ALWAYS = date(2000, 1, 1)
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
    "failure_jpy": "device-failure",
    "lost_device_jpy": "lost-device",
    "onsite_jpy": "onsite-installation",
    "type2_price_jpy": "maintenance-list-price",
}


class History:
    """What happened before a case's act, in order; the situation is folded from it."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.customers: list[str] = []
        self._entries: list[Entry] = []

    def record(self, stream: str, fact: Fact) -> None:
        seq = len(self._entries) + 1
        version = 1 + sum(entry.stream == stream for entry in self._entries)
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=JST)
        self._entries.append(Entry(seq, stream, version, fact, midnight, "case", "", ""))

    def say(self, kind: str, stream: str = "operator", **body: Json) -> None:
        """Something the operator has set for as long as anyone remembers."""
        self.record(stream, Fact(kind, body, ALWAYS))

    def do(self, asked: Act) -> None:
        """An earlier act: decided and concluded like any other."""
        s = self.situation(day_of(asked.at))
        for stream, fact in conclude(asked, decide(asked, s, asked.at), s):
            self.record(stream, fact)

    def situation(self, on: date | None = None) -> Situation:
        contracts: dict[str, Contract] = {}
        said: list[Entry] = []
        for entry in self._entries:
            kind, _, name = entry.stream.partition(":")
            if kind == "contract":
                contracts[name] = fold(contracts.get(name), entry)
            else:
                said.append(entry)
        return Situation.of(on or self.day, TERMS, contracts, operator_of(said, TERMS.service))


def take_given(given: Sheet, facts: Sheet, when: Sheet, history: History) -> None:
    """Record all that is given. What belongs to the act itself is left in `facts` for it."""
    access, designated = facts.take("access_line", {}), facts.take("designated_addresses", {})
    for contract in given.sheets("contracts"):
        name = contract.take("id")
        history.customers.append(contract.look("customer"))
        for fact in contract_facts(contract, name, history.day, access.get(name), designated.get(name, {})):
            history.record(f"contract:{name}", fact)
        contract.close()
    for who in (when.look("by"), when.look("customer")):
        if who and who not in history.customers:
            history.customers.append(who)
    _operator(given, when, history)
    _outages(facts, when, history)
    _earlier(given, facts, when, history)


def _slug(value: str, text: str) -> str:
    choice = TERMS.editions[-1].value(value).choose(text)
    return choice.slug if choice else plain_name(text)


def contract_facts(
    sheet: Sheet, name: str, day: date, access: Mapping[str, Any] | None, designated: Mapping[str, str]
) -> Iterator[Fact]:
    """A contract as given, from its conclusion on."""
    customer = sheet.take("customer")
    billing = _day(sheet.take("billing_start"))
    made = _day(sheet.take("made")) or min(filter(None, (billing, day)))
    kind, item = (
        _slug("kinds", sheet.take("kind")),
        _slug("items", sheet.take("item") or "シングルスターシングルエッジ"),
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
            "network": network,
            "edition": TERMS.first.in_force.isoformat(),
            "name": name,
            "number": 0 if kind == "parent" else int("".join(filter(str.isdecimal, name)) or 1),
            "device_type": _slug("device_types", sheet.take("device_type") or "Cisco"),
            "maintenance": _slug("maintenance", sheet.take("maintenance") or "タイプ2").replace(
                "タイプ", "type-"
            ),
            "models": [model] if model else [],
            "months": months,
            "lans": [_lan(prefix, who, made) for prefix, who in lans.items()],
            "access": _access(access),
            "quotes": [_quote(fee, amount) for fee, amount in prices if amount is not None],
        },
        made,
    )
    if billing is not None:
        yield _term("contract.billing-started", billing, months, "art:5.1")
    yield from _devices(sheet, name, kind, item, model, made)
    for option in sheet.sheets("options"):
        yield from _option_facts(option, made, customer)
        option.close()
    changed = sheet.sheet("device_changed")
    if start := _day(changed.take("new_billing_start")):
        length = MONTHS.get(changed.take("minimum_term") or "", months)
        yield _term("contract.amended", start, length, "art:5.2")
    changed.close()
    if ended := _day(sheet.take("ended")):
        due = (ended + timedelta(days=30)).isoformat()
        body: dict[str, Json] = {
            "last": ended.isoformat(),
            "ground": "customer-notice",
            "arrived": None,
            "return_by": due,
        }
        yield Fact("contract.ending-set", body, made)
    if returned := _day(sheet.take("device_returned")):
        for serial in _serials(name, kind, item):
            yield Fact("device.returned", {"serial": serial}, returned)


def _term(fact: str, start: date, months: int, path: str, **more: Json) -> Fact:
    term: dict[str, Json] = {
        "months": months,
        "start": start.isoformat(),
        "last": term_last_day(start, months).isoformat(),
    }
    cites = (str(TERMS.first.cite(path)),)
    return Fact(fact, {"billing_start": start.isoformat(), "term": term, **more}, start, cites)


def _serials(name: str, kind: str, item: str) -> Sequence[str]:
    choice = TERMS.first.value("items")[item]
    key = f"devices_at_{kind}"
    return [f"{name}-dev{at + 1}" for at in range(choice.number(key) if choice.has(key) else 0)]


def _devices(sheet: Sheet, name: str, kind: str, item: str, model: str, made: date) -> Iterator[Fact]:
    for slot, serial in zip("ab", _serials(name, kind, item), strict=False):
        yield Fact("device.assigned", {"serial": serial, "model": model, "slot": slot}, made)
        yield Fact("device.installed", {"serial": serial}, made)
    names = [_slug("options", each["name"]) for each in sheet.look("options", [])]
    if "cold-standby" in names:
        yield Fact("device.assigned", {"serial": f"{name}-spare", "model": model, "slot": "spare-a"}, made)


def _option_facts(sheet: Sheet, made: date, customer: str) -> Iterator[Fact]:
    slug = _slug("options", sheet.take("name"))
    fee, start = sheet.take("monthly_fee_jpy"), _day(sheet.take("billing_start"))
    quotes = [_quote("option-monthly", fee)] if fee is not None else []
    yield Fact("option.added", {"option": slug, "model": sheet.take("device_model"), "quotes": quotes}, made)
    if (initial := sheet.take("initial_fee_jpy")) is not None:
        due: dict[str, Json] = {"name": "option-initial", "customer": customer, "amount": initial}
        yield Fact("charge.fell-due", due, start or made, (str(TERMS.first.cite("schedule:1.1.2")),))
    choice = TERMS.first.value("options")[slug]
    if start is not None and choice.has("term_months"):
        yield _term("option.billing-started", start, choice.number("term_months"), "art:17.3", option=slug)
    elif start is not None:
        yield Fact("option.billing-started", {"option": slug, "billing_start": start.isoformat()}, start)
    changed = sheet.sheet("device_changed")
    if again := _day(changed.take("new_billing_start")):
        yield _term("option.amended", again, choice.number("term_months"), "art:17.3.s2", option=slug)
    changed.close()


def _operator(given: Sheet, when: Sheet, history: History) -> None:
    params = given.sheet("operator_params")
    quoted = Sheet({**(given.take("quoted") or {}), **(when.take("quoted") or {})}, "quoted")
    for key, name in LISTS.items():
        if (listed := params.take(key)) is not None:
            history.say("operator.listed", list=name, entries=listed)
    for key, name in PARAMETERS.items():
        if (value := params.take(key)) is not None:
            history.say("operator.set", name=name, value=value)
    for convention, value in params.take("conventions", {}).items():
        history.say("operator.set", convention=convention, value=value)
    prices = {fee: quoted.take(key) for key, fee in QUOTES.items()}
    for key in quoted.keys():  # noqa: SIM118 (a sheet is no mapping)
        if key.endswith("_initial_jpy"):  # an option's own, by whatever short name
            prices["option-initial"] = quoted.take(key)
    if (change := params.take("device_change_fee_jpy")) is not None:
        prices["device-change"] = change
    for fee, amount in prices.items():
        for customer in dict.fromkeys(history.customers):
            if amount is not None:
                history.say("quote.recorded", f"customer:{customer}", **_quote(fee, amount))
    params.close()
    quoted.close()


def _outages(facts: Sheet, when: Sheet, history: History) -> None:
    told = [*facts.take("outages", []), *filter(None, (facts.take("outage"), when.take("outage")))]
    for at, each in enumerate(told):
        sheet = Sheet(each, f"outages[{at}]")
        reports = [sheet.take(key) for key in ("known", "monitor_alarm", "ticket", "customer_report")]
        known = reports[0] or min(filter(None, reports))
        cause = sheet.take("cause") or facts.look("cause") or "operator"
        body = {
            "id": f"outage-{at + 1}",
            "began_at": sheet.take("began") or known,
            "known_at": known,
            "restored_at": sheet.take("restored"),
            "total": sheet.take("total", True),
            "equally_bad": sheet.take("equally_bad", False),
            "cause": _party(cause),
            "evidence": [
                {"ja": str(text), "en": str(text)} for text in (cause, sheet.take("detail")) if text
            ],
        }
        for name in sheet.take("contracts") or [when.look("contract")]:
            history.record(f"contract:{name}", Fact("outage.found", {**body, "contract": name}, history.day))
        sheet.close()
    if told:
        facts.take("cause")


def _party(cause: str) -> str:
    """Whose doing a cause was, in the words of a case."""
    if cause.startswith("operator"):
        return "operator"
    return "customer" if cause.startswith("customer") else "third-party"


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


def _quote(fee: str, amount: int) -> dict[str, Json]:
    return {"fee": fee, "amount": amount, "first": ALWAYS.isoformat(), "last": None}


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


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
