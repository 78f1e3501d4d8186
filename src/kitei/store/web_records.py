"""What customers' Web gateways refused or held back, and how often each rule decided: kept for a while, then forgotten."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import (
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
)

from kitei.store.engine import reading, writing
from kitei.store.schema import NUMBER, Instant

METADATA = MetaData()
RECORD = Table(
    "web_record",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("node", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("policy", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Index("web_record_of_contract", "contract", "at"),
    Index("web_record_at", "at"),
)
HITS = Table(
    "web_hits",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("contract", Text, nullable=False),
    Column("policy", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Index("web_hits_of_contract", "contract", "at"),
)


@dataclass(frozen=True, slots=True)
class WebRecord:
    """A request that was refused by `rule`, or a body that was held: then `rule` says what was found (`infected`),
    `told` what of it, and `digest` is its SHA-256."""

    at: datetime
    node: str
    contract: str
    kind: Literal["refused", "held"]
    policy: int
    rule: str
    account: str
    source: str
    url: str
    action: str
    told: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Hits:
    """How often a rule decided in the minute up to `at`."""

    at: datetime
    contract: str
    policy: int
    rule: str
    count: int


def prepare(engine: Engine) -> None:
    """Make the tables where they are missing."""
    with writing(engine) as connection:
        METADATA.create_all(connection)


def keep(connection: Connection, records: Iterable[WebRecord], hits: Iterable[Hits]) -> None:
    METADATA.create_all(connection)
    for table, rows in (
        (RECORD, [asdict(each) for each in records]),
        (HITS, [asdict(each) for each in hits]),
    ):
        if rows:
            connection.execute(insert(table), rows)


def forget(connection: Connection, before: datetime) -> None:
    for table in (RECORD, HITS):
        connection.execute(delete(table).where(table.c.at < before))


def records_of(engine: Engine, contract: str, most: int = 1000) -> tuple[WebRecord, ...]:
    """The newest first."""
    prepare(engine)
    columns = [column for column in RECORD.c if column.name != "id"]
    found = select(*columns).where(RECORD.c.contract == contract).order_by(RECORD.c.id.desc()).limit(most)
    with reading(engine) as connection:
        return tuple(WebRecord(*row) for row in connection.execute(found))


def hits_of(engine: Engine, contract: str, policy: int) -> dict[str, int]:
    """How often each rule of a version of the policy decided, by rule."""
    prepare(engine)
    found: Final = (
        select(HITS.c.rule, func.sum(HITS.c.count))
        .where(HITS.c.contract == contract, HITS.c.policy == policy)
        .group_by(HITS.c.rule)
    )
    with reading(engine) as connection:
        return {rule: int(count) for rule, count in connection.execute(found)}
