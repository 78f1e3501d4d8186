"""Civil Code arithmetic: worked examples, then laws."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kitei.terms import (
    days_after,
    is_before_end,
    later_of,
    months_after,
    remaining,
    remaining_months,
    term_last_day,
)
from kitei.values import Month

DAYS = st.dates(date(1996, 1, 1), date(2104, 12, 31))
MONTHS = st.integers(0, 60)
ONE_DAY = timedelta(days=1)


def is_month_end(day: date) -> bool:
    return day == Month.of(day).last


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        (date(2024, 6, 1), 12, date(2025, 5, 31)),
        (date(2024, 10, 31), 36, date(2027, 10, 30)),
        (date(2026, 1, 15), 12, date(2027, 1, 14)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 28)),
        (date(2026, 8, 31), 1, date(2026, 9, 30)),
        (date(2026, 3, 1), 0, date(2026, 2, 28)),
    ],
)
def test_a_term_ends_before_the_corresponding_day_or_with_the_month(
    start: date, months: int, last: date
) -> None:
    assert term_last_day(start, months) == last


@given(DAYS, st.integers(1, 60))
@example(date(2026, 1, 31), 1)
@example(date(2028, 2, 29), 12)
def test_a_term_ends_on_the_first_day_that_the_code_allows(start: date, months: int) -> None:
    """Walk the calendar: the term is over when tomorrow corresponds, or when that month has no such day."""
    there = Month.of(start).plus(months)
    day = start
    while not (Month.of(day + ONE_DAY) == there and (day + ONE_DAY).day == start.day) and not (
        Month.of(day) == there and is_month_end(day)
    ):
        day += ONE_DAY
    assert term_last_day(start, months) == day


@given(DAYS, MONTHS)
def test_a_longer_term_ends_later(start: date, months: int) -> None:
    assert term_last_day(start, months) < term_last_day(start, months + 1)


@given(DAYS.filter(lambda day: day.day <= 28), MONTHS, MONTHS)
def test_terms_follow_each_other_without_gap(start: date, first: int, second: int) -> None:
    middle = term_last_day(start, first) + ONE_DAY
    assert term_last_day(middle, second) == term_last_day(start, first + second)


def test_other_readings_of_a_term_differ_where_they_should() -> None:
    start = date(2026, 1, 31)
    assert term_last_day(start, 1, "add-months") == date(2026, 2, 27)
    assert term_last_day(start, 1, "thirty-days") == date(2026, 3, 1)
    with pytest.raises(ValueError, match="'lunar' is not a reading; it is one of civil-code"):
        term_last_day(start, 1, "lunar")


@pytest.mark.parametrize("count", [term_last_day, days_after, months_after])
def test_nothing_is_counted_backwards(count: object) -> None:
    with pytest.raises(ValueError, match=r"-1 .* cannot be counted; give 0 or more"):
        count(date(2026, 1, 1), -1)  # type: ignore[operator]


def test_thirty_days_after_the_first_of_may_end_on_its_last_day() -> None:
    assert days_after(date(2026, 5, 1), 30) == date(2026, 5, 31)
    assert days_after(date(2026, 5, 1), 30, "include") == date(2026, 5, 30)
    with pytest.raises(ValueError, match="'maybe' is not a reading; it is one of exclude, include"):
        days_after(date(2026, 5, 1), 30, "maybe")


@given(DAYS, st.integers(0, 400))
def test_so_many_days_lie_after_the_first(day: date, days: int) -> None:
    assert (days_after(day, days) - day).days == days


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 2, 28), date(2026, 5, 31)),
        (date(2026, 4, 30), date(2026, 7, 31)),
        (date(2026, 11, 28), date(2027, 2, 28)),
        (date(2026, 1, 12), date(2026, 4, 12)),
        (date(2027, 11, 29), date(2028, 2, 29)),
    ],
)
def test_three_months_after_a_day_leave_that_day_out(day: date, last: date) -> None:
    assert months_after(day, 3) == last


@given(DAYS, st.integers(1, 48))
def test_months_after_a_month_end_run_to_a_month_end_and_else_to_the_same_day(day: date, months: int) -> None:
    last = months_after(day, months)
    assert Month.of(last) == Month.of(day).plus(months)
    assert is_month_end(last) if is_month_end(day) else last.day == min(day.day, Month.of(last).last.day)


def test_other_readings_of_a_lapse_differ_where_they_should() -> None:
    assert months_after(date(2026, 2, 28), 3, "add-months") == date(2026, 5, 28)
    assert months_after(date(2026, 2, 28), 3, "thirty-days") == date(2026, 5, 29)


def test_the_later_day_counts_and_none_designated_leaves_the_first() -> None:
    assert later_of(date(2026, 5, 31), date(2026, 6, 1)) == date(2026, 6, 1)
    assert later_of(date(2026, 5, 31), date(2026, 5, 1)) == date(2026, 5, 31)
    assert later_of(date(2026, 5, 31), None) == date(2026, 5, 31)


def test_the_last_day_of_a_term_is_not_before_its_end() -> None:
    assert is_before_end(date(2026, 3, 30), date(2026, 3, 31))
    assert not is_before_end(date(2026, 3, 31), date(2026, 3, 31))
    assert not is_before_end(date(2026, 4, 1), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("after", "last", "left"),
    [
        (date(2025, 9, 30), date(2026, 3, 31), (6, 0)),
        (date(2026, 7, 14), date(2027, 1, 14), (6, 0)),
        (date(2025, 12, 31), date(2026, 9, 30), (9, 0)),
        (date(2025, 9, 20), date(2026, 3, 31), (6, 11)),
        (date(2026, 3, 31), date(2026, 3, 31), (0, 0)),
        (date(2026, 4, 1), date(2026, 3, 31), (0, 0)),
        (date(2026, 3, 1), date(2026, 3, 31), (0, 30)),
    ],
)
def test_what_remains_is_months_from_the_day_after_and_odd_days(
    after: date, last: date, left: tuple[int, int]
) -> None:
    assert remaining(after, last) == left


@given(DAYS, st.integers(0, 1500))
@example(date(2026, 1, 30), 28)
@example(date(2028, 1, 30), 30)
def test_what_remains_adds_up_and_leaves_less_than_a_month_of_days(after: date, days: int) -> None:
    last = after + timedelta(days=days)
    months, odd = remaining(after, last)
    start = after + ONE_DAY
    assert term_last_day(start, months) + timedelta(days=odd) == last
    assert odd >= 0
    assert term_last_day(start, months + 1) > last


@given(DAYS, st.integers(0, 36))
def test_whole_months_are_worth_whole_fees_under_every_civil_reading(after: date, months: int) -> None:
    last = term_last_day(after + ONE_DAY, months)
    for reading in ("months-and-thirtieths", "months-and-actual-days", "started-months", "whole-months"):
        assert remaining_months(after, last, reading) == months


def test_each_reading_of_the_remainder_weighs_odd_days_its_own_way() -> None:
    after, last = date(2026, 2, 10), date(2026, 3, 31)  # 11 Feb to 10 Mar is a month, 21 days are odd
    worth = {
        reading: remaining_months(after, last, reading)
        for reading in (
            "months-and-thirtieths",
            "months-and-actual-days",
            "started-months",
            "whole-months",
            "calendar-months",
        )
    }
    assert worth == {
        "months-and-thirtieths": 1 + Fraction(21, 30),
        "months-and-actual-days": 1 + Fraction(21, 31),
        "started-months": 2,
        "whole-months": 1,
        "calendar-months": 1 + Fraction(18, 28),
    }
    with pytest.raises(ValueError, match="'by-ear' is not a reading"):
        remaining_months(after, last, "by-ear")


@given(DAYS, st.integers(0, 24))
def test_calendar_months_are_worth_one_each(day: date, months: int) -> None:
    month = Month.of(day)
    before = month.first - ONE_DAY
    assert remaining_months(before, month.plus(months).first - ONE_DAY, "calendar-months") == months
