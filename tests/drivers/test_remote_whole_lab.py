"""Two customers' gateways with the same inner addresses, from application to real tunnels, and to the midnight that
ends one. Gateways and their users hang on core, the Internet; behind each gateway is a host of its customer's.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from radius_stand import put_sack
from tunnel_stand import SERVE, User, eventually, papers

from kitei.agent import tunnels
from kitei.drivers.freeradius import Freeradius
from kitei.drivers.ocserv import Ocserv
from kitei.network import LoginProbe, TunnelGateway, sacks_of
from kitei.network.events import Batch, event_of
from kitei.office import Office, Refusal
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.remote.fullness import fullness, propose
from kitei.office.remote.users import Entrances
from kitei.office.remote.why import why_user
from kitei.office.takers import TAKERS
from kitei.office.telling import Telling
from kitei.office.why import why_part
from kitei.radius.telling import LANE
from kitei.spool import Taking
from kitei.values import JST

pytestmark = pytest.mark.lab

USERS = "name,password\nann,ann password\nbob,bob password\n"
HOST, OTHER = "10.1.0.2", "10.1.0.3"


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(JST) + self.ahead


class Customer:
    """A customer with its gateway, an inner host and the machines of two users."""

    def __init__(self, scene: "Scene", name: str, number: int) -> None:
        self.scene, self.name, self.number = scene, name, number
        self.gateway, self.inner = f"gw{name}", f"in{name}"
        self.node, self.server = scene.bench.netns(self.gateway), f"{name}.vpn.example.jp"
        self.address = f"192.0.2.{8 * number + 1}"
        self.contract, self.network = f"{name}-gateway-1", f"{name}-network-1"
        self.users: dict[str, User] = {}

    def book(self) -> dict[str, Any]:
        gateway = {"kind": "gateway", "item": "type-a", "sessions": self.number, "hosts": [{"host": HOST}]}
        return {
            "remote_gateway": {
                "node": self.node,
                "customer": self.name,
                "outside": [self.address],
                "name": self.server,
                "inside": "lan0",
                "pools": ["10.255.0.0/24"],
            },
            "apply": {"id": f"G-{self.name}", "by": self.name, "services": [gateway, {"kind": "network"}]},
        }

    def lay(self) -> None:
        scene, n = self.scene, self.number
        for node in (self.gateway, self.inner):
            scene.bench.node(node)
        scene.join(self.gateway, "wan0", self.address, "core", f"g{n}", f"192.0.2.{8 * n + 2}", 30)
        scene.join(self.inner, "eth0", HOST, self.gateway, "lan0", "10.1.0.1", 24)
        scene.bench.ip(self.inner, "address", "add", f"{OTHER}/24", "dev", "eth0")
        scene.bench.ip(self.gateway, "route", "add", "default", "via", f"192.0.2.{8 * n + 2}")
        scene.bench.ip(self.inner, "route", "add", "default", "via", "10.1.0.1")
        serve = [sys.executable, "-c", SERVE, self.name, HOST, OTHER]
        scene.bench.hosts[self.inner].keep_running("serve", serve)

    def hand_over(self) -> None:
        """Users and the server's certificate."""
        entrances = Entrances.of(self.scene.office)
        sack, authority = papers(self.server)
        entrances.put_papers(self.node, sack)
        assert entrances.import_users(self.contract, USERS) == (2, 2)
        for place, name in enumerate(("ann", "bob")):
            node, third = f"{name}{self.name}", 8 * self.number + 2 * place
            host = self.scene.bench.node(node)
            self.scene.join(node, "eth0", f"198.51.{third}.1", "core", node, f"198.51.{third}.2", 24)
            self.scene.bench.ip(node, "route", "add", "192.0.2.0/24", "via", f"198.51.{third}.2")
            self.users[name] = User(host, self.scene.bench.netns(node), self.scene.folder / node, authority)

    def stand(self) -> None:
        """The machine made as its orders say, with the secrets they name, and what it tells heard."""
        orders = Publishing.of(self.scene.office).orders_for(self.node)
        assert orders is not None
        host, vault = self.scene.bench.hosts[self.gateway], Entrances.of(self.scene.office).vault
        for sack in sacks_of(orders.intent.parts):
            put_sack(host, sack, vault.content(sack))
        for driver in (Freeradius(), Ocserv()):
            self.scene.make_right(driver, host, orders.intent.parts)
        self.hear()

    def hear(self) -> None:
        """What the machine tells, as a relay carries it."""
        told = Taking(Path(self.scene.bench.hosts[self.gateway].state("events", LANE)))
        if events := tuple(map(event_of, told.due(500))):
            batch = Batch(LANE, told.series, events)
            told.heard(Telling.of(self.scene.office, TAKERS).take(self.node, batch))

    def reasons(self, user: str) -> list[str]:
        self.hear()
        return [row.reason for row in why_user(Entrances.of(self.scene.office), self.contract, user).logins]

    def dial(self, user: str) -> User:
        self.users[user].dial(self.server, self.address, user, f"{user} password")
        return self.users[user]

    def peak(self) -> int:
        self.hear()
        most = fullness(Entrances.of(self.scene.office), self.contract).most
        return most.sessions if most else 0

    def is_reached(self) -> bool:
        """Whether a user's machine, out on the Internet, is asked there who it is: as a prober of the operator's looks."""
        program = (
            "from datetime import UTC, datetime\nfrom kitei.agent.tunnels import asks_who\n"
            f"print(asks_who(({self.address!r}, 443), {self.server!r}, False, datetime.now(UTC)))"
        )
        source = str(Path(tunnels.__file__).parents[2])
        argv = ["env", f"PYTHONPATH={source}", sys.executable, "-c", program]
        return self.users["ann"].host.run(argv).out.split() == ["True"]

    def probed(self) -> bool:
        """Whether the operator's own look finds that users can log in, asked on the node."""
        orders = Publishing.of(self.scene.office).orders_for(self.node)
        assert orders is not None
        kinds = (TunnelGateway, LoginProbe)
        gateway, probe = (next(p for p in orders.intent.parts if isinstance(p, kind)) for kind in kinds)
        host = self.scene.bench.hosts[self.gateway]
        program = (
            "import sys\nfrom datetime import UTC, datetime\nfrom kitei.agent import tunnels\n"
            "from kitei.network import LoginProbe, Origin, TunnelGateway\n"
            f"print(tunnels.answers({gateway!r}, datetime.now(UTC)), tunnels.logs_in({probe!r}, sys.argv[1]))"
        )
        source = str(Path(tunnels.__file__).parents[2])
        argv = ["env", f"PYTHONPATH={source}", sys.executable, "-c", program, host.state("sacks")]
        return host.run(argv).out.split() == ["True", "True"]


