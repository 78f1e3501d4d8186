"""The tables: one append-only `entry`, its head row, and what lies beside the ledger.

Personal data (`party`), what nodes are told and tell (`published`, `report`) and what was seen
(`observation`) are outside the ledger: they may be changed or forgotten, entries may not.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from kitei.store.shape import SHAPE, other_shape
from kitei.values import JST


class Instant(TypeDecorator[datetime]):
    """An aware instant, given back in Asia/Tokyo. SQLite keeps it as UTC text of one width, which sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; write it as {value.isoformat()}+09:00")
        plain = value.astimezone(UTC)
        return plain.isoformat(timespec="microseconds") if dialect.name == "sqlite" else plain

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return instant.astimezone(JST)


NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""A row's own number: SQLite gives out none but of INTEGER."""
_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

METADATA = MetaData()

ENTRY = Table(
    "entry",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", _JSON, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("cites", _JSON, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("stream", "version"),
)

HEAD = Table(
    "head",
    METADATA,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("shape", Integer, nullable=False),
)

PARTY = Table(
    "party",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", _JSON, nullable=False),
    Column("address", _JSON, nullable=False),
    Column("more", _JSON, nullable=False),
)

PUBLISHED = Table(
    "published",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("orders", Text, nullable=False),
    Index("published_of_generation", "generation", "node"),
)

REPORT = Table(
    "report",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("body", _JSON, nullable=False),
)

OBSERVATION = Table(
    "observation",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("up", Boolean, nullable=False),
    Column("heard_at", Instant),
    Index("observation_of_point", "source", "what", "subject", "at"),
)

_REFUSED = "the ledger is append-only: strike the entry and add what is right"

_SQLITE_GUARDS = (
    *(
        f"""CREATE TRIGGER entry_no_{act.lower()} BEFORE {act} ON entry
        BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"""
        for act in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE deletes without asking the DELETE trigger, so an insert may only come next.
    f"""CREATE TRIGGER entry_next BEFORE INSERT ON entry
        WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entry)
          OR NEW.version <> (SELECT coalesce(max(version), 0) + 1 FROM entry WHERE stream = NEW.stream)
        BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END""",
    """CREATE TRIGGER head_stays BEFORE DELETE ON head
        BEGIN SELECT RAISE(ABORT, 'the head row stays'); END""",
)

_POSTGRESQL_GUARDS = (
    f"""CREATE FUNCTION entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$""",
    """CREATE TRIGGER entry_no_change BEFORE UPDATE OR DELETE ON entry
        FOR EACH ROW EXECUTE FUNCTION entry_refuse()""",
    """CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry
        FOR EACH STATEMENT EXECUTE FUNCTION entry_refuse()""",
    f"""CREATE FUNCTION entry_come_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entry) THEN
            RAISE EXCEPTION '{_REFUSED}';
        END IF;
        RETURN NEW;
        END $$""",
    """CREATE TRIGGER entry_next BEFORE INSERT ON entry
        FOR EACH ROW EXECUTE FUNCTION entry_come_next()""",
    """CREATE TRIGGER head_stays BEFORE DELETE ON head
        FOR EACH ROW EXECUTE FUNCTION entry_refuse()""",
    # ALWAYS: also in a session that plays replica, where other triggers sleep.
    "ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_change",
    "ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_truncate",
)


def create(connection: Connection, exists: Callable[[str], bool]) -> None:
    """Make what is missing, inside the caller's transaction. StoreError for a store of another shape."""
    if exists("head"):
        shape = connection.execute(select(HEAD.c.shape)).scalar_one()
        if shape != SHAPE:
            raise other_shape(shape)
        return
    METADATA.create_all(connection)
    guards = _SQLITE_GUARDS if connection.dialect.name == "sqlite" else _POSTGRESQL_GUARDS
    for guard in guards:
        connection.exec_driver_sql(guard)
    connection.execute(insert(HEAD).values(one=1, seq=0, hash="", shape=SHAPE))
