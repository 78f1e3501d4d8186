"""A customer's own server is killed while it is asked: no request is lost, over UDP and over RadSec, and all are proved."""

import json
import os
import signal
import sys
import threading

import pytest
from radius_stand import FOR, HOME_SECRET, start_home
from test_freeradius_lab import SECRET, SHOP, Node, eventually
from test_freeradius_radsec_lab import Door

from kitei.network import HomeServer, RadiusProxy

pytestmark = pytest.mark.lab

PROXY = RadiusProxy(FOR, "shop.example", False, False)


@pytest.fixture
def node(bench, make_right) -> Node:
    return Node(bench.node("r"), make_right)


class Stream:
    """A client that asks so many times a second, once more each second that it hears nothing (RFC 5080, 2.2.1), and
    counts what was answered within 5 s.
    """

    def __init__(self, node: Node, seconds: float, rate: int = 60) -> None:
        told = json.dumps(["127.0.0.2", SECRET, "carol@shop.example", "pw-carol", rate, seconds])
        self._found = ""
        self._thread = threading.Thread(target=self._run, args=(node, told, seconds))
        self._thread.start()

    def _run(self, node: Node, told: str, seconds: float) -> None:
        done = node.host.run([sys.executable, "-c", _STREAM], stdin=told, timeout=seconds + 30)
        self._found = done.out or done.err

    def counted(self) -> dict[str, int]:
        self._thread.join()
        found: dict[str, int] = json.loads(self._found)
        return found


_STREAM = """
import hashlib, hmac, json, os, select, socket, sys, time
source, secret, user, password, rate, seconds = json.load(sys.stdin)
secret = secret.encode()
lines, waiting, packets, found = [], {}, {}, dict(sent=0, accepted=0, rejected=0, forged=0, again=0)

def signed(head, pairs):
    return hmac.new(secret, head + bytes((80, 18)) + bytes(16) + pairs, "md5").digest()

def ask(number):
    if number % 256 == 0:
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.bind((source, 0))
        line.connect(("127.0.0.1", 1812))
        lines.append(line)
    proof = os.urandom(16)
    hidden = password.encode().ljust(16, bytes(1))
    hidden = bytes(a ^ b for a, b in zip(hidden, hashlib.md5(secret + proof).digest()))
    pairs = bytes((1, len(user) + 2)) + user.encode() + bytes((2, 18)) + hidden
    head = bytes((1, number % 256)) + (38 + len(pairs)).to_bytes(2, "big") + proof
    packet = head + bytes((80, 18)) + signed(head, pairs) + pairs
    lines[-1].send(packet)
    waiting[len(lines) - 1, number % 256] = proof
    packets[len(lines) - 1, number % 256] = packet, time.monotonic()
    found["sent"] += 1

def is_proved(packet, proof):
    if hashlib.md5(packet[:4] + proof + packet[20:] + secret).digest() != packet[4:20]:
        return False
    at = 20
    while at < len(packet) and packet[at] != 80:
        at += packet[at + 1]
    bare = packet[:4] + proof + packet[20 : at + 2] + bytes(16) + packet[at + 18 :]
    return hmac.new(secret, bare, "md5").digest() == packet[at + 2 : at + 18]

def hear(seconds):
    for line in select.select(lines, [], [], seconds)[0]:
        packet = line.recv(4096)
        proof = waiting.pop((lines.index(line), packet[1]), None)
        if proof is None or not is_proved(packet, proof):
            found["forged"] += 1
        else:
            found["accepted" if packet[0] == 2 else "rejected"] += 1

def ask_again():
    now = time.monotonic()
    for each in waiting:
        packet, at = packets[each]
        if now - at > 1.0:
            lines[each[0]].send(packet)
            packets[each] = packet, now
            found["again"] += 1

begun = time.monotonic()
while time.monotonic() - begun < seconds:
    if found["sent"] < (time.monotonic() - begun) * rate:
        ask(found["sent"])
    hear(0.5 / rate)
    ask_again()
while waiting and time.monotonic() - begun < seconds + 5:
    hear(0.1)
    ask_again()
print(json.dumps({**found, "silent": len(waiting)}))
"""


def kill(node: Node, program: str) -> None:
    os.kill(node.host.running()[program], signal.SIGKILL)


def assert_none_lost(counted: dict[str, int]) -> None:
    assert counted["sent"] > 100
    assert counted == {
        "sent": counted["sent"],
        "accepted": counted["sent"],
        "rejected": 0,
        "forged": 0,
        "again": counted["again"],
        "silent": 0,
    }


def is_answered(node: Node) -> bool:
    return node.login("carol@shop.example", "pw-carol")[0] == "Access-Accept"


def test_killed_home_servers_lose_no_request_over_udp(node) -> None:
    for number, name in ((1, "one"), (2, "two")):
        start_home(node.host, name, f"127.0.1.{number}", {"carol@shop.example": "pw-carol"})
    homes = [
        HomeServer(FOR, "shop.example", f"127.0.1.{i}", 1812, "udp", "home@1", i, 1, False, "", None)
        for i in (1, 2)
    ]
    node.make(SHOP, PROXY, *homes)
    assert eventually(lambda: is_answered(node))
    stream = Stream(node, 6.0)
    for program in ("home-one", "home-two", "home-one"):
        threading.Event().wait(1.5)
        kill(node, program)
    assert_none_lost(stream.counted())
    assert eventually(lambda: is_answered(node))
    stream = Stream(node, 4.0)
    threading.Event().wait(1.0)
    node.host.stop("home-one")
    assert_none_lost(stream.counted())


def test_killed_doors_lose_no_request_over_radsec(node) -> None:
    start_home(node.host, "one", "127.0.1.1", {"carol@shop.example": "pw-carol"})
    doors = [Door(node, number) for number in (1, 2)]
    node.make(SHOP, PROXY, *(door.home(door.authority) for door in doors))
    assert eventually(lambda: is_answered(node))
    stream = Stream(node, 6.0)
    threading.Event().wait(2.0)
    kill(node, "door-1")
    assert_none_lost(stream.counted())
    stream = Stream(node, 5.0)
    threading.Event().wait(1.0)
    node.host.stop("door-1")
    assert_none_lost(stream.counted())
    assert HOME_SECRET not in node.log("radius-relay-0") + node.log("radius-watch") + node.log("radius")
