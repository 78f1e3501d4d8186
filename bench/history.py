"""A month of floods' history, 10 million rows of minutes: what a contract's monthly report asks of it, the greatest
targets of all contracts, and how fast collectors' minutes are taken in. Beside SQLite, which holds only the columns
that are asked for, with an index that serves the report (and not the greatest of all: no index does).
"""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

import duckdb
from figure import Figure

from kitei.network.sheaf import LINES, MINUTE, MOSTS, SUMS, SheafName, day_at, first_second, written
from kitei.store import tallies
from kitei.store.history import Day, History
from kitei.values import Month

MONTH = Month(2026, 6)
CONTRACTS = 232  # one protected prefix each, told every minute: 10.02 million rows
SHEAVES, TARGETS = 40, 2500
CONTRACT = "c-0117"

Rows = list[tuple[object, ...]]
Of = TypeVar("Of")
Ask = Callable[[Of], Rows]


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="kitei-history-") as place:
        folder = Path(place)
        return [*_month(folder), _intake(folder)]


def _month(folder: Path) -> list[Figure]:
    history = History(folder / "month")
    rows = _fill(history)
    peer = _sqlite(folder / "peer.db", history)
    figures = [
        _beside(
            f"a contract's monthly report asked of {rows:,} rows of a month", _ask, _ask_sqlite, history, peer
        ),
        _beside(f"the greatest targets of all contracts, of {rows:,} rows", _top, _top_sqlite, history, peer),
    ]
    peer.close()
    return figures


def _beside(
    what: str, ours: Ask[History], theirs: Ask[sqlite3.Connection], history: History, peer: sqlite3.Connection
) -> Figure:
    best, found = min((_timed(lambda: ours(history)) for _ in range(3)), key=lambda each: each[0])
    beside, wanted = min((_timed(lambda: theirs(peer)) for _ in range(3)), key=lambda each: each[0])
    if found != wanted:
        raise RuntimeError(f"the answers differ: {found[:2]} and {wanted[:2]}")
    return Figure(
        bench="history",
        what=what,
        value=best,
        unit="s",
        promised=5.0,
        sense="at most",
        peer="SQLite, indexed by contract and minute",
        peer_value=beside,
    )


def _fill(history: History) -> int:
    """The month as gathering would have left it after its merges: a file a day, by contract and minute."""
    total = 0
    sums = ", ".join(f"(hash(i, '{name}') % 1000000)::BIGINT AS {name}" for name in SUMS)
    mosts = ", ".join(f"9::BIGINT AS {name}" for name in MOSTS)
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as duck:
        for day in MONTH.days():
            place = history.day_folder(day)
            place.mkdir(parents=True)
            start = first_second(day)
            (count,) = duck.execute(
                f"""COPY (SELECT ({start} + (i % 1440) * 60)::BIGINT AS moment,
                    printf('c-%04d', i // 1440) AS contract, 'prefix' AS scope,
                    printf('10.%d.%d.0/24', i // 1440 // 256, i // 1440 % 256) AS target, 60::BIGINT AS seconds,
                    {sums}, 5::BIGINT AS sources, {mosts}
                    FROM range({CONTRACTS} * 1440) r(i) ORDER BY contract, moment)
                    TO '{place}/minute-00001.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 16384)"""
            ).fetchone() or (0,)
            Day((), {"minute": ("minute-00001.parquet",)}, 2).write(place)
            total += count
    return total


def _sqlite(path: Path, history: History) -> sqlite3.Connection:
    peer = sqlite3.connect(path)
    peer.execute("PRAGMA journal_mode = OFF")
    peer.execute("PRAGMA synchronous = OFF")
    columns = (
        "moment, contract, scope, target, bytes, packets, tcp, tcp_bytes, udp, udp_bytes, icmp, icmp_bytes"
    )
    marks = ", ".join("?" * len(columns.split(",")))
    peer.execute(f"CREATE TABLE minute ({columns})")
    for day in MONTH.days():
        rows = history.query("minute", day, day, f"SELECT {columns} FROM lines", {})
        peer.executemany(f"INSERT INTO minute VALUES ({marks})", rows)
    peer.execute("CREATE INDEX minute_of ON minute (contract, moment)")
    peer.commit()
    return peer


def _ask(history: History) -> Rows:
    first, until = tallies.month_seconds(MONTH)
    days = tallies.daily(history, CONTRACT, MONTH)
    protocols = tallies.top(history, "protocol", first, until, contract=CONTRACT)
    targets = tallies.top(history, "target", first, until, contract=CONTRACT, most=10)
    return [
        *((each.day, each.bytes, each.packets, each.most_bps, each.most_pps) for each in days),
        *sorted((each.name, each.packets, each.bytes) for each in protocols if each.name != "other"),
        *((each.name, each.packets, each.bytes) for each in targets),
    ]


