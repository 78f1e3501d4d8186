"""Intervals against the plainest model there is: sets of minutes."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kitei.watch import Interval, union, without

START = datetime(2026, 11, 1, tzinfo=UTC)
SPAN = 60


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    first = draw(st.integers(0, SPAN - 1))
    last = draw(st.none() | st.integers(first + 1, SPAN))
    return Interval(at(first), None if last is None else at(last))


def minutes(*of: Interval) -> set[int]:
    return {minute for minute in range(SPAN + 5) for one in of if at(minute) in one}


@given(st.lists(intervals(), max_size=8))
def test_a_union_covers_what_any_of_them_covers(some: list[Interval]) -> None:
    joined = union(some)
    assert minutes(*joined) == minutes(*some)
    for one, other in itertools.pairwise(joined):
        assert one.end is not None and one.end < other.start, "pieces of a union neither touch nor overlap"


@given(st.lists(intervals(), max_size=8), st.integers(0, 20))
def test_a_gap_shorter_than_allowed_is_closed_and_no_other(some: list[Interval], gap: int) -> None:
    joined = union(some, timedelta(minutes=gap))
    assert minutes(*joined) >= minutes(*some)
    for one, other in itertools.pairwise(joined):
        assert one.end is not None and other.start - one.end >= timedelta(minutes=max(gap, 1))
    filled = minutes(*joined) - minutes(*some)
    runs = [m for m in sorted(filled) if m - 1 not in filled]
    for first in runs:
        length = next(n for n in range(1, SPAN + 5) if first + n not in filled)
        assert length < gap


@given(intervals(), st.lists(intervals(), max_size=8))
def test_what_is_left_is_outside_every_cut(one: Interval, cuts: list[Interval]) -> None:
    left = without(one, cuts)
    assert minutes(*left) == minutes(one) - minutes(*cuts)
    assert all(piece.end is None or piece.start < piece.end for piece in left)
