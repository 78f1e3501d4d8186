"""Flows through customers' gateways and packets denied there: personal data, kept for a while and then forgotten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

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
    insert,
    or_,
    select,
    update,
)

from kitei.store.engine import reading, writing
from kitei.store.schema import NUMBER, Instant

METADATA = MetaData()
FLOW = Table(
    "gateway_flow",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("node", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_port", Integer, nullable=False),
    Column("destination", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("egress", Text, nullable=False),
    Column("egress_port", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("begun", Instant, nullable=False),
    Column("ended", Instant),
    Index("gateway_flow_by_egress", "egress", "egress_port", "begun"),
    Index("gateway_flow_open", "node", "ended", "number"),
    Index("gateway_flow_begun", "begun"),
)
DENIAL = Table(
    "gateway_denial",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("node", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("policy", Integer, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_port", Integer, nullable=False),
    Column("destination", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("device", Text, nullable=False),
    Index("gateway_denial_of_contract", "contract", "at"),
    Index("gateway_denial_at", "at"),
)
HIT = Table(
    "gateway_hit",
    METADATA,
    Column("contract", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("packets", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("seen_packets", BigInteger, nullable=False),
    Column("seen_bytes", BigInteger, nullable=False),
    Column("last", Instant),
)
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow. It left by `egress` and `egress_port`; `ended` None: it goes on, as far as is known."""

    node: str
    contract: str
    number: int
    protocol: str
    source: str
    source_port: int
    destination: str
    port: int
    egress: str
    egress_port: int
    account: str
    device: str
    begun: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class DenialRow:
    """A packet that was denied, by which rule of which version of the policy."""

    at: datetime
    node: str
    contract: str
    rule: str
    policy: int
    protocol: str
    source: str
    source_port: int
    destination: str
    port: int
    account: str
    device: str


@dataclass(frozen=True, slots=True)
class HitRow:
    """What a rule decided on: first packets of flows, and those of flows that were judged anew. `last` None: never."""

    rule: str
    packets: int
    bytes: int
    last: datetime | None


_Row = TypeVar("_Row", FlowRow, DenialRow)


def prepare(engine: Engine) -> None:
    """Make the tables where they are missing."""
    with writing(engine) as connection:
        METADATA.create_all(connection)


def keep_denials(connection: Connection, rows: Iterable[DenialRow]) -> None:
    if told := [_told(row) for row in rows]:
        connection.execute(insert(DENIAL), told)


def count_hits(
    connection: Connection, node: str, contract: str, counts: Mapping[str, tuple[int, int]], at: datetime
) -> None:
    """What a node has counted by now. A counter that stands lower than before has begun anew."""
    for rule, (packets, size) in counts.items():
        its = (HIT.c.contract == contract, HIT.c.rule == rule)
        known = connection.execute(select(HIT).where(*its)).one_or_none()
        is_on = known is not None and known.node == node and packets >= known.seen_packets
        before = (known.seen_packets, known.seen_bytes) if is_on and known is not None else (0, 0)
        total = (known.packets, known.bytes) if known is not None else (0, 0)
        more = packets - before[0]
        told = {
            "node": node,
            "packets": total[0] + more,
            "bytes": total[1] + max(0, size - before[1]),
            "seen_packets": packets,
            "seen_bytes": size,
            "last": at if more else known.last if known is not None else None,
        }
        if known is None:
            connection.execute(insert(HIT).values(contract=contract, rule=rule, **told))
        else:
            connection.execute(update(HIT).where(*its).values(**told))


def begin_flows(connection: Connection, rows: Iterable[FlowRow]) -> None:
    if told := [_told(row) for row in rows]:
        connection.execute(insert(FLOW), told)


def end_flow(connection: Connection, node: str, number: int, ends: FlowRow, at: datetime) -> None:
    """The flow of that number and source which goes on; the kernel uses its numbers again."""
    its = (FLOW.c.node == node, FLOW.c.number == number, FLOW.c.ended.is_(None), FLOW.c.source == ends.source)
    connection.execute(update(FLOW).where(*its, FLOW.c.source_port == ends.source_port).values(ended=at))


def end_all(connection: Connection, node: str, at: datetime) -> None:
    """Nothing is known any more of what went on."""
    connection.execute(update(FLOW).where(FLOW.c.node == node, FLOW.c.ended.is_(None)).values(ended=at))


def forget(connection: Connection, before: datetime) -> None:
    """What is older than it may be kept; what goes on stays until it is over."""
    connection.execute(delete(FLOW).where(FLOW.c.ended < before))
    connection.execute(delete(DENIAL).where(DENIAL.c.at < before))


@dataclass(frozen=True, slots=True)
class PassingLog:
    """The reading half."""

    engine: Engine

    def denials(
        self, contract: str, *, since: datetime | None = None, rule: str | None = None, most: int = 100
    ) -> tuple[DenialRow, ...]:
        """The latest first."""
        wanted = select(DENIAL).where(DENIAL.c.contract == contract)
        if since is not None:
            wanted = wanted.where(DENIAL.c.at >= since)
        if rule is not None:
            wanted = wanted.where(DENIAL.c.rule == rule)
        return self._rows(DenialRow, wanted.order_by(DENIAL.c.at.desc(), DENIAL.c.id.desc()), most)

    def flows(
        self, contract: str, *, since: datetime | None = None, only_open: bool = False, most: int = 100
    ) -> tuple[FlowRow, ...]:
        """The latest first."""
        wanted = select(FLOW).where(FLOW.c.contract == contract)
        if since is not None:
            wanted = wanted.where(FLOW.c.begun >= since)
        if only_open:
            wanted = wanted.where(FLOW.c.ended.is_(None))
        return self._rows(FlowRow, wanted.order_by(FLOW.c.begun.desc(), FLOW.c.id.desc()), most)

    def who(self, egress: str, port: int, at: datetime, protocol: str | None = None) -> tuple[FlowRow, ...]:
        """The flows that left by an address and port at an instant."""
        wanted = select(FLOW).where(FLOW.c.egress == egress, FLOW.c.egress_port == port, FLOW.c.begun <= at)
        wanted = wanted.where(or_(FLOW.c.ended.is_(None), FLOW.c.ended >= at))
        if protocol is not None:
            wanted = wanted.where(FLOW.c.protocol == protocol)
        return self._rows(FlowRow, wanted.order_by(FLOW.c.begun.desc()), _MOST)

    def hits(self, contract: str) -> tuple[HitRow, ...]:
        with reading(self.engine) as connection:
            found = connection.execute(
                select(HIT).where(HIT.c.contract == contract).order_by(HIT.c.rule)
            ).all()
        return tuple(HitRow(row.rule, row.packets, row.bytes, row.last) for row in found)

    def _rows(self, kind: type[_Row], wanted: Any, most: int) -> tuple[_Row, ...]:
        with reading(self.engine) as connection:
            found = connection.execute(wanted.limit(min(most, _MOST))).all()
        return tuple(kind(**{name: getattr(row, name) for name in kind.__slots__}) for row in found)


def _told(row: FlowRow | DenialRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}
