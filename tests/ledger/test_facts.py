"""Facts, their hash, and strikes that take them back."""

from datetime import UTC, date, datetime

import pytest

from kitei.ledger import STRUCK, Entry, Fact, standing, strike
from kitei.ledger.facts import hash_of
from kitei.values import JST

AT = datetime(2026, 11, 2, 9, 0, tzinfo=JST)


def entry(seq: int, fact: Fact, stream: str = "a") -> Entry:
    return Entry(seq, stream, seq, fact, AT, "desk", "", hash_of(seq, stream, seq, fact, AT, "desk", ""))


def noted(n: int = 0) -> Fact:
    return Fact("thing.noted", {"n": n}, date(2026, 11, 2))


def test_the_hash_is_of_the_value_and_not_of_how_it_is_written() -> None:
    one = Fact("thing.noted", {"a": 1, "b": (1, 2)}, date(2026, 11, 2))
    other = Fact("thing.noted", {"b": [1, 2], "a": 1}, date(2026, 11, 2))
    assert hash_of(1, "a", 1, one, AT, "desk", "") == hash_of(
        1, "a", 1, other, AT.astimezone(UTC), "desk", ""
    )


@pytest.mark.parametrize(
    "change", [{"seq": 2}, {"stream": "b"}, {"version": 2}, {"actor": "x"}, {"tip": "y"}]
)
def test_the_hash_is_over_everything(change: dict[str, object]) -> None:
    plain = {"seq": 1, "stream": "a", "version": 1, "actor": "desk", "tip": ""}

    def hashed(p: dict[str, object]) -> str:
        return hash_of(p["seq"], p["stream"], p["version"], noted(), AT, p["actor"], p["tip"])  # type: ignore[arg-type]

    assert hashed(plain) != hashed(plain | change)


def test_a_strike_takes_its_entry_and_itself_away() -> None:
    first, second = entry(1, noted(1)), entry(2, noted(2))
    assert list(standing([first, second, entry(3, strike(first, "typing error"))])) == [second]


def test_a_strike_reaches_nothing_in_another_stream() -> None:
    first = entry(1, noted(1))
    assert list(standing([first, entry(2, strike(first, "no"), "b")])) == [first]


def test_a_strike_takes_effect_when_its_entry_did() -> None:
    first = entry(1, Fact("thing.noted", {}, date(2027, 4, 1)))
    assert strike(first, "x").effective_on == date(2027, 4, 1)


def test_a_strike_cannot_be_struck() -> None:
    struck = entry(2, strike(entry(1, noted()), "x"))
    assert struck.fact.kind == STRUCK
    with pytest.raises(ValueError, match="append anew"):
        strike(struck, "y")
