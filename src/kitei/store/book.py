"""The ledger on a database: entries in one chain, each position taken under the lock of the head row."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, insert, select, update

from kitei.ledger import ConcurrentAppend, Entry, Fact, UnreadableEntry
from kitei.ledger.facts import hash_around
from kitei.store.engine import Written, open_engine, reading, writing
from kitei.store.schema import ENTRY, HEAD
from kitei.store.shelf import Shelf
from kitei.values import JST, canonical

_PAGE = 2000
_MANY = 500
_KIND = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")
_NUL = re.compile(rb"(?<!\\)(\\\\)*\\u0000")  # PostgreSQL's JSON cannot hold it, so neither may

_HEAD = select(HEAD.c.seq, HEAD.c.hash)
_LOCKED_HEAD = _HEAD.with_for_update()
_VERSION = select(func.max(ENTRY.c.version)).where(ENTRY.c.stream == bindparam("name"))
_VERSIONS = (
    select(ENTRY.c.stream, func.max(ENTRY.c.version))
    .where(ENTRY.c.stream.in_(bindparam("names", expanding=True)))
    .group_by(ENTRY.c.stream)
)
_INSERT = insert(ENTRY)
_MOVE = update(HEAD).values(seq=bindparam("to"), hash=bindparam("its"))


def open_book(url: str) -> "SqlBook":
    """The book at `sqlite:////path/kitei.db` or `postgresql+psycopg://...`; made there if there is none.

    Open it after a fork, and close it. Raises StoreError.
    """
    return SqlBook(open_engine(url))


@dataclass(frozen=True, slots=True)
class SqlBook:
    """The port `kitei.ledger.Book` on SQLite or PostgreSQL. `shelf` is what lies beside it."""

    engine: Engine

    @property
    def url(self) -> str:
        """Where it is, to be opened by another process; with its password, if there is one."""
        return self.engine.url.render_as_string(hide_password=False)

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.engine)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction over the ledger and the shelf: all of it durable at its end, or none.

        Nobody else records anything meanwhile, so what is read inside is what the change rests on.
        """
        with writing(self.engine) as connection:
            connection.execute(_LOCKED_HEAD)
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def append(
        self,
        facts: Sequence[tuple[str, Fact]],
        *,
        actor: str,
        at: datetime,
        expected: Mapping[str, int] | None = None,
        within: Connection | None = None,
    ) -> tuple[Entry, ...]:
        """Record (stream, fact) pairs, all or none, durably; `within` a transaction begun elsewhere, with it.

        Raises ConcurrentAppend, StoreError, and ValueError or TypeError for what no entry can hold.
        """
        ready = [(_stream(stream), *_fact(fact)) for stream, fact in facts]
        moment = _moment(at)
        with nullcontext(within) if within is not None else writing(self.engine) as connection:
            seq, tip = connection.execute(_LOCKED_HEAD).one()
            versions = _versions(connection, sorted({*(expected or {}), *(stream for stream, *_ in ready)}))
            for stream, version in (expected or {}).items():
                if versions[stream] != version:
                    raise ConcurrentAppend(stream, version, versions[stream])
            entries = _chained(ready, seq, tip, versions, moment, actor)
            if entries:
                rows = [_row(entry, text) for entry, (_, _, text) in zip(entries, ready, strict=True)]
                connection.execute(_INSERT, rows)
                connection.execute(_MOVE, {"to": entries[-1].seq, "its": entries[-1].hash})
        return entries

    def read(
        self,
        stream: str | None = None,
        *,
        on: date | None = None,
        upto: int | None = None,
        after: int = 0,
    ) -> Iterator[Entry]:
        """Entries in `seq` order, a page at a time, so that no reader holds a transaction open."""
        wanted = select(ENTRY).order_by(ENTRY.c.seq).limit(_PAGE)
        if stream is not None:
            wanted = wanted.where(ENTRY.c.stream == stream)
        if on is not None:
            wanted = wanted.where(ENTRY.c.effective_on <= on)
        if upto is not None:
            wanted = wanted.where(ENTRY.c.seq <= upto)
        while True:
            page = self._page(wanted.where(ENTRY.c.seq > after))
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def last(self, stream: str) -> Entry | None:
        """The entry that a stream ends with, None where it is empty."""
        wanted = select(ENTRY).where(ENTRY.c.stream == stream).order_by(ENTRY.c.version.desc()).limit(1)
        return next(iter(self._page(wanted)), None)

    def read_streams(self, streams: Sequence[str], *, upto: int | None = None) -> Iterator[Entry]:
        """Entries of several streams, stream by stream in the order of their names, each from its first."""
        for first in range(0, len(streams), _MANY):
            some = streams[first : first + _MANY]
            wanted = select(ENTRY).where(ENTRY.c.stream.in_(some)).order_by(ENTRY.c.stream, ENTRY.c.version)
            yield from self._page(wanted if upto is None else wanted.where(ENTRY.c.seq <= upto))

    def naming(self, key: str, kinds: Sequence[str], *, upto: int) -> Iterator[tuple[str, str]]:
        """(text, stream) for every text that facts of these kinds have under a key, each pair once, in order.

        Strikes are not obeyed: it says where to look, not what holds.
        """
        text = ENTRY.c.body[key].as_string().label("text")
        wanted = (
            select(text, ENTRY.c.stream)
            .where(ENTRY.c.kind.in_(kinds), ENTRY.c.seq <= upto)
            .distinct()
            .order_by(text, ENTRY.c.stream)
        )
        with reading(self.engine) as connection:
            rows = connection.execution_options(yield_per=_PAGE).execute(wanted)
            yield from ((row.text, row.stream) for row in rows)

    def head(self) -> int:
        """The highest `seq`, 0 for an empty book."""
        return self.tip()[0]

    def tip(self) -> tuple[int, str]:
        """The highest `seq` and its hash, from the head row."""
        with reading(self.engine) as connection:
            seq, tip = connection.execute(_HEAD).one()
        return seq, tip

    def version(self, stream: str) -> int:
        """How many entries a stream has."""
        with reading(self.engine) as connection:
            return connection.execute(_VERSION, {"name": stream}).scalar() or 0

    def _page(self, wanted: Any) -> list[Entry]:
        with reading(self.engine) as connection:
            try:
                return [_entry(row) for row in connection.execute(wanted).all()]
            except (ValueError, TypeError):  # one of them does not even decode: find the first
                return self._one_by_one(connection, wanted)

    def _one_by_one(self, connection: Connection, wanted: Any) -> list[Entry]:
        found: list[Entry] = []
        for seq in connection.execute(wanted.with_only_columns(ENTRY.c.seq)).scalars().all():
            try:
                found.append(_entry(connection.execute(select(ENTRY).where(ENTRY.c.seq == seq)).one()))
            except (ValueError, TypeError) as error:
                raise UnreadableEntry(seq, str(error)) from error
        return found


