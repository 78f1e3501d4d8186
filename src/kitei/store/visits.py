"""Which hosts users of browsers' gateways visited, and what was refused at gateways beside logins: personal data, kept
for a while and then forgotten."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

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
    select,
)

from kitei.store.engine import reading, writing
from kitei.store.schema import NUMBER, Instant

METADATA = MetaData()
VISIT = Table(
    "remote_visit",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("node", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Index("remote_visit_of_contract", "contract", "at"),
    Index("remote_visit_at", "at"),
)
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class VisitRow:
    """Requests of a user, from the address `source`, to a host within a few seconds from `at`. `why` is empty where
    they were passed on; `received` and `sent` are octets from and to the user."""

    at: datetime
    node: str
    contract: str
    user: str
    source: str
    host: str
    port: str
    why: str
    count: int
    received: int
    sent: int


def prepare(engine: Engine) -> None:
    """Make the table where it is missing."""
    with writing(engine) as connection:
        METADATA.create_all(connection)


def keep(connection: Connection, rows: Iterable[VisitRow]) -> None:
    METADATA.create_all(connection)
    if told := [asdict(row) for row in rows]:
        connection.execute(insert(VISIT), told)


def forget(connection: Connection, before: datetime) -> None:
    connection.execute(delete(VISIT).where(VISIT.c.at < before))


def visits_of(
    engine: Engine, contract: str, *, user: str | None = None, refused: bool = False, most: int = 100
) -> tuple[VisitRow, ...]:
    """Of a contract, the latest first."""
    prepare(engine)
    columns = [column for column in VISIT.c if column.name != "id"]
    wanted = select(*columns).where(VISIT.c.contract == contract)
    if user is not None:
        wanted = wanted.where(VISIT.c.user == user)
    if refused:
        wanted = wanted.where(VISIT.c.why != "")
    wanted = wanted.order_by(VISIT.c.at.desc(), VISIT.c.id.desc()).limit(min(most, _MOST))
    with reading(engine) as connection:
        return tuple(VisitRow(*row) for row in connection.execute(wanted))
