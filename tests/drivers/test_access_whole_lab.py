"""Two customers with the same inner addresses, from their applications to real packets, and to the midnight that ends one.

phone-a, phone-b and server hang on core, the Internet; gw-a and gw-b too, each with a host of its customer's inside.
Core gives a shared address's ports to whose they are, as the network before such gateways does.
"""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kitei.drivers.access import LANE as PASSING
from kitei.drivers.access import Access
from kitei.drivers.wireguard import LANE, Wireguard
from kitei.network.events import Batch, event_of
from kitei.office import Office
from kitei.office.access.deciding import Entrance, decide, enrol
from kitei.office.access.logbook import cuts, log_of
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.takers import TAKERS
from kitei.office.telling import Telling
from kitei.office.why import why_part
from kitei.spool import Taking
from kitei.values import JST

pytestmark = pytest.mark.lab

SHARED = "203.0.113.100"
POLICY = """
[services]
web = {ports}
[[rule]]
id = "web"
action = "allow"
from = ["user:tanaka"]
to = ["zone:internet"]
service = ["web"]
[[rule]]
id = "inside"
action = "allow"
from = ["zone:remote"]
to = ["zone:inside"]
"""
SERVE = """import socket, sys, threading
def hold(line):
    while line.recv(100): pass
    line.close()
def serve(port):
    listen = socket.socket(); listen.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listen.bind((sys.argv[1], port)); listen.listen(16)
    while True:
        line, who = listen.accept(); line.sendall(f"{sys.argv[2]} {who[0]} {who[1]}\\n".encode())
        threading.Thread(target=hold, args=(line,)).start()
for port in map(int, sys.argv[3:]): threading.Thread(target=serve, args=(port,)).start()
"""
ASK = """import socket, sys
line = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1.5); print(line.recv(100).decode())
"""

# It stays, and begins again where it is cut.
STAY = """import socket, sys, time
while True:
    try:
        line = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2); line.recv(100)
        while line.send(b"x"): time.sleep(0.1)
    except OSError: time.sleep(0.1)
"""


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(JST) + self.ahead


