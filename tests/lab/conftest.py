"""Rooms for tests that need real namespaces: root, and `unshare`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitei.lab.lab import Lab, open_lab


def need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("the lab makes network namespaces and needs root")


@pytest.fixture(scope="module")
def empty_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A room in which nothing has been laid."""
    need_root()
    with open_lab(Path(tmp_path_factory.mktemp("lab"))) as lab:
        yield lab
