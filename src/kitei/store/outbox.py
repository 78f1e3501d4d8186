"""The outbox: messages that must go out, kept until somebody took them, in the order they were put in.

A message is put in within the transaction that moves the cursor over the facts it tells of, so each fact makes
its messages once. It is marked as sent after whoever it is for took it: a process that dies in between sends
it again under the same id (at least once; the receiver knows a second one by the id).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from kitei.store.engine import reading, writing
from kitei.store.schema import NUMBER, Instant
from kitei.values import JsonObject

Way = Literal["email", "webhook", "letter"]
"""A letter is an e-mail with papers: what goes by `email` to the same address does not wait for it."""
METADATA = MetaData()
MESSAGE = Table(
    "outbox",
    METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("way", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("body", JSON(none_as_null=True), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Instant),
    Column("given_up_at", Instant),
    Column("failed", Text, nullable=False),
    Index("outbox_waiting", "sent_at", "given_up_at", "place", "number"),
)
CURSOR = Table(
    "outbox_cursor",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
MOST: Final = 10_000
"""So many messages wait at most. Beyond that the cursor stands still: what is not yet told stays in the ledger."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one place: an e-mail address or a URL. `body` is what is told, complete when it is put in.

    `id` is the same whenever the same thing is told to the same place; `next_at` the earliest it goes out.
    """

    id: str
    way: Way
    place: str
    customer: str
    body: JsonObject
    made_at: datetime
    next_at: datetime
    number: int = 0
    attempts: int = 0
    sent_at: datetime | None = None
    given_up_at: datetime | None = None
    failed: str = field(default="", compare=False)


class OutboxFull(Exception):
    """So many messages wait that no further one is taken in; nothing of the transaction stands."""


class Outbox:
    """The messages of one store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with writing(engine) as connection:
            METADATA.create_all(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all that is put in and the cursor's move, or none. One at a time, whoever else does so."""
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":  # SQLite's writers take turns anyway
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7303015)")
            yield connection

    def seen(self, name: str) -> int:
        """The cursor, without a transaction of one's own."""
        with reading(self._engine) as connection:
            return self.cursor(name, connection)

    def cursor(self, name: str, within: Connection) -> int:
        """Up to which ledger position somebody has looked; 0 where nobody has."""
        return within.execute(select(CURSOR.c.seq).where(CURSOR.c.name == name)).scalar() or 0

    def move(self, name: str, seq: int, within: Connection) -> None:
        within.execute(delete(CURSOR).where(CURSOR.c.name == name))
        within.execute(insert(CURSOR).values(name=name, seq=seq))

    def put(self, messages: Iterable[Message], within: Connection) -> int:
        """Take in those whose ids were never taken in; how many. Raises OutboxFull."""
        room = MOST - (within.execute(select(func.count()).where(_waiting())).scalar() or 0)
        count = 0
        for each in messages:
            if within.execute(select(MESSAGE.c.number).where(MESSAGE.c.id == each.id)).scalar() is not None:
                continue
            if count == room:
                raise OutboxFull
            within.execute(
                insert(MESSAGE).values(
                    id=each.id,
                    way=each.way,
                    place=each.place,
                    customer=each.customer,
                    body=dict(each.body),
                    made_at=each.made_at,
                    next_at=each.next_at,
                    attempts=0,
                    failed="",
                )
            )
            count += 1
        return count

    def change(self, id: str, body: JsonObject, within: Connection) -> bool:
        """Tell something else in a message that was never tried; False where it is too late for that."""
        wanted = (MESSAGE.c.id == id, MESSAGE.c.sent_at.is_(None), MESSAGE.c.attempts == 0)
        return within.execute(update(MESSAGE).where(*wanted).values(body=dict(body))).rowcount == 1

    def find(self, id: str, within: Connection) -> Message | None:
        row = within.execute(select(MESSAGE).where(MESSAGE.c.id == id)).one_or_none()
        return None if row is None else _message(row)

    def recent(
        self, customer: str, way: Way, place: str, since: datetime, within: Connection
    ) -> tuple[Message, ...]:
        """What was put in for a place since then, sent or not, in order."""
        wanted = (*_to(customer, way, place), MESSAGE.c.made_at >= since)
        rows = within.execute(select(MESSAGE).where(*wanted).order_by(MESSAGE.c.number)).all()
        return tuple(map(_message, rows))

    def last_waiting(self, customer: str, way: Way, place: str, within: Connection) -> Message | None:
        """The message for a place that waits behind all others."""
        wanted = (*_to(customer, way, place), _waiting())
        row = within.execute(
            select(MESSAGE).where(*wanted).order_by(MESSAGE.c.number.desc()).limit(1)
        ).one_or_none()
        return None if row is None else _message(row)

    def count_waiting(self, customer: str, way: Way, place: str, within: Connection) -> int:
        wanted = (*_to(customer, way, place), _waiting())
        return within.execute(select(func.count()).where(*wanted)).scalar() or 0

    def heads(self) -> tuple[Message, ...]:
        """The first that waits for each place: those behind it go out after it."""
        with reading(self._engine) as connection:
            first = (
                select(func.min(MESSAGE.c.number)).where(_waiting()).group_by(MESSAGE.c.way, MESSAGE.c.place)
            )
            rows = connection.execute(select(MESSAGE).where(MESSAGE.c.number.in_(first))).all()
        return tuple(sorted(map(_message, rows), key=lambda each: each.number))

    def given_up(self, since: datetime) -> tuple[Message, ...]:
        """What was given up from then on, in order."""
        with reading(self._engine) as connection:
            wanted = select(MESSAGE).where(MESSAGE.c.given_up_at >= since).order_by(MESSAGE.c.number)
            return tuple(map(_message, connection.execute(wanted).all()))

    def waiting(self) -> tuple[Message, ...]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(MESSAGE).where(_waiting()).order_by(MESSAGE.c.number)).all()
        return tuple(map(_message, rows))

    def last(self, most: int) -> tuple[Message, ...]:
        """The latest messages, sent or not, oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(MESSAGE).order_by(MESSAGE.c.number.desc()).limit(most)).all()
        return tuple(map(_message, reversed(rows)))

    def sent(self, message: Message, at: datetime) -> None:
        """It was taken. Papers are kept no longer: they can be made again, and are the most of what is kept."""
        body = {key: value for key, value in message.body.items() if key != "enclosed"}
        self._note(message, sent_at=at, failed="", attempts=message.attempts + 1, body=body)

    def failed(self, message: Message, why: str, next_at: datetime) -> None:
        self._note(message, failed=why, next_at=next_at, attempts=message.attempts + 1)

    def give_up(self, message: Message, why: str, at: datetime) -> None:
        self._note(message, failed=why, given_up_at=at, attempts=message.attempts + 1)

    def forget(self, before: datetime) -> int:
        """Drop what was sent or given up, and made before then; how many."""
        with writing(self._engine) as connection:
            done = MESSAGE.c.sent_at.is_not(None) | MESSAGE.c.given_up_at.is_not(None)
            return connection.execute(delete(MESSAGE).where(done, MESSAGE.c.made_at < before)).rowcount

    def _note(self, message: Message, **values: object) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(MESSAGE).where(MESSAGE.c.number == message.number).values(**values))


def _to(customer: str, way: Way, place: str) -> tuple[Any, ...]:
    return MESSAGE.c.customer == customer, MESSAGE.c.way == way, MESSAGE.c.place == place


def _waiting() -> Any:
    return MESSAGE.c.sent_at.is_(None) & MESSAGE.c.given_up_at.is_(None)


def _message(row: Any) -> Message:
    return Message(
        row.id,
        row.way,
        row.place,
        row.customer,
        row.body,
        row.made_at,
        row.next_at,
        row.number,
        row.attempts,
        row.sent_at,
        row.given_up_at,
        row.failed,
    )