def _ask_sqlite(peer: sqlite3.Connection) -> Rows:
    first, until = tallies.month_seconds(MONTH)
    span = "contract = ? AND moment >= ? AND moment < ?"
    days = peer.execute(
        f"""SELECT (moment + 32400) / 86400, sum(bytes), sum(packets), max(bytes), max(packets) FROM
        (SELECT moment, sum(bytes) AS bytes, sum(packets) AS packets FROM minute WHERE {span} AND scope = 'prefix'
        GROUP BY moment) GROUP BY 1 ORDER BY 1""",
        (CONTRACT, first, until),
    ).fetchall()
    protocols = peer.execute(
        f"""SELECT sum(tcp), sum(tcp_bytes), sum(udp), sum(udp_bytes), sum(icmp), sum(icmp_bytes)
        FROM minute WHERE {span} AND scope = 'prefix'""",
        (CONTRACT, first, until),
    ).fetchone()
    targets = peer.execute(
        f"""SELECT target, sum(packets), sum(bytes) FROM minute WHERE {span} GROUP BY target
        ORDER BY 3 DESC, 2 DESC, 1 LIMIT 10""",
        (CONTRACT, first, until),
    ).fetchall()
    return [
        *(
            (_day(day), size, count, most * 8 // MINUTE, pps // MINUTE)
            for day, size, count, most, pps in days
        ),
        *sorted(
            (name, protocols[2 * n], protocols[2 * n + 1]) for n, name in enumerate(("tcp", "udp", "icmp"))
        ),
        *targets,
    ]


def _top(history: History) -> Rows:
    first, until = tallies.month_seconds(MONTH)
    return [(each.name, each.packets, each.bytes) for each in tallies.top(history, "target", first, until)]


def _top_sqlite(peer: sqlite3.Connection) -> Rows:
    return peer.execute(
        """SELECT target, sum(packets), sum(bytes) FROM minute WHERE moment >= ? AND moment < ?
        GROUP BY target ORDER BY 3 DESC, 2 DESC, 1 LIMIT 20""",
        tallies.month_seconds(MONTH),
    ).fetchall()


def _day(number: int) -> date:
    return day_at(number * 86400 - 32400)


def _intake(folder: Path) -> Figure:
    """Minutes of sheaves, from their text to Parquet; the same rows into SQLite, read from the same text."""
    start = first_second(MONTH.first)
    sheaves = [
        (str(SheafName(start + n * MINUTE, 0, "c1")), _sheaf(start + n * MINUTE)) for n in range(SHEAVES)
    ]
    rows = sum(text.count("\n") for _, text in sheaves)
    history = History(folder / "intake")

    def take() -> None:
        for name, text in sheaves:
            history.take("n1", name, text)
        if history.gather().rows != rows:
            raise RuntimeError("not every row was taken in")

    os.sync()  # what the month before has left to write is nobody's intake
    ours, _ = _timed(take)
    peer = sqlite3.connect(folder / "intake.db")
    columns = ", ".join(LINES["minute"])
    peer.execute(f"CREATE TABLE minute ({columns})")

    def insert() -> None:
        marks = ", ".join("?" * len(LINES["minute"]))
        for _, text in sheaves:
            peer.executemany(f"INSERT INTO minute VALUES ({marks})", _parsed(text))
            peer.commit()

    theirs, _ = _timed(insert)
    peer.close()
    return Figure(
        bench="history",
        what="rows of collectors' minutes taken in and made Parquet, durably",
        value=rows / ours,
        unit="rows/s",
        promised=20_000,
        sense="at least",
        peer="SQLite, a commit each minute",
        peer_value=rows / theirs,
    )


def _sheaf(at: int) -> str:
    sums = range(1000, 1000 + len(SUMS))
    return "".join(
        written("minute", at, f"c-{n % 500:04}", "host", f"10.0.{n // 250}.{n % 250}", 60, *sums, 5, *sums)
        + "\n"
        for n in range(TARGETS)
    )


def _parsed(text: str) -> Iterator[list[object]]:
    import json

    for line in text.splitlines():
        yield json.loads(line)[1:]


def _timed(act: Callable[[], Of]) -> tuple[float, Of]:
    start = time.perf_counter()
    found = act()
    return time.perf_counter() - start, found


if __name__ == "__main__":
    for figure in measure():
        print(figure)
