"""A gateway in a kernel: real packets of an inner host, a neighbour on the backbone and servers outside.

inner (10.1.0.2) - gw - server (203.0.113.10); gw - far (10.200.0.2, the backbone)
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kitei.agent.gates import Gates
from kitei.drivers.access import LANE, Access, counted
from kitei.network import BackboneLink, Egress, Filter, FilterRule, Origin
from kitei.network.access_filter import Flow, in_order, judge
from kitei.spool import Taking

pytestmark = pytest.mark.lab

FOR = Origin("f-1", ("secure-access@2026-04-01#art:1.1.t2",))
GATE = Filter(
    FOR,
    "wan0",
    ("lan0 10.1.0.0/24 fd01::/64", "bb0 10.200.0.0/24"),
    ("203.0.113.100", "2001:db8::100"),
    0,
    (),
    1,
)
SHARED = Egress(FOR, "wan0", ("203.0.113.100", "2001:db8::100"), "1024-2047", False)
OWN = Egress(FOR, "wan0", ("203.0.113.60", "2001:db8::60"), "", True)
LINK = BackboneLink(FOR, "bb0", ("10.200.0.0/24",), ("10.199.0.2",), 1000)
INNER = ("10.1.0.0/24", "fd01::/64")


def rule(name, number, action="allow", sources=INNER, destinations=(), services=(), until=None) -> FilterRule:
    return FilterRule(FOR, name, number, action, tuple(sources), tuple(destinations), tuple(services), until)


WEB = rule("web", 10, services=("tcp/80", "tcp/8000-8010", "udp/8000-8010", "icmp"))
ALL = (GATE, SHARED, WEB)


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


ECHO = """import socket, sys, threading, selectors
listens = selectors.DefaultSelector()
for family, host in ((socket.AF_INET, sys.argv[1]), (socket.AF_INET6, sys.argv[2])):
    for port in map(int, sys.argv[3:]):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            s = socket.socket(family, kind); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((host, port))
            if kind == socket.SOCK_STREAM: s.listen(16)
            listens.register(s, selectors.EVENT_READ)
def talk(line, who):
    line.sendall(f"{who[0]} {who[1]}\\n".encode())
    while piece := line.recv(4096): line.sendall(piece)
while True:
    for key, _ in listens.select():
        s = key.fileobj
        if s.type == socket.SOCK_STREAM:
            line, who = s.accept(); threading.Thread(target=talk, args=(line, who), daemon=True).start()
        else:
            _, who = s.recvfrom(4096); s.sendto(f"{who[0]} {who[1]}\\n".encode(), who)
"""
ASK = """import socket, sys
kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM); s.settimeout(1.5)
s.connect((host, port)); kind == "udp" and s.send(b"?")
print(s.recv(100).decode())
"""
COUNT = f"""import json, sys; sys.path.insert(0, {str(Path(__file__).parents[2] / "src")!r})
from kitei.drivers.access.recorder import counted; print(json.dumps(counted()))
"""
# A conversation that goes on: a word a tenth of a second, each answered; what it hears last is in its log.
TALK = """import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3); s.recv(100)
n = 0
while True:
    n += 1; s.sendall(b"x"); assert s.recv(1) == b"x"; print(n, flush=True); time.sleep(0.1)
