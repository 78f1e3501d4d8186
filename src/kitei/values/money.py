"""Yen: whole numbers only. Fractions exist between two amounts, never in one."""

from fractions import Fraction
from typing import NewType

Yen = NewType("Yen", int)


def half_up(amount: Fraction) -> Yen:
    """Round once, at the end: below half a yen dropped, half and more counted up (Currency Act 3(1))."""
    return Yen((2 * amount.numerator + amount.denominator) // (2 * amount.denominator))


def in_yen(amount: Yen) -> str:
    """`in_yen(Yen(12345))` is `'¥12,345'`; negative amounts (credits) are `'-¥500'`."""
    return f"-¥{-amount:,}" if amount < 0 else f"¥{amount:,}"
