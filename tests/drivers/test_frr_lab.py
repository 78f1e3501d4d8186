"""FRR with real daemons: sessions come up, change live, survive deaths, and leave nothing."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from kitei.drivers.frr import Frr
from kitei.drivers.links import Links
from kitei.network import Address, Bgp, BgpNeighbour, Forwarding, Origin, Port

pytestmark = pytest.mark.lab

FOR = Origin("contract-1", ())
CHILD = Origin("contract-2", ())


def eventually(holds: Callable[[], bool], seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def hub(accepts=("10.1.0.0/24",), announces=("10.0.0.0/24",), metric=10):
    return (
        Forwarding(FOR),
        Port(FOR, "wan0", "wan"),
        Port(FOR, "lan0", "lan"),
        Address(FOR, "wan0", "100.80.0.0/31"),
        *(Address(FOR, "lan0", f"{prefix.rsplit('.', 1)[0]}.1/24") for prefix in announces),
        Bgp(FOR, 65000, "100.64.0.1", tuple(announces)),
        BgpNeighbour(CHILD, "100.80.0.1", 65001, "child", tuple(accepts), metric),
    )


CHILDS = (
    Forwarding(FOR),
    Port(FOR, "wan0", "wan"),
    Port(FOR, "lan0", "lan"),
    Address(FOR, "wan0", "100.80.0.1/31"),
    Address(FOR, "lan0", "10.1.0.1/24"),
    Address(FOR, "lan0", "10.2.0.1/24"),
    Bgp(FOR, 65001, "100.64.0.2", ("10.1.0.0/24", "10.2.0.0/24")),
    BgpNeighbour(FOR, "100.80.0.0", 65000, "hub", ("10.0.0.0/24", "10.9.0.0/24"), 20),
)


class Pair:
    def __init__(self, bench, make_right) -> None:
        self.bench, self.make_right = bench, make_right
        self.hub, self.child = bench.node("hub"), bench.node("child")
        bench.node("lans")
        bench.wire("hub", "wan0", "child", "wan0")
        for name in ("hub", "child"):
            bench.wire(name, "lan0", "lans", f"l-{name}")
            bench.ip("lans", "link", "set", f"l-{name}", "up")

    def up(self, wanted=None) -> None:
        for host, parts in ((self.hub, wanted or hub()), (self.child, CHILDS)):
            for driver in (Links(), Frr()):
                self.make_right(driver, host, parts)

    def routes(self, name: str) -> str:
        return self.bench.ip(name, "route", "show", "proto", "bgp")

    def neighbour(self) -> str:
        told = self.hub.run(["vtysh", "-N", self.hub.name, "-c", "show bgp neighbors 100.80.0.1 json"]).out
        return told

    def count(self, word: str) -> str:
        """How often something happened to the hub's session."""
        return self.neighbour().partition(f'"{word}":')[2].split(",")[0]


@pytest.fixture
def pair(bench, make_right) -> Pair:
    return Pair(bench, make_right)


def test_routes_come_and_only_those_that_are_accepted(pair) -> None:
    pair.up()
    assert eventually(lambda: "10.0.0.0/24" in pair.routes("child") and "10.1.0.0/24" in pair.routes("hub"))
    assert "10.2.0.0/24" not in pair.routes("hub"), "announced, but not designated at the hub"
    ask = ["vtysh", "-N", pair.hub.name, "-c", "show bfd peers brief"]
    assert eventually(lambda: " up " in pair.hub.run(ask).out)


def test_a_prefix_is_accepted_and_announced_live_without_a_reset(pair) -> None:
    pair.up()
    assert eventually(lambda: "10.1.0.0/24" in pair.routes("hub"))
    drops = pair.count("connectionsDropped")
    more = hub(("10.1.0.0/24", "10.2.0.0/24"), ("10.0.0.0/24", "10.9.0.0/24"))
    for driver in (Links(), Frr()):
        pair.make_right(driver, pair.hub, more)
    assert eventually(lambda: "10.2.0.0/24" in pair.routes("hub") and "10.9.0.0/24" in pair.routes("child"))
    pair.make_right(Frr(), pair.hub, hub(metric=30))
    assert eventually(
        lambda: "10.2.0.0/24" not in pair.routes("hub") and "10.9.0.0/24" not in pair.routes("child")
    )
    assert "10.1.0.0/24" in pair.routes("hub")
    assert pair.count("connectionsDropped") == drops


@pytest.mark.parametrize(
    "tampering",
    [
        ["router bgp 65000", "neighbor 100.80.0.1 shutdown"],
        ["router bgp 65000", "neighbor 100.80.0.77 remote-as 7"],
        ["router bgp 65000", "no neighbor 100.80.0.1"],
        ["ip prefix-list in-100.80.0.1 seq 7 permit any"],
        ["no route-map out-100.80.0.1 permit 1"],
        ["no router bgp 65000"],
        ["bfd", "profile kitei", "transmit-interval 900"],
    ],
    ids=lambda t: t[-1],
)
def test_tampering_is_repaired(pair, tampering: list[str]) -> None:
    pair.up()
    said = [argument for line in ["configure terminal", *tampering] for argument in ("-c", line)]
    assert pair.hub.run(["vtysh", "-N", pair.hub.name, *said]).code == 0
    assert pair.make_right(Frr(), pair.hub, hub())
    assert eventually(lambda: "10.1.0.0/24" in pair.routes("hub"))


@pytest.mark.parametrize("daemon", ["zebra", "bfdd", "bgpd"])
def test_a_killed_daemon_comes_back(pair, daemon: str) -> None:
    pair.up()
    assert eventually(lambda: "10.1.0.0/24" in pair.routes("hub"))
    before = pair.hub.running()[daemon]
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: pair.hub.running().get(daemon, before) != before)
    pair.make_right(Frr(), pair.hub, hub())
    assert eventually(lambda: "10.1.0.0/24" in pair.routes("hub"), 20.0)


def test_nothing_wanted_leaves_nothing(pair) -> None:
    pair.up()
    assert eventually(lambda: "10.1.0.0/24" in pair.routes("hub"))
    pair.make_right(Frr(), pair.hub, ())
    assert pair.routes("hub") == "" and not pair.hub.running()
    assert not os.path.exists(f"/etc/frr/{pair.hub.name}") and not os.path.exists(f"/run/frr/{pair.hub.name}")
