"""The one error of the store, and what a driver's error means to a person."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kitei.values import Words

if TYPE_CHECKING:
    import psycopg

PATIENCE = 10.0
"""Seconds to wait for somebody else's transaction."""


class StoreError(Exception):
    """The store cannot do it now. Of what was to be recorded, nothing was, unless `words` say otherwise."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


@contextmanager
def plainly() -> Iterator[None]:
    """Tell a full disk, a locked or unwritable file and an absent server as StoreError; let the rest through."""
    try:
        yield
    except Exception as error:
        words = _meaning(error)
        if words is None:
            raise
        raise StoreError(words) from error


_FULL = Words(
    "ディスクが一杯です。何も記録していません。空きを作ってもう一度行ってください",
    "the disk is full; nothing was recorded. Make room and do it again",
)
_BUSY = Words(
    f"ほかのプログラムが {PATIENCE:.0f} 秒を超えて台帳を占有しています。何も記録していません",
    f"another program has held the ledger for more than {PATIENCE:.0f} s; nothing was recorded",
)


def _meaning(error: Exception) -> Words | None:
    """What an error says of the store; None where it is a fault of the program, or none of the store's.

    The drivers are named only here, where one of them has failed: whoever needs none does not load them.
    """
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import DBAPIError, TimeoutError

        if isinstance(error, TimeoutError):  # every connection of the pool is taken
            return _BUSY
        if isinstance(error, DBAPIError):
            return _meaning(error.orig) if isinstance(error.orig, Exception) else None
    if "psycopg" in sys.modules:
        import psycopg

        if isinstance(error, psycopg.Error):
            return _of_postgresql(error)
    return None


def _of_sqlite(cause: sqlite3.Error) -> Words | None:
    _, _, name = getattr(cause, "sqlite_errorname", "").partition("SQLITE_")
    match name.split("_")[0]:
        case "FULL":
            return _FULL
        case "BUSY" | "LOCKED":
            return _BUSY
        case "READONLY" | "CANTOPEN" | "IOERR" | "CORRUPT" | "NOTADB" | "PERM" | "AUTH":
            return Words(
                f"台帳を読み書きできません({cause})。何も記録していません",
                f"the ledger cannot be read or written ({cause}); nothing was recorded",
            )
    return None


def _of_postgresql(cause: "psycopg.Error") -> Words | None:
    import psycopg

    state = cause.sqlstate or ""
    if state == "53100":
        return _FULL
    if state == "55P03":
        return _BUSY
    if state == "" and not isinstance(cause, psycopg.OperationalError):
        return None
    if state == "" or state[:2] in ("08", "28", "3D", "53", "57", "58"):
        told = str(cause).strip()
        first = told.splitlines()[0] if told else type(cause).__name__
        return Words(
            f"PostgreSQL を使えません({first})。記録の途中であれば、記録されたかを確かめてください",
            f"PostgreSQL cannot be used ({first}); if this was while recording, look whether it was",
        )
    return None
