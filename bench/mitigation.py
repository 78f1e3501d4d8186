"""From a collector's word to the orders in a speaker's hands, through the controller, with 1,000 contracts.

A route waits for its scrubber's word; the scrubber here is a stand-in that gives it at once, so that what is measured is
the controller's part of it: twice down to a node, and once up. Beside it what publishing took without a way of its own:
every contract compiled, every node compared.
"""

import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path

from figure import Figure

from kitei.agent.controller import Controller, Unreachable
from kitei.ledger import Fact
from kitei.network import Announcement
from kitei.network.detection import Detection, detection_json
from kitei.network.events import Batch, Event
from kitei.network.report import Report
from kitei.office import Office
from kitei.office.publishing import Publishing
from kitei.values import JsonObject

CONTRACTS, ALARMS = 1_000, 30
SERVICE = "ddos-protection"
DAY = date(2026, 1, 1)
PLACES: tuple[tuple[str, JsonObject], ...] = (
    ("collector.placed", {"node": "see1", "addresses": ["192.0.2.1"], "netflow_port": 2055, "sflow_port": 6343, "exporters": []}),
    ("scrubber.placed", {"node": "scrub1", "dirty_port": "d0", "engine": "auto", "next_hops": ["192.0.2.9"]}),
    ("speaker.placed", {"node": "speak1", "asn": 64500, "router_id": "192.0.2.3", "port": 179, "hold": 90}),
    ("upstream.placed", {"name": "b1", "speaker": "speak1", "address": "192.0.2.4", "asn": 64500, "families": ["ipv4"], "most": 1000, "blackhole": "65535:666", "next_hops": [], "carrier": None}),
)  # fmt: skip


def _contract(number: int) -> tuple[str, Fact]:
    prefixes = [f"10.{number >> 8}.{number & 255}.{16 * part}/28" for part in range(3)]
    body: JsonObject = {
        "service": SERVICE,
        "customer": f"c{number}",
        "item": "type-e",
        "group": f"c{number}",
        "application": "",
        "edition": "2025-11-01",
        "addresses": [
            {"prefix": each, "designated_by": "customer", "since": "2026-01-01", "last": None}
            for each in prefixes
        ],
        "changed": [],
        "base": None,
        "policies": [],
    }
    return f"contract:c{number}", Fact("contract.concluded", body, DAY, (f"{SERVICE}@2025-11-01#art:1.1.t1",))


def _provider(home: Path) -> tuple[Path, float]:
    """A provider with its contracts published, and how long publishing one change takes by the whole way."""
    office = Office.open(home)
    try:
        office.publish_editions()
        office.state([("operator", Fact(kind, body, DAY)) for kind, body in PLACES])
        office.state([_contract(number) for number in range(CONTRACTS)])
        for number in range(ALARMS):
            policy = {"by": "operator", "contract": f"c{number}", "host": {"bps": "1G"}}
            office.apply("set-policy", policy, service=SERVICE)
        publishing = Publishing.of(office)
        publishing.apply_plan()
        whole = []
        for number in range(CONTRACTS - 3, CONTRACTS):  # a change of standing parts, the old way
            more = {"by": f"c{number}", "contract": f"c{number}", "prefixes": [f"172.16.0.{number & 255}/32"]}
            office.apply("designate-addresses", more, service=SERVICE)
            begun = time.perf_counter()
            publishing.apply_plan()
            whole.append(time.perf_counter() - begun)
        return office.home.socket, sorted(whole)[1]
    finally:
        office.close()


def _alarm(number: int) -> Event:
    now = int(time.time())
    seen = Detection(
        now,
        "alarm",
        f"c{number}",
        "",
        "host",
        f"10.0.{number}.7",
        "udp-bps",
        9 * 10**8,
        10**8,
        now,
        5,
        (),
        False,
    )
    body: JsonObject = {"begun": datetime.now(UTC).isoformat(), "detection": detection_json(seen)}
    return Event(number + 1, datetime.now(UTC), "flood.decided", body)


def _answers(address: str) -> list[float]:
    """Seconds from each alarm told to its route in the speaker's orders."""
    arrived: dict[str, float] = {}
    news = threading.Condition()

    def listen() -> None:
        speaker, newest = Controller(address, "speak1"), 0
        while len(arrived) < ALARMS:
            orders = speaker.orders(newest, 10.0)
            if orders is None:
                return
            newest = orders.generation
            routes = [part.prefix for part in orders.intent.parts if isinstance(part, Announcement)]
            with news:
                for prefix in routes:
                    arrived.setdefault(prefix, time.perf_counter())
                news.notify()

    threading.Thread(target=listen, daemon=True).start()
    threading.Thread(target=_scrub, args=(address,), daemon=True).start()
    collector = Controller(address, "see1")
    taken = []
    for number in range(ALARMS):
        time.sleep(0.15)
        begun = time.perf_counter()
        collector.events(Batch("floods", "bench", (_alarm(number),)))
        with news:
            target = f"10.0.{number}.7/32"
            assert news.wait_for(lambda target=target: target in arrived, 10.0), "no orders came"
        taken.append(arrived[target] - begun)
    return taken


def _scrub(address: str) -> None:
    """A stand-in for a scrubber's node: it says of all orders that they are done."""
    node, newest = Controller(address, "scrub1"), 0
    while True:
        try:
            orders = node.orders(newest, 10.0)
            if orders is not None:
                newest = orders.generation
                now, digest = datetime.now(UTC), orders.intent.digest
                node.tell(Report("scrub1", now, newest, digest, True, right=("scrubber",)))
        except Unreachable:
            return


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        place, whole = _provider(home)
        program = f"from pathlib import Path; from kitei.web.run import run; run(Path({folder!r}))"
        controller = subprocess.Popen([sys.executable, "-c", program])
        try:
            address = f"unix:{place}"
            for _ in range(200):
                try:
                    Controller(address, "speak1").orders(0, 0)
                    break
                except Unreachable:
                    time.sleep(0.05)
            taken = sorted(_answers(address))
        finally:
            controller.terminate()
            controller.wait(10)
    worst = taken[-1] * 1e3
    return [
        Figure(
            "mitigation",
            f"alarm told to route in the speaker's orders, worst of {ALARMS}, {CONTRACTS:,} contracts",
            worst,
            "ms",
            300,
            "at most",
            "publishing by plan alone",
            whole * 1e3,
        )
    ]
