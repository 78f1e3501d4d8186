"""Packets of an attack are kept without being asked, once a prefix, and no more than is good."""

import base64
import json
import shutil
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kitei.agent import excerpts
from kitei.agent.excerpts import Excerpts
from kitei.drivers.host import LinuxHost
from kitei.drivers.scrubber.layout import Head
from kitei.network import Origin
from kitei.network.ddos import Scrubber, Scrubbing

FOR = Origin("acme", ())
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)  # a clock that is set ahead
PORT = Scrubber(FOR, "dirty", "auto")


def cleaning(
    prefix: str = "203.0.113.7/32", until: datetime | None = NOW + timedelta(minutes=5)
) -> Scrubbing:
    end = until.isoformat() if until else None
    return Scrubbing(FOR, "acme", prefix, 0, 0, False, (), "pass", (), (), end)


def packet(target: bytes = bytes((203, 0, 113, 7))) -> bytes:
    head = bytes((0x45, 0, 0, 36, 0, 1, 0, 0, 60, 17, 0, 0, 192, 0, 2, 66)) + target
    return head + bytes((0, 53, 0, 80, 0, 16, 0, 0)) + bytes(8)


class Queue:
    """What the XDP program has put aside, and the time, as a test sets them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.heads: list[Head] = []
        self.seconds = 1000.0
        self.is_there = True
        monkeypatch.setattr(excerpts, "take_heads", self.take)
        monkeypatch.setattr(excerpts.time, "monotonic", lambda: self.seconds)
        self.folder = folder
        self.excerpts = Excerpts(LinuxHost("a", folder), lambda: NOW)

    def take(self, _: object) -> tuple[Head, ...] | None:
        found, self.heads = tuple(self.heads), []
        return found if self.is_there else None

    def comes(self, count: int, start: bytes | None = None) -> None:
        self.heads += [Head(round(self.seconds * 10**9), 0, "denied", 36, start or packet())] * count

    def told(self) -> list[dict]:
        files = sorted((self.folder / "events" / "excerpts").glob("*.jsonl"))
        return [json.loads(line)["body"] for each in files for line in each.read_text().splitlines()]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Queue:
    return Queue(monkeypatch, tmp_path)


def records(pcap: bytes) -> int:
    return (len(pcap) - 24) // (16 + 36)


def test_a_prefix_that_comes_under_the_scrubber_has_one_excerpt_spread_over_seconds(queue, tmp_path) -> None:
    queue.comes(50)  # of before
    part = cleaning()
    for second in range(40):
        queue.seconds += 1
        if second > 2:
            queue.comes(300)
        queue.excerpts.look([PORT, replace(part, until=(NOW + timedelta(seconds=300 + second)).isoformat())])
    (told,) = queue.told()
    pcap = base64.b64decode(told["pcap"])
    assert (told["contract"], told["target"], records(pcap)) == ("acme", "203.0.113.7/32", 200)
    assert abs(told["at"] - NOW.timestamp()) < 60, "by the provider's clock"
    if shutil.which("tcpdump"):
        place = tmp_path / "kept.pcap"
        place.write_bytes(pcap)
        ran = subprocess.run(["tcpdump", "-nr", str(place)], capture_output=True, text=True, check=True)
        lines = ran.stdout.splitlines()
        assert len(lines) == 200
        assert all("192.0.2.66.53 > 203.0.113.7.80" in line for line in lines)


def test_packets_go_to_the_most_specific_target_and_others_nowhere(queue) -> None:
    parts = [PORT, cleaning(), cleaning("203.0.113.0/24")]
    queue.excerpts.look(parts)
    for _ in range(8):
        queue.seconds += 1
        queue.comes(3)
        queue.comes(2, packet(bytes((203, 0, 113, 9))))
        queue.comes(4, packet(bytes((198, 51, 100, 1))))
        queue.comes(1, b"\x45\0")
        queue.excerpts.look(parts)
    counts = {each["target"]: records(base64.b64decode(each["pcap"])) for each in queue.told()}
    assert counts == {"203.0.113.7/32": 18, "203.0.113.0/24": 12}


def test_nothing_is_kept_where_nothing_comes_nor_of_what_stands_always(queue) -> None:
    parts = [PORT, cleaning(), cleaning("203.0.113.0/24", None), cleaning("203.0.113.8/32", NOW)]
    for _ in range(70):
        queue.seconds += 1
        queue.excerpts.look(parts)
    queue.comes(10)
    queue.comes(10, packet(bytes((203, 0, 113, 8))))
    queue.excerpts.look(parts)
    assert (queue.told(), queue.heads == []) == ([], False)


def test_of_very_many_at_once_some_are_left_out_and_it_says_so(queue, capsys) -> None:
    queue.excerpts.look([PORT, *(cleaning(f"203.0.113.{n}/32") for n in range(100))])
    assert queue.excerpts.left_out == 36
    assert "36 excerpts were left out" in capsys.readouterr().err


def test_where_no_program_runs_it_listens_on_the_port(queue, monkeypatch) -> None:
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr(excerpts, "tell_excerpt", lambda *told: heard.append(told))
    queue.is_there = False
    for _ in range(3):
        queue.excerpts.look([PORT, cleaning()])
    deadline = time.time() + 10
    while not heard and time.time() < deadline:
        time.sleep(0.01)
    ((_, port, contract, target, at),) = heard
    assert (port, contract, str(target), at) == ("dirty", "acme", "203.0.113.7/32", round(NOW.timestamp()))
