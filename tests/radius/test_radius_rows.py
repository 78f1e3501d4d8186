"""Rows are read in their order, whole, over files that are made ahead and over those a killed server has left."""

import struct
from pathlib import Path

from kitei.radius.rows import Rows


def write(folder: Path, number: int, rows: bytes, is_done: bool = False, torn: bytes = b"") -> None:
    """A file as the module in C leaves it."""
    head = struct.pack("<Q", (1 << 63 if is_done else 0) | 8 + len(rows))
    (folder / f"rows.{number}").write_bytes(head + (rows + torn).ljust(100_000, b"\0"))


def read_all(rows: Rows, most: int = 64) -> bytes:
    found = b""
    while piece := rows.read(most):
        assert piece.endswith(b"\n")
        found += piece
    return found


def test_rows_go_on_in_the_next_file_once_the_one_before_is_done(tmp_path: Path) -> None:
    rows = Rows(str(tmp_path), "rows")
    write(tmp_path, 1, b"[1]\n[2]\n")
    write(tmp_path, 2, b"")
    assert read_all(rows) == b"[1]\n[2]\n", "and more may come in the first"
    write(tmp_path, 1, b"[1]\n[2]\n[3]\n", is_done=True)
    write(tmp_path, 2, b"[4]\n")
    assert read_all(rows) == b"[3]\n[4]\n"


def test_what_a_killed_server_left_is_read_and_its_torn_row_is_not(tmp_path: Path) -> None:
    rows = Rows(str(tmp_path), "rows")
    write(tmp_path, 1, b"[1]\n", torn=b"[2")
    write(tmp_path, 2, b"")
    write(tmp_path, 3, b"[3]\n")
    assert read_all(rows) == b"[1]\n"
    write(tmp_path, 4, b"")
    assert read_all(rows) == b"[3]\n"
    rows.forget()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rows.3", "rows.4"]


def test_a_row_longer_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    long = b"[" + b"1," * 4000 + b"1]\n"
    write(tmp_path, 1, b"[0]\n" + long + b"[2]\n")
    assert read_all(Rows(str(tmp_path), "rows"), 1 << 11) == b"[0]\n" + long + b"[2]\n"
