"""Decided cases of the managed DNS: a small vocabulary, put into facts and acts by its words alone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kitei.clauses.history import (
    History,
    Line,
    day_or_none,
    holder,
    option_facts,
    take_operator,
    take_outages,
    term_fact,
)
from kitei.desk import Decision, Situation, decide
from kitei.desk.cases import Case, Sheet, close_all, unknown
from kitei.ledger import Fact
from kitei.values import Json, day_of
from managed_dns.acts import ACTS, read_act
from managed_dns.conclusion import conclude
from managed_dns.contract import fold
from managed_dns.edition import TERMS
from managed_dns.rules import RULES

_QUOTES = {"signing_initial_jpy": "option-initial", "signing_monthly_jpy": "option-monthly"}


def run(case: Case) -> Decision:
    """Decide a case. Raises Unreadable naming every word that nobody knows."""
    at = datetime.fromisoformat(case.when["at"])
    given, when = Sheet(case.given, f"{case.id}.given"), Sheet(case.when, f"{case.id}.when")
    facts, history = given.sheet("facts"), History(Line(TERMS, fold, _decide, conclude), day_of(at))
    for sheet in given.sheets("zones"):
        name, customer = sheet.take("id"), sheet.take("customer")
        history.know(customer)
        for fact in _zone(sheet, customer, history):
            history.record(f"contract:{name}", fact)
        sheet.close()
    take_operator(given, when, history, {}, {}, _QUOTES)
    take_outages(facts, when, history)
    name, body = _asked(when, facts, history)
    close_all(given, facts, when)
    asked = read_act(name, body, TERMS.editions[-1])
    return _decide(asked, history.situation(), asked.at)


def _decide(asked: Any, situation: Situation, at: datetime) -> Decision:
    return decide(asked, RULES[type(asked)], situation, at)


def _zone(sheet: Sheet, customer: str, history: History) -> Iterator[Fact]:
    """A contract as given, from its conclusion on."""
    billing = day_or_none(sheet.take("billing_start"))
    made = day_or_none(sheet.take("made")) or billing or history.day
    item, zone = sheet.take("plan", "small"), sheet.take("zone")
    months = TERMS.first.value("minimum_term_months").number
    price = TERMS.first.value("items")[item].number("monthly")
    quote: Json = {"fee": "monthly", "amount": price, "first": made.isoformat(), "last": None, "scope": {}}
    yield Fact(
        "contract.concluded",
        {
            "service": TERMS.service,
            "customer": customer,
            "kind": sheet.take("kind", "primary"),
            "item": item,
            "group": customer,
            "edition": TERMS.first.in_force.isoformat(),
            "quotes": [quote],
            "zone": zone,
            "records": sheet.take("records", 0),
            "months": months,
        },
        made,
    )
    if (delegated := day_or_none(sheet.take("delegated"))) is not None:
        yield Fact("zone.delegated", {}, delegated)
    if billing is not None:
        yield term_fact(history, "contract.billing-started", billing, months, history.role("term"))
    for option in sheet.sheets("options"):
        yield from option_facts(option, made, customer, history)
        option.close()


def _asked(when: Sheet, facts: Sheet, history: History) -> tuple[str, dict[str, Any]]:
    """The act and its body: every key under the name that the act itself has for it."""
    action = when.take("action")
    if action not in ACTS:
        raise unknown(f"{when.place}.action", action, tuple(ACTS))
    body = {"by": holder(when, history), "at": when.take("at")}
    body |= {key: when.take(key) for key in tuple(when.keys()) if key != "customer"}
    when.take("customer")
    registrant = facts.take("registrant")
    if registrant is not None:
        body["known"] = {"registrant": registrant}
    return action, body
