"""The filter in a kernel: loaded, put back after tampering, and true to its parts when packets come."""

import pytest

from kitei.drivers.links import Links
from kitei.drivers.nftables import Nftables
from kitei.network import Address, Allow, Forwarding, Gateway, Guard, Origin, Overlay, Port, Route, SecureLink

pytestmark = pytest.mark.lab

FOR = Origin("contract-1", ("managed-vpn-pro@2024-05-01#art:4.1",))
BASE = (
    Forwarding(FOR),
    Port(FOR, "wan0", "wan"),
    Port(FOR, "lan0", "lan"),
    Port(FOR, "cls0", "closed"),
    Address(FOR, "wan0", "198.51.100.1/24"),
    Address(FOR, "lan0", "10.0.0.1/24"),
    Address(FOR, "cls0", "203.0.113.2/24"),
    Guard(FOR, "wan0", ("198.51.100.2", "198.51.100.3")),
)
BRANCH = (
    SecureLink(FOR, "a", "198.51.100.1", "198.51.100.2", "hub", "child", "100.64.0.1", "100.64.0.2", False),
    Overlay(FOR, "kt1", 1, "100.64.0.1", "100.64.0.2", "100.80.0.0/31", 1350),
    Gateway(FOR, "lan0", "10.0.0.9/24", 1, 200),
    Allow(FOR, "child-a", "kt1", ("10.1.0.0/24", "10.2.0.0/24"), "lan0", ("10.0.0.0/24",)),
    Allow(FOR, "child-b", "kt-2", ("10.3.0.0/24", "10.3.0.0/25"), "lan0", ("10.0.0.0/24",)),
)


@pytest.mark.parametrize("wanted", [BASE, BASE + BRANCH, BASE[:1]], ids=["base", "branch", "forwarding"])
def test_the_law_holds_for_the_kernels_own_listing(bench, make_right, wanted) -> None:
    host = bench.node("a")
    assert make_right(Nftables(), host, wanted)


@pytest.mark.parametrize(
    "tampering",
    [
        "add rule inet kitei forward accept",
        "insert rule inet kitei input accept",
        "flush chain inet kitei output",
        "delete table inet kitei",
        "add chain inet kitei more",
        "add set inet kitei more { type ipv4_addr; }",
        "add chain inet kitei forward { policy accept; }",
    ],
)
def test_tampering_is_repaired(bench, make_right, tampering: str) -> None:
    host = bench.node("a")
    make_right(Nftables(), host, BASE + BRANCH)
    assert host.run(["nft", tampering]).code == 0
    assert make_right(Nftables(), host, BASE + BRANCH), f"{tampering} went unnoticed"


def test_counting_packets_is_no_tampering(bench, make_right) -> None:
    host = bench.node("a")
    bench.node("b")
    for port in ("wan0", "lan0", "cls0"):
        bench.wire("a", port, "b", port)
    make_right(Links(), host, BASE)
    make_right(Nftables(), host, BASE)
    host.run(["ping", "-c1", "-W1", "198.51.100.2"])
    assert Nftables().plan(BASE, Nftables().see(host)) == ()


def test_another_table_is_left_alone_and_ours_goes_without_a_trace(bench, make_right) -> None:
    host = bench.node("a")
    host.run(["nft", "add table inet mine"])
    make_right(Nftables(), host, BASE)
    make_right(Nftables(), host, ())
    assert host.run(["nft", "list", "tables"]).out.split("\n") == ["table inet mine", ""]
    assert host.read(host.state("nftables.json")) is None


def test_packets_pass_where_they_are_allowed_and_nowhere_else(bench, make_right) -> None:
    """far (10.1.0.5, and 10.7.0.5 undesignated) -- cls0 -- hub -- lan0 -- desk (10.0.0.5)."""
    hub, far, desk = (bench.node(name) for name in ("hub", "far", "desk"))
    bench.wire("hub", "cls0", "far", "eth0")
    bench.wire("hub", "lan0", "desk", "eth0")
    wanted = (
        Forwarding(FOR),
        Port(FOR, "lan0", "lan"),
        Port(FOR, "cls0", "closed"),  # a cable stands in for the overlay device
        Address(FOR, "lan0", "10.0.0.1/24"),
        Address(FOR, "cls0", "100.80.0.0/31"),
        Route(FOR, "10.0.0.0/8", "100.80.0.1"),
        Allow(FOR, "child", "cls0", ("10.1.0.0/24",), "lan0", ("10.0.0.0/24",)),
    )
    make_right(Nftables(), hub, wanted)
    make_right(Links(), hub, wanted)
    for name, address, via in (("far", "100.80.0.1/31", "100.80.0.0"), ("desk", "10.0.0.5/24", "10.0.0.1")):
        bench.ip(name, "address", "add", address, "dev", "eth0")
        bench.ip(name, "link", "set", "eth0", "up")
        bench.ip(name, "route", "add", "default", "via", via)
    for address in ("10.1.0.5/32", "10.7.0.5/32"):
        bench.ip("far", "address", "add", address, "dev", "lo")

    def reaches(host, source: str, target: str) -> bool:
        return host.run(["ping", "-c1", "-W1", "-I", source, target]).code == 0

    assert reaches(far, "10.1.0.5", "10.0.0.5")
    assert reaches(desk, "10.0.0.5", "10.1.0.5"), "what may come may be answered, and asked"
    assert reaches(far, "10.1.0.5", "10.0.0.1"), "the gateway answers those who may cross it"
    assert not reaches(far, "10.7.0.5", "10.0.0.5"), "an undesignated source crossed"
    assert not reaches(desk, "10.0.0.5", "10.7.0.5"), "an undesignated target was reached"
    assert not reaches(far, "10.7.0.5", "10.0.0.1")
    assert not reaches(far, "100.80.0.1", "10.0.0.5")
