"""Return tunnels in a kernel: clean traffic goes back through them, in segments that fit, and nowhere else.

client - core - scrubber == tunnel == customer's router - server; answers go by the core.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kitei.drivers.tunnels import Tunnels
from kitei.network import Origin, PermanentError, ReturnTunnel

pytestmark = pytest.mark.lab

FOR = Origin("contract-1", ("ddos-protection@2024-05-01#art:10.2.9",))
V6 = "2001:db8:7::/48"
NEAR = ReturnTunnel(
    FOR,
    "contract-1",
    "gre",
    "10.1.0.2",
    "10.2.0.2",
    7,
    "100.64.7.0/31",
    "100.64.7.1",
    ("198.51.100.0/24", V6),
    1400,
)
FAR = ReturnTunnel(
    FOR, "contract-1", "gre", "10.2.0.2", "10.1.0.2", 7, "100.64.7.1/31", "100.64.7.0", (), 1400
)
OTHER = ReturnTunnel(
    FOR,
    "contract-2",
    "vxlan",
    "10.1.0.2",
    "10.2.0.3",
    8,
    "100.64.8.0/31",
    "100.64.8.1",
    ("203.0.113.0/24",),
    1400,
)


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


class Way:
    def __init__(self, bench, make_right) -> None:
        self.bench, self.make_right = bench, make_right
        for name in ("client", "core", "scrubber", "router", "server"):
            node = bench.node(name)
            node.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
        cables = (
            ("client", "192.0.2.2", "core", "192.0.2.1"),
            ("scrubber", "10.1.0.2", "core", "10.1.0.1"),
            ("router", "10.2.0.2", "core", "10.2.0.1"),
            ("router", "198.51.100.1", "server", "198.51.100.7"),
        )
        for number, (one, near, two, far) in enumerate(cables):
            bench.wire(one, f"p{number}", two, f"p{number}")
            for node, address in ((one, near), (two, far)):
                bench.ip(node, "address", "add", f"{address}/24", "dev", f"p{number}")
                bench.ip(node, "link", "set", f"p{number}", "up")
        for node, towards in (
            ("client", "192.0.2.1"),
            ("scrubber", "10.1.0.1"),
            ("router", "10.2.0.1"),
            ("server", "198.51.100.1"),
        ):
            bench.ip(node, "route", "add", "default", "via", towards)
        bench.ip("core", "route", "add", "198.51.100.0/24", "via", "10.1.0.2")  # diverted

    def up(self, *near: ReturnTunnel) -> None:
        self.make_right(Tunnels(), self.bench.hosts["scrubber"], near or (NEAR,))
        self.make_right(Tunnels(), self.bench.hosts["router"], (FAR,))

    def pings(self, address: str = "198.51.100.7", node: str = "client") -> bool:
        return self.bench.hosts[node].run(["ping", "-n", "-c", "1", "-W", "1", address]).code == 0

    def into_tunnel(self) -> int:
        told = json.loads(self.bench.ip("scrubber", "-j", "-s", "link", "show", "kr7"))
        return int(told[0]["stats64"]["tx"]["packets"])


@pytest.fixture
def way(bench, make_right) -> Way:
    return Way(bench, make_right)


def test_clean_traffic_goes_through_the_tunnel_and_its_answers_directly(way) -> None:
    assert not way.pings()
    way.up()
    assert eventually(way.pings)
    before = way.into_tunnel()
    assert way.pings() and way.into_tunnel() == before + 1


def test_a_kernel_without_gre_is_served_by_vxlan_that_says_so(way) -> None:
    way.up()
    told = way.bench.ip("scrubber", "-d", "link", "show", "kr7")
    has_gre = (
        way.bench.hosts["core"].run(["ip", "link", "add", "gx", "type", "gre", "remote", "10.1.0.2"]).code
        == 0
    )
    if has_gre:
        assert "gre remote 10.2.0.2 local 10.1.0.2" in told and "kitei-return:contract-1" in told
    else:
        assert "vxlan id 7" in told and "alias kitei-return-in-place-of-gre:contract-1" in told


def test_segments_fit_although_the_answer_that_told_their_size_went_another_way(way) -> None:
    way.up()
    assert eventually(way.pings)
    drops = "table inet no { chain pmtu { type filter hook output priority 0; icmp type destination-unreachable drop; } }"
    for node in ("scrubber", "core"):  # nothing but the clamp may help
        assert (
            way.bench.hosts[node].run(["nft", "-f", "-"], stdin=drops.replace("; } }", ";\n}\n}")).code == 0
        )
    way.bench.hosts["server"].keep_running("sink", [sys.executable, "-c", _SINK])
    told = way.bench.hosts["client"].run([sys.executable, "-c", _SOURCE], timeout=20.0)
    assert told.code == 0, told.err
    mss, sent = map(int, told.out.split())
    assert mss == 1400 - 40 - 12 and sent == 1_000_000, "12 bytes are timestamps"


def test_ipv6_is_carried_over_ipv4_inner_addresses(way) -> None:
    way.up()
    for node, address, port in (("router", "2001:db8:7::1/64", "p3"), ("server", "2001:db8:7::7/64", "p3")):
        way.bench.ip(node, "-6", "address", "add", address, "dev", port, "nodad")
    way.bench.ip("scrubber", "-6", "address", "add", "2001:db8:1::2/64", "dev", "lo")
    route = json.loads(way.bench.ip("scrubber", "-6", "-j", "route", "show", V6))[0]
    assert route["dev"] == "kr7"
    way.bench.ip("router", "-6", "route", "add", "2001:db8:1::/64", "via", _near_end(way), "dev", "kr7")
    way.bench.ip("server", "-6", "route", "add", "default", "via", "2001:db8:7::1")
    assert eventually(lambda: way.pings("2001:db8:7::7", "scrubber"))


def _near_end(way) -> str:
    told = json.loads(way.bench.ip("scrubber", "-6", "-j", "address", "show", "dev", "kr7", "scope", "link"))
    return str(told[0]["addr_info"][0]["local"])


def test_tunnel_packets_from_elsewhere_are_dropped(way) -> None:
    way.up()
    assert eventually(way.pings)
    way.bench.ip(
        "client",
        "link",
        "add",
        "forged",
        "type",
        "vxlan",
        "id",
        "7",
        "local",
        "192.0.2.2",
        "remote",
        "10.2.0.2",
        "dstport",
        "4789",
    )
    way.bench.ip("client", "address", "add", "100.64.7.9/24", "dev", "forged")
    way.bench.ip("client", "link", "set", "forged", "up")
    way.bench.hosts["client"].run(["ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "100.64.7.1"])
    told = way.bench.hosts["router"].run(["nft", "list", "chain", "inet", "kitei_return", "guard"]).out
    assert "counter packets" in told and "counter packets 0" not in told


def test_one_tunnel_less_leaves_the_other_alone(way) -> None:
    way.up(NEAR, OTHER)
    before = way.bench.ip("scrubber", "-o", "link", "show", "kr7")
    steps = way.make_right(Tunnels(), way.bench.hosts["scrubber"], (NEAR,))
    assert {step.act for step in steps} == {"delete", "clamp"}
    assert way.bench.ip("scrubber", "-o", "link", "show", "kr7") == before and way.pings()


@pytest.mark.parametrize(
    "tampering",
    [
        "ip link del kr7",
        "ip link set kr7 down",
        "ip link set kr7 mtu 1300",
        "ip link set kr7 alias mine",
        "ip address flush dev kr7",
        "ip address add 10.66.0.1/24 dev kr7",
        "ip route del 198.51.100.0/24",
        "ip -6 route del 2001:db8:7::/48",
        "ip route add 203.0.113.0/24 dev kr7 proto 108",
        "ip link add kr99 type vxlan id 99 dstport 4789 dev lo",
        "nft delete table inet kitei_return",
        "nft flush chain inet kitei_return clamp",
    ],
)
def test_tampering_is_repaired(way, tampering: str) -> None:
    way.up()
    host = way.bench.hosts["scrubber"]
    done = host.run(tampering.split())
    assert done.code == 0, done.err
    assert way.make_right(Tunnels(), host, (NEAR,)), f"{tampering} went unnoticed"
    assert eventually(way.pings)


def test_nothing_wanted_leaves_nothing(way) -> None:
    way.up(NEAR, OTHER)
    host = way.bench.hosts["scrubber"]
    way.make_right(Tunnels(), host, ())
    assert "kr" not in way.bench.ip("scrubber", "-br", "link").replace("link/", "")
    assert "198.51.100" not in way.bench.ip("scrubber", "route")
    assert "kitei_return" not in host.run(["nft", "list", "tables"]).out
    assert not Path(host.state("tunnels.json")).exists()


def test_what_cannot_be_is_refused_and_the_others_made(way) -> None:
    eats = ReturnTunnel(
        FOR,
        "contract-3",
        "vxlan",
        "10.1.0.2",
        "10.2.0.2",
        9,
        "100.64.9.0/31",
        "100.64.9.1",
        ("10.0.0.0/8",),
        1400,
    )
    with pytest.raises(PermanentError, match="would carry the tunnel's own way"):
        way.make_right(Tunnels(), way.bench.hosts["scrubber"], (NEAR, eats))
    way.make_right(Tunnels(), way.bench.hosts["router"], (FAR,))
    assert eventually(way.pings) and "kr9" not in way.bench.ip("scrubber", "-br", "link")


_SINK = """import socket
s = socket.create_server(("198.51.100.7", 5000))
while True:
    line, _ = s.accept(); got = 0
    while got < 1_000_000:
        piece = line.recv(65536)
        if not piece: break
        got += len(piece)
    line.sendall(str(got).encode()); line.close()"""
_SOURCE = """import socket, time
for _ in range(50):
    try:
        line = socket.create_connection(("198.51.100.7", 5000), timeout=10); break
    except ConnectionRefusedError:
        time.sleep(0.1)
line.sendall(bytes(1_000_000))
print(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), line.recv(100).decode())"""