"""


class Scene:
    def __init__(self, bench, make_right) -> None:
        self.bench, self.make_right, self.driver = bench, make_right, Access()
        for name in ("inner", "gw", "server", "far"):
            bench.node(name)
        for one, near, addresses, two, far, others in (
            ("inner", "eth0", ("10.1.0.2/24", "fd01::2/64"), "gw", "lan0", ("10.1.0.1/24", "fd01::1/64")),
            ("server", "eth0", ("203.0.113.10/24", "2001:db8::10/64"), "gw", "wan0", ("203.0.113.7/24", "2001:db8::7/64")),
            ("far", "eth0", ("10.199.0.2/24",), "gw", "bb0", ("10.199.0.1/24",)),
        ):  # fmt: skip
            bench.wire(one, near, two, far)
            for node, port, own in ((one, near, addresses), (two, far, others)):
                for address in own:
                    bench.ip(node, "address", "add", address, "dev", port, *(["nodad"] * (":" in address)))
                bench.ip(node, "link", "set", port, "up")
        bench.ip("far", "address", "add", "10.200.0.2/24", "dev", "lo")
        bench.ip("inner", "route", "add", "default", "via", "10.1.0.1")
        bench.ip("inner", "-6", "route", "add", "default", "via", "fd01::1")
        bench.ip("far", "route", "add", "default", "via", "10.199.0.1")
        self.serve("server", "203.0.113.10", "2001:db8::10")
        self.serve("far", "10.200.0.2", "::1")

    def serve(self, node: str, four: str, six: str) -> None:
        ports = ("80", "81", "8000", "8005", "8010", "8011")
        self.bench.hosts[node].keep_running("echo", [sys.executable, "-c", ECHO, four, six, *ports])

    def up(self, *parts) -> tuple:
        return self.make_right(self.driver, self.bench.hosts["gw"], parts)

    def asks(self, kind: str, host: str, port: int, node: str = "inner") -> str:
        """Whom the server saw, '' when nobody answered."""
        return self.bench.hosts[node].run([sys.executable, "-c", ASK, kind, host, str(port)]).out.strip()

    def reaches(self, kind: str, host: str, port: int, node: str = "inner") -> bool:
        return eventually(lambda: bool(self.asks(kind, host, port, node)), 8.0)


@pytest.fixture
def scene(bench, make_right) -> Scene:
    return Scene(bench, make_right)


def test_what_the_tester_says_is_what_happens_to_packets(scene) -> None:
    scene.up(*ALL, rule("no", 5, "deny", destinations=("203.0.113.10/32",), services=("udp/8000",)))
    rules = in_order((WEB, rule("no", 5, "deny", (), ("203.0.113.10/32",), ("udp/8000",))))
    assert scene.reaches("tcp", "203.0.113.10", 80)
    for server, source in (("203.0.113.10", "10.1.0.2"), ("2001:db8::10", "fd01::2")):
        for kind in ("tcp", "udp"):
            for port in (80, 81, 8000, 8005, 8010, 8011):
                found = judge(rules, Flow(source, server, kind, port))
                allowed = found is not None and found.action == "allow"
                assert bool(scene.asks(kind, server, port)) is allowed, (server, kind, port)


def test_flows_leave_by_the_shared_address_and_its_ports_or_by_the_own_one(scene) -> None:
    scene.up(*ALL)
    assert scene.reaches("tcp", "203.0.113.10", 80) and scene.reaches("tcp", "2001:db8::10", 80)
    for kind in ("tcp", "udp"):
        for server, seen in (("203.0.113.10", "203.0.113.100"), ("2001:db8::10", "2001:db8::100")):
            address, port = scene.asks(kind, server, 8000).split()
            assert address == seen and 1024 <= int(port) <= 2047
    scene.up(replace(GATE, guarded=OWN.addresses), OWN, WEB)
    assert scene.asks("tcp", "203.0.113.10", 80).split()[0] == "203.0.113.60"
    assert scene.asks("tcp", "2001:db8::10", 80).split()[0] == "2001:db8::60"
    assert "203.0.113.100" not in scene.bench.ip("gw", "address")


def test_flows_that_stay_allowed_live_on_and_the_others_are_cut_at_once(scene) -> None:
    scene.up(*ALL)
    assert scene.reaches("tcp", "203.0.113.10", 80)
    inner = scene.bench.hosts["inner"]
    for port in (80, 8000):
        inner.keep_running(f"talk{port}", [sys.executable, "-c", TALK, "203.0.113.10", str(port)])

    def said(port: int) -> str:
        return inner.read(inner.state("programs", f"talk{port}.log")) or ""

    assert eventually(lambda: len(said(80).split()) > 3 < len(said(8000).split()))
    pids = dict(inner.running())
    scene.up(GATE, SHARED, rule("renamed", 1, services=("tcp/80",)))
    assert eventually(lambda: "Traceback" in said(8000)), "what is denied now was cut"
    before = len(said(80).split())
    assert eventually(lambda: len(said(80).split()) > before + 5)
    assert inner.running()["talk80"] == pids["talk80"] and "Traceback" not in said(80)


def test_hits_are_counted_by_rule_and_outlive_a_change(scene) -> None:
    scene.up(*ALL)
    gw = scene.bench.hosts["gw"]
    assert scene.reaches("tcp", "203.0.113.10", 80) and not scene.asks("tcp", "203.0.113.10", 81)
    hits = counted(gw)
    assert hits["rule_web"][0] >= 1 and hits["rule_default"][0] >= 1
    scene.up(*ALL, rule("more", 20, services=("tcp/81",)))
    after = counted(gw)
    assert after["rule_web"][0] >= hits["rule_web"][0] and after["rule_more"][0] == 0
    assert scene.asks("tcp", "203.0.113.10", 81) and counted(gw)["rule_more"][0] == 1


def test_a_rule_ends_by_the_nodes_clock(scene) -> None:
    gw = scene.bench.hosts["gw"]
    soon = rule("soon", 20, services=("tcp/81",), until="2000-01-01T00:00:00+09:00")
    assert scene.up(*ALL, soon) and not scene.asks("tcp", "203.0.113.10", 81)
    assert scene.up(*ALL, replace(soon, until="2999-01-01T00:00:00+09:00"))
    assert scene.asks("tcp", "203.0.113.10", 81)
    assert gw.now().year < 2999


def test_the_backbone_is_reached_both_ways_and_nobody_sends_as_somebody_else(scene) -> None:
    both = rule("both", 1, sources=(*INNER, "10.200.0.0/24"), destinations=("10.200.0.0/24", "10.1.0.0/24"))
    scene.serve("inner", "10.1.0.2", "fd01::2")
    scene.up(*ALL, LINK, both)
    assert scene.reaches("tcp", "10.200.0.2", 80)
    assert scene.asks("tcp", "10.200.0.2", 80).startswith("10.1.0.2 "), "there it is seen as itself"
    far = scene.bench.hosts["far"]
    from_far = ASK.replace("s.connect(", 's.bind(("10.200.0.2", 0)); s.connect(')
    assert far.run([sys.executable, "-c", from_far, "tcp", "10.1.0.2", "80"]).out.startswith("10.200.0.2 ")
    assert not scene.asks("tcp", "10.1.0.2", 80, "far"), "10.199.0.2 is not of the backbone's prefixes"
    scene.up(*ALL, both)
    assert "kbin" not in scene.bench.ip("gw", "link")
    assert "10.200.0.0/24" not in scene.bench.ip("gw", "route") and not scene.asks("tcp", "10.200.0.2", 80)


def test_nothing_new_comes_in_from_outside(scene) -> None:
    scene.up(*ALL)
    scene.bench.ip("server", "route", "add", "10.1.0.0/24", "via", "203.0.113.7")
    scene.serve("inner", "10.1.0.2", "fd01::2")
    assert scene.reaches("tcp", "203.0.113.10", 80)
    assert not scene.asks("tcp", "10.1.0.2", 80, "server")
    scene.serve("gw", "0.0.0.0", "::1")
    assert scene.reaches("tcp", "203.0.113.7", 80, "server"), "the machine's own address is its own affair"
    assert not scene.asks("tcp", "203.0.113.100", 80, "server")


@pytest.mark.parametrize(
    "tampering",
    [
        "nft delete table inet kitei_access",
        "nft flush chain inet kitei_access judge",
        "nft insert rule inet kitei_access forward accept",
        "ip address del 203.0.113.100/32 dev wan0",
        "ip route del 10.200.0.0/24",
        "sysctl -qw net.ipv6.conf.all.forwarding=0",
        "tc qdisc del dev bb0 root",
        "tc qdisc del dev bb0 ingress",
        "tc qdisc replace dev kbin root tbf rate 9gbit burst 9mb latency 20ms",
        "ip link set kbin down",
        "ip link del kbin",
    ],
)
def test_tampering_is_repaired(scene, tampering: str) -> None:
    scene.up(*ALL, LINK)
    done = scene.bench.hosts["gw"].run(tampering.split())
    assert done.code == 0, done.err
    assert scene.up(*ALL, LINK), f"{tampering} went unnoticed"


def test_nothing_wanted_leaves_nothing_and_forwards_nothing(scene) -> None:
    scene.up(*ALL, LINK)
    assert scene.reaches("tcp", "203.0.113.10", 80)
    scene.up()
    gw = scene.bench.hosts["gw"]
    assert "kitei_access" not in gw.run(["nft", "list", "tables"]).out
    assert "203.0.113.100" not in scene.bench.ip("gw", "address")
    assert "kbin" not in scene.bench.ip("gw", "link") and "tbf" not in gw.run(["tc", "qdisc"]).out
    assert "10.200" not in scene.bench.ip("gw", "route") and not scene.asks("tcp", "203.0.113.10", 80)
    assert gw.run(["sysctl", "-n", "net.ipv4.ip_forward"]).out.strip() == "0"


def begun(scene: Scene) -> int:
    """How often a recorder began; from then on nothing is passed over."""
    events = Taking(Path(scene.bench.hosts["gw"].state("events", LANE))).due(1000)
    return [event["kind"] for event in events].count("passing.begun")


def rows(scene: Scene) -> list[list[Any]]:
    """What was written down, in order."""
    events = Taking(Path(scene.bench.hosts["gw"].state("events", LANE))).due(1000)
    told = [json.loads(str(event["body"]["rows"])) for event in events if event["kind"] == "passing.told"]
    return [row for each in told for row in each]


def test_who_left_by_which_address_and_port_is_written_down_and_what_was_denied_by_which_rule(scene) -> None:
    no = rule("no", 1, "deny", services=("tcp/81",))
    scene.up(*ALL, no)
    assert eventually(lambda: begun(scene) == 1)
    assert scene.reaches("tcp", "203.0.113.10", 80) and scene.reaches("udp", "2001:db8::10", 8005)
    seen = {scene.asks("tcp", "203.0.113.10", 8000), scene.asks("udp", "2001:db8::10", 8000)}
    assert "" not in seen, "both were answered"
    for port in (81, 8011):
        assert not scene.asks("tcp", "203.0.113.10", port)

    def left_by() -> set[str]:
        return {f"{row[8]} {row[9]}" for row in rows(scene) if row[0] == "+" and row[7] == 8000}

    assert eventually(lambda: left_by() == seen), "as the servers saw them"
    sources = {row[4] for row in rows(scene) if row[0] == "+"}
    assert sources == {"10.1.0.2", "fd01::2"}
    wanted = {
        ("no", 1, "tcp", "10.1.0.2", "203.0.113.10", 81),
        ("default", 1, "tcp", "10.1.0.2", "203.0.113.10", 8011),
    }

    def denied() -> set[tuple[Any, ...]]:
        return {(*row[2:6], *row[7:]) for row in rows(scene) if row[0] == "x"}

    assert eventually(lambda: wanted <= denied())
    hits = scene.bench.hosts["gw"].run([sys.executable, "-c", COUNT]).out
    assert json.loads(hits)["no"][0] >= 1 and json.loads(hits)["web"][0] >= 2
    scene.bench.hosts["gw"].run(["conntrack", "-D", "-p", "tcp", "--dport", "8000"])
    assert eventually(lambda: any(row[0] == "-" and row[7] == 8000 for row in rows(scene)))


def test_a_recorder_that_begins_again_tells_what_there_is(scene) -> None:
    scene.up(*ALL)
    assert scene.reaches("tcp", "203.0.113.10", 80)
    gw, inner = scene.bench.hosts["gw"], scene.bench.hosts["inner"]
    inner.keep_running("talk", [sys.executable, "-c", TALK, "203.0.113.10", "80"])
    assert eventually(lambda: len((inner.read(inner.state("programs", "talk.log")) or "").split()) > 3)
    assert eventually(lambda: begun(scene) == 1)
    os.kill(gw.running()["passing"], 9)
    assert eventually(lambda: begun(scene) == 2)
    events = Taking(Path(gw.state("events", LANE)))

    def told_again() -> bool:
        kinds = [each["kind"] for each in events.due(1000)]
        return "passing.told" in kinds[len(kinds) - kinds[::-1].index("passing.begun") :]

    assert eventually(told_again)


def test_the_gateway_feels_its_filter_and_its_lines(scene) -> None:
    parts = (*ALL, LINK)
    scene.up(*parts)
    gw = scene.bench.hosts["gw"]

    def felt() -> dict[str, bool]:
        return {
            subject: each.up for (what, subject), each in Gates(gw).feel(parts).items() if what == "gateway"
        }

    assert felt() == {"filter": True, "backbone-link": True}
    scene.bench.ip("far", "link", "set", "eth0", "down")
    assert eventually(lambda: felt() == {"filter": True, "backbone-link": False})
    scene.bench.ip("server", "link", "set", "eth0", "down")
    assert eventually(lambda: felt() == {"filter": False, "backbone-link": False})
    for node in ("far", "server"):
        scene.bench.ip(node, "link", "set", "eth0", "up")
    assert eventually(lambda: felt() == {"filter": True, "backbone-link": True})
    assert gw.run(["nft", "delete", "table", "inet", "kitei_access"]).code == 0
    assert felt()["filter"] is False


# All at once. Those that should be answered are waited for; the others have as long, and a moment more.
MANY = """import json, selectors, socket, sys, time
waiting, told = selectors.DefaultSelector(), {}
asked = json.loads(sys.stdin.read())
for n, (source, host, kind, port, wanted) in enumerate(asked):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM); s.setblocking(False)
    s.bind((source, 0)); s.connect_ex((host, port)); kind == "udp" and s.send(b"?")
    waiting.register(s, selectors.EVENT_READ, n)