class Scene:
    def __init__(self, bench: Any, make_right: Any, office: Office, clock: Clock, folder: Path) -> None:
        self.bench, self.make_right, self.office, self.clock = bench, make_right, office, clock
        self.folder = folder
        bench.node("core").run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        self.customers = (Customer(self, "a", 1), Customer(self, "b", 2))

    def join(self, one: str, near: str, own: str, other: str, far: str, its: str, length: int) -> None:
        self.bench.wire(one, near, other, far)
        for node, port, address in ((one, near, own), (other, far, its)):
            self.bench.ip(node, "address", "add", f"{address}/{length}", "dev", port)
            self.bench.ip(node, "link", "set", port, "up")


@pytest.fixture
def scene(bench, make_right, tmp_path: Path) -> Iterator[Scene]:
    clock = Clock()
    office = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    scene = Scene(bench, make_right, office, clock, tmp_path)
    yield scene
    for customer in scene.customers:
        for user in customer.users.values():
            user.leave()
    office.close()


def test_from_application_to_tunnels_and_to_the_midnight_that_takes_all_away(scene: Scene) -> None:
    a, b = scene.customers
    books = [each.book() for each in scene.customers]
    book = {
        "service": "gio-remote-access",
        "remote_gateway": [each["remote_gateway"] for each in books],
        "apply": [each["apply"] for each in books],
    }
    list(take_book(scene.office, read_book(book, scene.office)))
    entrances = Entrances.of(scene.office)
    with pytest.raises(Refusal):
        entrances.put_papers(a.node, papers("another.example.jp")[0])
    for each in scene.customers:
        each.lay()
        each.hand_over()
    Publishing.of(scene.office).apply_plan()
    assert not entrances.unserved()
    for each in scene.customers:
        each.stand()
        assert each.probed()

    # each to its own host and to no other, with the same inner addresses
    for each in scene.customers:
        ann = each.dial("ann")
        assert eventually(ann.is_in), ann.log()
        assert ann.asks(HOST).startswith(f"{each.name} 10.255.0.")
        ann.host.run(["ip", "route", "add", f"{OTHER}/32", "dev", "vpn0"])
        assert not ann.asks(OTHER)

    # a's one session is taken, b has two; whoever is refused is told by which clause
    assert eventually(lambda: a.peak() == b.peak() == 1)
    bob = a.dial("bob")
    assert bob.client is not None and bob.client.wait(30) != 0, "a clean refusal"
    assert eventually(lambda: a.reasons("bob")[:1] == ["too-many-sessions"])
    found = why_user(entrances, a.contract, "bob")
    assert [each.cite.partition("#")[2] for each in found.provisions] == ["art:8.1.1"]
    assert found.reason is not None and "(1 at once" in found.reason.en
    assert eventually(b.dial("bob").is_in), b.users["bob"].log()
    assert eventually(lambda: (a.peak(), b.peak()) == (1, 2))
    part = why_part(scene.office, a.node, "radius-caps:_gateway.a-gateway-1")[0]
    assert part.provisions[0].cite.endswith("#art:8.1.1")

    # near what was agreed: a change is proposed, and asked for by the customer
    full = fullness(entrances, a.contract)
    assert full.agreed == 1 and full.proposes is not None
    propose(entrances, full)
    assert scene.office.contract(a.contract).body["proposals"]
    asked = {"by": "a", "contract": a.contract, "matter": "sessions", "number": full.proposes}
    scene.office.apply("change", asked, service="gio-remote-access")
    Publishing.of(scene.office).apply_plan(approve=True)
    a.stand()
    assert eventually(a.dial("bob").is_in), a.users["bob"].log()
    assert a.users["ann"].asks(HOST), "who was in stays in"

    # without its engine a gateway is lost to those outside, and the driver brings it back
    gateway = scene.bench.hosts[b.gateway]
    assert b.is_reached()
    gateway.stop("ocserv")
    assert not b.is_reached() and not b.probed()
    b.stand()
    assert b.is_reached() and b.probed()
    for user in b.users.values():
        user.leave()
    assert eventually(b.dial("ann").is_in) and eventually(b.dial("bob").is_in)

    # the end
    for contract in (a.contract, a.network):
        scene.office.apply("cancel", {"by": "a", "contract": contract}, service="gio-remote-access")
    scene.clock.ahead = timedelta(days=40)
    assert Publishing.of(scene.office).end_what_is_over() is not None
    a.stand()
    assert not a.users["ann"].asks(HOST)
    gateway = scene.bench.hosts[a.gateway]
    assert "kitei_remote" not in gateway.run(["nft", "list", "tables"]).out and not gateway.running()
    assert subprocess.run(["ls", gateway.state("ocserv")], capture_output=True, text=True).stdout == ""
    assert b.users["ann"].asks(HOST) and b.users["bob"].asks(HOST)
