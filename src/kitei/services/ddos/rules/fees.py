"""Article 12 and Schedule 1, 1 and 2: initial and monthly fees, each in the row of its item."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import MonthClose, StartBilling, accepted_on
from kitei.clauses.fees import charge
from kitei.clauses.months import Months, contracts_meant
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.ddos.application import Apply
from kitei.services.ddos.contract import ROUTER, item_on
from kitei.services.ddos.rules.items import names_of
from kitei.values import Month, Words, Yen, day_of


def initial_fees(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 12 and Schedule 1, 1(1): the initial fee falls due when the application is accepted.

    A quote that names an item answers for each contract it fits; one that names nothing answers for the
    application as a whole, once.
    """
    day, names, whole = accepted_on(asked), names_of(asked, s), False
    for index, wanted in enumerate(asked.services):
        item = s.choice("items", wanted.item)
        if item is None:
            continue
        quote = s.quote("initial", asked.by, item=wanted.item)
        if quote is not None and not quote.scope:
            if whole:
                continue
            whole = True
        yield charge(
            s,
            "initial",
            item.text("initial_fee"),
            contract=names[index],
            customer=asked.by,
            due_on=day,
            amount=quote.amount if quote else None,
            why=_INITIAL,
            more=("art:12.1.s2", "schedule:1.1.1"),
            dates=(("effective", day),),
        )


_INITIAL = Words(
    "初期費用は承諾の日に支払義務が生じます", "the initial fee falls due on the day of acceptance"
)


def billed_row(asked: StartBilling, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 2(1): the row that the monthly fee of a contract stands in; art. 10.3 for a router of one's own."""
    contract = s.contract(asked.contract)
    if asked.option is None:
        yield row_of(s, contract, asked.billing_start)
    elif asked.option == ROUTER:
        own = [each for each in contract.options if each.name == ROUTER and each.body.get("item") == "own"]
        if own:
            yield s.accept(
                "art:10.3.s2",
                why=Words(
                    "レンタル無のトンネルルータに最低利用期間はありません",
                    "the tunnel router without rental has no minimum term",
                ),
            )


def row_of(s: Situation, contract: Contract, on: date) -> Finding:
    """The row of Schedule 1, 2(1) for a contract's item of a day."""
    item = s.lists["items"][item_on(contract, on)]
    return s.accept(
        item.text("monthly_fee"),
        why=Words(
            f"{item.name.ja}の月額は見積もりによります", f"the monthly fee of {item.name.en} is as quoted"
        ),
    )


def month_rows(asked: MonthClose, s: Situation) -> Iterator[Finding]:
    """Art. 12: before its billing starts a contract owes no monthly fee; from then on what its row says."""
    month = Month.of(day_of(asked.at))
    for contract in contracts_meant(asked, s):
        if contract.billing_start is None or month.last < contract.billing_start:
            yield s.accept(
                "art:12.1.s2",
                why=Words(
                    f"{contract.id} の課金はまだ始まっていません",
                    f"billing of {contract.id} has not started yet",
                ),
                amounts=(("monthly", Yen(0)),),
                conventions=(s.reading("general-rules").pair,),
            )
        else:
            yield row_of(s, contract, month.last)


def reports(asked: MonthClose, s: Situation) -> Iterator[Finding]:
    """Art. 1, type V: a report goes out for every month of a contract in force."""
    month = Month.of(day_of(asked.at))
    for contract in contracts_meant(asked, s):
        item = s.lists["items"][item_on(contract, month.last)]
        lasts = contract.ending is None or month.first <= contract.ending.last
        if item.has("reports") and contract.concluded_on <= month.last and lasts:
            yield s.accept(
                item.cite.path,
                why=Words(
                    f"{contract.id} の {month} の月次レポートを送ります",
                    f"the monthly report of {contract.id} for {month} is to be sent",
                ),
                dates=(("report", month.last),),
            )


def monthly(s: Situation, contract: Contract, on: date) -> Yen | None:
    """The monthly fee of the item a contract had on a day, as quoted."""
    quote = s.quote("monthly", contract.customer, contract, on, item=item_on(contract, on))
    return None if quote is None else quote.amount


MONTHS = Months(monthly=monthly)
