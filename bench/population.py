"""A ledger of very many contracts: networks of the example order book, copied under other names and days."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from kitei.ledger import Entry, Fact
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.terms import term_last_day

BOOK = Path(__file__).parents[1] / "examples" / "order-book"
NETWORK, CUSTOMER = "minato-sales", "minato"
BATCH = 20_000


def populate(office: Office, contracts: int) -> int:
    """Fill an empty office with copies of a network of four sites; gives how many contracts there are then."""
    office.publish_editions()
    list(take_book(office, read_book(BOOK, office)))
    pattern = [entry for entry in office.book.read() if _is_copied(entry)]
    waiting: list[tuple[str, Fact]] = []
    for number in range((contracts - len(office.contracts())) // 4):
        waiting += _copy(pattern, number)
        if len(waiting) >= BATCH:
            office.state(waiting)
            waiting = []
    office.state(waiting)
    return len(office.contracts())


def _is_copied(entry: Entry) -> bool:
    stream = entry.stream
    return stream.startswith(f"contract:{NETWORK}-") or stream == f"customer:{CUSTOMER}"


def _copy(pattern: list[Entry], number: int) -> Iterator[tuple[str, Fact]]:
    start = date(2024 + number % 24 // 12, number % 12 + 1, number % 28 + 1)
    for entry in pattern:
        body = _renamed(json.dumps(dict(entry.fact.body), ensure_ascii=False, default=dict), number)
        fact = replace(entry.fact, body=body)
        if entry.stream.startswith("contract:"):
            fact = replace(_dated(fact, start), effective_on=start)
        yield _text(entry.stream, number), fact


def _dated(fact: Fact, start: date) -> Fact:
    if fact.kind != "contract.billing-started":
        return fact
    body = dict(fact.body)
    term = body["term"]
    assert isinstance(term, dict)
    last = term_last_day(start, term["months"])
    body["billing_start"] = start.isoformat()
    body["term"] = {**term, "start": start.isoformat(), "last": last.isoformat()}
    return replace(fact, body=body)


def _renamed(text: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_text(text, number))
    return found


def _text(text: str, number: int) -> str:
    copied = text.replace(NETWORK, f"net{number}").replace("KLR-", f"KLR-{number}-")
    return copied.replace(f'"{CUSTOMER}"', f'"customer{number}"').replace(
        f"customer:{CUSTOMER}", f"customer:customer{number}"
    )
