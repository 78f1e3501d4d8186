"""What is read a little at a time comes to the same as all of it: any news, in any order, by any clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.office.observed import Observed, Said
from kitei.store import Shelf
from kitei.store.engine import open_engine
from kitei.store.schema import METADATA
from kitei.values import JST, Words
from kitei.watch import (
    Availability,
    Cause,
    Observation,
    Point,
    Report,
    find_outages,
    hearing,
    history_of,
)

BEGIN = datetime(2026, 11, 2, 9, tzinfo=JST)


def point(node: str, subject: str) -> Point:
    return Point(node, "login", subject)


POINTS = (*(point(node, subject) for node in "ab" for subject in ("one", "two")), hearing("a"), hearing("b"))
CONTRACTS = {
    "one": Availability("one", (point("a", "one"), point("b", "one"))),
    "two": Availability("two", (point("a", "two"),)),
    "both": Availability("both", (point("a", "one"), point("b", "two")), cites=("art:12.1",)),
    "moved": Availability("moved", (point("b", "two"),)),
}
SAYINGS = (
    Said(),
    Said(
        reports=(
            Report("one", "ticket", BEGIN + timedelta(minutes=7), "total", BEGIN + timedelta(minutes=9)),
        )
    ),
    Said(causes=(Cause("two", BEGIN + timedelta(minutes=5), "operator", Words("当社", "ours")),)),
)


class Rows:
    """A shelf of rows; those whose number is in `hidden` were written, and are not there for others yet."""

    def __init__(self) -> None:
        self.rows: list[Observation] = []
        self.hidden: set[int] = set()
        self.read: list[int] = []

    def observations_after(self, number: int) -> Sequence[tuple[int, Observation]]:
        there = [(n, seen) for n, seen in enumerate(self.rows, 1) if n > number and n not in self.hidden]
        self.read.append(len(there))
        return there

    def all(self, until: datetime) -> list[Observation]:
        there = [seen for n, seen in enumerate(self.rows, 1) if n not in self.hidden and seen.at <= until]
        return sorted(there, key=lambda seen: seen.at)


def whole(rows: Rows, names: Sequence[str], said: Said, at: datetime) -> dict[str, Any]:
    history, told = (
        history_of(rows.all(at)),
        {f: getattr(said, f) for f in ("reports", "causes")},
    )
    return {name: find_outages(CONTRACTS[name], history, **told) for name in names}


minutes = some.integers(0, 15)
news = some.lists(
    some.tuples(minutes, some.sampled_from(POINTS), some.booleans(), minutes, some.booleans()), max_size=6
)
looks = some.tuples(
    news,
    minutes,
    some.sampled_from(SAYINGS),
    some.sets(some.sampled_from([*CONTRACTS]), min_size=1),
    some.booleans(),
)


@given(some.lists(looks, min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_what_is_read_a_little_at_a_time_comes_to_the_same_as_all_of_it(told: list[Any]) -> None:
    rows = Rows()
    observed = Observed(rows)  # type: ignore[arg-type]
    for batch, minute, said, names, glances in told:
        rows.hidden.clear()
        for at, where, up, late, is_hidden in batch:
            seen = Observation(
                BEGIN + timedelta(minutes=at),
                where.source,
                where.subject,
                where.what,
                up,
                BEGIN + timedelta(minutes=at + late),
            )
            rows.rows.append(seen)
            if is_hidden:
                rows.hidden.add(len(rows.rows))
        now = BEGIN + timedelta(minutes=minute)
        if glances:
            assert observed.upto(now) == history_of(rows.all(now))
        wanted = {name: CONTRACTS[name] for name in sorted(names)}
        assert observed.outages(wanted, said, now) == whole(rows, sorted(names), said, now)


def test_only_what_is_new_is_read() -> None:
    rows = Rows()
    rows.rows = [
        Observation(BEGIN + timedelta(seconds=n), "a", "one", "login", n % 2 == 0) for n in range(20_000)
    ]
    observed, now = Observed(rows), BEGIN + timedelta(days=1)  # type: ignore[arg-type]
    for _ in range(3):
        observed.outages(CONTRACTS, Said(), now)
    assert rows.read[0] == 20_000 and max(rows.read[1:]) <= 1000
    first = observed.outages(CONTRACTS, Said(), now)
    assert observed.outages(CONTRACTS, Said(), now)["one"] is first["one"], "nothing new, nothing found again"


def test_a_shelf_tells_what_was_kept_after_a_number(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/shelf.db")
    METADATA.create_all(engine)
    shelf = Shelf(engine)
    seen = [Observation(BEGIN + timedelta(minutes=5 - n), "a", "one", "login", n % 2 == 0) for n in range(5)]
    for each in seen:
        shelf.observe([each])
    told = shelf.observations_after(0)
    assert [number for number, _ in told] == sorted(number for number, _ in told)
    assert shelf.observations_after(told[1][0]) == told[2:]
    assert sorted((each for _, each in told), key=lambda each: each.at) == list(shelf.observations())
