"""Schedule 1, 2 by the month: basic charge, that of the kind, options, and what fell due beside them."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import MonthClose
from kitei.clauses.months import contracts_meant, fell_due
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Charge, Contract
from kitei.services.secure_access.price import Price
from kitei.services.secure_access.rules.fees import price, price_of_option
from kitei.terms import Cite
from kitei.values import Month, Words, Yen, day_of, in_yen


def costs(asked: MonthClose, s: Situation) -> Iterator[Finding]:
    """What a month comes to before tax and credits. A contract's monthly fee is one sum of all its parts."""
    month = Month.of(day_of(asked.at))
    for contract in contracts_meant(asked, s):
        for each in contract.charges:
            if each.due_on in month.span:
                yield fell_due(s, each)
            elif each.due_on < month.first and _begins(contract, month):
                yield _fell_due_before(s, each)
        yield _of_contract(s, contract, month)


def _begins(contract: Contract, month: Month) -> bool:
    """Whether it is the first month in which a contract, or an option of it, is billed."""
    starts = (contract.billing_start, *(each.billing_start for each in contract.options))
    return any(start in month.span for start in starts if start is not None)


def _fell_due_before(s: Situation, due: Charge) -> Finding:
    """Art. 12.1: an initial fee was owed from acceptance, and is none of the month in which billing starts."""
    return s.accept(
        *(Cite.parse(each).path for each in due.cites),
        s.role("due"),
        why=Words(
            f"{due.name} は {due.due_on} に生じ、この月のものではありません",
            f"{due.name} fell due on {due.due_on} and is none of this month's",
        ),
    )


def _of_contract(s: Situation, contract: Contract, month: Month) -> Finding:
    """Its base fee and that of each option billed, of which a part of a month is not told here (COM-D01)."""
    kind = s.choice("kinds", contract.kind)
    row = (kind.text("monthly_fee"),) if kind else ()
    last = contract.ending.last if contract.ending else None
    lines: list[tuple[str, Price, tuple[str, ...], date | None, date | None]] = [
        ("monthly", price(s, contract, month.last), ("schedule:1.2.1", *row), contract.billing_start, last)
    ]
    for option in contract.options:
        choice = s.choice("options", option.name)
        if choice is not None:
            ends = [each for each in (last, option.ending.last if option.ending else None) if each]
            told = price_of_option(s, contract, option, month.last)
            path = ("schedule:1.2.2", choice.text("monthly_fee"))
            lines.append(("option-monthly", told, path, option.billing_start, min(ends, default=None)))
    paths: list[str] = []
    amounts: list[tuple[str, Yen]] = []
    missing: list[str] = []
    steps: list[Words] = []
    for fee, told, cited, start, end in lines:
        if start is None or month.last < start or (end is not None and end < month.first):
            continue
        paths += cited
        whole = start <= month.first and (end is None or month.last <= end)
        if told.amount is None or not whole:
            missing += told.missing or ("part-month",)
            steps.append(told.steps if told.amount is None else _PART)
        else:
            amounts.append((fee, told.amount))
            steps.append(told.steps)
    if not paths:
        return s.accept(s.role("due"), why=_NOT_BILLED, amounts=(("monthly", Yen(0)),))
    total = in_yen(Yen(sum(amount for _, amount in amounts)))
    return s.accept(
        *dict.fromkeys(paths),
        s.role("due"),
        why=Words(
            f"{contract.id} の月額 {total}: " + "、".join(each.ja for each in steps),
            f"monthly fees of {contract.id}, {total}: " + ", ".join(each.en for each in steps),
        ),
        amounts=tuple(amounts),
        missing=tuple(dict.fromkeys(missing)),
        defects=s.defects(*dict.fromkeys(paths)),
        conventions=(s.reading("general-rules").pair,) if missing else (),
    )


_NOT_BILLED = Words("まだ、あるいはもう課金されていません", "it is not billed yet, or no more")
_PART = Words(
    "月の一部の料金は一般規程により、ここでは計算しません",
    "what a part of a month costs is in the general rules and not computed here",
)
