"""Consumption tax: the rate of a day, and the tax of all lines of one rate at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Protocol

from kitei.values import Yen

# The standard rate in percent, national and local together, by the day it came into force.
STANDARD_RATES: tuple[tuple[date, int], ...] = (
    (date(1989, 4, 1), 3),
    (date(1997, 4, 1), 5),
    (date(2014, 4, 1), 8),
    (date(2019, 10, 1), 10),
)


def standard_rate(on: date) -> int:
    """The standard rate on a day, in percent; 0 before there was the tax."""
    return next((rate for first, rate in reversed(STANDARD_RATES) if first <= on), 0)


def rounded(amount: Fraction, way: str) -> Yen:
    """Whole yen out of an exact amount. A negative amount is rounded as the positive one is.

    `way` is of the conventions `money.rounding` and `tax.rounding`: half-up, floor or ceil.
    """
    size = abs(amount)
    match way:
        case "half-up":
            whole = (2 * size.numerator + size.denominator) // (2 * size.denominator)
        case "floor":
            whole = size.numerator // size.denominator
        case "ceil":
            whole = -(-size.numerator // size.denominator)
        case _:
            raise ValueError(f"{way!r} is not a rounding; it is one of half-up, floor, ceil")
    return Yen(-whole if amount < 0 else whole)


class Taxed(Protocol):
    """What has an amount before tax and a rate (None: outside the tax's scope)."""

    @property
    def amount(self) -> Yen: ...

    @property
    def rate(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class RateTotal:
    """All lines of one rate: what was charged, what was given back (negative), and the tax on both together.

    `rate` None is outside the scope of the tax and has none.
    """

    rate: int | None
    charged: Yen
    returned: Yen
    tax: Yen

    @property
    def net(self) -> Yen:
        return Yen(self.charged + self.returned)


def totals_by_rate(lines: Iterable[Taxed], way: str) -> tuple[RateTotal, ...]:
    """One total for each rate, the highest first, what bears no tax last.

    The tax is computed once a rate and rounded once (Consumption Tax Act Order 70-10), on charges less
    what is given back, as an invoice and a return invoice on one paper may.
    """
    by_rate: dict[int | None, list[Yen]] = {}
    for line in lines:
        by_rate.setdefault(line.rate, []).append(line.amount)
    rates = sorted(by_rate, key=lambda rate: -1 if rate is None else rate, reverse=True)
    return tuple(_total(rate, by_rate[rate], way) for rate in rates)


def _total(rate: int | None, amounts: Sequence[Yen], way: str) -> RateTotal:
    net = sum(amounts)
    return RateTotal(
        rate=rate,
        charged=Yen(sum(amount for amount in amounts if amount > 0)),
        returned=Yen(sum(amount for amount in amounts if amount < 0)),
        tax=rounded(Fraction(net * (rate or 0), 100), way),
    )
