"""The command line in a home of the test's own."""

from pathlib import Path

import pytest
from called import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")
