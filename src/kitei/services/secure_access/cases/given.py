"""What a case gives: contracts, quotes, lists, holdings and outages, as facts that a ledger would hold."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
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
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.operation import Evaluate
from kitei.services.secure_access.rules.transition import keeps_sandbox
from kitei.terms import Choice
from kitei.values import JST, Json, JsonObject

LISTS = {"changeable_matters": "changeable-matters", "holidays": "holidays"}
PARAMETERS = {"minimum_usable_seconds": "minimum-usable-seconds"}
QUOTES = {
    "initial_jpy": "initial",
    "monthly_jpy": "monthly",
    "monthly_fee_jpy": "monthly",
    "change_jpy": "change",
    "one_time_jpy": "change",
    "basic_jpy": "basic",
    "per_account_jpy": "monthly-account",
    "flat_jpy": "monthly-kind",
    "sandbox_per_account_jpy": "option-monthly-account",
    "sandbox_monthly_jpy": "option-monthly",
}
CHANGED = ("changed_at", "changed_on", "changed")
NOTIFIED = ("change_notified", "changes_notified", "change_reported", "notified")
OURS = ("operator", "IIJ", "当社")
ABOUT_THE_TRANSITION = ("edition-change", "evaluate", "keep-sandbox", "sandbox-intent")
# Acceptance goes before billing; a contract that is given was accepted in a month before.
BEFORE = timedelta(days=31)
# How a cause speaks of what the customer accepted.
RISKS = {
    "client-software": r"client (software|application|fault)|software fault, remote|ソフトウェア",
    "setting-change": r"(setting|settings|configuration) change|change of (setting|configuration)|設定変更",
    "our-other-service": r"other (\w+ )*services?\b|another (\w+ )*service\b|(他|ほか)の(\w*)サービス",
    "restricted-access": r"^(?!operator|当社).*(\bisp\b|internet (access|line|provider)|access (line|network)|carrier|回線|通信制限)",
}


def take_given(given: Sheet, facts: Sheet, when: Sheet, history: History) -> None:
    """Record all that is given. What belongs to the act itself is left in `facts` for it."""
    subject = when.look("contract")
    environment = facts.take("access_line") or facts.take("environment") or {}
    wish = _wish(facts)
    for sheet in given.sheets("contracts"):
        name = sheet.take("id")
        first = sheet.look("customer") not in history.customers
        history.know(sheet.look("customer"))
        own = sheet.take("access_line") or sheet.take("environment") or environment.get(name)
        if own is None and name == subject and "operator" in environment:
            own = environment
        for fact in contract_facts(sheet, _environment(own, history), history, first):
            history.record(f"contract:{name}", fact)
        if (said := _wish(sheet) or (wish if name == subject else None)) is not None:
            history.record(f"contract:{name}", Fact("sandbox.wished", said, history.day))
        sheet.close()
    history.know(when.look("by"))
    history.know(when.look("customer"))
    take_operator(given, when, history, LISTS, PARAMETERS, QUOTES)
    for each in (*given.look("other_services", []), *given.look("other_contracts", [])):
        each.setdefault("customer", when.look("by") or next(iter(history.customers), "C1"))
    take_holdings(given, history)
    _outages(facts, when, history)
    if when.look("action") not in ABOUT_THE_TRANSITION:
        _carried_over(history)


def _carried_over(history: History) -> None:
    """What the transition made of contracts before the act, where it kept a sandbox."""
    on = TERMS.first.in_force
    if history.day < on:
        return
    s = history.situation()
    for contract in s.contracts.values():
        if not contract.options and keeps_sandbox(s, contract):
            history.do(
                Evaluate(
                    by="operator", at=datetime(on.year, on.month, on.day, tzinfo=JST), contract=contract.id
                )
            )


def contract_facts(
    sheet: Sheet, environment: Json, history: History, bears_basic: bool = True
) -> Iterator[Fact]:
    """A contract as given, from its conclusion on. `bears_basic`: a basic charge owed once stands with it."""
    customer = sheet.take("customer")
    billing = day_or_none(sheet.take("billing_start"))
    made = day_or_none(sheet.take("made")) or min(filter(None, (billing, history.day))) - BEFORE
    kind = history.slug("kinds", sheet.take("kind"))
    months = TERMS.first.value("minimum_term_months").number
    own = TERMS.first.value("kinds").choose(kind)
    item, due = sheet.take("item"), own.text("item") if own else "none"
    before = sheet.take("sandbox_function_before")
    yield Fact(
        "contract.concluded",
        {
            "service": TERMS.service,
            "customer": customer,
            "kind": kind,
            "item": history.slug("items", item) if item else ("" if due == "none" else due),
            "group": customer,
            "edition": TERMS.first.in_force.isoformat(),
            "months": months,
            "accounts": [{"since": made.isoformat(), "accounts": sheet.take("accounts", 50)}],
            "environment": environment,
            "sandbox_before": before,
            "quotes": list(_prices(sheet, bears_basic)),
        },
        made,
    )
    if (initial := sheet.take("initial_fee_jpy")) is not None:
        fell_due: JsonObject = {"name": "initial", "customer": customer, "amount": initial}
        yield Fact("charge.fell-due", fell_due, made, (history.cite(history.role("initial")),))
    if billing is not None:
        yield term_fact(history, "contract.billing-started", billing, months, history.role("term"))
    for change in sheet.sheets("changes"):
        day = change.take("date")
        count: JsonObject = {"since": day, "accounts": change.take("accounts")}
        yield Fact("contract.amended", {"count": count}, date.fromisoformat(day))
        change.close()
    for option in sheet.sheets("options"):
        yield from _option_facts(option, made, customer, history)
        option.close()
    ended, noticed = day_or_none(sheet.take("ended")), day_or_none(sheet.take("cancel_effective"))
    if last := ended or noticed:
        yield ending_fact(last, made)


def _prices(sheet: Sheet, bears_basic: bool) -> Iterator[Json]:
    """The monthly fee by its parts where a model is given, else as a whole. A model without a basic charge has none."""
    whole, model = sheet.take("monthly_fee_jpy"), sheet.sheet("fee_model")
    if not model.keys():
        if whole is not None:
            yield quote_body("monthly", whole)
        return
    once = (model.take("basic_per") or model.take("basic_scope")) == "customer"
    basic, each = model.take("basic_jpy"), model.take("basic_per_account_jpy")
    if each is not None:
        yield quote_body("basic-account", each)
    else:
        yield quote_body("basic", (basic or 0) if bears_basic or not once else 0)
    for key, fee in (
        ("per_account_jpy", "monthly-account"),
        ("flat_jpy", "monthly-kind"),
        ("per_kind_jpy", "monthly-kind"),
    ):
        if (amount := model.take(key)) is not None:
            yield quote_body(fee, amount)
    model.close()


def _option_facts(sheet: Sheet, made: date, customer: str, history: History) -> Iterator[Fact]:
    """An option; `per_account_jpy` is its price for one account."""
    slug, stopping = history.slug("options", sheet.look("name")), sheet.take("cancel_effective")
    each = sheet.take("per_account_jpy")
    start = day_or_none(sheet.look("billing_start"))
    accepted = max(made, start - BEFORE) if start else made
    if (initial := sheet.take("initial_fee_jpy")) is not None:
        due: JsonObject = {"name": "option-initial", "customer": customer, "amount": initial}
        yield Fact("charge.fell-due", due, accepted, (history.cite(history.role("option-initial")),))
    for fact in option_facts(sheet, accepted, customer, history):
        if fact.kind == "option.added" and each is not None:
            quotes = [quote_body("option-monthly-account", each)]
            fact = Fact(fact.kind, {**fact.body, "quotes": quotes}, fact.effective_on, fact.cites)
        yield fact
    if stopping is not None:
        stop: JsonObject = {"option": slug, "last": stopping, "ground": "customer-notice"}
        yield Fact("option.ending-set", stop, accepted)


def _environment(told: Mapping[str, Any] | None, history: History) -> Json:
    if told is None:
        return None
    sheet = Sheet(told, "access_line")
    operator = sheet.take("operator", "operator")
    changed = next((day for key in CHANGED if (day := sheet.take(key))), None)
    notified = [sheet.take(key) for key in NOTIFIED if key in told]
    found: Json = {
        "operator": "operator" if operator in OURS else operator,
        "settings_disclosed": sheet.take("settings_disclosed", True),
        "changed_on": changed[:10]
        if isinstance(changed, str)
        else history.day.isoformat()
        if changed
        else None,
        "change_notified": all(notified),
    }
    sheet.close()
    return found


def _wish(sheet: Sheet) -> JsonObject | None:
    """The wish to keep the sandbox of before, as it came; None where none did."""
    received, sent = sheet.take("sandbox_intent_received"), sheet.take("sandbox_intent_sent")
    names = ("sandbox_intent_manner", "sandbox_intent_method", "sandbox_intent_form")
    manner = next((told for name in names if (told := sheet.take(name)) is not None), "set")
    if received is None and sent is None:
        return None
    return {
        "received": _instant(received),
        "sent": _instant(sent),
        "manner": "set" if manner in ("set", "prescribed", "所定") else manner,
    }


def _instant(text: str | None) -> str | None:
    return f"{text}T00:00:00+09:00" if text and len(text) == 10 else text


def _outages(facts: Sheet, when: Sheet, history: History) -> None:
    """Outages, and which of them came of what the customer accepted."""
    told = [*facts.look("outages", []), *filter(None, (facts.look("outage"), when.look("outage")))]
    common = facts.look("cause")
    take_outages(facts, when, history)
    for at, each in enumerate(told):
        risk = risk_of(str(each.get("cause") or common or ""))
        if risk is None:
            continue
        body: JsonObject = {"outage": f"outage-{at + 1}", "cause": risk.text("party"), "risk": risk.slug}
        for name in each.get("contracts") or [each.get("contract") or when.look("contract")]:
            history.record(f"contract:{name}", Fact("outage.explained", body, history.day))


def risk_of(cause: str) -> Choice | None:
    """What the customer accepted, where a cause speaks of it."""
    plain = " ".join(unicodedata.normalize("NFKC", cause).casefold().split())
    risks = TERMS.first.value("risks")
    return next((risks[slug] for slug, words in RISKS.items() if re.search(words, plain)), None)