def _stream(name: str) -> str:
    if not name.strip() or name != name.strip():
        raise ValueError(f"{name!r} is not a stream such as 'contract:c-1'")
    return name


def _versions(connection: Connection, streams: Sequence[str]) -> dict[str, int]:
    """How many entries each stream has; 0 for one that has none."""
    versions = dict.fromkeys(streams, 0)
    for first in range(0, len(streams), _MANY):
        some = connection.execute(_VERSIONS, {"names": streams[first : first + _MANY]})
        versions.update((stream, version) for stream, version in some)
    return versions


def _fact(fact: Fact) -> tuple[Fact, bytes]:
    """The fact as it will be read back, plain lists and objects; and its body in canonical form."""
    if not _KIND.fullmatch(fact.kind):
        raise ValueError(f"{fact.kind!r} is not a kind of fact such as 'contract.concluded'")
    if type(fact.effective_on) is not date:
        raise TypeError(f"{fact.kind}: {fact.effective_on!r} is not a day")
    text = canonical(fact.body)
    if b"\\u0000" in text and _NUL.search(text):
        raise ValueError(f"{fact.kind}: a text holds the character U+0000, which no entry can; leave it out")
    cites = tuple(str(cite) for cite in fact.cites)
    return Fact(fact.kind, json.loads(text), fact.effective_on, cites), text


def _moment(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone; write it as {at.isoformat()}+09:00")
    return at.astimezone(JST)


def _chained(
    facts: Sequence[tuple[str, Fact, bytes]],
    seq: int,
    tip: str,
    versions: dict[str, int],
    moment: datetime,
    actor: str,
) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for stream, fact, text in facts:
        seq += 1
        versions[stream] = version = versions[stream] + 1
        hash_ = hash_around(text, seq, stream, version, fact, moment, actor, tip)
        entries.append(Entry(seq, stream, version, fact, moment, actor, tip, hash_))
        tip = hash_
    return tuple(entries)


def _row(entry: Entry, body: bytes) -> dict[str, Any]:
    fact = entry.fact
    return {
        "seq": entry.seq,
        "stream": entry.stream,
        "version": entry.version,
        "kind": fact.kind,
        "body": Written(body),
        "effective_on": fact.effective_on,
        "recorded_at": entry.recorded_at,
        "actor": entry.actor,
        "cites": list(fact.cites),
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        seq=row.seq,
        stream=row.stream,
        version=row.version,
        fact=Fact(row.kind, row.body, row.effective_on, tuple(row.cites)),
        recorded_at=row.recorded_at,
        actor=row.actor,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
