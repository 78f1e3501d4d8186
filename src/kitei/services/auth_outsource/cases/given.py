"""What a case gives: contracts, quotes, lists, holdings and outages, as facts that a ledger would hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_interface
from typing import Any

from kitei.clauses.history import (
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
from kitei.services.auth_outsource.application import Change
from kitei.services.auth_outsource.edition import TERMS
from kitei.services.auth_outsource.operation import ExplainOutage
from kitei.services.auth_outsource.rules.batch import plain_realm
from kitei.values import Json, day_of

LISTS = {
    "changeable_matters": "changeable-matters",
    "designated_matters": "changeable-matters",
    "address_families": "address-families",
    "designated_address_families": "address-families",
    "client_address_families": "address-families",
    "holidays": "holidays",
}
PARAMETERS = {
    "max_sessions_per_realm": "max-sessions-per-realm",
    "max_sessions_per_contract": "max-sessions-per-contract",
    "max_sessions": "max-sessions-per-contract",
    "max_sessions_per_customer": "max-sessions-per-contract",
    "session_cap": "max-sessions-per-realm",
    "session_limit": "max-sessions-per-realm",
    "max_sessions_per_group": "max-sessions-per-realm",
    "max_sessions_per_user": "max-sessions-per-user",
    "max_requests_per_second": "max-requests-per-second",
    "max_octets_per_month": "max-octets-per-month",
    "max_octets_per_user": "max-octets-per-user",
    "max_traffic_mbps": "max-traffic-mbps",
    "traffic_cap_mbps": "max-traffic-mbps",
    "traffic_limit_mbps": "max-traffic-mbps",
    "max_mbps": "max-traffic-mbps",
    "max_requests": "max-requests-per-second",
    "minimum_usable_seconds": "minimum-usable-seconds",
}
QUOTES = {
    "initial_jpy": "initial",
    "option_initial_jpy": "option-initial",
    "monthly_jpy": "monthly",
    "option_monthly_jpy": "option-monthly",
    "change_jpy": "change",
    "change_fee_jpy": "change",
}
# What a cause says in words, as the limit that it is.
LIMITS = {
    "session": "session-cap",
    "traffic": "traffic-cap",
    "other service": "other-service",
    "another service": "other-service",
    "preparation": "not-prepared",
    "not prepared": "not-prepared",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many sessions and accounts a contract has at the moment of a case."""

    sessions: int | None
    in_use: int | None


def take_given(given: Sheet, facts: Sheet, when: Sheet, history: History) -> Mapping[str, Counts]:
    """Record all that is given. What belongs to the act itself is left in `facts` for it."""
    counts: dict[str, Counts] = {}
    changes: list[tuple[str, str, Sheet]] = []
    realm, terminators = facts.take("realm"), facts.look("terminators")
    forward_to = facts.take("forward_to") or facts.take("proxy_target")
    for sheet in given.sheets("contracts"):
        name, customer = sheet.take("id"), sheet.take("customer")
        history.know(customer)
        in_use = sheet.take("accounts_in_use", sheet.take("registered_accounts"))
        users = sheet.take("users")
        in_use = len(users) if isinstance(users, list) else users if in_use is None else in_use
        counts[name] = Counts(sheet.take("active_sessions"), in_use)
        beside = {"realm": realm, "terminators": terminators, "forward_to": forward_to}
        for fact in contract_facts(sheet, customer, beside, history):
            history.record(f"contract:{name}", fact)
        changes += [(name, customer, each) for each in sheet.sheets("changes")]
        sheet.close()
    history.know(when.look("by"))
    history.know(when.look("customer"))
    _quotes_told(when, history)
    said = {"operator_params": given.take("operator_params"), "quoted": _scoped(given, history)}
    take_operator(Sheet(said, given.place), when, history, LISTS, PARAMETERS, QUOTES)
    take_holdings(Sheet(_held(given), given.place), history)
    for each in changes:
        _change(*each, history)
    _outages(facts, when, history)
    return counts


def _scoped(given: Sheet, history: History) -> dict[str, Any]:
    """The prices told; those of one kind (`group_initial_jpy`) are recorded here, the rest is handed on."""
    rest = dict(given.take("quoted") or {})
    for key in tuple(rest):
        kind, _, name = key.partition("_")
        if kind in TERMS.first.value("kinds").slugs and name in QUOTES:
            quote = quote_body(QUOTES[name], rest.pop(key), kind=kind)
            for customer in history.customers:
                history.say("quote.recorded", f"customer:{customer}", **quote)
    return rest


