"""Links in a kernel: made, repaired after tampering, and removed without a trace."""

import pytest

from kitei.drivers.links import Links
from kitei.network import Address, Forwarding, Origin, Overlay, PermanentError, Port, Route

pytestmark = pytest.mark.lab

FOR = Origin("contract-1", ())
WANTED = (
    Forwarding(FOR),
    Port(FOR, "lo", "loopback"),
    Port(FOR, "wan0", "wan"),
    Port(FOR, "lan0", "lan"),
    Address(FOR, "lo", "100.64.0.1/32"),
    Address(FOR, "wan0", "198.51.100.1/24"),
    Address(FOR, "lan0", "10.1.0.1/24"),
    Overlay(FOR, "kt1", 1, "100.64.0.1", "100.64.0.2", "100.80.0.0/31", 1350),
    Overlay(FOR, "kt2", 2, "100.64.0.1", "100.64.0.3", "100.80.0.2/31", 1350),
    Route(FOR, "0.0.0.0/0", "198.51.100.254"),
    Route(FOR, "100.64.0.0/16", None),
    Route(FOR, "10.2.0.0/16", "100.80.0.1"),
    Route(FOR, "10.2.0.0/16", "100.80.0.3", 10),
)


@pytest.fixture
def host(bench):
    node = bench.node("a")
    bench.node("b")
    bench.wire("a", "wan0", "b", "wan0")
    bench.wire("a", "lan0", "b", "lan0")
    return node


def test_a_fresh_machine_is_made_right(host, bench, make_right) -> None:
    assert make_right(Links(), host, WANTED)
    routes = bench.ip("a", "route")
    assert "blackhole 100.64.0.0/16 proto 107" in routes and "10.2.0.0/16 via 100.80.0.1 dev kt1" in routes
    assert "alias kitei:contract-1" in bench.ip("a", "link", "show", "kt1")
    assert host.run(["cat", "/proc/sys/net/ipv4/ip_forward"]).out == "1\n"
    assert "inet6" not in bench.ip("a", "address")


@pytest.mark.parametrize(
    "tampering",
    [
        "link del kt1",
        "link set kt1 down",
        "link set kt2 mtu 1200",
        "link set kt2 address 02:00:00:00:00:01",
        "link set lan0 down",
        "link set wan0 alias mine",
        "addr del 10.1.0.1/24 dev lan0",
        "addr flush dev kt1",
        "addr add 10.66.0.1/24 dev lan0",
        "route del blackhole 100.64.0.0/16",
        "route del default",
        "route add 10.9.0.0/16 via 100.80.0.1 proto 107",
        "route replace 10.2.0.0/16 via 100.80.0.3",
        "link add kt9 type bridge",
    ],
)
def test_tampering_is_repaired(host, bench, make_right, tampering: str) -> None:
    make_right(Links(), host, WANTED)
    bench.ip("a", *tampering.split())
    assert make_right(Links(), host, WANTED), f"{tampering} went unnoticed"


def test_switches_turned_off_are_turned_on_again(host, make_right) -> None:
    make_right(Links(), host, WANTED)
    host.run(["sysctl", "-w", "net.ipv4.ip_forward=0", "net.ipv6.conf.wan0.disable_ipv6=0"])
    (step,) = make_right(Links(), host, WANTED)
    assert {"net/ipv6/conf/wan0/disable_ipv6", "net/ipv4/ip_forward"} <= set(step.with_["switches"])


def test_an_overlay_to_another_place_is_made_anew(host, bench, make_right) -> None:
    make_right(Links(), host, WANTED)
    moved = Overlay(FOR, "kt1", 1, "100.64.0.1", "100.64.0.9", "100.80.0.0/31", 1350)
    make_right(Links(), host, [moved if part.key == moved.key else part for part in WANTED])
    assert "remote 100.64.0.9" in bench.ip("a", "-d", "link", "show", "kt1")
    assert "10.2.0.0/16 via 100.80.0.1 dev kt1" in bench.ip("a", "route"), "the route went with the device"


def test_one_site_less_leaves_the_other_alone(host, bench, make_right) -> None:
    make_right(Links(), host, WANTED)
    before = bench.ip("a", "-o", "link", "show", "kt1")
    steps = make_right(
        Links(), host, [p for p in WANTED if "kt2" not in p.key and getattr(p, "metric", 0) == 0]
    )
    assert {step.act for step in steps} == {"delete"}
    assert bench.ip("a", "-o", "link", "show", "kt1") == before


def test_nothing_wanted_leaves_nothing(host, bench, make_right) -> None:
    make_right(Links(), host, WANTED)
    make_right(Links(), host, ())
    assert bench.ip("a", "route") == ""
    assert "inet 1" not in bench.ip("a", "-o", "address").replace("inet 127.", "")
    assert "kt" not in bench.ip("a", "-br", "link") and "kitei" not in bench.ip("a", "link")
    assert host.run(["cat", "/proc/sys/net/ipv4/ip_forward"]).out == "0\n"


def test_a_port_that_is_not_there_is_told_not_made(host) -> None:
    steps = Links().plan([Port(FOR, "lan7", "lan")], Links().see(host))
    with pytest.raises(PermanentError, match=r"port lan7 does not exist .* it has lan0, lo, wan0"):
        Links().apply(host, steps[0])
