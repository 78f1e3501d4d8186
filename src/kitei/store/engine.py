"""Connections to SQLite and PostgreSQL that record durably, and say plainly when they cannot."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError

from kitei.store import schema
from kitei.store.errors import PATIENCE, StoreError, plainly
from kitei.values import Words, canonical

if TYPE_CHECKING:
    import psycopg  # SQLAlchemy loads it for PostgreSQL, and nobody else pays for it

_WAL_TRIES = 200


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:////path` or `postgresql://...`, with its tables made where missing.

    Open it after a fork, never before. Raises StoreError.
    """
    engine = _engine(url)
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":  # two programs may come to an empty database at once
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7303014)")
            schema.create(connection, inspect(connection).has_table)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _engine(url: str) -> Engine:
    try:
        wanted = make_url(url)
    except ArgumentError:
        raise _no_store(url) from None
    match wanted.get_backend_name():
        case "sqlite" if wanted.database and wanted.database != ":memory:":
            return _sqlite(url, wanted.database)
        case "postgresql" | "postgres":
            return _postgresql(wanted.set(drivername="postgresql+psycopg"))
        case _:
            raise _no_store(wanted.render_as_string(hide_password=True))


def _no_store(url: str) -> StoreError:
    right = "sqlite:////var/lib/kitei/kitei.db", "postgresql+psycopg://user@host/kitei"
    return StoreError(
        Words(
            f"{url!r} は台帳の置き場所ではありません。{right[0]} または {right[1]} のように書いてください",
            f"{url!r} names no store; write it as {right[0]} or {right[1]}",
        )
    )


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: all of it durable at its end, or none."""
    with plainly():
        connection = engine.connect().execution_options(writes=True)
        try:
            with connection.begin():
                yield connection
        finally:
            connection.close()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads, and holds nobody up."""
    with plainly(), engine.connect() as connection:
        yield connection


def _sqlite(url: str, path: str) -> Engine:
    try:  # made here, because SQLite would make it readable by all
        os.close(os.open(Path(path), os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(
            Words(
                f"台帳 {path} を開けません: {error.strerror}",
                f"{path} cannot be opened: {error.strerror}; name a file in a folder that exists and can be written",
            )
        ) from error
    engine = create_engine(url, json_serializer=_json, connect_args={"timeout": PATIENCE})

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, in the kind that is meant
        _keep_a_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk when it returns
        connection.execute("PRAGMA foreign_keys = ON")

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # A write that began as a read could be refused at its end; IMMEDIATE waits at its beginning.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _keep_a_wal(connection: sqlite3.Connection) -> None:
    """Readers and the writer do not stop one another. Only the first to open a file changes anything."""
    for attempt in range(_WAL_TRIES):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:  # this one switch does not wait for others by itself
            if error.sqlite_errorname != "SQLITE_BUSY" or attempt == _WAL_TRIES - 1:
                raise
            time.sleep(PATIENCE / _WAL_TRIES)


def _postgresql(url: URL) -> Engine:
    engine = create_engine(url, json_serializer=_json, pool_pre_ping=True)

    def connected(connection: "psycopg.Connection[Any]", _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{int(PATIENCE * 1000)}ms'")
            cursor.execute("SET synchronous_commit = on")
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    event.listen(engine, "connect", connected)
    return engine


class Written(bytes):
    """A value in canonical form already, on its way into a JSON column."""


def _json(value: Any) -> str:
    return (value if isinstance(value, Written) else canonical(value)).decode()
