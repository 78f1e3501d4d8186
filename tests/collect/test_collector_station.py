"""The collector as a node runs it: a process over a folder and lanes, killed and told otherwise under load."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flow_exports import V4, a_set, flow, netflow9, template

from kitei.spool import Taking
from kitei.values import JsonObject

ROOT = Path(__file__).parents[2]
POLICY = {
    "name": "d1/web",
    "prefixes": ["10.0.0.0/24"],
    "host": {"udp-pps": 1000},
    "timing": {"rise": 2, "window": 4, "calm": 3},
}


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class Flood:
    """NetFlow 9, twenty datagrams a second, of a flood of UDP from port 53 or of little."""

    def __init__(self, port: int) -> None:
        self.packets = 5
        self.sent = 0
        self._over = threading.Event()
        self._port = port
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not self._over.wait(0.05):
                record = flow("1.1.1.1", "10.0.0.5", 100 * self.packets, self.packets, sport=53)
                datagram = netflow9(template(256, V4), a_set(256, record), sequence=self.sent)
                sock.sendto(datagram, ("127.0.0.1", self._port))
                self.sent += 1

    def end(self) -> None:
        self._over.set()
        self._thread.join()


class Place:
    """A folder with an assignment, and the station over it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lanes = folder / "flows", folder / "events"
        self.folder.mkdir()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def assign(self, *policies: JsonObject, ports: tuple[int, ...] = ()) -> None:
        listening = [f"127.0.0.1:{port}" for port in (self.port, *ports)]
        written = {"name": "n1", "listen": listening, "exporters": [], "policies": list(policies)}
        draft = self.folder / "draft"
        draft.write_text(json.dumps(written))
        draft.rename(self.folder / "assignment.json")

    def start(self) -> None:
        words = [sys.executable, "-m", "kitei.collect.station", str(self.folder), str(self.lanes)]
        self.process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})

    def kill(self, number: int = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(20)

    def status(self) -> JsonObject:
        try:
            found: JsonObject = json.loads((self.folder / "status.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def events(self, kind: str) -> list[JsonObject]:
        if not (self.lanes / "floods" / "series").exists():
            return []
        due = Taking(self.lanes / "floods").due(100_000, 1 << 30)
        return [each["body"] for each in due if each["kind"] == kind]  # type: ignore[misc]

    def decided(self) -> list[tuple[str, str, str | None]]:
        rows = [each["detection"] for each in self.events("flood.decided")]
        return [(each["kind"], each["target"], each["why"]) for each in rows]  # type: ignore[index,call-overload,misc]

    def standing(self) -> list[list[JsonObject]]:
        return [each["standing"] for each in self.events("flood.standing")]  # type: ignore[misc]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    if place.process is not None and place.process.poll() is None:
        place.kill()


@pytest.fixture
def flood(place: Place) -> Iterator[Flood]:
    flood = Flood(place.port)
    yield flood
    flood.end()


def test_a_station_killed_in_a_flood_loses_its_gap_alone_and_knows_its_alarm_again(
    place: Place, flood: Flood
) -> None:
    place.assign(POLICY)
    place.start()
    assert eventually(lambda: bool(place.events("exporter.new")))
    assert place.decided() == []
    flood.packets = 500
    assert eventually(lambda: place.decided() == [("alarm", "10.0.0.5", None)])
    assert eventually(lambda: bool(place.standing() and place.standing()[-1]))
    assert eventually(lambda: place.standing()[-1][0]["source_ports"] != [])
    assert place.standing()[-1][0]["source_ports"][0][0] == 53  # type: ignore[index]
    place.kill()
    time.sleep(2.5)
    place.start()
    assert eventually(lambda: len(place.events("collector.began")) == 2)
    first, second = place.events("collector.began")
    assert first["gap"] is None
    gap = second["gap"]
    assert isinstance(gap, dict)
    assert 1 <= int(gap["last"]) - int(gap["first"]) + 1 <= 20  # type: ignore[call-overload]
    told = len(place.standing())
    assert eventually(lambda: len(place.standing()) > told and place.standing()[-1] != [])
    assert place.decided() == [("alarm", "10.0.0.5", None)], "no second alarm for the one that stands"
    flood.packets = 5
    assert eventually(lambda: place.decided()[1:] == [("release", "10.0.0.5", None)])
    ids = {each["id"] for each in place.events("flood.decided")}
    assert len(ids) == 1


def test_a_changed_assignment_is_taken_up_while_datagrams_come(place: Place, flood: Flood) -> None:
    place.assign(POLICY)
    place.start()
    assert eventually(lambda: bool(place.events("exporter.new")))
    pid = place.status()["pid"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        further = int(free.getsockname()[1])
    digest = place.status()["digest"]
    stricter: JsonObject = {**POLICY, "host": {"udp-pps": 50}}  # type: ignore[dict-item]
    place.assign(stricter, ports=(further,))
    assert eventually(lambda: place.status()["digest"] != digest)
    assert eventually(lambda: place.decided() == [("alarm", "10.0.0.5", None)])
    other: JsonObject = {"name": "d2", "prefixes": ["10.0.1.0/24"], "host": {"udp-pps": 50}}
    place.assign(other)
    assert eventually(lambda: place.decided()[1:] == [("release", "10.0.0.5", "not-watched")])
    assert place.status()["pid"] == pid
    assert place.events("exporter.dropping") == []
    assert place.events("collector.overflow") == []


def test_one_bad_policy_blinds_no_other_and_is_told(place: Place, flood: Flood) -> None:
    flood.packets = 500
    bad: JsonObject = {"name": "bad", "prefixes": ["10.0.0.0/33"], "host": {"udp-ppss": 1}}
    place.assign(bad, POLICY)  # type: ignore[arg-type]
    place.start()
    assert eventually(lambda: place.decided() == [("alarm", "10.0.0.5", None)])
    faults = place.status()["faults"]
    assert isinstance(faults, list)
    assert [str(each).split(":")[0] for each in faults][:2] == ["policy 1.prefixes[0]", "policy 1.host"]


def test_a_stations_minutes_go_out_by_a_lane_of_their_own(place: Place, flood: Flood) -> None:
    place.assign(POLICY)
    place.start()
    assert eventually(lambda: bool(place.events("exporter.new")))
    place.kill(signal.SIGTERM)
    (sheaf,) = Taking(place.lanes / "counters").due(10)
    assert sheaf["kind"] == "counters.sheaf"
    body = sheaf["body"]
    assert isinstance(body, dict)
    assert "10.0.0.0/24" in str(body["text"])
    assert list((place.folder / "diary").glob("*.sheaf")) == []