until = time.monotonic() + 15
while time.monotonic() < until and any(wanted and n not in told for n, (*_, wanted) in enumerate(asked)) or waiting.get_map() and waiting.select(0.3):
    for key, _ in waiting.select(0.3):
        waiting.unregister(key.fileobj)
        try: told[key.data] = bool(key.fileobj.recv(100))
        except OSError: told[key.data] = False
print(json.dumps([told.get(n, False) for n in range(len(asked))]))
"""
SOURCES = ("10.1.0.2", "10.1.0.3", "fd01::2", "fd01::3")
TARGETS = ("203.0.113.10", "203.0.113.11", "2001:db8::10", "2001:db8::11")


def made_up(dice: random.Random) -> list[FilterRule]:
    """A policy of up to eight rules, about what there is here."""

    def ends(own: tuple[str, ...], wider: tuple[str, ...]) -> list[str]:
        hosts = [f"{each}/{128 if ':' in each else 32}" for each in own]
        found = dice.sample([*hosts, *wider], dice.randint(0, 3))
        return [f"!{each}" for each in found] if dice.random() < 0.25 else found

    services = (
        "tcp",
        "udp",
        "tcp/80",
        "tcp/8000-8005",
        "udp/81",
        "udp/80-8001",
        "icmp",
        "proto/17",
        "tcp/8005-8011",
    )
    return [
        rule(
            f"r{number}",
            number,
            dice.choice(("allow", "allow", "deny")),
            ends(SOURCES, INNER),
            ends(TARGETS, ("203.0.113.0/24", "2001:db8::/32")),
            dice.sample(services, dice.randint(0, 3)),
        )
        for number in range(dice.randint(1, 8))
    ]


def test_the_tester_and_the_kernel_agree_on_made_up_policies(scene) -> None:
    for node, address in (("inner", "10.1.0.3/24"), ("inner", "fd01::3/64"), ("server", "203.0.113.11/24")):
        scene.bench.ip(node, "address", "add", address, "dev", "eth0", *(["nodad"] * (":" in address)))
    scene.bench.ip("server", "address", "add", "2001:db8::11/64", "dev", "eth0", "nodad")
    more = [
        sys.executable,
        "-c",
        ECHO,
        "203.0.113.11",
        "2001:db8::11",
        "80",
        "81",
        "8000",
        "8005",
        "8010",
        "8011",
    ]
    scene.bench.hosts["server"].keep_running("echo2", more)
    scene.up(*ALL)
    assert scene.reaches("tcp", "203.0.113.10", 80) and scene.reaches("tcp", "203.0.113.11", 80)
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    for _ in range(12):
        rules = made_up(dice)
        scene.up(GATE, SHARED, *rules)
        flows = [
            Flow(source, target, dice.choice(("tcp", "udp")), dice.choice((80, 81, 8000, 8005, 8011)))
            for source in SOURCES
            for target in TARGETS
            if (":" in source) is (":" in target)
            for _ in range(5)
        ]
        ordered = in_order(rules)
        said = [(found := judge(ordered, each)) is not None and found.action == "allow" for each in flows]
        asked = [
            [each.source, each.destination, each.protocol, each.port, good]
            for each, good in zip(flows, said, strict=True)
        ]
        inner = scene.bench.hosts["inner"]
        went = json.loads(inner.run([sys.executable, "-c", MANY], stdin=json.dumps(asked), timeout=60.0).out)
        wrong = [(each, one) for each, one, other in zip(flows, went, said, strict=True) if one is not other]
        assert not wrong, (seed, rules, wrong)


def test_a_private_connect_is_held_to_its_rate_both_ways(scene) -> None:
    """A tenth of what is sold, so that the machine is not what holds it back; a megabyte takes what it must."""
    both = rule("both", 1, sources=(*INNER, "10.200.0.0/24"), destinations=("10.200.0.0/24", "10.1.0.0/24"))
    for megabits in (100, 20):
        scene.up(*ALL, replace(LINK, megabits=megabits), both)
    far = scene.bench.hosts["far"]
    far.keep_running("bulk", [sys.executable, "-c", BULK])
    assert eventually(lambda: far.run(["ss", "-ltn"]).out.count(":7000"))
    for way in ("up", "down"):
        told = scene.bench.hosts["inner"].run([sys.executable, "-c", LOAD, "10.200.0.2", way], timeout=60.0)
        assert told.code == 0, told.err
        seconds = float(told.out)
        assert seconds >= 4_000_000 * 8 / 20e6 * 0.9, (
            f"{way}: no faster than 20 Mbit/s, a bucket and a queue aside"
        )


BULK = """import socket
listen = socket.create_server(("10.200.0.2", 7000))
while True:
    line, _ = listen.accept()
    if line.recv(1) == b"d": line.sendall(bytes(4_000_000)); line.shutdown(socket.SHUT_WR)
    got = 1
    while piece := line.recv(65536): got += len(piece)
    line.close()
"""
LOAD = """import socket, sys, time
line = socket.create_connection((sys.argv[1], 7000), timeout=30); since = time.monotonic()
if sys.argv[2] == "up": line.sendall(b"u" + bytes(4_000_000)); line.shutdown(socket.SHUT_WR)
else: line.sendall(b"d")
if sys.argv[2] == "down":
    got = 0
    while got < 4_000_000: got += len(line.recv(65536))
else: line.recv(1)
print(time.monotonic() - since)
"""
