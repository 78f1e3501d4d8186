"""Tax: the rate of the day, and one rounding for each rate."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.accounts import rounded, standard_rate, totals_by_rate
from kitei.values import Yen


@dataclass(frozen=True)
class Amount:
    amount: Yen
    rate: int | None


amounts = st.lists(
    st.builds(Amount, st.integers(-1_000_000, 5_000_000).map(Yen), st.sampled_from([10, 8, None])),
    max_size=12,
)
ways = st.sampled_from(["floor", "half-up", "ceil"])


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        ("1989-03-31", 0),
        ("2014-03-31", 5),
        ("2014-04-01", 8),
        ("2019-09-30", 8),
        ("2019-10-01", 10),
        ("2026-06-01", 10),
    ],
)
def test_the_rate_is_that_of_the_day(day: str, rate: int) -> None:
    assert standard_rate(date.fromisoformat(day)) == rate


@pytest.mark.parametrize(("way", "up", "down"), [("floor", 2, -2), ("half-up", 3, -3), ("ceil", 3, -3)])
def test_a_half_is_rounded_as_the_convention_says_and_alike_below_zero(way: str, up: int, down: int) -> None:
    assert (rounded(Fraction(5, 2), way), rounded(Fraction(-5, 2), way)) == (up, down)


def test_an_unknown_rounding_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="half-up, floor, ceil"):
        rounded(Fraction(1), "bankers")


@given(amounts, ways)
def test_each_rate_is_taxed_once_on_all_of_it(lines: list[Amount], way: str) -> None:
    totals = totals_by_rate(lines, way)
    assert len({total.rate for total in totals}) == len(totals)
    assert {total.rate for total in totals} == {line.rate for line in lines}
    for total in totals:
        net = sum(line.amount for line in lines if line.rate == total.rate)
        assert total.net == net == total.charged + total.returned
        assert total.charged >= 0 >= total.returned
        assert total.tax == rounded(Fraction(net * (total.rate or 0), 100), way)
        assert abs(total.tax - Fraction(net * (total.rate or 0), 100)) < 1


def test_once_a_rate_differs_from_once_a_line() -> None:
    lines = [Amount(Yen(5), 10)] * 10
    assert totals_by_rate(lines, "floor")[0].tax == 5
    assert sum(rounded(Fraction(line.amount, 10), "floor") for line in lines) == 0


@given(amounts, ways, st.randoms())
def test_the_order_of_lines_does_not_matter(lines: list[Amount], way: str, random: object) -> None:
    other = list(lines)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert totals_by_rate(lines, way) == totals_by_rate(other, way)
