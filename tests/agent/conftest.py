"""Lets tests here import what stands beside them, and gives each a controller and a node."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stand import Node, Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "controller.sock") as served:
        yield served


@pytest.fixture
def node(tmp_path: Path, served: Served) -> Iterator[Node]:
    """A node of the served controller; its agent runs once a test starts it."""
    node = Node(tmp_path, served)
    yield node
    node.stop()
