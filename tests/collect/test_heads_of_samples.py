"""Packets of an attack out of sFlow: what real samples bring, and what a station keeps of them as evidence."""

import base64
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from kitei.collect.heads import heads_to
from kitei.spool import Taking

ROOT = Path(__file__).parents[2]
TARGET = "203.0.113.7"


def udp(source: str, target: str, sport: int, size: int) -> bytes:
    a, b = ip_address(source), ip_address(target)
    payload = struct.pack(">HHHH", sport, 9999, 8 + size, 0) + bytes(size)
    if a.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(payload), 17, 60) + a.packed + b.packed + payload
    return (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 60, 17, 0) + a.packed + b.packed + payload
    )


def ethernet(packet: bytes, *tags: int) -> bytes:
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    return (
        bytes(12)
        + b"".join(struct.pack(">HH", 0x8100, tag) for tag in tags)
        + struct.pack(">H", kind)
        + packet
    )


def sample(frame: bytes, protocol: int = 1, snap: int = 128, long: bool = False) -> bytes:
    start = frame[:snap]
    padded = start + bytes(-len(start) % 4)
    record = struct.pack(">IIIIII", 1, 16 + len(padded), protocol, len(frame) + 4, 4, len(start)) + padded
    other = struct.pack(">III", 1001, 4, 0)
    fields = 10 if long else 7
    body = struct.pack(f">{fields}I", *[1] * fields) + struct.pack(">I", 2) + other + record
    return struct.pack(">II", 3 if long else 1, len(body)) + body


def datagram(*samples: bytes) -> bytes:
    return struct.pack(">II4sIIII", 5, 1, bytes(4), 0, 7, 1000, len(samples)) + b"".join(samples)


@pytest.mark.parametrize("long", [False, True], ids=["short", "long interfaces"])
@pytest.mark.parametrize("tags", [(), (7,), (7, 8)])
def test_packets_towards_the_target_are_found_whatever_is_in_front_of_them(
    long: bool, tags: tuple[int, ...]
) -> None:
    mine, other = udp("192.0.2.9", TARGET, 53, 400), udp("192.0.2.9", "203.0.113.8", 53, 400)
    told = datagram(sample(ethernet(other, *tags), long=long), sample(ethernet(mine, *tags), long=long))
    ((length, start),) = heads_to(ip_network(TARGET), told)
    assert length == len(mine) and start == mine[: len(start)] and len(start) >= 100
    assert len(list(heads_to(ip_network("203.0.113.0/29"), told))) == 1
    assert len(list(heads_to(ip_network("203.0.113.0/24"), told))) == 2


def test_packets_of_both_families_and_without_ethernet() -> None:
    six = udp("2001:db8:1::9", "2001:db8:5::7", 53, 90)
    told = datagram(sample(six, protocol=12), sample(udp("192.0.2.9", TARGET, 53, 40), protocol=11))
    assert [start[0] >> 4 for _, start in heads_to(ip_network("2001:db8:5::/64"), told)] == [6]
    assert [start[0] >> 4 for _, start in heads_to(ip_network(TARGET), told)] == [4]


def test_a_torn_or_lying_datagram_gives_what_was_whole_and_no_fault() -> None:
    told = datagram(*(sample(ethernet(udp("192.0.2.9", TARGET, 53, 40))) for _ in range(3)))
    for end in range(len(told)):
        assert len(list(heads_to(ip_network(TARGET), told[:end]))) <= 3
    for at in range(0, len(told) - 4, 4):
        list(heads_to(ip_network(TARGET), told[:at] + b"\xff\xff\xff\xff" + told[at + 4 :]))


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Any]:
    if os.geteuid() != 0:
        pytest.skip("a raw socket needs root")
    folder, lanes = tmp_path / "flows", tmp_path / "events"
    folder.mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    policy = {
        "name": "d1/web",
        "prefixes": ["203.0.113.0/24"],
        "host": {"udp-pps": 20_000},
        "timing": {"rise": 1},
    }
    written = {
        "name": "n1",
        "listen": [f"127.0.0.1:{port}"],
        "exporters": ["127.0.0.1"],
        "policies": [policy],
    }
    (folder / "assignment.json").write_text(json.dumps(written))
    argv = [sys.executable, "-m", "kitei.collect.station", str(folder), str(lanes)]
    process = subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
    try:
        yield port, lanes / "excerpts"
    finally:
        process.kill()
        process.wait()


def test_a_station_keeps_packets_of_what_raises_an_alarm(station: Any, tmp_path: Path) -> None:
    port, lane = station
    over = threading.Event()
    flood, calm = udp("192.0.2.9", TARGET, 53, 400), udp("192.0.2.10", "203.0.113.8", 123, 40)

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            number = 0
            while not over.wait(0.02):
                number += 1
                many = [sample(ethernet(flood)) for _ in range(8)] + [sample(ethernet(calm))]
                head = struct.pack(">II4sIIII", 5, 1, bytes(4), 0, number, number * 20, len(many))
                rate = b"".join(_with_rate(each, 100) for each in many)
                sock.sendto(head + rate, ("127.0.0.1", port))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        end = time.monotonic() + 60
        while not lane.exists() and time.monotonic() < end:
            time.sleep(0.2)
        (event,) = Taking(lane).due(10, 1 << 30)
    finally:
        over.set()
        sender.join()
    body: Any = event["body"]
    assert (body["contract"], body["target"]) == ("d1", f"{TARGET}/32")
    file = tmp_path / "it.pcap"
    file.write_bytes(base64.b64decode(body["pcap"]))
    shown = subprocess.run(["tcpdump", "-nr", str(file)], capture_output=True, text=True).stdout.splitlines()
    assert 20 < len(shown) <= 200
    assert all(f"192.0.2.9.53 > {TARGET}.9999" in line for line in shown)


def _with_rate(sample: bytes, rate: int) -> bytes:
    """Sampled one in so many (the third field)."""
    return sample[:16] + struct.pack(">I", rate) + sample[20:]
