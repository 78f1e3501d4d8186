"""An agent with a real speaker: what runs out is withdrawn with nobody left to say so, and an agent may die."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from routes_stand import LEAVE, Stand, announce, border, eventually, other, speaker

from kitei.drivers.gobgp import Gobgp

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))

from stand import Node, Served, make_orders

pytestmark = pytest.mark.lab
PARTS = (speaker(), border(), other(), LEAVE)


@pytest.fixture
def stand(bench, make_right, tmp_path: Path) -> Stand:
    return Stand(bench, make_right, tmp_path)


@pytest.fixture
def node(stand, tmp_path: Path):
    (tmp_path / "agent").mkdir()
    node = Node(tmp_path / "agent", Served(tmp_path / "agent" / "controller.sock"))
    node.host = stand.speaker
    node.drivers = [Gobgp()]
    node.served.start()
    yield node
    node.stop()
    node.served.stop()


def test_a_route_is_withdrawn_at_its_end_without_a_controller(stand, node) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=6)
    node.office.publish(
        make_orders(
            1, *PARTS, announce("198.51.100.7/32", until=soon.isoformat()), announce("198.51.100.8/32")
        )
    )
    node.start()
    assert eventually(lambda: all(f"blackhole 198.51.100.{n}" in stand.kernel("border") for n in (7, 8)))
    assert eventually(lambda: bool(node.office.reports) and node.report.applied)
    node.served.stop()
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border"))
    assert datetime.now(UTC) >= soon and "blackhole 198.51.100.8" in stand.kernel("border")


def test_an_agent_that_comes_back_withdraws_what_ended_meanwhile_and_touches_no_session(stand, node) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=6)
    node.office.publish(
        make_orders(
            1, *PARTS, announce("198.51.100.7/32", until=soon.isoformat()), announce("198.51.100.8/32")
        )
    )
    node.start()
    assert eventually(lambda: all(f"blackhole 198.51.100.{n}" in stand.kernel("border") for n in (7, 8)))
    since = stand.since("border")
    node.stop()
    assert eventually(lambda: datetime.now(UTC) > soon)
    assert "blackhole 198.51.100.7" in stand.kernel("border"), "the speaker keeps what it was told"
    node.start()
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border"))
    assert "blackhole 198.51.100.8" in stand.kernel("border") and stand.since("border") == since


def test_a_speaker_killed_under_its_agent_is_told_everything_again(stand, node) -> None:
    node.office.publish(make_orders(1, *PARTS, announce("198.51.100.7/32")))
    node.start()
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    assert eventually(lambda: bool(node.office.reports) and node.report.applied)
    os.kill(stand.speaker.running()["gobgp"], signal.SIGKILL)
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border"))
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    assert eventually(lambda: sessions(node) == {"border": True, "other": True})


def sessions(node: Node) -> dict[str, bool]:
    """What was told last of each upstream's session."""
    states = [state for report in node.office.reports for state in report.states]
    return {state.subject: state.up for state in states if state.what == "upstream"}


def test_a_refusal_is_told_and_the_rest_stands(stand, node) -> None:
    node.office.publish(make_orders(1, *PARTS, announce("198.51.100.7/32"), announce("203.0.113.7/32")))
    node.start()
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    assert eventually(lambda: bool(node.office.reports) and bool(node.report.faults))
    (fault,) = node.report.faults
    assert fault.subject == "gobgp" and "203.0.113.7/32 is outside 198.51.100.0/24" in fault.detail
