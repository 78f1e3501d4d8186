"""An office in a folder of its own, whose clock the test sets."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from private_postgres import database

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


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    with database(postgres, f"office-{uuid4().hex}") as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on either database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kitei.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
