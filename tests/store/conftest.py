"""Every test of the store runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from private_postgres import database

from kitei.store import SqlBook, open_book


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A new, empty database of the private PostgreSQL."""
    with database(postgres, f"test-{uuid4().hex}") as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place where nothing is yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kitei.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def book(url: str) -> Iterator[SqlBook]:
    book = open_book(url)
    yield book
    book.close()
