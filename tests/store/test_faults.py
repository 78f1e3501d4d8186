"""A store that cannot record says so plainly, and has recorded nothing."""

import os
import stat
import subprocess
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from kitei.ledger import Fact, verify
from kitei.store import SqlBook, StoreError, open_book
from kitei.values import JST

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=JST)


def note(book: SqlBook, body: str = "x") -> None:
    book.append([("a", Fact("thing.noted", {"t": body}, date(2026, 11, 2)))] * 2, actor="desk", at=NOON)


def test_a_full_disk_is_told_and_nothing_is_half_recorded(tmp_path: Path) -> None:
    book = open_book(f"sqlite:///{tmp_path}/kitei.db")
    note(book)
    with book.engine.connect() as connection:  # the file may grow no more: what a full disk does
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk is full") as told:
        note(book, "y" * 100_000)
    assert "ディスクが一杯" in told.value.words.ja
    assert book.head() == 2 and verify(book).is_whole
    with book.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    note(book, "y" * 100_000)
    assert book.head() == 4
    book.close()


def test_a_ledger_that_others_hold_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitei.store.engine.PATIENCE", 0.2)
    book = open_book(f"sqlite:///{tmp_path}/kitei.db")
    holder = create_engine(f"sqlite:///{tmp_path}/kitei.db")
    with holder.connect() as other:
        other.execute(text("BEGIN IMMEDIATE"))
        with pytest.raises(StoreError, match="another program"):
            note(book)
        assert book.head() == 0, "reading goes on"
        other.rollback()
    note(book)
    holder.dispose()
    book.close()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_book(f"sqlite:///{tmp_path}/none/kitei.db")


def test_a_file_that_is_no_ledger_is_told(tmp_path: Path) -> None:
    (tmp_path / "kitei.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="cannot be read or written"):
        open_book(f"sqlite:///{tmp_path}/kitei.db")


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        open_book(f"postgresql://kitei@/postgres?host={tmp_path}")


@pytest.mark.parametrize("url", ["sqlite://", "mysql://localhost/kitei"])
def test_a_url_that_keeps_nothing_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="names no store"):
        open_book(url)


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        book = open_book(f"sqlite:///{tmp_path}/kitei.db")
        note(book)
    finally:
        os.umask(before)
    for file in tmp_path.glob("kitei.db*"):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file.name
    book.close()


def test_a_commit_is_on_the_disk(book: SqlBook) -> None:
    with book.engine.connect() as connection:
        if book.engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        else:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
            assert connection.exec_driver_sql("SHOW fsync").scalar_one() == "on"


def test_a_store_of_a_later_shape_is_left_alone(url: str) -> None:
    book = open_book(url)
    with book.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET shape = 99")
    book.close()
    with pytest.raises(StoreError, match="shape 99"):
        open_book(url)


@pytest.mark.postgres
def test_a_server_whose_head_others_hold_is_told(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitei.store.engine.PATIENCE", 0.2)
    book = open_book(postgres_url)
    holder = open_book(postgres_url)
    with holder.writing() as other:
        other.execute(text("SELECT * FROM head FOR UPDATE"))
        with pytest.raises(StoreError, match="another program"):
            note(book)
    note(book)
    assert book.head() == 2
    holder.close()
    book.close()


@pytest.mark.postgres
def test_a_server_that_goes_away_is_told_and_found_again(postgres_url: str) -> None:
    book = open_book(postgres_url)
    other = create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    with pytest.raises(StoreError, match="look whether it was"), book.writing() as connection:
        mine = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with other.connect() as killer:
            killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        book.append(
            [("a", Fact("thing.noted", {}, date(2026, 11, 2)))], actor="desk", at=NOON, within=connection
        )
    assert book.head() == 0 and verify(book).is_whole
    note(book)
    other.dispose()
    book.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        told = b"nothing was told"
        try:
            os.chdir(tmp_path)
            os.setuid(65534)
            open_book("sqlite:///kitei.db")
        except StoreError as error:
            told = str(error).encode()
        finally:
            os.write(writer, told)
            os._exit(0)
    os.close(writer)
    told = os.read(reader, 1000)
    os.waitpid(child, 0)
    os.close(reader)
    assert b"cannot be opened: Permission denied" in told
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_disk_that_is_really_full_is_told_and_the_book_stays_whole(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "kitei-test", tmp_path]).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        book = open_book(f"sqlite:///{tmp_path}/kitei.db")
        with pytest.raises(StoreError, match="nothing was recorded"):
            for _ in range(1000):
                note(book, "y" * 5000)
        found = verify(book)
        assert found.is_whole and found.count > 0 and found.count % 2 == 0
        book.close()
    finally:
        subprocess.run(["umount", tmp_path], check=True)
