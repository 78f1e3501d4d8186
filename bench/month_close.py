"""A month closed out of a ledger: 100,000 contracts on SQLite; with KITEI_BENCH_WHOLE=1 also 1,000,000 on PostgreSQL."""

import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from figure import Figure
from sqlalchemy import insert, update

from kitei.ledger import Entry, Fact
from kitei.ledger.facts import hash_of
from kitei.office import Office
from kitei.office.closing import close_together
from kitei.services.managed_vpn import SERVICE
from kitei.store.schema import ENTRY, HEAD
from kitei.values import JST, Json, Month

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from private_postgres import database, private_postgres

SITES = 20  # contracts of one customer
MADE, BILLED, CLOSED = date(2026, 4, 1), date(2026, 5, 1), datetime(2026, 8, 1, 9, 0, tzinfo=JST)
PROVIDER: dict[str, Json] = {
    "name": {"ja": "架空電信株式会社", "en": "Imaginary Telegraph Co., Ltd."},
    "address": {"ja": "東京都千代田区一番町 1", "en": "1 Ichibancho, Chiyoda, Tokyo"},
    "registration": "T5010001018663",
    "contact": "billing@example.jp",
    "payment": None,
}


def measure() -> list[Figure]:
    """Seconds and memory (of all processes together) from ledger to recorded invoices, on two cores."""
    with TemporaryDirectory() as folder:
        figures = _closed("100,000 contracts, SQLite", f"sqlite:///{folder}/kitei.db", 100_000, 30, 1.0)
    if os.environ.get("KITEI_BENCH_WHOLE"):
        with private_postgres() as server, database(server, "month_close") as url:
            figures += _closed("1,000,000 contracts, PostgreSQL", url, 1_000_000, 300, 2.0)
    return figures


def _closed(what: str, url: str, contracts: int, seconds: float, memory: float) -> list[Figure]:
    with TemporaryDirectory() as folder:
        office = Office.open(Path(folder), lambda: CLOSED, url)
        _fill(office, contracts)
        start, issued = time.perf_counter(), 0
        for closed in close_together(office, Month(2026, 7), processes=2):
            issued += closed.issued
        taken = time.perf_counter() - start
        office.close()
    if issued != contracts // SITES:
        raise AssertionError(f"{issued} invoices were issued for {contracts // SITES} customers")
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kilobytes += 2 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return [
        Figure("month_close", what, taken, "s", seconds, "at most"),
        Figure("month_close", f"{what}, memory", kilobytes / 2**20, "GiB", memory, "at most"),
    ]


def _fill(office: Office, contracts: int) -> None:
    """Every contract concluded and billed; of 50 one had an outage credited, of 20 one a work done."""
    chained = _chain(_facts(contracts))
    last: Entry | None = None
    with office.book.engine.connect().execution_options(writes=True) as connection, connection.begin():
        while some := list(islice(chained, 20_000)):
            connection.execute(insert(ENTRY), [_row(entry) for entry in some])
            last = some[-1]
        assert last is not None
        connection.execute(update(HEAD).values(seq=last.seq, hash=last.hash))


def _facts(contracts: int) -> Iterator[tuple[str, Fact]]:
    yield "operator", Fact("operator.set", {"name": "provider", "value": PROVIDER}, MADE)
    edition = SERVICE.terms.editions[-1]
    due, monthly, work, credit = (
        str(edition.cite(path)) for path in ("art:19.1.s2", "schedule:1.2.1", "schedule:1.3.3", "schedule:3")
    )
    for number in range(contracts):
        customer, site = divmod(number, SITES)
        who, name = f"c{customer:06}", f"n{customer:06}-{site}"
        if site == 0:
            for fee, amount in (("monthly", 30_000), ("option-monthly", 3_000)):
                quote: dict[str, Json] = {"fee": fee, "amount": amount, "first": "2026-01-01", "last": None}
                yield f"customer:{who}", Fact("quote.recorded", {"service": SERVICE.name, **quote}, MADE)
        yield f"contract:{name}", Fact("contract.concluded", _body(who, customer, site), MADE, (due,))
        begun: dict[str, Json] = {"months": 12, "start": "2026-05-01", "last": "2027-04-30"}
        billing: dict[str, Json] = {"billing_start": "2026-05-01", "term": begun}
        yield f"contract:{name}", Fact("contract.billing-started", billing, BILLED, (due, monthly))
        if number % 50 == 3:
            granted: dict[str, Json] = {
                "outage": "outage-1",
                "claimed_on": "2026-07-10",
                "units": 2,
                "amount": 2_000,
                "fraction": "1/15",
                "conventions": [["credit.continuity", "union"]],
            }
            yield f"contract:{name}", Fact("credit.granted", granted, date(2026, 7, 10), (credit,))
        if number % 20 == 7:
            detail: Json = {"devices": 1, "works": 1, "unit": 5_000, "start": "2026-07-03T10:00:00+09:00"}
            charge: dict[str, Json] = {
                "name": "setting-change",
                "customer": who,
                "amount": 5_000,
                "detail": detail,
                "missing": None,
                "conventions": [],
            }
            yield f"contract:{name}", Fact("charge.fell-due", charge, date(2026, 7, 3), (work,))


def _body(who: str, customer: int, site: int) -> dict[str, Json]:
    return {
        "service": SERVICE.name,
        "customer": who,
        "kind": "child" if site else "parent",
        "item": "single-star-single-edge",
        "group": f"n{customer:06}",
        "application": "",
        "edition": "2024-05-01",
        "name": f"site {site}",
        "number": site,
        "months": 12,
        "lans": [],
    }


def _chain(facts: Iterable[tuple[str, Fact]]) -> Iterator[Entry]:
    """Entries as the book would have recorded them one by one."""
    tip, versions = "", dict[str, int]()
    at = datetime(2026, 7, 31, 9, 0, tzinfo=JST)
    for seq, (stream, fact) in enumerate(facts, start=1):
        version = versions[stream] = versions.get(stream, 0) + 1
        hash_ = hash_of(seq, stream, version, fact, at, "bench", tip)
        yield Entry(seq, stream, version, fact, at, "bench", tip, hash_)
        tip = hash_


def _row(entry: Entry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "stream": entry.stream,
        "version": entry.version,
        "kind": entry.fact.kind,
        "body": entry.fact.body,
        "effective_on": entry.fact.effective_on,
        "recorded_at": entry.recorded_at,
        "actor": entry.actor,
        "cites": list(entry.fact.cites),
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
    }
