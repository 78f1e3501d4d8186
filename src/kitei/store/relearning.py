"""What the history of floods holds for learning a contract's thresholds anew: its minutes, its alarms.

The same rows in the same order however often, and in however many files, they were gathered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kitei.network.sheaf import MINUTE, MOSTS, SUMS, day_at
from kitei.store.history import History
from kitei.values import Words

MOST_ROWS: Final = 2_000_000


class TooMuch(ValueError):
    """More rows than are learned from at once."""

    def __init__(self, rows: int) -> None:
        self.words = Words(
            f"{rows:,} 行あり、一度に学ぶのは {MOST_ROWS:,} 行までです。期間を短くしてください",
            f"there are {rows:,} rows, and {MOST_ROWS:,} are learned from at once: choose a shorter period",
        )
        super().__init__(self.words.en)


@dataclass(frozen=True, slots=True)
class Kept:
    """What came towards a target in a minute; `sums` and `mosts` in the order of `SUMS`."""

    at: int
    scope: str
    target: str
    seconds: int
    sums: tuple[int, ...]
    mosts: tuple[int, ...]
    sources: int


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm that was given, from its first second to its last (of one without an end: that asked for last)."""

    policy: str
    scope: str
    target: str
    metric: str
    first: int
    last: int
    dry_run: bool


def minutes(history: History, contract: str, first: int, until: int) -> tuple[Kept, ...]:
    """Every target's minutes, by time, scope and target. Raises TooMuch.

    Of several collectors each saw a part, so their fullest seconds add up; of one that wrote a minute in parts the
    fullest of any part is meant. A minute has 60 seconds, which tells them apart.
    """
    where = "WHERE contract = $contract AND moment >= $first AND moment < $until"
    values = {"contract": contract, "first": first, "until": until}
    days = day_at(first), day_at(max(first, until - 1))
    ((count,),) = history.query("minute", *days, f"SELECT count(*) FROM lines {where}", values)
    if count > MOST_ROWS:
        raise TooMuch(int(count))
    sums = ", ".join(f"sum({name})" for name in SUMS)
    parts = f"least(sum({{name}}), max({{name}}) * greatest(1, ceil(sum(seconds) / {MINUTE}.0)))::BIGINT"
    mosts = ", ".join(parts.format(name=name) for name in MOSTS)
    sql = f"""SELECT moment - moment % {MINUTE} AS minute, scope, target, least(sum(seconds), {MINUTE}), {sums},
        {mosts}, max(sources) FROM lines {where} GROUP BY minute, scope, target ORDER BY minute, scope, target"""
    return tuple(_kept(row) for row in history.query("minute", *days, sql, values))


def seconds(history: History, contract: str, first: int, until: int) -> tuple[Kept, ...]:
    """Targets in alarm, second by second: `seconds` is 0, and what is the fullest is the second itself."""
    sums = ", ".join(f"sum({name})" for name in SUMS)
    sql = f"""SELECT moment, scope, target, 0, {sums}, {sums}, max(sources) FROM lines
        WHERE contract = $contract AND moment >= $first AND moment < $until
        GROUP BY moment, scope, target ORDER BY moment, scope, target LIMIT {MOST_ROWS + 1}"""
    values = {"contract": contract, "first": first, "until": until}
    rows = history.query("second", day_at(first), day_at(max(first, until - 1)), sql, values)
    if len(rows) > MOST_ROWS:
        raise TooMuch(len(rows))
    return tuple(_kept(row) for row in rows)


def judged(history: History, first: int, until: int) -> tuple[int, ...]:
    """The minutes of which any collector judged a second, in order."""
    sql = """SELECT DISTINCT moment - moment % 60 FROM lines
        WHERE what = 'seconds' AND moment >= $first AND moment < $until ORDER BY 1"""
    days = day_at(first), day_at(max(first, until - 1))
    return tuple(int(at) for (at,) in history.query("note", *days, sql, {"first": first, "until": until}))


def raised(history: History, contract: str, first: int, until: int) -> tuple[Raised, ...]:
    """The alarms of a span, in order. One that began before it is not among them."""
    sql = """SELECT moment, kind, policy, scope, target, metric, since, max(dry_run) FROM lines
        WHERE contract = $contract AND kind IN ('alarm', 'release') AND moment >= $first AND moment < $until
        GROUP BY ALL ORDER BY moment, kind DESC, policy, scope, target, metric, since"""
    values = {"contract": contract, "first": first, "until": until}
    rows = history.query("decision", day_at(first), day_at(max(first, until - 1)), sql, values)
    return tuple(sorted(_spans(rows, until - 1), key=lambda each: (each.first, each.policy, each.target)))


def _spans(rows: list[tuple[Any, ...]], last: int) -> Iterator[Raised]:
    """Several collectors may raise one alarm: it lasts from the first to the last of them."""
    open_: dict[tuple[str, str, str], tuple[str, int, bool]] = {}
    for moment, kind, policy, scope, target, metric, since, dry_run in rows:
        key = (policy, scope, target)
        if kind == "alarm":
            open_.setdefault(key, (metric, int(since), bool(dry_run)))
        elif key in open_:
            what, began, dry = open_.pop(key)
            yield Raised(*key, what, began, int(moment), dry)
    for key, (what, began, dry) in open_.items():
        yield Raised(*key, what, began, last, dry)


def _kept(row: tuple[Any, ...]) -> Kept:
    at, scope, target, lasted, *counted = row
    numbers = [int(each or 0) for each in counted]  # a column that an older file does not have tells nothing
    size = len(SUMS)
    return Kept(
        int(at), scope, target, int(lasted), tuple(numbers[:size]), tuple(numbers[size:-1]), numbers[-1]
    )
