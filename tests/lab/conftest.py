"""Rooms for tests that need real namespaces: root, and `unshare`."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kitei.lab.lab import Lab, open_lab

sys.path.insert(0, str(Path(__file__).parent))

import estate
from provided import Provider


def need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("the lab makes network namespaces and needs root")


@pytest.fixture(scope="module")
def empty_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A room in which nothing has been laid."""
    need_root()
    with open_lab(Path(tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture(scope="package")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Three VPN networks of two customers, all up. Who harms it mends it."""
    need_root()
    with open_lab(Path(tmp_path_factory.mktemp("provider"))) as lab:
        made = Provider(lab, estate.all_sites())
        made.begin()
        made.wait_until_settled()
        yield made


@pytest.fixture
def mended(provider: Provider) -> Iterator[Callable[[str], None]]:
    """A function that names a node to be mended after the test, whatever comes of it."""
    harmed: list[str] = []
    yield harmed.append
    for node in harmed:
        provider.lab.mend(node)
    if harmed:
        provider.wait_until_settled()
