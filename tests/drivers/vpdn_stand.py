"""A customer's two sites with real L2TP network servers, a mobile network's stand-in, and phones."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from radius_stand import FOR, put_sack, put_users, record
from test_freeradius_lab import eventually

from kitei.drivers.freeradius import Freeradius
from kitei.drivers.host import LinuxHost
from kitei.lab.mobile.asking import Refused
from kitei.lab.mobile.call import Call
from kitei.lab.mobile.concentrator import Concentrator
from kitei.lab.mobile.phone import inside
from kitei.network import Part, RadiusClient, RadiusGroup, RadiusServer, TunnelTerminator
from kitei.radius.leaving import Heard, Order, carry
from kitei.radius.policy import Pairs
from kitei.radius.sessions import Session

RADIUS, CARRIER, SITE = "10.0.0.1", "10.0.0.4", "10.20.0.10"
SITE6 = "fd20::10"
LNS_SECRET = "the secret of the customer's terminators"
CARRIER_SECRET = "the secret of the mobile network"
TUNNEL_SECRET = "the secret of the tunnel"

_CONFIG = """\
set debug 4
set log_file "{folder}/l2tpns.log"
set pid_file "{folder}/l2tpns.pid"
set bind_address {address}
set iftun_address {gateway}
set tundevicename tun0
set l2tp_secret "{tunnel_secret}"
set primary_radius {radius}
set primary_radius_port 1812
set radius_secret "{secret}"
set radius_accounting yes
set radius_interim 1
set radius_authtypes "{methods}"
set cli_bind_address 127.0.0.1
set allow_duplicate_users yes
set send_garp no
set cluster_interface "lo"
set cluster_hb_interval 1
set cluster_hb_timeout 10
set ipv6_prefix {prefix}::
load plugin "sessionctl"
load plugin "stripdomain"
ip access-list extended quiet
deny udp any any
permit ip any any
exit
"""


class Terminator:
    """A customer's L2TP network server, which asks RADIUS about its users by itself: a real l2tpns."""

    def __init__(self, host: LinuxHost, number: int, methods: str = "chap,pap") -> None:
        self.host, self.address = host, f"10.0.0.{10 + number}"
        self.folder = Path(host.state("l2tpns"))
        self.folder.mkdir()
        text = _CONFIG.format(
            folder=self.folder,
            address=self.address,
            gateway=f"10.99.{number}.1",
            tunnel_secret=TUNNEL_SECRET,
            radius=RADIUS,
            secret=LNS_SECRET,
            methods=methods,
            prefix=f"fd99:{number}",
        )
        (self.folder / "startup-config").write_text(text)
        (self.folder / "ip_pool").write_text(f"10.99.{number}.128/25\n")

    def start(self) -> None:
        self.host.keep_running("l2tpns", ["unshare", "-m", "sh", "-c", _START.format(folder=self.folder)])

    def stop(self) -> None:
        self.host.stop("l2tpns")

    def log(self) -> str:
        return self.host.read(str(self.folder / "l2tpns.log")) or ""


# l2tpns looks for its files in /etc/l2tpns only
_START = "mount --bind {folder} /etc/l2tpns && exec /usr/sbin/l2tpns -c {folder}/startup-config"


