"""An office in a folder of its own, whose clock the test sets."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from kitei.office import Office
from kitei.values import JST


class SetClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.at = datetime(2026, 4, 1, 10, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def office(tmp_path: Path, clock: SetClock) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    yield opened
    opened.close()
