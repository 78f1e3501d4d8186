"""The ledger's port. `kitei.store` implements it on SQLite and PostgreSQL."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from kitei.ledger.facts import Entry, Fact


class ConcurrentAppend(Exception):
    """Someone else appended to a stream since it was read; read again and decide again."""

    def __init__(self, stream: str, expected: int, found: int) -> None:
        super().__init__(f"stream {stream!r} is at version {found}, not {expected}; read it again")
        self.stream, self.expected, self.found = stream, expected, found


class UnreadableEntry(Exception):
    """An entry is not what was ever recorded: it cannot even be decoded."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"entry {seq} cannot be read: {why}")
        self.seq, self.why = seq, why


class Book(Protocol):
    """An append-only book of facts."""

    def append(
        self,
        facts: Sequence[tuple[str, Fact]],
        *,
        actor: str,
        at: datetime,
        expected: Mapping[str, int] | None = None,
    ) -> tuple[Entry, ...]:
        """Record (stream, fact) pairs, all or none, durably.

        `expected` maps streams to the version the decision was based on (0: must not exist yet).
        Raises ConcurrentAppend when one of them has moved.
        """
        ...

    def read(
        self,
        stream: str | None = None,
        *,
        on: date | None = None,
        upto: int | None = None,
        after: int = 0,
    ) -> Iterator[Entry]:
        """Entries in `seq` order: of one stream or all; effective on or before `on`; `after` < seq <= `upto`.

        Struck entries are among them: see `kitei.ledger.standing`. Raises UnreadableEntry.
        """
        ...

    def head(self) -> int:
        """The highest `seq`, 0 for an empty book."""
        ...

    def tip(self) -> tuple[int, str]:
        """The highest `seq` and its hash as noted beside the entries; (0, '') for an empty book."""
        ...
