"""The calendar of the Civil Code (articles 138 to 143): where terms and periods end.

Where the terms leave a choice, the last argument is the reading of the convention that decides it;
the default is the convention's default.
"""

from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction

from kitei.values import Month

_DAY = timedelta(days=1)


def term_last_day(start: date, months: int, reading: str = "civil-code") -> date:
    """The last day of a term of `months` counted from `start`, that day included (Civil Code 143).

    It is the day before the corresponding day, or where a month has none, that month's own last day:
    31 Jan + 1 month ends on 28 or 29 Feb, 29 Feb 2028 + 12 on 28 Feb 2029. Zero months end the day
    before. `reading` is of the convention `term.month-arithmetic`.
    """
    _refuse_negative(months, "months")
    match reading:
        case "civil-code":
            year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
            if start.day > 28 and start.day > (length := monthrange(year, month + 1)[1]):
                return date(year, month + 1, length)
            return date(year, month + 1, start.day) - _DAY
        case "add-months":
            return _same_day_or_last(start, months) - timedelta(days=1)
        case "thirty-days":
            return start + timedelta(days=30 * months - 1)
        case _:
            raise _unknown_reading(reading, "civil-code", "add-months", "thirty-days")


def days_after(day: date, days: int, first_day: str = "exclude") -> date:
    """The last of `days` days, the first one not counted (Civil Code 140): 1 May + 30 is 31 May.

    `first_day` is of the convention `notice.first-day`; under `include` it is 30 May.
    """
    _refuse_negative(days, "days")
    match first_day:
        case "exclude":
            return day + timedelta(days=days)
        case "include":
            return day + timedelta(days=days - 1)
        case _:
            raise _unknown_reading(first_day, "exclude", "include")


def months_after(day: date, months: int, reading: str = "civil-code") -> date:
    """The last day of `months` months, the first day not counted (Civil Code 140, 143).

    The months begin on the day after: 28 Feb 2026 + 3 is 31 May, 28 Nov 2026 + 3 is 28 Feb 2027.
    `reading` is of the convention `credit.lapse`.
    """
    _refuse_negative(months, "months")
    match reading:
        case "civil-code":
            return term_last_day(day + timedelta(days=1), months)
        case "add-months":
            return _same_day_or_last(day, months)
        case "thirty-days":
            return day + timedelta(days=30 * months)
        case _:
            raise _unknown_reading(reading, "civil-code", "add-months", "thirty-days")


def later_of(day: date, designated: date | None) -> date:
    """Whichever is later; `day` when none was designated."""
    return day if designated is None else max(day, designated)


def is_before_end(effective: date, last: date) -> bool:
    """Whether something that ends on `effective` ends before its term runs out; on its last day it does not."""
    return effective < last


def remaining(after: date, last: date) -> tuple[int, int]:
    """Whole months and odd days from the day after `after` to `last`, both included; (0, 0) when none remain."""
    start = after + timedelta(days=1)
    if last < start:
        return 0, 0
    months = (last.year - start.year) * 12 + last.month - start.month + 1
    while term_last_day(start, months) > last:
        months -= 1
    return months, (last - term_last_day(start, months)).days


def remaining_months(after: date, last: date, reading: str = "months-and-thirtieths") -> Fraction:
    """How many monthly fees the time from the day after `after` to `last` is worth, exactly.

    `reading` is of the convention `settlement.remaining`.
    """
    months, days = remaining(after, last)
    match reading:
        case "months-and-thirtieths":
            return months + Fraction(days, 30)
        case "months-and-actual-days":
            return months + _calendar_months(last - timedelta(days=days), last)
        case "started-months":
            return Fraction(months + (days > 0))
        case "whole-months":
            return Fraction(months)
        case "calendar-months":
            return _calendar_months(after, last)
        case _:
            raise _unknown_reading(
                reading,
                "months-and-thirtieths",
                "months-and-actual-days",
                "started-months",
                "whole-months",
                "calendar-months",
            )


def _calendar_months(after: date, last: date) -> Fraction:
    """Days after `after` up to `last`, each worth one part of the calendar month it lies in."""
    worth = Fraction(0)
    while after < last:
        length = Month.of(after + timedelta(days=1)).last
        until = min(length, last)
        worth += Fraction((until - after).days, length.day)
        after = until
    return worth


def _same_day_or_last(day: date, months: int) -> date:
    there = Month.of(day).plus(months)
    return date(there.year, there.number, min(day.day, there.last.day))


def _refuse_negative(count: int, unit: str) -> None:
    if count < 0:
        raise ValueError(f"{count} {unit} cannot be counted; give 0 or more")


def _unknown_reading(reading: str, *known: str) -> ValueError:
    return ValueError(f"{reading!r} is not a reading; it is one of {', '.join(known)}")
