"""Schedule 1, 2: what a monthly fee comes to, whole or by its parts, whoever looks the quotes up.

The base fee is quoted as a whole (`monthly`), which goes first, or in its parts: the basic charge (`basic-account`
for each account, else `basic`) and that of the kind (`monthly-account` for each account, `monthly-kind` where the
kind goes by contract). Where a customer owes the basic charge once, it is told for one contract, and 0 for the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from kitei.ledger.contracts import Quote
from kitei.values import Words, Yen, in_yen

Told: TypeAlias = Callable[[str], Quote | None]


@dataclass(frozen=True, slots=True)
class Price:
    """A monthly fee and how it comes about; `amount` None: the quotes in `missing` were not told."""

    amount: Yen | None
    steps: Words
    missing: tuple[str, ...] = ()


def base_price(told: Told, by_account: bool, accounts: int) -> Price:
    """The base fee of a contract, whose kind goes by account or not."""
    if (whole := told("monthly")) is not None:
        return _quoted(whole)
    basic = _times(told("basic-account"), accounts) or _times(told("basic"))
    fee = "monthly-account" if by_account else "monthly-kind"
    kind = _times(told(fee), accounts if by_account else None)
    if basic is None or kind is None:
        lacking = (name for name, found in (("basic", basic), (fee, kind)) if found is None)
        return Price(None, _UNTOLD, tuple(lacking))
    steps = Words(f"基本 {basic[1]} + 種類 {kind[1]}", f"basic {basic[1]} + kind {kind[1]}")
    return Price(Yen(basic[0] + kind[0]), steps)


def option_price(told: Told, accounts: int) -> Price:
    """The fee of an option that goes by account: as a whole, or for each."""
    if (whole := told("option-monthly")) is not None:
        return _quoted(whole)
    each = _times(told("option-monthly-account"), accounts)
    if each is None:
        return Price(None, _UNTOLD, ("option-monthly-account",))
    return Price(each[0], Words(each[1], each[1]))


def _times(quote: Quote | None, count: int | None = None) -> tuple[Yen, str] | None:
    """An amount so many times, and how it reads; None where it was not told."""
    if quote is None:
        return None
    if count is None:
        return quote.amount, in_yen(quote.amount)
    return Yen(quote.amount * count), f"{count} × {in_yen(quote.amount)}"


def _quoted(whole: Quote) -> Price:
    told = in_yen(whole.amount)
    return Price(whole.amount, Words(f"見積もり {told}", f"quoted {told}"))


_UNTOLD = Words("見積もりがありません", "no quote was told")
