"""How many facts a second become durable, one transaction each, on SQLite and PostgreSQL."""

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import psycopg
from figure import Figure

from kitei.ledger import Fact, verify
from kitei.store import SqlBook, open_book
from kitei.values import JST, JsonObject

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from private_postgres import database, private_postgres, programs

SECONDS = 2.0
_AT = datetime(2026, 12, 1, 9, 0, tzinfo=JST)
_BODY: JsonObject = {
    "contract": "c-0001",
    "kind": "child",
    "item": "dual-star-single-edge",
    "quote": {"name": "monthly", "amount": 48000},
    "address": {"prefecture": "東京都", "site": 12},
}


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="kitei-ledger-") as folder:
        figures = [_sqlite(Path(folder))]
    if programs() is None:
        print("ledger: no PostgreSQL server is installed here, so its figure is left out", file=sys.stderr)
        return figures
    with private_postgres() as server, database(server, "ledger") as url:
        figures.append(_postgresql(server, url))
    return figures


def _sqlite(folder: Path) -> Figure:
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body TEXT)")
    peer = _per_second(lambda n: bare.execute("INSERT INTO t VALUES (?, ?)", (n, str(_BODY))))
    bare.close()
    return _figure("SQLite", f"sqlite:///{folder}/kitei.db", 1000, "bare insert and commit", peer)


def _postgresql(server: str, url: str) -> Figure:
    with psycopg.connect(server, autocommit=True) as bare:
        bare.execute("CREATE TABLE t (n bigint PRIMARY KEY, body text)")
        peer = _per_second(lambda n: bare.execute("INSERT INTO t VALUES (%s, %s)", (n, str(_BODY))))
    return _figure("PostgreSQL", url, 500, "bare insert and commit", peer)


def _figure(store: str, url: str, promised: float, peer: str, peer_value: float) -> Figure:
    book = open_book(url)
    try:
        value = _per_second(lambda n: _append(book, n))
        found = verify(book)
    finally:
        book.close()
    if not found.is_whole:
        raise RuntimeError(f"the measured book is not whole: {found}")
    return Figure(
        bench="ledger",
        what=f"durable single-fact appends on {store}",
        value=value,
        unit="1/s",
        promised=promised,
        sense="at least",
        peer=peer,
        peer_value=peer_value,
    )


def _append(book: SqlBook, n: int) -> None:
    fact = Fact("quote.recorded", {**_BODY, "n": n}, date(2026, 12, 1), ("managed_vpn@2026-12-01/art:9.2",))
    book.append([(f"contract:c-{n % 500:04}", fact)], actor="operator", at=_AT)


def _per_second(act: Callable[[int], object]) -> float:
    """How often it can be done in a second, over about SECONDS."""
    for n in range(20):  # the first ones also compile statements and make pages
        act(n)
    done, start = 20, time.perf_counter()
    while (passed := time.perf_counter() - start) < SECONDS:
        act(done)
        done += 1
    return (done - 20) / passed
