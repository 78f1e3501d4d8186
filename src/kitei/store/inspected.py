"""What appliances saw inside flows and decided on: personal data, kept for a while and then forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
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

from kitei.store.engine import reading
from kitei.store.schema import NUMBER, Instant

METADATA = MetaData()
INSPECTED = Table(
    "gateway_inspected",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("at", Instant, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("node", "contract", "rule", "profile")),
    Column("policy", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("what", "entry", "name", "message", "host", "action")),
    *(Column(name, Text, nullable=False) for name in ("protocol", "source", "destination")),
    *(Column(name, Integer, nullable=False) for name in ("source_port", "port")),
    *(Column(name, Text, nullable=False) for name in ("account", "device")),
    Index("gateway_inspected_of_contract", "contract", "at"),
    Index("gateway_inspected_at", "at"),
)
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class InspectedRow:
    """One decision on what was seen inside a flow: by which entry of which profile, in which version of the policy.
    `rule` is the one by which the flow passed so far; `message` is the signature's own."""

    at: datetime
    node: str
    contract: str
    rule: str
    profile: str
    policy: int
    what: str
    entry: str
    name: str
    message: str
    host: str
    action: str
    protocol: str
    source: str
    source_port: int
    destination: str
    port: int
    account: str
    device: str


def prepare(engine: Engine) -> None:
    """Make the table where it is missing."""
    METADATA.create_all(engine)


def keep(connection: Connection, rows: Iterable[InspectedRow]) -> None:
    METADATA.create_all(connection)
    if told := [{name: getattr(row, name) for name in row.__slots__} for row in rows]:
        connection.execute(insert(INSPECTED), told)


def forget(connection: Connection, before: datetime) -> None:
    connection.execute(delete(INSPECTED).where(INSPECTED.c.at < before))


def inspected_of(engine: Engine, contract: str, most: int = 100) -> tuple[InspectedRow, ...]:
    """The latest first."""
    wanted = select(INSPECTED).where(INSPECTED.c.contract == contract)
    wanted = wanted.order_by(INSPECTED.c.at.desc(), INSPECTED.c.id.desc()).limit(min(most, _MOST))
    with reading(engine) as connection:
        found = connection.execute(wanted).all()
    return tuple(InspectedRow(*(getattr(row, name) for name in InspectedRow.__slots__)) for row in found)


def hits_of(engine: Engine, contract: str) -> dict[tuple[str, str], tuple[int, datetime]]:
    """How often each entry of each profile decided, and when last."""
    wanted = (
        select(INSPECTED.c.profile, INSPECTED.c.entry, func.count(), func.max(INSPECTED.c.at, type_=Instant))
        .where(INSPECTED.c.contract == contract)
        .group_by(INSPECTED.c.profile, INSPECTED.c.entry)
    )
    with reading(engine) as connection:
        return {(profile, entry): (count, last) for profile, entry, count, last in connection.execute(wanted)}
