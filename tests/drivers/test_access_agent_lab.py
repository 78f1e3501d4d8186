"""An agent with a real gateway: what ends, ends with nobody left to say so; what dies is made anew; nobody else notices."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_access_lab import ALL, Scene, eventually, rule
from test_wireguard_lab import Scene as Tunnels

from kitei.drivers.access import Access
from kitei.drivers.wireguard import PROGRAM, Wireguard, handshakes
from kitei.network import Filter, Origin

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))

from stand import Node, Served, make_orders

pytestmark = pytest.mark.lab


@pytest.fixture
def node(tmp_path: Path):
    (tmp_path / "agent").mkdir()
    node = Node(tmp_path / "agent", Served(tmp_path / "agent" / "controller.sock"))
    node.served.start()
    yield node
    node.stop()
    node.served.stop()


def states(node: Node) -> dict[str, bool]:
    """What was told last of the gateway and its devices."""
    told = [state for report in node.office.reports for state in report.states]
    return {state.subject: state.up for state in told if state.what in ("gateway", "device")}


def test_a_rule_ends_at_its_end_without_a_controller(node, bench, make_right) -> None:
    scene = Scene(bench, make_right)
    node.host, node.drivers = bench.hosts["gw"], [Access()]
    end = datetime.now(UTC) + timedelta(seconds=6)
    soon = rule("soon", 20, services=("tcp/81",), until=end.isoformat())
    node.office.publish(make_orders(1, *ALL, soon))
    node.start()
    assert eventually(lambda: bool(scene.asks("tcp", "203.0.113.10", 81)))
    assert eventually(lambda: states(node) == {"filter": True})
    node.served.stop()
    assert eventually(lambda: not scene.asks("tcp", "203.0.113.10", 81))
    assert datetime.now(UTC) >= end and scene.asks("tcp", "203.0.113.10", 80)


def test_tunnels_outlive_an_agent_and_come_back_when_their_program_dies(node, bench, make_right) -> None:
    scene = Tunnels(bench, make_right)
    node.host, node.drivers = scene.gw, [Wireguard()]
    private, public = scene.key("phone")
    gate = Filter(Origin("f-1", ()), "p2", (), (), 51820, (), 0)
    node.office.publish(make_orders(1, gate, scene.access, scene.device("phone", 2, public)))
    node.start()
    assert eventually(lambda: scene.access.name in bench.ip("gw", "link"))
    assert eventually(lambda: bool(node.office.reports) and node.report.applied)
    scene.dial("phone", 2, private)
    assert eventually(lambda: scene.pings("phone"))
    assert eventually(lambda: states(node) == {"filter": False, "remote-access": True, "phone": True})
    node.stop()
    assert scene.pings("phone")
    node.start()
    assert eventually(lambda: node.report.applied) and scene.pings("phone")
    if PROGRAM in scene.gw.running():  # a kernel's own WireGuard has no program that could die
        os.kill(scene.gw.running()[PROGRAM], signal.SIGKILL)
        assert eventually(lambda: handshakes(scene.gw, scene.access.name) == {public: 0})