class Ground:
    """A wide area network with our RADIUS node, the mobile network, two terminators and the site behind them."""

    def __init__(self, bench: Any, make_right: Callable[..., object]) -> None:
        self.bench, self._make_right = bench, make_right
        self._switch("w", ())
        self.radius = bench.node("r")
        self._plug("r", RADIUS)
        bench.node("c")
        self._plug("c", CARRIER)
        self.site = bench.node("s")
        self._switch("s", (f"{SITE}/24", f"{SITE6}/64"))
        answer_udp(self.site)
        self.ends = [self._terminator(number) for number in (1, 2)]
        put_sack(self.radius, "carrier@1", CARRIER_SECRET)
        put_sack(self.radius, "tunnel@1", TUNNEL_SECRET)
        put_sack(self.radius, "lns@1", LNS_SECRET)
        put_users(
            self.radius,
            "users@1",
            {"phone": record("pw-phone", ["pap", "chap"]), "other": record("pw-other", ["pap", "chap"])},
        )
        put_users(
            self.radius,
            "others@1",
            {name: record(f"pw-{name}", ["pap", "chap"]) for name in ("phone", "other")},
        )
        self.carrier = Concentrator(bench.netns("c"), CARRIER, [RADIUS], CARRIER_SECRET.encode())

    def make(self, *parts: Part) -> None:
        self._make_right(Freeradius(), self.radius, (SERVER, *parts))
        self.server = self.radius.running()["radius"]

    def phone(self, name: str) -> str:
        """A phone's namespace."""
        if name not in self.bench.hosts:
            answer_udp(self.bench.node(name))
        return self.bench.netns(name)

    def named(self, user: str, carrier: Concentrator | None = None) -> list[str]:
        """The terminators that the mobile network is told for a user, in their order."""
        try:
            return [door.endpoint for door in (carrier or self.carrier).doors(user, "x")]
        except Refused:
            return []

    def is_told_two(self, user: str, carrier: Concentrator) -> bool:
        return len(self.named(user, carrier)) == 2

    def has_ipv6(self, call: Call) -> bool:
        return eventually(lambda: call.link.is_up6)

    def another_carrier(self, address: str) -> Concentrator:
        self.bench.ip("c", "address", "add", f"{address}/24", "dev", "wan0")
        return Concentrator(self.bench.netns("c"), address, [RADIUS], CARRIER_SECRET.encode())

    def tell(self, session: Session, secret: str, change: Pairs | None) -> Heard:
        """What our node asks of an access server."""
        order = Order(session, secret.encode(), change)
        return inside(self.bench.netns("r"), lambda: carry([order])[0])

    def written(self, name: str) -> bytes:
        """What the server wrote down in its own files."""
        return b"".join(path.read_bytes() for path in Path(self.radius.state("radius")).glob(name))

    def reasons(self) -> str:
        return self.radius.read(self.radius.state("radius", "events.log")) or ""

    def open_sessions(self) -> int:
        """As our node has them: those that the mobile network told of, and those that terminators did."""
        told = self.radius.read(self.radius.state("radius", "state.json"))
        return int(json.loads(told or '{"sessions": 0}')["sessions"])

    def _terminator(self, number: int) -> Terminator:
        host = self.bench.node(f"l{number}")
        self._plug(f"l{number}", f"10.0.0.{10 + number}")
        self.bench.wire(f"l{number}", "lan0", "s", f"l{number}")
        self.bench.ip("s", "link", "set", f"l{number}", "master", "br0", "up")
        for address in (f"10.20.0.{number}/24", f"fd20::{number}/64"):
            self.bench.ip(
                f"l{number}", "address", "add", address, "dev", "lan0", *(["nodad"] if ":" in address else [])
            )
        self.bench.ip(f"l{number}", "link", "set", "lan0", "up")
        self.bench.ip("s", "route", "add", f"10.99.{number}.0/24", "via", f"10.20.0.{number}")
        self.bench.ip("s", "-6", "route", "add", f"fd99:{number}::/64", "via", f"fd20::{number}")
        for knob in ("ipv4.ip_forward", "ipv6.conf.all.forwarding"):
            host.run(["sysctl", "-qw", f"net.{knob}=1"])
        end = Terminator(host, number)
        end.start()
        return end

    def _switch(self, name: str, addresses: tuple[str, ...]) -> None:
        if name not in self.bench.hosts:
            self.bench.node(name)
        self.bench.ip(name, "link", "add", "br0", "type", "bridge")
        for address in addresses:
            self.bench.ip(
                name, "address", "add", address, "dev", "br0", *(["nodad"] if ":" in address else [])
            )
        self.bench.ip(name, "link", "set", "br0", "up")

    def _plug(self, name: str, address: str) -> None:
        self.bench.wire(name, "wan0", "w", name)
        self.bench.ip("w", "link", "set", name, "master", "br0", "up")
        self.bench.ip(name, "address", "add", f"{address}/24", "dev", "wan0")
        self.bench.ip(name, "link", "set", "wan0", "up")


SERVER = RadiusServer(FOR, (RADIUS,), 1812, 1813, None)
ASKS = RadiusClient(FOR, CARRIER, "carrier@1", (), "D", False, 0)
# l2tpns signs nothing: it is in transition
LNS = tuple(RadiusClient(FOR, f"10.0.0.{10 + n}", "lns@1", ("staff.example",), "", True, 0) for n in (1, 2))
STAFF = RadiusGroup(FOR, "staff.example", "users@1", None, ("pap", "chap"), 10, "")


def doors(
    realm: str = "vpn.example/d", preferences: tuple[int, int] = (1, 1), weights: tuple[int, int] = (1, 2)
) -> tuple[TunnelTerminator, ...]:
    return tuple(
        TunnelTerminator(FOR, realm, f"10.0.0.{10 + n}", "tunnel@1", preferences[n - 1], weights[n - 1])
        for n in (1, 2)
    )


def answer_udp(host: LinuxHost) -> None:
    """Whoever sends a datagram to port 7 gets it back, by IPv4 or IPv6."""
    host.keep_running("echo", [sys.executable, "-c", _ECHO])


def ask_udp(host: LinuxHost, address: str, count: int = 20, size: int = 1000) -> int:
    """How many of so many datagrams came back whole."""
    done = host.run([sys.executable, "-c", _ASK, address, str(count), str(size)], timeout=30)
    assert done.code == 0, done.err
    return int(done.out)


def ping(host: LinuxHost, address: str) -> bool:
    return host.run(["ping", "-c", "3", "-i", "0.05", "-W", "2", address]).code == 0


_ECHO = """
import socket
line = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
line.bind(("::", 7))
while True:
    line.sendto(*line.recvfrom(4096))
"""
_ASK = """
import os, socket, sys
address, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
line.settimeout(2)
line.connect((address, 7))
whole = 0
for _ in range(count):
    told = os.urandom(size)
    try:
        line.send(told)
        whole += line.recv(4096) == told
    except OSError:
        pass
print(whole)
"""