class Customer:
    """A customer with its gateway, an inner host and a phone somewhere on the Internet."""

    def __init__(self, scene: "Scene", name: str, number: int) -> None:
        self.scene, self.name, self.number = scene, name, number
        self.gateway, self.phone, self.inner = f"gw{name}", f"ph{name}", f"in{name}"
        self.node = scene.bench.netns(self.gateway)
        self.firewall, self.remote = f"{name}-firewall-1-1", f"{name}-remote-connect-1"

    def lay(self) -> None:
        scene, n = self.scene, self.number
        for node in (self.gateway, self.phone, self.inner):
            scene.bench.node(node)
        scene.join(self.gateway, "wan0", f"192.0.2.{8 * n + 1}", "core", f"g{n}", f"192.0.2.{8 * n + 2}", 30)
        scene.join(self.phone, "eth0", f"192.0.2.{8 * n + 5}", "core", f"p{n}", f"192.0.2.{8 * n + 6}", 30)
        scene.join(self.inner, "eth0", "10.1.0.2", self.gateway, "lan0", "10.1.0.1", 24)
        scene.bench.ip(self.gateway, "route", "add", "default", "via", f"192.0.2.{8 * n + 2}")
        scene.bench.ip(self.inner, "route", "add", "default", "via", "10.1.0.1")
        scene.bench.ip(self.phone, "route", "add", "192.0.2.0/24", "via", f"192.0.2.{8 * n + 6}")
        scene.bench.ip("core", "route", "add", f"203.0.113.6{n}/32", "via", f"192.0.2.{8 * n + 1}")
        scene.bench.ip("core", "rule", "add", "fwmark", str(n), "lookup", str(100 + n))
        scene.bench.ip("core", "route", "add", SHARED, "via", f"192.0.2.{8 * n + 1}", "table", str(100 + n))
        scene.serve(self.inner, "10.1.0.2", self.name, 80)

    def book(self) -> dict[str, Any]:
        kinds = ({"kind": "firewall-1"}, {"kind": "remote-connect", "item": "type-a"})
        n = self.number
        return {
            "gateway": {
                "node": self.node,
                "customer": self.name,
                "outside": "wan0",
                "shared": [SHARED],
                "shared_ports": f"{1024 * n}-{1024 * n + 1023}",
                "dedicated": [f"203.0.113.6{n}"],
                "pools": ["10.255.0.0/24"],
                "endpoint": f"192.0.2.{8 * n + 1}",
                "inside": "lan0",
                "inside_prefixes": ["10.1.0.0/24"],
            },
            "apply": {
                "id": f"S-{self.name}",
                "by": self.name,
                "services": [{**each, "accounts": 50} for each in kinds],
            },
        }

    def ask(self, act: str, contract: str, **asked: Any) -> None:
        decide(self.scene.office, act, {"by": self.name, "contract": contract, **asked})

    def stand(self) -> None:
        """The machine made as its orders say, and what it tells of itself heard."""
        orders = Publishing.of(self.scene.office).orders_for(self.node)
        assert orders is not None
        host = self.scene.bench.hosts[self.gateway]
        for driver in (Access(), Wireguard()):
            self.scene.make_right(driver, host, orders.intent.parts)
        self.hear()

    def hear(self) -> None:
        """What the machine tells, as a relay carries it."""
        for lane in (LANE, PASSING):
            told = Taking(Path(self.scene.bench.hosts[self.gateway].state("events", lane)))
            if events := tuple(map(event_of, told.due(500))):
                batch = Batch(lane, told.series, events)
                told.heard(Telling.of(self.scene.office, TAKERS).take(self.node, batch))

    def dial(self, entrance: Entrance, private: str) -> None:
        """The configuration that the customer is shown, in WireGuard's own client."""
        host = self.scene.bench.hosts[self.phone]
        tunnel = f"wg{self.node[-11:]}"
        if host.run(["ip", "link", "add", tunnel, "type", "wireguard"]).code != 0:
            host.keep_running("client", ["wireguard-go", "-f", tunnel])
        assert eventually(lambda: host.run(["wg", "show", tunnel]).code == 0)
        lines = entrance.configuration(private).splitlines()
        own = [each for each in lines if not each.startswith(("Address", "MTU"))]
        done = host.run(["wg", "setconf", tunnel, "/dev/stdin"], stdin="\n".join(own) + "\n")
        assert done.code == 0, done.err
        for address in entrance.addresses:
            self.scene.bench.ip(self.phone, "address", "add", address, "dev", tunnel)
        self.scene.bench.ip(self.phone, "link", "set", tunnel, "mtu", "1420", "up")
        self.scene.bench.ip(self.phone, "route", "add", "default", "dev", tunnel)

    def sees(self, address: str, port: int) -> str:
        return (
            self.scene.bench.hosts[self.phone]
            .run([sys.executable, "-c", ASK, address, str(port)])
            .out.strip()
        )


class Scene:
    def __init__(self, bench: Any, make_right: Any, office: Office, clock: Clock) -> None:
        self.bench, self.make_right, self.office, self.clock = bench, make_right, office, clock
        core = bench.node("core")
        bench.node("server")
        core.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0"])
        self.join("server", "eth0", "198.51.100.10", "core", "s0", "198.51.100.1", 24)
        bench.ip("server", "route", "add", "default", "via", "198.51.100.1")
        marks = "".join(
            f"ip daddr {SHARED} tcp dport {1024 * n}-{1024 * n + 1023} meta mark set {n}\n" for n in (1, 2)
        )
        table = (
            f"table inet ports {{\nchain c {{\ntype filter hook prerouting priority mangle;\n{marks}}}\n}}\n"
        )
        assert core.run(["nft", "-f", "-"], stdin=table).code == 0
        self.serve("server", "198.51.100.10", "server", 80, 81, 82)

    def join(self, one: str, near: str, own: str, other: str, far: str, its: str, length: int) -> None:
        self.bench.wire(one, near, other, far)
        for node, port, address in ((one, near, own), (other, far, its)):
            self.bench.ip(node, "address", "add", f"{address}/{length}", "dev", port)
            self.bench.ip(node, "link", "set", port, "up")

    def serve(self, node: str, address: str, name: str, *ports: int) -> None:
        argv = [sys.executable, "-c", SERVE, address, name, *map(str, ports)]
        self.bench.hosts[node].keep_running("serve", argv)


@pytest.fixture
def scene(bench, make_right, tmp_path: Path) -> Iterator[Scene]:
    clock = Clock()
    office = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    yield Scene(bench, make_right, office, clock)
    office.close()


