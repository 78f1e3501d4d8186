"""What all tests may lean on: a PostgreSQL of their own, for the ones marked `postgres`.

How long a law takes on a busy machine proves nothing, so Hypothesis does not ask.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from private_postgres import private_postgres, programs

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a private PostgreSQL that lives as long as the session."""
    if programs() is None:
        pytest.skip("no PostgreSQL server is installed here (looked for /usr/lib/postgresql/*/bin/initdb)")
    with private_postgres() as server:
        yield server
