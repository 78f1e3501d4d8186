"""What falls due, when, and by which quote. A missing quote is never 0."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeAlias

from kitei.clauses.options import about_option
from kitei.desk import Finding, Situation, Verdict, quoted
from kitei.ledger.contracts import Charge, Contract, OptionTaken
from kitei.values import Json, Words, Yen, in_yen

UNQUOTED = ("COM-D06",)
_UNQUOTED = Words("見積もりがないため計算できません", "it cannot be computed, for no quote was told")

# A monthly fee on a day, None where no quote tells it.
Monthly: TypeAlias = Callable[[Situation, Contract, date], Yen | None]
OptionMonthly: TypeAlias = Callable[[Situation, Contract, OptionTaken, date], Yen | None]


def quoted_monthly(s: Situation, contract: Contract, on: date) -> Yen | None:
    """The monthly fee as it was quoted."""
    quote = s.quote("monthly", contract.customer, contract, on)
    return None if quote is None else quote.amount


def quoted_option_monthly(s: Situation, contract: Contract, option: OptionTaken, on: date) -> Yen | None:
    """An option's monthly fee as it was quoted: for this option taken, else for all of its name."""
    about = about_option(option)
    own = quoted(option.quotes, "option-monthly", on, about)
    quote = own or s.quote("option-monthly", contract.customer, contract, on, **about)
    return None if quote is None else quote.amount


def charge(
    s: Situation,
    fee: str,
    path: str,
    *,
    contract: str,
    customer: str,
    due_on: date,
    amount: Yen | None,
    why: Words,
    more: tuple[str, ...] = (),
    detail: Mapping[str, Json] | None = None,
    conventions: tuple[tuple[str, str], ...] = (),
    defects: tuple[str, ...] = (),
    review: bool = False,
    dates: tuple[tuple[str, date], ...] = (),
) -> Finding:
    """A finding by which an amount falls due. `amount` None: the quote `fee` is missing, and that is said."""
    paths = (*more, path)
    missing = amount is None
    due = Charge(
        fee,
        customer,
        due_on,
        amount,
        s.texts(paths),
        detail or {},
        fee if missing else None,
        conventions,
        contract,
    )
    price = _UNQUOTED if amount is None else in_yen(amount)
    return Finding(
        Verdict.ACCEPT,
        s.cites(paths),
        Words(f"{why.ja}: {price}", f"{why.en}: {price}")
        if isinstance(price, str)
        else Words(f"{why.ja}: {price.ja}", f"{why.en}: {price.en}"),
        conventions=conventions,
        defects=(*defects, *UNQUOTED) if missing else defects,
        review=review,
        dates=dates,
        charges=(due,),
        missing=(fee,) if missing else (),
    )


def quoted_charge(
    s: Situation,
    fee: str,
    path: str,
    contract: Contract,
    *,
    due_on: date,
    why: Words,
    more: tuple[str, ...] = (),
    detail: Mapping[str, Json] | None = None,
    times: int = 1,
    about: Mapping[str, str] | None = None,
    conventions: tuple[tuple[str, str], ...] = (),
    defects: tuple[str, ...] = (),
    review: bool = False,
) -> Finding:
    """A charge of a contract at the price quoted for it, so many times."""
    quote = s.quote(fee, contract.customer, contract, None, **(about or {}))
    return charge(
        s,
        fee,
        path,
        contract=contract.id,
        customer=contract.customer,
        due_on=due_on,
        amount=None if quote is None else Yen(quote.amount * times),
        why=why,
        more=(s.role("due"), *more),
        detail=detail,
        conventions=conventions,
        defects=defects,
        review=review,
    )
