"""Settlement of the remaining months: what an ending within a minimum term costs.

The same in every service; the provision that demands it and the fee it rests on come from the caller.
Conventions: `settlement.remaining`, `term.boundary`, `settlement.before-billing-start`, `money.rounding`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from kitei.accounts.tax import rounded
from kitei.ledger.contracts import MinimumTerm
from kitei.terms import Reading, remaining, remaining_months
from kitei.values import Words, Yen

Read = Callable[[str], Reading]


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left of a term after an ending, and what it costs. `worth` is in monthly fees, exactly.

    `months` and `days` are as counted from the day after the ending. `amount` is None where no fee is
    known and something would be due: it cannot be computed, and is not 0.
    """

    worth: Fraction
    months: int
    days: int
    amount: Yen | None
    conventions: tuple[tuple[str, str], ...]
    review: bool = False

    @property
    def is_due(self) -> bool:
        return self.worth > 0

    @property
    def words(self) -> Words:
        """What remains, as people say it."""
        if not self.is_due:
            return Words("残りはありません", "nothing remains")
        odd_ja, odd_en = (f"と {self.days} 日", f" and {self.days} days") if self.days else ("", "")
        return Words(f"{self.months} か月{odd_ja}", f"{self.months} months{odd_en}")


NOTHING_REMAINS = Remainder(Fraction(0), 0, 0, Yen(0), ())


def settle_remainder(term: MinimumTerm, effective: date, fee: Yen | None, reading: Read) -> Remainder:
    """The fee for the time from the day after `effective` to the last day of `term`.

    Ending on the term's last day leaves nothing, unless `term.boundary` counts that day itself as remaining.
    Ending before its first day, it never began: no more than the term itself can remain.
    """
    if effective < term.start:
        return settle_unstarted(term.months, fee, reading)
    conventions = []
    after = effective
    if effective == term.last:
        boundary = reading("term.boundary")
        conventions.append(boundary.pair)
        if boundary.value == "settlement":
            after = effective - timedelta(days=1)
    if after >= term.last:
        return Remainder(Fraction(0), 0, 0, Yen(0), tuple(conventions))
    counted = reading("settlement.remaining")
    conventions.append(counted.pair)
    months, days = remaining(after, term.last)
    if counted.value == "months-and-thirtieths":
        worth = Fraction(30 * months + days, 30)
    else:
        worth = remaining_months(after, term.last, counted.value)
    return _priced(worth, months, days, fee, reading, conventions)


def settle_unstarted(months: int, fee: Yen | None, reading: Read) -> Remainder:
    """The fee for a term of `months` that never began, because billing had not: all of it or nothing.

    Always marked for review: the reading is of low confidence.
    """
    before = reading("settlement.before-billing-start")
    if before.value == "nothing":
        return Remainder(Fraction(0), 0, 0, Yen(0), (before.pair,), review=before.review)
    return _priced(Fraction(months), months, 0, fee, reading, [before.pair], before.review)


def _priced(
    worth: Fraction,
    months: int,
    days: int,
    fee: Yen | None,
    reading: Read,
    conventions: list[tuple[str, str]],
    review: bool = False,
) -> Remainder:
    """Times the fee, rounded once at the end; never a thirtieth of the fee rounded first."""
    rounding = reading("money.rounding")
    exact = None if fee is None else worth * fee
    if worth == 0:
        exact = Fraction(0)
    if exact is not None and exact.denominator > 1:
        conventions.append(rounding.pair)
    amount = None if exact is None else rounded(exact, rounding.value)
    return Remainder(worth, months, days, amount, tuple(conventions), review)