def test_from_application_to_packets_and_to_the_midnight_that_takes_all_away(scene: Scene) -> None:
    a, b = customers = (Customer(scene, "a", 1), Customer(scene, "b", 2))
    books = [each.book() for each in customers]
    book = {
        "service": "secure-access",
        "gateway": [each["gateway"] for each in books],
        "apply": [each["apply"] for each in books],
    }
    list(take_book(scene.office, read_book(book, scene.office)))
    Publishing.of(scene.office).apply_plan()
    for each, ports in ((a, ["tcp/80"]), (b, ["tcp/80", "tcp/81"])):
        each.lay()
        each.stand()
        each.ask("add-account", each.remote, account="tanaka")
        each.ask("set-policy", each.firewall, text=POLICY.replace("{ports}", str(ports)))
        host = scene.bench.hosts[each.phone]
        private = host.run(["wg", "genkey"]).out.strip()
        public = host.run(["wg", "pubkey"], stdin=private).out.strip()
        asked = {"by": each.name, "contract": each.remote, "account": "tanaka", "device": "phone"}
        decided, entrance = enrol(scene.office, {**asked, "public_key": public})
        assert entrance is not None, decided.decision
        assert entrance.addresses == ("10.255.0.2/32",), "both customers have the same inner addresses"
        each.stand()
        each.dial(entrance, private)

    # each by its own ports of the shared address, what its own firewall allows, and to its own network
    for each in customers:
        assert eventually(lambda each=each: bool(each.sees("198.51.100.10", 80)))
        _, address, port = each.sees("198.51.100.10", 80).split()
        assert address == SHARED and int(port) // 1024 == each.number
        assert each.sees("10.1.0.2", 80).startswith(f"{each.name} 10.255.0.2 ")
    assert not a.sees("198.51.100.10", 81) and b.sees("198.51.100.10", 81)
    told = why_part(scene.office, a.node, "filter-rule:web")[0]
    assert {"art:1.1.t2", "art:7.1.1"} <= {each.cite.partition("#")[2] for each in told.provisions}

    # who it was, by the address and port that the server saw; and what a change would cut
    for each in customers:
        _, address, port = each.sees("198.51.100.10", 80).split()

        def told(each: Customer = each, port: int = int(port)) -> bool:
            each.hear()
            found = log_of(scene.office).who(SHARED, port, scene.clock())
            return [(row.contract, row.account, row.device) for row in found] == [
                (each.firewall, "tanaka", "phone")
            ]

        assert eventually(told)
    talk = scene.bench.hosts[a.phone]
    talk.keep_running("talk", [sys.executable, "-c", STAY, "198.51.100.10", "82"])
    a.ask("set-policy", a.firewall, text=POLICY.replace("{ports}", '["tcp/80", "tcp/82"]'))
    a.stand()
    less = POLICY.replace("{ports}", '["tcp/80"]')

    def would_cut() -> set[int]:
        a.hear()
        return {row.port for row in cuts(scene.office, scene.office.contract(a.firewall), less)}

    assert eventually(lambda: 82 in would_cut())
    assert not cuts(
        scene.office, scene.office.contract(a.firewall), POLICY.replace("{ports}", '["tcp/80-82"]')
    )
    a.ask("set-policy", a.firewall, text=less)
    a.stand()

    def denied() -> set[tuple[str, int, int, str]]:
        a.hear()
        found = log_of(scene.office).denials(a.firewall)
        return {(row.rule, row.policy, row.port, row.account) for row in found}

    assert eventually(lambda: ("default", 3, 82, "tanaka") in denied())

    # the option
    asked = {"by": "a", "contract": a.firewall, "option": "dedicated-ip"}
    scene.office.apply("add-option", asked, service="secure-access")
    Publishing.of(scene.office).apply_plan(approve=True)
    for each in customers:
        each.stand()
    assert a.sees("198.51.100.10", 80).split()[1] == "203.0.113.61"
    assert b.sees("198.51.100.10", 80).split()[1] == SHARED

    # the end
    for contract in (a.firewall, a.remote):
        scene.office.apply("cancel", {"by": "a", "contract": contract}, service="secure-access")
    scene.clock.ahead = timedelta(days=40)
    assert Publishing.of(scene.office).end_what_is_over() is not None
    for each in customers:
        each.stand()
    gateway = scene.bench.hosts[a.gateway]
    assert not a.sees("198.51.100.10", 80) and not a.sees("10.1.0.2", 80)
    assert "kitei_access" not in gateway.run(["nft", "list", "tables"]).out
    assert "kw" not in scene.bench.ip(a.gateway, "-br", "link").replace(a.node, "")
    assert "203.0.113" not in scene.bench.ip(a.gateway, "address")
    assert b.sees("198.51.100.10", 80) and b.sees("10.1.0.2", 80)
