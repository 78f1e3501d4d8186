"""Logins, sessions and traffic as nodes told them: personal data, kept for a while and then forgotten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
    update,
)

from kitei.store.engine import reading, writing
from kitei.store.schema import NUMBER, Instant

METADATA = MetaData()
LOGIN = Table(
    "login",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("node", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("terminal", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("station", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("login_of_contract", "contract", "at"),
    Index("login_of_terminal", "terminal", "at"),
    Index("login_at", "at"),
)
SESSION = Table(
    "login_session",
    METADATA,
    Column("client", Text, primary_key=True),
    Column("session", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("port", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("heard", Instant, nullable=False),
    Column("ended", Instant),
    Column("received", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Index("session_of_contract", "contract", "since"),
)
USAGE = Table(
    "login_usage",
    METADATA,
    Column("contract", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("sessions", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
)
UNSIGNED = Table(
    "unsigned_client",
    METADATA,
    Column("client", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first", Instant, nullable=False),
    Column("last", Instant, nullable=False),
)
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class LoginRow:
    """One answer. `contract` is the realm's, `terminal` the client's; '' where it is nobody's."""

    at: datetime
    node: str
    contract: str
    terminal: str
    client: str
    user: str
    station: str
    reason: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as accounting told of it; `ended` None: open as far as is known."""

    client: str
    session: str
    contract: str
    user: str
    port: str
    address: str
    since: datetime
    heard: datetime
    ended: datetime | None
    received: int
    sent: int


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A user's month: sessions that began in it, and octets counted in it. `received` came from the user."""

    user: str
    sessions: int
    received: int
    sent: int


@dataclass(frozen=True, slots=True)
class UnsignedRow:
    """A client that asked without Message-Authenticator."""

    client: str
    contract: str
    count: int
    first: datetime
    last: datetime


def prepare(engine: Engine) -> None:
    """Make the tables where they are missing."""
    with writing(engine) as connection:
        METADATA.create_all(connection)


def keep_logins(connection: Connection, rows: Iterable[LoginRow]) -> None:
    told = [{name: getattr(row, name) for name in LoginRow.__slots__} for row in rows]
    if told:
        connection.execute(insert(LOGIN), told)


def session(connection: Connection, client: str, name: str) -> SessionRow | None:
    wanted = select(SESSION).where(SESSION.c.client == client, SESSION.c.session == name)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else _session(row)


def open_sessions_of(connection: Connection, client: str) -> tuple[SessionRow, ...]:
    """What a client was last heard to have open."""
    wanted = select(SESSION).where(SESSION.c.client == client, SESSION.c.ended.is_(None))
    return tuple(_session(row) for row in connection.execute(wanted))


def put_session(connection: Connection, row: SessionRow) -> None:
    its = (SESSION.c.client == row.client, SESSION.c.session == row.session)
    connection.execute(delete(SESSION).where(*its))
    connection.execute(insert(SESSION).values({name: getattr(row, name) for name in SessionRow.__slots__}))


def add_usage(connection: Connection, contract: str, month: str, more: UsageRow) -> None:
    its = (USAGE.c.contract == contract, USAGE.c.month == month, USAGE.c.user == more.user)
    grown = (
        update(USAGE)
        .where(*its)
        .values(
            sessions=USAGE.c.sessions + more.sessions,
            received=USAGE.c.received + more.received,
            sent=USAGE.c.sent + more.sent,
        )
    )
    if connection.execute(grown).rowcount == 0:
        told = {"sessions": more.sessions, "received": more.received, "sent": more.sent}
        connection.execute(insert(USAGE).values(contract=contract, month=month, user=more.user, **told))


def add_unsigned(
    connection: Connection, counts: Mapping[str, int], owners: Mapping[str, str], at: datetime
) -> None:
    for client, count in counts.items():
        grown = (
            update(UNSIGNED)
            .where(UNSIGNED.c.client == client)
            .values(count=UNSIGNED.c.count + count, last=at, contract=owners.get(client, ""))
        )
        if connection.execute(grown).rowcount == 0:
            told = {"contract": owners.get(client, ""), "count": count, "first": at, "last": at}
            connection.execute(insert(UNSIGNED).values(client=client, **told))


def end_silent(connection: Connection, since: datetime) -> None:
    """Sessions of which no word came since then have ended with their last word."""
    silent = update(SESSION).where(SESSION.c.ended.is_(None), SESSION.c.heard < since)
    connection.execute(silent.values(ended=SESSION.c.heard))


def forget(connection: Connection, before: datetime, month: str) -> None:
    """What is older than it may be kept; usage of months before `month`."""
    connection.execute(delete(LOGIN).where(LOGIN.c.at < before))
    connection.execute(delete(SESSION).where(SESSION.c.heard < before))
    connection.execute(delete(UNSIGNED).where(UNSIGNED.c.last < before))
    connection.execute(delete(USAGE).where(USAGE.c.month < month))


@dataclass(frozen=True, slots=True)
class LoginLog:
    """The reading half."""

    engine: Engine

    def logins(
        self,
        contract: str,
        *,
        user: str | None = None,
        since: datetime | None = None,
        refused: bool = False,
        most: int = 100,
    ) -> tuple[LoginRow, ...]:
        """Of a realm's contract, or of a client's; the latest first. `user` with or without its realm."""
        column = LOGIN.c
        wanted = select(LOGIN).where(or_(column.contract == contract, column.terminal == contract))
        if user is not None:
            wanted = wanted.where(
                or_(column.user == user, column.user.startswith(f"{user}@", autoescape=True))
            )
        if since is not None:
            wanted = wanted.where(column.at >= since)
        if refused:
            wanted = wanted.where(column.reason.not_in(("accepted", "password-changed")))
        wanted = wanted.order_by(column.at.desc(), column.id.desc()).limit(min(most, _MOST))
        with reading(self.engine) as connection:
            rows = connection.execute(wanted).all()
        return tuple(LoginRow(**{name: getattr(row, name) for name in LoginRow.__slots__}) for row in rows)

    def sessions(self, contract: str, *, only_open: bool = False, most: int = 100) -> tuple[SessionRow, ...]:
        """Of a realm's contract, the latest first."""
        wanted = select(SESSION).where(SESSION.c.contract == contract)
        if only_open:
            wanted = wanted.where(SESSION.c.ended.is_(None))
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(SESSION.c.since.desc()).limit(min(most, _MOST))).all()
        return tuple(_session(row) for row in rows)

    def sessions_since(self, contract: str, since: datetime) -> tuple[SessionRow, ...]:
        """Of a realm's contract, all that were open at some time from then on, in no order."""
        wanted = select(SESSION).where(SESSION.c.contract == contract)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted).all()
        found = (_session(row) for row in rows)
        return tuple(each for each in found if each.ended is None or each.ended >= since)

    def usage(self, contract: str, month: str) -> tuple[UsageRow, ...]:
        """A contract's month, user by user."""
        wanted = select(USAGE).where(USAGE.c.contract == contract, USAGE.c.month == month)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(USAGE.c.user)).all()
        return tuple(UsageRow(row.user, row.sessions, row.received, row.sent) for row in rows)

    def unsigned(self) -> tuple[UnsignedRow, ...]:
        with reading(self.engine) as connection:
            rows = connection.execute(select(UNSIGNED).order_by(UNSIGNED.c.client)).mappings().all()
        return tuple(UnsignedRow(**row) for row in rows)


def _session(row: Any) -> SessionRow:
    return SessionRow(**{name: getattr(row, name) for name in SessionRow.__slots__})
