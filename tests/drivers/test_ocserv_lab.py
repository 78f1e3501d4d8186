"""A gateway with real tunnels: openconnect, ocserv, FreeRADIUS; what passes, who is refused, what a change keeps."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from radius_stand import put_sack, put_users, record
from tunnel_stand import SERVE, User, eventually, papers

import kitei
from kitei.drivers.freeradius import Freeradius
from kitei.drivers.ocserv import Ocserv, open_sessions
from kitei.entrance.words import LANE
from kitei.network import (
    NetworkRelay,
    Origin,
    Part,
    RadiusCaps,
    RadiusClient,
    RadiusGroup,
    RadiusServer,
    ReachedHosts,
    TunnelGateway,
)
from kitei.radius.matrix import answer_to, read_matrix
from kitei.spool import Taking

pytestmark = pytest.mark.lab

FOR = Origin("c-1", ("gio-remote-access@2025-07-01#art:1.1.t1",))
NAME, REALM = "vpn.example.jp", "_gateway.c-1"
HOSTS = ("10.90.0.10/32", "fd90::10/128")


def parts(papers: str = "papers.gw@1", hosts: tuple[str, ...] = HOSTS, sessions: int = 2) -> list[Part]:
    pools = ("10.99.1.0/24", "fd99:1::/64")
    return [
        TunnelGateway(FOR, NAME, ("192.0.2.1",), 443, pools, papers, "nas.gw@1"),
        ReachedHosts(FOR, hosts),
        NetworkRelay(FOR, "lan0"),
        RadiusServer(FOR, ("127.0.0.1",), 1812, 1813, None),
        RadiusClient(FOR, "192.0.2.1", "nas.gw@1", (REALM,), "", True, 0),
        RadiusGroup(FOR, REALM, f"users.{REALM}@1", None, ("pap",), 0, ""),
        RadiusCaps(FOR, REALM, sessions, 0, 0, 0),
    ]


class Scene:
    def __init__(self, bench: Any, make_right: Any, folder: Path) -> None:
        self.bench, self.make_right = bench, make_right
        self.gateway, self.inner, core = bench.node("gw"), bench.node("in"), bench.node("core")
        core.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        self.join("gw", "wan0", "192.0.2.1/30", "core", "g0", "192.0.2.2/30")
        self.join("in", "eth0", "10.90.0.10/24", "gw", "lan0", "10.90.0.1/24")
        for node, address in (("in", "fd90::10/64"), ("in", "10.90.0.20/24"), ("gw", "fd90::1/64")):
            bench.ip(node, "address", "add", address, "dev", "eth0" if node == "in" else "lan0", "nodad")
        bench.ip("gw", "route", "add", "default", "via", "192.0.2.2")
        for family, via in (("-4", "10.90.0.1"), ("-6", "fd90::1")):
            bench.ip("in", family, "route", "add", "default", "via", via)
        addresses = ["10.90.0.10", "10.90.0.20", "fd90::10"]
        self.inner.keep_running("serve", [sys.executable, "-c", SERVE, "inner", *addresses])
        self.sack, self.authority = papers(NAME)
        put_sack(self.gateway, "papers.gw@1", self.sack)
        put_sack(self.gateway, "nas.gw@1", "a-secret-over-loopback")
        put_users(
            self.gateway, f"users.{REALM}@1", {n: record(f"{n} password") for n in ("ann", "bob", "cho")}
        )
        self.users = [self.user(f"u{n}", n, folder) for n in (1, 2, 3)]

    def user(self, node: str, number: int, folder: Path) -> User:
        host = self.bench.node(node)
        self.join(
            node, "eth0", f"198.51.100.{4 * number + 1}/30", "core", node, f"198.51.100.{4 * number + 2}/30"
        )
        self.bench.ip(node, "route", "add", "default", "via", f"198.51.100.{4 * number + 2}")
        return User(host, self.bench.netns(node), folder / f"user{number}", self.authority)

    def join(self, one: str, near: str, own: str, other: str, far: str, its: str) -> None:
        self.bench.wire(one, near, other, far)
        for node, port, address in ((one, near, own), (other, far, its)):
            self.bench.ip(node, "address", "add", address, "dev", port)
            self.bench.ip(node, "link", "set", port, "up")

    def make(self, wanted: list[Part]) -> list[str]:
        radius = self.make_right(Freeradius(), self.gateway, wanted)
        return [step.act for step in (*radius, *self.make_right(Ocserv(), self.gateway, wanted))]


@pytest.fixture
def scene(bench, make_right, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(bench, make_right, tmp_path)
    yield scene
    for user in scene.users:
        user.leave()


def test_users_come_in_and_reach_designated_hosts_alone(scene: Scene) -> None:
    ann, bob, cho = scene.users
    assert "start" in scene.make(parts())
    for user, name in ((ann, "ann"), (bob, "bob")):
        user.dial(NAME, "192.0.2.1", name, f"{name} password")
        assert eventually(user.is_in), user.log()
    assert ann.asks("10.90.0.10").startswith("inner 10.99.1."), "with its own address, not the gateway's"
    assert "fd99:1::" in ann.asks("fd90::10")
    ann.host.run(["ip", "route", "add", "10.90.0.20/32", "dev", "vpn0"])
    assert not ann.asks("10.90.0.20"), "a host that was not designated"

    # an address that is nobody's, and another user's
    (taken,) = {each["IPv4"] for each in open_sessions(scene.gateway) if each["Username"] == "bob"}
    for address in ("10.99.9.9", taken):
        ann.host.run(["ip", "address", "add", f"{address}/32", "dev", "vpn0"])
        assert not ann.asks("10.90.0.10", address)

    # as many sessions as were agreed
    cho.dial(NAME, "192.0.2.1", "cho", "cho password")
    assert cho.client is not None and cho.client.wait(20) != 0
    assert "fail" in cho.log().lower(), cho.log()

    # a new certificate, another host and more sessions: tunnels stay
    sack, authority = papers(NAME)
    put_sack(scene.gateway, "papers.gw@2", sack)
    assert scene.make(parts("papers.gw@2", (*HOSTS, "10.90.0.20/32"), 3))[-1] == "reload"
    assert ann.asks("10.90.0.20") and bob.asks("10.90.0.10")
    (cho.folder / "authority.pem").write_text(authority)
    cho.dial(NAME, "192.0.2.1", "cho", "cho password")
    assert eventually(cho.is_in), cho.log()
    assert len(open_sessions(scene.gateway)) == 3

    # the end
    scene.make([])
    assert not bob.asks("10.90.0.10")
    assert "kitei_remote" not in scene.gateway.run(["nft", "list", "tables"]).out
    assert not scene.gateway.running()


ASK_NAME = """import socket, struct, sys
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); line.settimeout(2)
name = b"".join(bytes([len(part)]) + part.encode() for part in sys.argv[2].split(".")) + b"\\0"
line.sendto(struct.pack("!6H", 7, 256, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1), (sys.argv[1], 53))
print(socket.inet_ntoa(line.recv(512)[-4:]))
"""


def test_clients_ask_the_customers_name_server_for_designated_names_alone(scene: Scene) -> None:
    code = {"PYTHONPATH": str(Path(str(kitei.__file__)).parents[1])}
    argv = [sys.executable, "-m", "kitei.lab.website", "names", "10.90.0.20"]
    scene.inner.keep_running("names", argv, code)
    ann, name = scene.users[0], "app.acme.example"
    script = ann.folder / "script"
    told = ann.folder / "told"
    script.write_text(script.read_text() + f'echo "$INTERNAL_IP4_DNS $CISCO_SPLIT_DNS" > {told}\n')
    gateway, hosts, *rest = parts()
    assert isinstance(gateway, TunnelGateway) and isinstance(hosts, ReachedHosts)
    before = [replace(gateway, resolvers=("10.90.0.20",)), replace(hosts, names=(name,)), *rest]
    scene.make(before)
    ann.dial(NAME, "192.0.2.1", "ann", "ann password")
    assert eventually(lambda: ann.is_in() and told.exists()), ann.log()
    assert told.read_text().split() == ["10.90.0.20", name]
    asked = [sys.executable, "-c", ASK_NAME, "10.90.0.20", name]
    assert ann.host.run(asked).out.strip() == "10.90.0.20"
    assert not ann.asks("10.90.0.20"), "asked for names, and for nothing else"
    assert scene.make(parts()) == ["load", "reload"]
    assert ann.host.run(asked).code != 0


def test_of_many_who_come_at_once_no_more_get_in_than_there_are_places(scene: Scene) -> None:
    """All pass the RADIUS server, as those do who log in before any session is accounted for."""
    most, racing = 2, 6
    wanted = [each for each in parts() if not isinstance(each, RadiusCaps)]
    scene.make([replace(p, sessions=most) if isinstance(p, TunnelGateway) else p for p in wanted])
    users = [*scene.users, *(scene.user(f"u{n}", n, scene.bench.folder) for n in range(4, racing + 1))]
    scene.users = users
    for user in users:
        user.dial(NAME, "192.0.2.1", "ann", "ann password")
    assert eventually(lambda: sum(user.is_in() for user in users) >= most)
    taking = Taking(Path(scene.gateway.state("events", LANE)))
    refused: dict[int, str] = {}

    def is_told() -> bool:
        refused.update({e["number"]: f"{e['body']['user']} {e['body']['why']}" for e in taking.due(100)})
        return len(refused) >= racing - most

    assert eventually(is_told), [user.log() for user in users]
    assert set(refused.values()) == {"ann too-many-sessions"}
    assert sum(user.is_in() for user in users) == len(open_sessions(scene.gateway)) == most

    # whoever leaves makes room, and more are let in without a new process
    next(user for user in users if user.is_in()).leave()
    late = next(user for user in users if not user.is_in())
    late.leave()

    def is_let_in() -> bool:
        late.dial(NAME, "192.0.2.1", "bob", "bob password")
        return eventually(late.is_in, 4)

    assert eventually(is_let_in), late.log()
    more = [replace(p, sessions=most + 1) if isinstance(p, TunnelGateway) else p for p in wanted]
    assert scene.make(more) == ["places"]


PATTERN = "A1 C2 L4 F3 B2 K1 +tail"


def read_off(said: str) -> str:
    """The answer as a user reads it off the grid on the screen."""
    rows = [line.split() for line in said.splitlines()]
    grid = ["".join(row[1:]) for row in rows if len(row) == 13 and row[0] in "1234"]
    assert len(grid) == 4, said
    return answer_to(read_matrix(PATTERN), "".join(grid))


def test_who_knows_the_password_reads_a_grid_too(scene: Scene) -> None:
    ann, bob, _ = scene.users
    users = {
        name: record(f"{name} password", matrix=PATTERN if name == "ann" else "") for name in ("ann", "bob")
    }
    put_users(scene.gateway, f"users.{REALM}@1", users)
    scene.make([replace(p, methods=("pap", "matrix")) if isinstance(p, RadiusGroup) else p for p in parts()])
    said = ann.dial_by_matrix(NAME, "192.0.2.1", "ann", "ann password", lambda said: "000000tail")
    assert not ann.is_in() and "Digits:" in said
    ann.leave()
    said = ann.dial_by_matrix(NAME, "192.0.2.1", "ann", "ann password", read_off)
    assert ann.is_in(), said
    assert ann.asks("10.90.0.10")
    bob.dial(NAME, "192.0.2.1", "bob", "bob password")
    assert bob.client is not None and bob.client.wait(20) != 0, "who has no pattern is not let in"
