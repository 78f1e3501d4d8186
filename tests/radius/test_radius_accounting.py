"""The book of sessions outlives its process: a snapshot that is read in pieces, and the rows since."""

import json
import struct
import time
from pathlib import Path

from kitei.radius.accounting import Accounting
from kitei.radius.marks import Marks
from kitei.radius.policy import Client, Group, Policy

_MANY = 50_000  # rows, more than fit without a snapshot


def write_rows(folder: Path, number: int, first: int, count: int, at: float = 1.8e9) -> None:
    """As the server's module in C does when it goes on to the next file."""
    rows = "".join(
        json.dumps([at + n / 100, "192.0.2.1", "Start", f"s{n}", f"u{n}@shop.example", "", "", *[0] * 7])
        + "\n"
        for n in range(first, first + count)
    ).encode()
    (folder / f"sessions.{number}").write_bytes(struct.pack("<Q", 1 << 63 | 8 + len(rows)) + rows)


def begun(folder: Path) -> Accounting:
    shop = Group("c1", "shop.example", frozenset({"pap"}), lambda name: None)
    policy = Policy({"192.0.2.1": Client("c1", frozenset({"shop.example"}))}, {"shop.example": shop})
    return Accounting(str(folder), lambda: policy, Marks(str(folder)))


def read_all(accounting: Accounting) -> None:
    for _ in accounting.restore():
        pass
    while accounting.catch_up():
        pass


def keep(accounting: Accounting) -> None:
    for _ in accounting.keep():
        pass


def test_a_snapshot_and_the_rows_since_make_the_book_again(tmp_path: Path) -> None:
    write_rows(tmp_path, 1, 0, _MANY)
    before = begun(tmp_path)
    assert before.is_whole, "there is nothing to read"
    read_all(before)
    keep(before)
    write_rows(tmp_path, 2, _MANY, 10)
    after = begun(tmp_path)
    assert not after.is_whole
    pieces = sum(1 for _ in after.restore())
    assert after.is_whole and pieces > 50
    assert len(after.book) == len(before.book) == _MANY
    read_all(after)
    assert len(after.book) == _MANY + 10
    assert after.book.count("shop.example", "u7") == (_MANY + 10, 1)


def test_a_server_that_is_started_again_and_again_leaves_no_heap_of_files(tmp_path: Path) -> None:
    for number in range(1, 30):
        write_rows(tmp_path, number, number, 1)
    accounting = begun(tmp_path)
    read_all(accounting)
    keep(accounting)
    assert not list(tmp_path.glob("sessions.[0-9]*"))
    read_all(again := begun(tmp_path))
    assert len(again.book) == len(accounting.book) == 29


def test_who_is_behind_reads_more_at_once_until_that_is_over(tmp_path: Path) -> None:
    """Caps hold for what has been read."""
    accounting, many = begun(tmp_path), 2_000
    write_rows(tmp_path, 1, 0, many, at=time.time() - 2 * many / 100)
    sizes = []
    while events := accounting.catch_up():
        sizes.append(len(events))
        assert accounting.behind() > 1
    assert sum(sizes) == many and sizes[1] > 3 * sizes[0]
    assert accounting.behind() < 1
    write_rows(tmp_path, 2, many, 100, at=time.time())
    assert 0 < len(accounting.catch_up()) <= sizes[0]


def test_a_clock_set_back_puts_nobody_ahead(tmp_path: Path) -> None:
    """Who is ahead would rest until the clock is there again."""
    accounting = begun(tmp_path)
    write_rows(tmp_path, 1, 0, 3, at=time.time() + 3_600)
    read_all(accounting)
    assert accounting.behind() >= 0


def test_a_damaged_snapshot_is_put_aside_and_told(tmp_path: Path) -> None:
    (tmp_path / "sessions.json").write_text('["place", [1, 8]]\n["open", [["192.0.2.1"]]]\n')
    write_rows(tmp_path, 1, 0, 3)
    accounting = begun(tmp_path)
    read_all(accounting)
    assert accounting.is_whole and "damaged" in accounting.loss
    assert len(accounting.book) == 3
    assert (tmp_path / "sessions.json.damaged").exists()
