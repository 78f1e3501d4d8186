"""Whoever rewrites the book behind its back is found, with the first entry that is wrong."""

from datetime import date, datetime

import pytest
from sqlalchemy import text

from kitei.ledger import Fact, verify
from kitei.store import SqlBook, open_book
from kitei.values import JST


@pytest.fixture
def unguarded(book: SqlBook) -> SqlBook:
    """Nine entries in three streams, and no trigger left to guard them."""
    for n in range(9):
        book.append(
            [(f"s:{n % 3}", Fact("thing.noted", {"n": n, "name": "x"}, date(2026, 11, 2)))],
            actor="desk",
            at=datetime(2026, 11, 2, 9, n, tzinfo=JST),
        )
    with book.writing() as connection:
        if book.engine.dialect.name == "sqlite":
            for name in ("entry_no_update", "entry_no_delete", "entry_next"):
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("DROP TRIGGER entry_no_change ON entry"))
    return book


@pytest.mark.parametrize(
    ("statement", "seq", "wrong"),
    [
        ("""UPDATE entry SET body = '{"n": 4, "name": "y"}' WHERE seq = 5""", 5, "hash"),
        ("UPDATE entry SET actor = 'nobody' WHERE seq = 9", 9, "hash"),
        ("UPDATE entry SET effective_on = '2026-11-03' WHERE seq = 2", 2, "hash"),
        ("UPDATE entry SET body = '[1.5]' WHERE seq = 3", 3, "hash"),
        ("UPDATE entry SET hash = 'feed' WHERE seq = 6", 6, "hash"),
        ("UPDATE entry SET prev_hash = 'feed' WHERE seq = 6", 6, "chain"),
        ("DELETE FROM entry WHERE seq = 4", 4, "gap"),
        ("DELETE FROM entry WHERE seq >= 8", 8, "tail"),
        ("DELETE FROM entry", 1, "tail"),
        ("UPDATE head SET seq = 8", 8, "tail"),
        ("UPDATE head SET hash = 'feed'", 9, "tail"),
        ("UPDATE entry SET version = 7 WHERE seq = 1", 1, "hash"),
    ],
)
def test_the_first_bad_entry_is_named_with_why(
    unguarded: SqlBook, statement: str, seq: int, wrong: str
) -> None:
    assert verify(unguarded).is_whole
    with unguarded.writing() as connection:
        connection.exec_driver_sql(statement)
    found = verify(unguarded)
    assert found.bad is not None
    assert (found.bad.seq, found.bad.wrong) == (seq, wrong)
    assert found.bad.why.ja and found.bad.why.en


def test_an_entry_that_does_not_decode_is_named_too(tmp_path: object) -> None:
    book = open_book(f"sqlite:///{tmp_path}/kitei.db")
    for n in range(3):
        book.append(
            [("s", Fact("thing.noted", {"n": n}, date(2026, 11, 2)))],
            actor="desk",
            at=datetime(2026, 11, 2, tzinfo=JST),
        )
    with book.writing() as connection:
        connection.execute(text("DROP TRIGGER entry_no_update"))
        connection.execute(text("UPDATE entry SET body = '{not json' WHERE seq = 2"))
    found = verify(book)
    assert found.bad is not None and (found.bad.seq, found.bad.wrong) == (2, "unreadable")
    book.close()
