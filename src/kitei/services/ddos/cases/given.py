"""What a case gives: contracts, other services, quotes, lists and outages, as facts that a ledger would hold."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from kitei.clauses.history import (
    ALWAYS,
    History,
    day_or_none,
    ending_fact,
    option_facts,
    quote_body,
    take_holdings,
    take_operator,
    take_outages,
    term_fact,
)
from kitei.desk.cases import Sheet
from kitei.ledger.facts import Fact
from kitei.services.ddos.contract import ROUTER
from kitei.services.ddos.edition import TERMS
from kitei.values import Json

LISTS = {
    "designated_services_class_I": "designated-services-class-I",
    "changeable_matters": "changeable-matters",
    "tunnel_router_models": "tunnel-router-models",
    "holidays": "holidays",
}
PARAMETERS = {
    "support_hours_from": "support-hours-from",
    "support_hours_until": "support-hours-until",
    "minimum_usable_seconds": "minimum-usable-seconds",
    "max_address_space": "max-address-space",
    "address_space_limit": "max-address-space",
}
QUOTES = {
    "initial_jpy": "initial",
    "option_initial_jpy": "option-initial",
    "item_change_jpy": "item-change",
    "change_jpy": "item-change",
    "device_change_jpy": "device-change",
    "failure_jpy": "device-failure",
    "lost_device_jpy": "lost-device",
    "router_count_change_jpy": "router-count-change",
}


def take_given(given: Sheet, facts: Sheet, when: Sheet, history: History) -> None:
    """Record all that is given. What belongs to the act itself is left in `facts` for it."""
    take_holdings(given, history)
    for contract in given.sheets("contracts"):
        name = contract.take("id")
        history.know(contract.look("customer"))
        for fact in contract_facts(contract, name, history):
            history.record(f"contract:{name}", fact)
        contract.close()
    history.know(when.look("by"))
    history.know(when.look("customer"))
    fee = "option-initial" if when.look("action") == "add-option" else "initial"
    if (told := when.take("quoted_initial_jpy")) is not None:
        for customer in history.customers:
            history.say("quote.recorded", f"customer:{customer}", **quote_body(fee, told))
    take_operator(given, when, history, LISTS, PARAMETERS, QUOTES)
    take_outages(facts, when, history)
    _designated(facts, when, history)


def _designated(facts: Sheet, when: Sheet, history: History) -> None:
    """Addresses of the contract an act is about. Where none are given, those an event is about are in order."""
    about = when.look("contract")
    contract = history.situation().contracts.get(about) if isinstance(about, str) else None
    told = [*facts.take("designated", []), *facts.take("designated_addresses", [])]
    aims = (when.look(key) for key in ("target", "dst", "address", "prefix"))
    aim = next((each for each in aims if each), (when.look("packet") or {}).get("dst"))
    if contract is None:
        return
    if not told and aim and when.look("action") == "network-event" and not contract.body.get("addresses"):
        told = [aim]
    if told:
        body: dict[str, Json] = {
            "add_addresses": [_address(each, contract.item, contract.concluded_on) for each in told]
        }
        history.record(f"contract:{about}", Fact("contract.amended", body, contract.concluded_on))


def contract_facts(sheet: Sheet, name: str, history: History) -> Iterator[Fact]:
    """A contract as given, from its conclusion on."""
    customer, billing = sheet.take("customer"), day_or_none(sheet.take("billing_start"))
    made = day_or_none(sheet.take("made") or sheet.take("accepted_at")) or min(
        filter(None, (billing, history.day))
    )
    item = history.slug("items", sheet.take("item"))
    before = [_before(each, history) for each in sheet.sheets("history")]
    fee, first = sheet.take("monthly_fee_jpy"), before[0][0] if before else item
    choice = TERMS.first.value("items").choose(first)
    months = TERMS.first.value(choice.text("months")).number if choice else 12
    quotes: list[Json] = []
    since = ALWAYS
    for price, until in (*((each, until) for _, until, each in before), (fee, None)):
        if price is not None:
            quotes.append(_priced(price, since, until))
        since = until + timedelta(days=1) if until else since
    yield Fact(
        "contract.concluded",
        {
            "service": TERMS.service,
            "customer": customer,
            "item": first,
            "group": customer,
            "edition": TERMS.first.in_force.isoformat(),
            "name": name,
            "months": months,
            "base": sheet.take("base"),
            "rests_on": sheet.take("rests_on") or sheet.take("designated_service"),
            "addresses": [_address(each, first, made) for each in sheet.take("addresses", [])],
            "changed": [],
            "quotes": quotes,
        },
        made,
    )
    if (initial := sheet.take("initial_fee_jpy")) is not None:
        path = choice.text("initial_fee") if choice else "schedule:1.1.1"
        charge: dict[str, Json] = {"name": "initial", "customer": customer, "amount": initial}
        cites = (history.cite("art:12.1.s2"), history.cite(path))
        yield Fact("charge.fell-due", charge, made, cites)
    if billing is not None:
        path = choice.text("term") if choice else "art:2.1.1"
        yield term_fact(history, "contract.billing-started", billing, months, path)
    yield from _options(sheet, name, made, customer, history)
    items = [*(each for each, _, _ in before), item]
    for (old, until, _), new in zip(before, items[1:], strict=True):
        yield _changed(old, new, until)
    if ended := day_or_none(sheet.take("ended") or sheet.take("cancel_effective")):
        due = (ended + timedelta(days=30)).isoformat()
        yield ending_fact(ended, made, return_by=due)
    if returned := day_or_none(sheet.take("device_returned")):
        for serial in _serials(sheet, name, history):
            yield Fact("device.returned", {"serial": serial}, returned)
    sheet.take("options")


def _options(sheet: Sheet, name: str, made: date, customer: str, history: History) -> Iterator[Fact]:
    written = options_of(sheet)
    for at, each in enumerate(written):
        option = Sheet(each, f"{sheet.place}.options[{at}]")
        yield from _option(option, made, customer, history)
        option.close()
    for serial in _serials(sheet, name, history):
        model = next((each.get("model") or "" for each in written if _lent(each, history)), "")
        yield Fact("device.assigned", {"serial": serial, "model": model, "slot": "router"}, made)
        yield Fact("device.installed", {"serial": serial}, made)


def options_of(sheet: Sheet) -> list[dict[str, Any]]:
    """The options that are listed; a text alone is one's name."""
    listed = sheet.look("options") or []
    return [{"name": each} if isinstance(each, str) else each for each in listed]


