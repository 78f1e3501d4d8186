"""A program killed while it records leaves a whole book: every pair whole or absent, nothing told lost."""

import os
import random
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from kitei.ledger import verify
from kitei.store import open_book
from kitei.values import JST

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=JST)
SOURCE = Path(__file__).parents[2] / "src"

WRITER = """
import sys
from datetime import date, datetime
from kitei.ledger import Fact
from kitei.store import open_book
from kitei.values import JST

book = open_book(sys.argv[1])
note = Fact("thing.noted", {"text": "x" * 500}, date(2026, 11, 2))
while True:
    pair = book.append([("a", note), ("b", note)], actor="desk", at=datetime(2026, 11, 2, tzinfo=JST))
    print(pair[-1].seq, flush=True)
"""


def last_told_before_being_killed(url: str, after: float) -> int:
    """The last position that a writer told as recorded before SIGKILL, `after` seconds from its first."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert writer.stdout is not None
    told = writer.stdout.readline()
    time.sleep(after)
    writer.kill()
    rest, _ = writer.communicate(timeout=30)
    return int([told, *rest.splitlines(keepends=True)][-1])


def test_a_killed_writer_leaves_whole_pairs_and_nothing_it_told_is_lost(url: str) -> None:
    chance = random.Random()
    for _ in range(4):
        told = last_told_before_being_killed(url, chance.uniform(0, 0.3))
        book = open_book(url)
        book.append([], actor="desk", at=NOON)  # waits until a server has done with the dead one's last word
        found = verify(book)
        assert found.is_whole, found.bad
        assert found.count % 2 == 0 and book.version("a") == book.version("b") == found.count // 2
        assert told <= found.count <= told + 2, "at most the pair it had no time to tell of"
        book.close()
