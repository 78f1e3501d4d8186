"""Thousands of packets that nobody should send, to a real server: it stays the same process, and goes on answering."""

import sys
from pathlib import Path

import pytest
from test_freeradius_lab import GROUP, SECRET, SHOP, Node

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from radius_beside import fuzz

pytestmark = pytest.mark.lab

_SENDER = """
import sys
import socket
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind(("127.0.0.2", 0))
for number, told in enumerate(sys.stdin):
    try:
        line.sendto(bytes.fromhex(told), ("127.0.0.1", 1812 + number % 2))
    except OSError:
        continue
"""


def test_no_packet_stops_the_server(bench, make_right) -> None:
    node = Node(bench.node("r"), make_right)
    node.make(SHOP, GROUP)
    before = node.host.running()["radius"]
    told = "".join(packet.hex() + "\n" for packet in fuzz.packets(7, 3000, SECRET.encode()))
    assert node.host.run([sys.executable, "-c", _SENDER], stdin=told, timeout=60).code == 0
    assert node.login("bob", "pw-bob")[0] == "Access-Accept"
    assert node.host.running()["radius"] == before


def test_thousands_of_odd_requests_and_lists_keep_the_laws() -> None:
    assert fuzz.try_policy(7, 5000) == 0
    assert fuzz.try_lists(7, 2000) == 0
