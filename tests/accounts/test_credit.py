"""Outages that earn: joined when they touch, never added up, in whole days from the operator's knowledge."""

from datetime import date, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from kitei.accounts.credit import CreditTerms, earn, join_outages
from kitei.terms import Conventions, Reading, Setting
from kitei.values import JST, Yen
from kitei.watch import Outage

TERMS = CreditTerms(threshold=24, hours=24, divisor=30, months=3)
START = datetime(2026, 1, 10, tzinfo=JST)
ZERO = timedelta(0)


def reading(key: str) -> Reading:
    return Conventions().read(key, START.date())


def outage(begin: float, hours: float | None, cause: str = "operator") -> Outage:
    known = START + timedelta(hours=begin)
    restored = None if hours is None else known + timedelta(hours=hours)
    return Outage(f"o{begin}", "c", known, known, restored, True, cause, ())  # type: ignore[arg-type]


@given(st.integers(0, 2000), st.integers(1, 10**7))
def test_an_outage_earns_a_thirtieth_for_each_whole_day(hours: int, fee: int) -> None:
    found = earn(outage(0, hours), Yen(fee), TERMS, START, reading)
    assert found.units == hours // 24 and found.fraction == Fraction(hours // 24, 30)
    assert found.amount is not None and abs(found.amount - found.fraction * fee) <= Fraction(1, 2)


def test_without_a_fee_it_cannot_be_computed() -> None:
    assert earn(outage(0, 48), None, TERMS, START, reading).amount is None


def test_three_months_run_from_the_day_after_restoration() -> None:
    found = earn(outage(0, 49 * 24 + 9), Yen(1), TERMS, START, reading)
    assert (found.claimable, found.until) == (date(2026, 2, 28), date(2026, 5, 31))
    assert found.strictly == date(2026, 4, 11)


def test_nothing_lapses_while_it_lasts() -> None:
    found = earn(outage(0, None), Yen(30), TERMS, START + timedelta(hours=50), reading)
    assert (found.units, found.claimable, found.until) == (2, None, None)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), min_size=1, max_size=8))
def test_joined_outages_lie_apart_and_cover_the_same_hours(spans: list[tuple[int, int]]) -> None:
    joined = join_outages([outage(begin, hours) for begin, hours in spans], ZERO)
    covered = {hour for begin, hours in spans for hour in range(begin, begin + hours)}
    assert sum(each.hours() for each in joined) == len(covered)
    ends = [each.restored_at for each in joined]
    for end, after in zip(ends, joined[1:], strict=False):
        assert end is not None and end < after.known_at


def test_what_touches_is_one_and_what_differs_in_cause_is_not() -> None:
    assert len(join_outages([outage(0, 20), outage(20, 20)], ZERO)) == 1
    assert len(join_outages([outage(0, 20), outage(21, 20)], ZERO)) == 2
    assert len(join_outages([outage(0, 20), outage(21, 20)], timedelta(hours=2))) == 1
    assert len(join_outages([outage(0, 20), outage(20, 20, "customer")], ZERO)) == 2


def test_other_readings_join_otherwise() -> None:
    apart = [outage(0, 20), outage(21, 20)]
    (added,) = join_outages(apart, ZERO, "sum")
    assert added.hours() == 40
    assert len(join_outages([outage(0, 20), outage(20, 20)], ZERO, "per-ticket")) == 2


def test_the_cap_is_a_reading_and_more_than_a_month_is_marked_for_review() -> None:
    long = outage(0, 24 * 32)
    assert earn(long, Yen(30), TERMS, START, reading).amount == 32
    assert earn(long, Yen(30), TERMS, START, reading).review

    def capped(key: str) -> Reading:
        return Conventions([Setting("credit.base", "capped", date.min)]).read(key, START.date())

    assert earn(long, Yen(30), TERMS, START, capped).amount == 30
