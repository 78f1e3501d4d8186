"""First attack packet → alarm at the controller: collector process, agent's relay and the controller's HTTP, real.

Forty floods of 200,000 packets a second begin at moments of their own. By sFlow a packet in 1,000 is told at once;
by NetFlow each flood's router tells once a second, at a moment of its own. The policy has the timing it comes with.
"""

import asyncio
import contextlib
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from figure import Figure
from ordinary_day import Stream, datagram, tenth

from kitei.agent.config import AgentConfig
from kitei.agent.relay import Relay
from kitei.drivers.host import LinuxHost
from kitei.network.events import Batch
from kitei.web.controller import Controller

FLOODS, WITHIN, PPS = 40, 12.0, 200_000
PORT = 20_180
POLICY = {
    "name": "a",
    "prefixes": ["10.1.0.0/24"],
    "host": {"pps": "20k", "udp-pps": "10k"},
}


class Ear:
    """An office that only listens: when which alarm came. All else of `NodesOffice` is never asked here."""

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}

    def published(self) -> int:
        return 0

    def take_events(self, node: str, batch: Batch) -> int:
        now = time.time()
        for event in batch.events:
            if event.kind == "flood.decided" and event.body["detection"]["kind"] == "alarm":  # type: ignore[index,call-overload]
                self.heard.setdefault(event.body["detection"]["target"], now)  # type: ignore[index,call-overload,arg-type]
        return batch.events[-1].number


@contextlib.contextmanager
def listening(ear: Ear, place: Path):  # type: ignore[no-untyped-def]
    """The controller's web application over a unix socket."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen(16)
    app = Controller(ear).app()  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    yield
    server.should_exit = True
    thread.join(10)


def netflow(host: int, export: int, packets: int) -> bytes:
    """NetFlow 5: thirty flows of one flood."""
    head = struct.pack("!HHIIIIHH", 5, 30, 1000, int(time.time()), 0, export * 30, host, 0)
    target = struct.pack("!I", 0x0A010000 + host)
    flows = (
        struct.pack("!I", 0x0B000000 + n) + target
        + struct.pack("!4sHHIIIIHHBBBBHHBBH", b"", 1, 2, packets // 30, packets // 30 * 500, 0, 0, 53, 9, 0, 0, 17, 0, 0, 0, 0, 0, 0)
        for n in range(30)
    )  # fmt: skip
    return head + b"".join(flows)


def attack(kind: str, port: int, ear: Ear) -> dict[str, float]:
    """Send all floods until each was heard of; when each one's first packet passed the router."""
    draw, began = random.Random(7), time.time() + 0.5
    starts = [began + draw.uniform(0, WITHIN) for _ in range(FLOODS)]
    phases, told, number = [draw.random() for _ in starts], [0.0] * FLOODS, 0
    exports = [0] * FLOODS
    first: dict[str, float] = {}
    streams = [Stream(n, PPS / 2, 500, 17, 9, 3000, 0.0, steady=True, sport=53) for n in range(FLOODS)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        step = 0
        while len(ear.heard) < FLOODS and time.time() < began + WITHIN + 15:
            step += 1
            time.sleep(max(0.0, began + step / 50 - time.time()))
            now = time.time()
            for n, start in enumerate(starts):
                target = f"10.1.0.{n}"
                if now < start or target in ear.heard:
                    continue
                first.setdefault(target, start)
                if kind == "sflow":
                    # a fiftieth of a second: twice a fifth of a tenth at one in 2,000 is one in 1,000
                    samples = [each for each in tenth(0.0, [streams[n]], 1, draw) if draw.random() < 0.4]
                    if samples:
                        number += 1
                        sock.sendto(datagram(samples, number), ("127.0.0.1", port))
                else:
                    due = start - phases[n] + 1.0 if not told[n] else told[n] + 1.0
                    if now >= due:
                        since = told[n] or start
                        made = netflow(n, exports[n], int(PPS * (due - since)))
                        sock.sendto(made, ("127.0.0.1", port))
                        exports[n] += 1
                        told[n] = due
    return first


def delays(kind: str, port: int) -> list[float]:
    """Seconds from each flood's first packet to its alarm at the controller, in ascending order."""
    ear = Ear()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        host = LinuxHost("n1", folder / "state")
        flows = Path(host.state("flows"))
        flows.mkdir()
        written = {"name": "n1", "listen": [f"127.0.0.1:{port}"], "exporters": [], "policies": [POLICY]}
        (flows / "assignment.json").write_text(json.dumps(written))
        words = [sys.executable, "-m", "kitei.collect.station", str(flows), host.state("events")]
        station = subprocess.Popen(words, env=dict(os.environ))
        config = AgentConfig("n1", host, f"unix:{folder}/c.sock", lambda: datetime.now(UTC), ())
        relay = Relay(config, lambda body: body())
        thread = threading.Thread(target=relay.run, daemon=True)
        try:
            with listening(ear, folder / "c.sock"):
                thread.start()
                time.sleep(4)
                first = attack(kind, port, ear)
                relay.end()
        finally:
            station.terminate()
            station.wait(20)
    missed = float("inf")
    return sorted(ear.heard.get(target, missed) - at for target, at in first.items())


def measure() -> list[Figure]:
    figures = []
    for n, (kind, within) in enumerate({"sflow": 2.0, "netflow": 3.0}.items()):
        found = delays(kind, PORT + n)
        what = f"first attack packet to alarm at the controller, {kind}, "
        worst = found[min(len(found) - 1, round(0.99 * len(found)))]
        figures.append(Figure("alarm", what + "p99", worst, "s", within, "at most"))
        figures.append(Figure("alarm", what + "median", found[len(found) // 2], "s", within, "at most"))
    return figures


if __name__ == "__main__":
    print(*measure(), sep="\n")
