"""Sheaves: what a collector tells of one minute, on its way from a node to the history of floods.

A sheaf is text, one line of JSON for each row: the kind of row, then its columns as in `LINES`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from kitei.values import JST, Words

SUMS: Final = (
    "bytes", "packets", "flows", "tcp_bytes", "tcp", "syn", "udp_bytes", "udp", "amp_bytes", "icmp_bytes",
    "icmp", "fragments",
)  # fmt: skip
MOSTS: Final = tuple(f"most_{each}" for each in SUMS)
LINES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "minute": ("moment", "contract", "scope", "target", "seconds", *SUMS, "sources", *MOSTS),
    "second": ("moment", "contract", "scope", "target", *SUMS, "sources"),
    "port": ("moment", "contract", "target", "port", "packets"),
    "flow": (
        "moment", "contract", "src", "sport", "dst", "dport", "protocol", "bytes", "packets", "flags", "exporter",
    ),
    "decision": (
        "moment", "kind", "contract", "policy", "version", "scope", "target", "metric", "figure", "threshold",
        "since", "sources", "dry_run", "why",
    ),
    "scrub": (
        "moment", "contract", "seconds", "offered_bytes", "passed_bytes", "offered_packets", "passed_packets",
    ),
    "dropped": ("moment", "contract", "what", "packets"),
    "note": ("moment", "contract", "what", "number"),
})  # fmt: skip
"""Columns by kind. `moment`: unix seconds, of a minute its first. A row of a minute or second counts what came
towards `target`; `most_...` is the largest that any one of its seconds had, of each sum by itself. Of the notes `seconds` counts
those that a collector (in place of a contract) judged; others what was left out. A row of `scrub` and those of `dropped` (by reason) count what a scrubber did in the
seconds up to `moment`."""

TEXTS: Final = frozenset({
    "kind", "contract", "policy", "version", "scope", "target", "src", "dst", "exporter", "metric", "why", "what",
})  # fmt: skip
"""Columns that hold text; all others hold whole numbers from 0 to 2^63 - 1."""
MINUTE: Final = 60
LONGEST: Final = 1 << 20
"""Characters of a sheaf: what exceeds it goes into a further part, for a node's events travel in small batches."""
_NAME: Final = re.compile(r"(\d{10})-(\d\d)\.(\d{1,3})-([A-Za-z0-9][A-Za-z0-9_.-]{0,63})\.sheaf")
_MOST: Final = 2**63
_TEXT: Final = 256

Rows = Mapping[str, tuple[tuple[Any, ...], ...]]


class BadSheaf(ValueError):
    """A sheaf that cannot be read; `faults` names each line and what is wrong there."""

    def __init__(self, faults: tuple[Words, ...]) -> None:
        super().__init__("; ".join(each.en for each in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class SheafName:
    """`1700000040-00.0-c1.sheaf`: the minute, its first second that was judged, which part of it, the collector."""

    minute: int
    first: int
    collector: str
    part: int = 0

    def __str__(self) -> str:
        return f"{self.minute:010}-{self.first:02}.{self.part}-{self.collector}.sheaf"

    @classmethod
    def parse(cls, written: str) -> "SheafName":
        """Raises BadSheaf."""
        match = _NAME.fullmatch(written)
        if match is None or int(match[1]) % MINUTE or int(match[2]) >= MINUTE:
            right = "1700000040-00.0-c1.sheaf"
            ja, en = (
                f"{written!r} は束の名前ではありません(例 {right})",
                f"{written!r} is not a sheaf's name such as {right}",
            )
            raise BadSheaf((Words(ja, en),))
        return cls(int(match[1]), int(match[2]), match[4], int(match[3]))

    @property
    def day(self) -> date:
        return day_at(self.minute)


def day_at(at: int) -> date:
    """The civil day (Asia/Tokyo) of a unix second."""
    return datetime.fromtimestamp(at, JST).date()


def first_second(day: date) -> int:
    """The unix second a civil day begins with."""
    return int(datetime(day.year, day.month, day.day, tzinfo=JST).astimezone(UTC).timestamp())


def seconds_of(first: date, last: date) -> tuple[int, int]:
    """From the first second of a day to the second after the last one, which is not included."""
    return first_second(first), first_second(last + timedelta(days=1))


def written(kind: str, *values: object) -> str:
    """One line of a sheaf."""
    assert len(values) == len(LINES[kind])
    return json.dumps([kind, *values], ensure_ascii=False, separators=(",", ":"))


def parts(text: str) -> Iterator[str]:
    """A text in parts of whole lines, each within `LONGEST`."""
    kept, size = list[str](), 0
    for line in text.splitlines(keepends=True):
        if kept and size + len(line) > LONGEST:
            yield "".join(kept)
            kept, size = [], 0
        kept.append(line)
        size += len(line)
    if kept:
        yield "".join(kept)


def set_ahead(name: SheafName, text: str, ahead: int) -> tuple[SheafName, str]:
    """A sheaf of a collector that keeps the world's time, in the time of a provider whose clock is set `ahead`
    seconds. Raises BadSheaf."""
    lines = [
        written(kind, row[0] + ahead, *row[1:])
        for kind, rows in read_sheaf(name, text).items()
        for row in rows
    ]
    minute = (name.minute + ahead) // MINUTE * MINUTE
    return SheafName(minute, name.first, name.collector, name.part), "\n".join(lines)


def read_sheaf(name: SheafName, text: str) -> Rows:
    """The rows of a sheaf by kind. Raises BadSheaf with every line that is wrong, ten at most."""
    found: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in LINES}
    faults: list[Words] = []
    for number, line in enumerate(text.splitlines(), 1):
        wrong = _take(line, name.minute, found)
        if wrong is not None:
            faults.append(Words(f"{name} {number} 行目: {wrong.ja}", f"{name} line {number}: {wrong.en}"))
            if len(faults) == 10:
                break
    if faults:
        raise BadSheaf(tuple(faults))
    return {kind: tuple(rows) for kind, rows in found.items()}


def _take(line: str, minute: int, found: dict[str, list[tuple[Any, ...]]]) -> Words | None:
    try:
        values = json.loads(line)
    except ValueError:
        return Words("JSON ではありません", "is not JSON")
    kind = values[0] if isinstance(values, list) and values else None
    if not isinstance(kind, str) or kind not in LINES:
        return Words(f"種類は {', '.join(LINES)} です", f"begins with none of {', '.join(LINES)}")
    columns = LINES[kind]
    if len(values) != len(columns) + 1:
        return Words(f"{kind} は {len(columns)} 列です", f"{kind} has {len(columns)} columns")
    row = tuple(values[1:])
    for column, value in zip(columns, row, strict=True):
        if column in TEXTS:
            if value is not None and not (
                isinstance(value, str) and len(value) <= _TEXT and value.isprintable()
            ):
                ja = f"{column} は印字できる {_TEXT} 字までの文字列です"
                return Words(ja, f"{column} is printable text of up to {_TEXT}")
        elif not isinstance(value, int) or not 0 <= value < _MOST:
            return Words(f"{column} は 0 以上の整数です", f"{column} is a whole number")
    if not minute <= row[0] < minute + 2 * MINUTE:  # one that was set ahead may begin within a minute
        return Words(f"moment {row[0]} はこの分にありません", f"moment {row[0]} is not in that minute")
    found[kind].append(row)
    return None
