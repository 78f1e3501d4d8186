"""The qualified invoice issuer's number: T and the thirteen digits of a corporate number."""

import re

from kitei.terms import plain_name


def check_digit(base: str) -> int:
    """The first digit of a corporate number, from its other twelve.

    Counted from the right, odd places weigh 1 and even places 2; it is 9 less the sum's remainder by 9
    (Order on the Designation of Corporate Numbers, art. 2).
    """
    total = sum(int(digit) * (1 if place % 2 else 2) for place, digit in enumerate(reversed(base), 1))
    return 9 - total % 9


def registration_number(text: str) -> str:
    """The number in its one spelling, `'T7000012050002'`. ValueError says what is wrong and would be right."""
    plain = plain_name(text).replace("-", "").upper()
    if not re.fullmatch(r"T[0-9]{13}", plain):
        raise ValueError(f"{text!r} is not a registration number: write T and 13 digits")
    right = check_digit(plain[2:])
    if int(plain[1]) != right:
        raise ValueError(
            f"{text!r} is not a registration number: its first digit is {plain[1]}, "
            f"but for {plain[2:]} the check digit is {right}"
        )
    return plain
