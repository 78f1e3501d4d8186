"""Article 10 and Schedule 1: initial fees, and the month."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from kitei.clauses import billing
from kitei.clauses.acts import MonthClose, StartBilling, accepted_on
from kitei.clauses.billing import begun_term
from kitei.clauses.fees import charge, quoted_monthly
from kitei.clauses.months import Months, contracts_meant
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.application import Apply
from kitei.services.auth_outsource.contract import accounts_on
from kitei.services.auth_outsource.rules.batch import kind_of, names_of
from kitei.values import Month, Words, Yen, day_of


def initial_fees(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 10.1 and Schedule 1, 1(1): the initial fee falls due when the application is accepted.

    A quote that names a kind or item answers for each contract it fits; one that names nothing answers for
    the application as a whole, once.
    """
    day = accepted_on(asked)
    whole = False
    for wanted, name in zip(asked.services, names_of(asked, s), strict=True):
        quote = s.quote("initial", asked.by, kind=kind_of(wanted), item=wanted.item or "")
        if quote is not None and not quote.scope:
            if whole:
                continue
            whole = True
        yield charge(
            s,
            "initial",
            "schedule:1.1.1",
            contract=name,
            customer=asked.by,
            due_on=day,
            amount=quote.amount if quote else None,
            why=_INITIAL,
            more=("art:10.1.s2",),
            dates=(("effective", day),),
        )


_INITIAL = Words(
    "初期費用は承諾の日に支払義務が生じます", "the initial fee falls due on the day of acceptance"
)


def terms_to_come(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 3.1: one month from the start of billing."""
    if asked.billing_start is not None:
        yield begun_term(s, asked.billing_start, s.number("minimum_term_months"), s.role("term"))


def billing_begins(asked: StartBilling, s: Situation) -> Iterator[Finding]:
    """As everywhere; a price by account is a quote of the month too."""
    for finding in billing.billing_begins(asked, s):
        contract = s.contract(asked.contract)
        told = finding.missing == ("monthly",) and monthly(s, contract, asked.billing_start) is not None
        yield replace(finding, missing=(), defects=()) if told else finding


def monthly(s: Situation, contract: Contract, on: date) -> Yen | None:
    """The monthly fee of a contract on a day: as a whole where it was told so, else by its accounts."""
    whole = quoted_monthly(s, contract, on)
    count = accounts_on(contract, on)
    each = s.quote("monthly-account", contract.customer, contract, on)
    if whole is not None or each is None or count is None:
        return whole
    return Yen(each.amount * count)


MONTHS = Months(monthly=monthly)


def not_yet_owed(asked: MonthClose, s: Situation) -> Iterator[Finding]:
    """Art. 10.1, second sentence: no monthly fee is owed of a month before billing starts, nor after the end."""
    month = Month.of(day_of(asked.at))
    for contract in contracts_meant(asked, s):
        start, ending = contract.billing_start, contract.ending
        if start is None or month.last < start:
            why = Words(f"{contract.id} の課金は始まっていません", f"billing of {contract.id} has not begun")
        elif ending is not None and ending.last < month.first:
            why = Words(f"{contract.id} は終わっています", f"{contract.id} has ended")
        else:
            continue
        yield s.accept("art:10.1.s2", why=why, amounts=(("monthly", Yen(0)),))