def _held(given: Sheet) -> dict[str, Any]:
    """What else customers have, its days under the keys that all cases have for them."""
    names = {"start": "billing_start", "from": "billing_start", "since": "billing_start"}
    names |= {"end": "ended", "until": "ended", "last": "ended", "terminated": "ended"}
    return {
        key: [{names.get(name, name): value for name, value in each.items()} for each in told]
        for key in ("other_services", "other_contracts")
        if (told := given.take(key)) is not None
    }


def contract_facts(
    sheet: Sheet, customer: str, beside: Mapping[str, Any], history: History
) -> Iterator[Fact]:
    """A contract as given, from its conclusion on. `beside` is what the case's facts say of all of a kind."""
    billing = day_or_none(sheet.take("billing_start"))
    made = day_or_none(sheet.take("made")) or min(filter(None, (billing, history.day)))
    kind = history.slug("kinds", sheet.take("kind"))
    item = sheet.take("item")
    prices = (("monthly", sheet.take("monthly_fee_jpy")), ("initial", sheet.take("initial_fee_jpy")))
    months = TERMS.first.value("minimum_term_months").number
    yield Fact(
        "contract.concluded",
        {
            "service": TERMS.service,
            "customer": customer,
            "kind": kind,
            "item": history.slug("items", item) if item else "",
            "group": customer,
            "edition": TERMS.first.in_force.isoformat(),
            "months": months,
            "ip": plain_address(sheet.take("ip") or sheet.take("ip_address") or ""),
            "accounts": sheet.take("accounts"),
            "realm": plain_realm(sheet.take("realm") or beside["realm"] or ""),
            "forward_to": _listed(
                sheet.take("forward_to") or (beside["forward_to"] if kind == "proxy" else None)
            ),
            "terminators": _listed(
                sheet.take("terminators") or (beside["terminators"] if kind == "vpdn" else None)
            ),
            "first": sheet.take("requested_start") or "",
            "quotes": [quote_body(fee, amount) for fee, amount in prices if amount is not None],
        },
        made,
    )
    if billing is not None:
        yield term_fact(history, "contract.billing-started", billing, months, "art:3.1")
    for option in sheet.sheets("options"):
        yield from option_facts(option, made, customer, history)
        option.close()
    ended = sheet.take("cancel_effective") or sheet.take("ended") or sheet.take("ends")
    if ended is not None:
        yield ending_fact(date.fromisoformat(ended), made)


def _change(name: str, customer: str, sheet: Sheet, history: History) -> None:
    """An earlier change: its day, the accounts there are since, and what is owed monthly since."""
    told = sheet.take("date") or sheet.take("at")
    at = datetime.fromisoformat(told) if "T" in told else datetime.fromisoformat(f"{told}T00:00:00+09:00")
    sheet.take("matter")  # a group's accounts are all that the terms themselves let change
    accounts = sheet.take("accounts") or sheet.take("to")
    history.do(Change(by=customer, at=at, contract=name, matter="accounts", number=accounts))
    if (fee := sheet.take("monthly_fee_jpy")) is not None:
        quote = {**quote_body("monthly", fee), "first": day_of(at).isoformat()}
        history.record(f"contract:{name}", Fact("quote.recorded", quote, day_of(at)))
    sheet.close()


def _quotes_told(when: Sheet, history: History) -> None:
    """Prices that stand beside the act: `quoted_initial_jpy` is the option's where an option is asked for."""
    option = when.look("action") == "add-option"
    fees = {
        "quoted_initial_jpy": "option-initial" if option else "initial",
        "quoted_option_initial_jpy": "option-initial",
        "quoted_change_jpy": "change",
        "quoted_monthly_jpy": "option-monthly" if option else "monthly",
    }
    for key, fee in fees.items():
        if (amount := when.take(key)) is not None:
            for customer in history.customers:
                history.say("quote.recorded", f"customer:{customer}", **quote_body(fee, amount))


def _outages(facts: Sheet, when: Sheet, history: History) -> None:
    """Outages, and of those whose cause is a limit in so many words, that it was found to be one."""
    told = [*facts.look("outages", []), *filter(None, (facts.look("outage"), when.look("outage")))]
    shared = facts.look("cause")
    at = datetime.fromisoformat(when.look("at"))
    take_outages(facts, when, history)
    for number, each in enumerate(told, 1):
        cause = str(each.get("cause") or shared or "").casefold()
        limit = next((slug for words, slug in LIMITS.items() if words in cause), None)
        if limit is not None:
            contract = each.get("contract") or when.look("contract")
            history.do(
                ExplainOutage(by="operator", at=at, contract=contract, outage=f"outage-{number}", limit=limit)
            )


def plain_address(address: str) -> str:
    """An address as acts are read: one of a prefix of its own length is that address."""
    return str(ip_interface(address).ip) if address else ""


def _listed(value: str | list[str] | None) -> Json:
    return [] if value is None else [value] if isinstance(value, str) else list(value)
