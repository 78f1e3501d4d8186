"""What was bought is what passes: from an application to packets that a scrubber lets through, item by item."""

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Verdict
from kitei.drivers.scrubber import Scrubber as Driver
from kitei.ledger import Fact
from kitei.network import Estate, Part
from kitei.network.ddos import Scrubber, Scrubbing
from kitei.network.ddos_estate import DefencePlaces, ScrubberPlace, SpeakerPlace, UpstreamPlace
from kitei.office import Office
from kitei.services.ddos import SERVICE
from kitei.services.ddos.intent import compile_contracts
from kitei.values import JST, JsonObject

pytestmark = pytest.mark.lab

PREFIX, SERVER = "203.0.113.0/24", "203.0.113.9"
ESTATE = Estate(
    defence=DefencePlaces(
        scrubbers=(ScrubberPlace("scrub", "dirty", next_hops=("198.51.100.1",)),),
        speakers=(SpeakerPlace("speak", 64500, "192.0.2.30"),),
        upstreams=(UpstreamPlace("border", "speak", "192.0.2.40", 64500, ("ipv4",)),),
    )
)
FRAME = 3400  # large ones: two processors that others use too must offer more than was bought
SECONDS, PATIENCE = 2.0, 30.0


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", lambda: datetime.now(JST), f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    for name in ("インターネット接続サービス", "IIJ Webハイグレード2サービス"):
        body: JsonObject = {"holds": name, "id": name, "first": "2020-01-01", "last": None}
        opened.state([("customer:acme", Fact("service.held", body, date(2020, 1, 1)))])
    yield opened
    opened.close()


def ask(office: Office, act: str, by: str = "operator", **written: Any) -> None:
    decided = office.apply(act, {"by": by, **written}, service=SERVICE.name).decision
    assert decided.verdict is Verdict.ACCEPT, [each.why.en for each in decided.findings]


def ordered(office: Office, item: str, extra: int) -> list[Part]:
    """What the scrubber is told once a contract of the item is attacked and diverted."""
    options = [{"option": "bandwidth", "mbps": extra}] if extra else []
    designated = {} if item == "W" else {"addresses": [PREFIX]}
    ask(office, "apply", "acme", services=[{"item": item, **designated, "options": options}])
    (contract,) = office.contracts()
    if not designated:
        ask(office, "designate-addresses", contract=contract, prefixes=[PREFIX])
    scrub = {"source_pps": 0, "syn_proof": False, "reflectors": [], "fragments": "pass"}
    ladder = {"divert": "by-hand"}
    ask(office, "set-policy", contract=contract, host={"bps": "1M"}, ladder=ladder, scrub=scrub)
    ask(office, "mitigate", contract=contract, target=SERVER, step="divert")
    nodes = compile_contracts(list(office.contracts().values()), ESTATE, office.today())
    (node,) = (each for each in nodes if each.node == "scrub")
    found = [part for part in node.parts if isinstance(part, Scrubber | Scrubbing)]
    assert len(found) == 2, "one port, and one target on it"
    return found


def wired(bench: Any) -> None:
    """users -- dirty, scrub, clean -- server; every packet for the server goes through the scrubber."""
    for name in ("users", "scrub", "server"):
        bench.node(name)
    bench.wire("users", "eth0", "scrub", "dirty")
    bench.wire("server", "eth0", "scrub", "clean")
    for name, link, address in (
        ("users", "eth0", "198.51.100.7/24"),
        ("scrub", "dirty", "198.51.100.1/24"),
        ("scrub", "clean", "203.0.113.1/24"),
        ("server", "eth0", "203.0.113.9/24"),
    ):
        bench.ip(name, "address", "add", address, "dev", link)
        bench.ip(name, "link", "set", link, "mtu", "3450", "up")
    assert bench.hosts["scrub"].run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]).code == 0


def mac(bench: Any, name: str, link: str) -> str:
    address: str = json.loads(bench.ip(name, "-j", "link", "show", link))[0]["address"]
    return address


def received(bench: Any) -> int:
    """Bits of IP that the server's port has taken."""
    told = json.loads(bench.ip("server", "-j", "-s", "link", "show", "eth0"))[0]["stats64"]["rx"]
    return int(told["bytes"] - 14 * told["packets"]) * 8


@pytest.mark.parametrize(
    ("item", "extra", "mbps"),
    [("E", 0, 500), ("E", 500, 1000), ("X", 0, 1000), ("X", 500, 1500), ("P", 0, 1000), ("W", 0, 100)],
)
def test_what_passes_is_the_item_and_its_steps_and_no_more(
    office: Office, bench: Any, make_right: Any, item: str, extra: int, mbps: int
) -> None:
    wanted = ordered(office, item, extra)
    wired(bench)
    make_right(Driver(), bench.hosts["scrub"], wanted)
    flood = bench.folder / "flood.trafgen"
    ends = f"saddr={mac(bench, 'users', 'eth0')}, daddr={mac(bench, 'scrub', 'dirty')}"
    body = f"udp(sport=drnd(), dport=drnd()), fill(0x5a, {FRAME - 42})"
    flood.write_text(f"{{ eth({ends}), ipv4(saddr=drnd(), daddr={SERVER}, ttl=60), {body} }}\n")
    command = [
        "trafgen",
        "--dev",
        "eth0",
        "--conf",
        str(flood),
        "--cpus",
        "1",
        "--jumbo-support",
        "--no-sock-mem",
    ]
    sender = subprocess.Popen(
        ["ip", "netns", "exec", bench.netns("users"), *command], stdout=subprocess.DEVNULL
    )
    ways: list[tuple[float, float]] = []
    until = time.monotonic() + PATIENCE
    try:
        while not any(offered > 1.1 * mbps and passed > 0.9 * mbps for offered, passed in ways):
            assert time.monotonic() < until, f"never so much as was bought: {ways}"
            ways.append(measured(bench))
    finally:
        sender.kill()
        sender.wait()
    assert all(passed <= mbps * 1.06 for _, passed in ways), ways


def measured(bench: Any) -> tuple[float, float]:
    """Mbit/s over a while: what the scrubber was offered, and what the server received."""
    begun, offered, passed = time.monotonic(), asked(bench), received(bench)
    time.sleep(SECONDS)
    took = time.monotonic() - begun
    return (asked(bench) - offered) / took / 1e6, (received(bench) - passed) / took / 1e6


def asked(bench: Any) -> int:
    """Bits that have come to the scrubber's port."""
    told = json.loads(bench.ip("scrub", "-j", "-s", "link", "show", "dirty"))[0]["stats64"]["rx"]
    return int(told["bytes"]) * 8