def _before(sheet: Sheet, history: History) -> tuple[str, date, int | None]:
    """An item a contract had: which, to which day, at what monthly fee."""
    found = (
        history.slug("items", sheet.take("item")),
        date.fromisoformat(sheet.take("until")),
        sheet.take("monthly_fee_jpy"),
    )
    sheet.close()
    return found


def _priced(fee: int, since: date, until: date | None) -> Json:
    """A monthly fee for the time of one item."""
    last = until.isoformat() if until else None
    return {"fee": "monthly", "amount": fee, "first": since.isoformat(), "last": last, "scope": {}}


def _changed(old: str, new: str, until: date) -> Fact:
    pairs = TERMS.first.value("item_changes").choices
    pair = next((each for each in pairs if (each.text("before"), each.text("after")) == (old, new)), None)
    before: Json = {"item": old, "until": until.isoformat(), "path": pair.cite.path if pair else "art:6.1.1"}
    return Fact("contract.amended", {"item": new, "changed": [before]}, until + timedelta(days=1))


def _option(sheet: Sheet, made: date, customer: str, history: History) -> Iterator[Fact]:
    slug = history.slug("options", sheet.look("name"))
    item = sheet.take("item") or sheet.take("option_item")
    chosen = TERMS.first.value("option_items").choose(item) if item else None
    choice = TERMS.first.value("options").choose(slug)
    source = chosen if slug == ROUTER else choice
    steps = sheet.take("steps", 1)
    mbps = sheet.take("mbps", 500 * steps if slug == "bandwidth" else None)
    told: dict[str, Json] = {
        "months": source.number("term_months") if source and source.has("term_months") else 0,
        "item": chosen.slug if chosen else item,
        "mbps": mbps,
        "model": sheet.take("model"),
        "variant": history.slug("option_variants", variant) if (variant := sheet.take("variant")) else None,
        "routers": sheet.take("routers"),
        "route_control": sheet.take("route_control"),
    }
    sheet.take("device")
    changed = sheet.sheet("device_changed")
    more = {key: value for key, value in told.items() if value is not None}
    yield from option_facts(sheet, made, customer, history, **more)
    if again := day_or_none(changed.take("new_billing_start")):
        months = TERMS.first.value("changed_router_term_months").number
        yield term_fact(history, "option.amended", again, months, "art:10.5.s2", option=slug)
    changed.close()


def _lent(option: Any, history: History) -> bool:
    """Whether an option as given is a tunnel router with rental."""
    item = option.get("item") or option.get("option_item") or ""
    chosen = TERMS.first.value("option_items").choose(item) if item else None
    return (
        history.slug("options", option.get("name", "")) == ROUTER
        and chosen is not None
        and chosen.slug == "rental"
    )


def _serials(sheet: Sheet, name: str, history: History) -> tuple[str, ...]:
    """The devices lent under a contract: as its option names them, else one."""
    found: list[str] = []
    for option in options_of(sheet):
        if _lent(option, history):
            told = option.get("device") or f"{name}-router"
            found += [told] if isinstance(told, str) else list(told)
    return tuple(found)


def _address(prefix: str, item: str, since: date) -> Json:
    choice = TERMS.first.value("items").choose(item)
    return {
        "prefix": prefix,
        "designated_by": choice.text("designates") if choice else "customer",
        "since": since.isoformat(),
        "last": None,
        "cites": [],
    }
