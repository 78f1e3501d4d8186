"""A glance at a ledger file reads what the book reads, and loads nothing that records."""

import sqlite3
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

from kitei.ledger import Fact, UnreadableEntry
from kitei.store import Glance, StoreError, open_book
from kitei.values import JST


def fill(url: str, count: int = 4100) -> None:
    book = open_book(url)
    facts = [
        (f"contract:c-{n % 7}", Fact("thing.said", {"n": n, "と": "言葉"}, date(2026, 4, n % 28 + 1), ("a",)))
        for n in range(count)
    ]
    book.append(facts, actor="test", at=datetime(2026, 4, 1, 9, 30, 15, 250, tzinfo=JST))
    book.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    fill(f"sqlite:///{tmp_path}/kitei.db")
    return tmp_path / "kitei.db"


def test_it_reads_what_the_book_reads(file: Path) -> None:
    url = f"sqlite:///{file}"
    glance, book = Glance.of(url), open_book(url)
    assert glance is not None
    for asked in (
        {},
        {"stream": "contract:c-3"},
        {"on": date(2026, 4, 10)},
        {"upto": 2500, "after": 1999},
        {"stream": "contract:c-1", "on": date(2026, 4, 2), "upto": 4000},
        {"stream": "contract:nobody"},
    ):
        assert list(glance.read(**asked)) == list(book.read(**asked))  # type: ignore[arg-type]
    glance.close()
    book.close()


def test_it_sees_what_was_recorded_after_it_was_opened(file: Path) -> None:
    glance = Glance.of(f"sqlite:///{file}")
    assert glance is not None
    before = sum(1 for _ in glance.read())
    fill(f"sqlite:///{file}", 1)
    assert sum(1 for _ in glance.read(after=before)) == 1


def test_it_cannot_write(file: Path) -> None:
    glance = Glance.of(f"sqlite:///{file}")
    assert glance is not None and glance.connection is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        glance.connection.execute("UPDATE head SET seq = 0")


def test_a_file_that_is_not_there_holds_nothing_and_is_not_made(tmp_path: Path) -> None:
    glance = Glance.of(f"sqlite:///{tmp_path}/none.db")
    assert glance is not None and list(glance.read()) == []
    assert list(tmp_path.iterdir()) == []


def test_other_stores_are_not_for_it() -> None:
    assert Glance.of("postgresql://somewhere/kitei") is None
    assert Glance.of("sqlite:///:memory:") is None


def test_what_is_no_ledger_is_told(tmp_path: Path, file: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, however long it may be " * 40)
    with pytest.raises(StoreError, match="cannot be read"):
        Glance.of(f"sqlite:///{tmp_path}/text.db")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE head SET shape = 9")
    with pytest.raises(StoreError, match="shape 9"):
        Glance.of(f"sqlite:///{file}")


def test_an_entry_that_does_not_decode_is_named(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TRIGGER entry_no_update")
        connection.execute("UPDATE entry SET body = '{' WHERE seq = 7")
    glance = Glance.of(f"sqlite:///{file}")
    assert glance is not None
    with pytest.raises(UnreadableEntry, match="entry 7"):
        list(glance.read())


def test_looking_loads_no_database_toolkit(file: Path) -> None:
    program = (
        "import sys; from kitei.store import Glance; "
        f"print(sum(1 for _ in Glance.of('sqlite:///{file}').read()), 'sqlalchemy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "4100 False\n", ran.stderr
