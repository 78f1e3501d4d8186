"""A SQLite ledger as who only reads it needs it: without the machinery that records, which takes long to load."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from kitei.ledger import Entry, Fact, UnreadableEntry
from kitei.store.errors import PATIENCE, plainly
from kitei.store.shape import SHAPE, other_shape
from kitei.values import JST

_SQLITE: Final = "sqlite:///"
_PAGE: Final = 2000
_COLUMNS: Final = "seq, stream, version, kind, body, effective_on, recorded_at, actor, cites, prev_hash, hash"


@dataclass(frozen=True, slots=True)
class Glance:
    """What a ledger file holds, read as `kitei.ledger.Book.read` does. Nothing can be recorded by it."""

    connection: sqlite3.Connection | None

    @classmethod
    def of(cls, url: str) -> "Glance | None":
        """None for a store that is no SQLite file. A file that is not there yet holds nothing.

        Raises StoreError.
        """
        path = url.removeprefix(_SQLITE)
        if not url.startswith(_SQLITE) or "?" in path or not path or path == ":memory:":
            return None
        if not Path(path).exists():
            return cls(None)
        with plainly():
            connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=PATIENCE)
            shape = connection.execute("SELECT shape FROM head").fetchone() if _has_head(connection) else None
        if shape is not None and shape[0] != SHAPE:
            connection.close()
            raise other_shape(shape[0])
        return cls(connection if shape is not None else None)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    def read(
        self, stream: str | None = None, *, on: date | None = None, upto: int | None = None, after: int = 0
    ) -> Iterator[Entry]:
        """Entries in `seq` order, a page at a time. Raises UnreadableEntry and StoreError."""
        if self.connection is None:
            return
        wanted: dict[str, Any] = {"stream": stream, "day": on and on.isoformat(), "upto": upto}
        where = "seq > :after"
        where += " AND stream = :stream" if stream is not None else ""
        where += " AND effective_on <= :day" if on is not None else ""
        where += " AND seq <= :upto" if upto is not None else ""
        asked = f"SELECT {_COLUMNS} FROM entry WHERE {where} ORDER BY seq LIMIT {_PAGE}"
        while True:
            with plainly():
                rows = self.connection.execute(asked, {**wanted, "after": after}).fetchall()
            yield from map(_entry, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]


def _has_head(connection: sqlite3.Connection) -> bool:
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'head'"
    ).fetchone()
    return found is not None


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, stream, version, kind, body, effective_on, recorded_at, actor, cites, before, its = row
    try:
        fact = Fact(kind, json.loads(body), date.fromisoformat(effective_on), tuple(json.loads(cites)))
        at = datetime.fromisoformat(recorded_at).astimezone(JST)
    except (ValueError, TypeError) as error:
        raise UnreadableEntry(seq, str(error)) from error
    return Entry(seq, stream, version, fact, at, actor, before, its)
