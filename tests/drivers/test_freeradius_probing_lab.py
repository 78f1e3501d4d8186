"""Synthetic logins at a real server: what they see of each kind of realm, and what they never become."""

import json
import os
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from radius_stand import FOR, put_sack, put_users, record, start_home, start_terminator
from test_freeradius_lab import GROUP, OTHER, SERVER, SHOP, Node, eventually

import kitei
from kitei.agent.sources import Homes
from kitei.drivers.freeradius import Freeradius
from kitei.drivers.freeradius.policy import target_name
from kitei.drivers.x509 import Authority, make_key, make_request
from kitei.network import (
    HomeServer,
    LoginProbe,
    Part,
    RadiusProber,
    RadiusProxy,
    RadiusVpdn,
    SyntheticUser,
    TunnelTerminator,
)
from kitei.network.codec import part_json
from kitei.radius.probing import SYNTHETIC

pytestmark = pytest.mark.lab

PROBER = RadiusProber(FOR, "127.0.0.9", "prober@1")
SYNTHETIC_USER = SyntheticUser(FOR, "shop.example", "probe@1")
HOME = HomeServer(FOR, "far.example", "127.0.0.20", 1812, "udp", "home@1", 0, 1, False, "", None)
FAR = (RadiusProxy(FOR, "far.example", False, False), HOME)
DOOR = TunnelTerminator(FOR, "door.example/d", "127.0.0.30", None, 0, 1)
VPDN = (RadiusVpdn(FOR, "door.example/d", "D", False), DOOR)

_PROBER = """
import json, sys, datetime
from kitei.agent.logins import LoginProber
from kitei.network.codec import part_of
prober = LoginProber(
    sys.argv[1],
    lambda: datetime.datetime.now(datetime.UTC),
    lambda s: print(json.dumps([s.subject, s.what, s.up]), flush=True),
    float(sys.argv[3]),
)
prober.watch(part_of(each) for each in json.loads(sys.argv[2]))
prober.run()
"""


def probe(
    realm: str, user: str = SYNTHETIC, path: str = "login", password: str = "probe@1", way: str = "pap"
) -> LoginProbe:
    source, server, name = PROBER.address, "127.0.0.1", f"{realm}@r" if way == "pap" else f"{realm}@r/{way}"
    return LoginProbe(
        FOR, name, source, server, 1812, f"{user}@{realm}", "prober@1", password, path, 1000, way
    )


@pytest.fixture
def node(bench, make_right) -> Node:
    node = Node(bench.node("r"), make_right)
    put_sack(node.host, "prober@1", "what prober and node share")
    put_sack(node.host, "probe@1", "nobody chose this password")
    put_sack(node.host, "login@1", "pw-watch")
    return node


def watch(node: Node, *probes: LoginProbe, grace: float = 3.0) -> None:
    code = str(Path(str(kitei.__file__)).parents[1])
    told = json.dumps([part_json(each) for each in probes])
    argv = [sys.executable, "-c", _PROBER, node.host.state("sacks"), told, str(grace)]
    node.host.keep_running("prober", argv, {"PYTHONPATH": code})


def seen(node: Node) -> dict[tuple[str, str], bool]:
    """The last word on each probe."""
    lines = (node.log("prober")).splitlines()
    return {(subject, what): up for subject, what, up in map(json.loads, lines)}


def test_a_synthetic_login_sees_a_realm_answer_and_fall_silent(node: Node) -> None:
    node.make(SHOP, GROUP, PROBER, SYNTHETIC_USER)
    watch(node, probe("shop.example"))
    assert eventually(lambda: seen(node) == {("shop.example@r", "login"): True})
    node.host.stop("radius")
    assert eventually(lambda: seen(node) == {("shop.example@r", "login"): False}, 30)
    node.make(SHOP, GROUP, PROBER, SYNTHETIC_USER)
    assert eventually(lambda: seen(node) == {("shop.example@r", "login"): True}, 30)


def test_a_realm_that_the_node_does_not_serve_is_seen_to_be_out(node: Node) -> None:
    node.make(SHOP, PROBER)
    watch(node, probe("shop.example"))
    assert eventually(lambda: seen(node) == {("shop.example@r", "login"): False}, 30)


def test_synthetic_logins_are_in_no_log_and_open_no_door_for_others(node: Node) -> None:
    users = {"alice": record("pw-alice"), SYNTHETIC: record("a customer's own user")}
    put_users(node.host, "users@1", users)
    node.make(SHOP, OTHER, GROUP, PROBER, SYNTHETIC_USER)
    watch(node, probe("shop.example"))
    assert eventually(lambda: seen(node) == {("shop.example@r", "login"): True})
    of_prober = {"source": PROBER.address, "secret": "what prober and node share"}
    assert node.login("alice@shop.example", "pw-alice", **of_prober)[0] == "Access-Reject"
    name = f"{SYNTHETIC}@shop.example"
    assert node.login(name, '"nobody chose this password"')[0] == "Access-Reject"
    assert node.login(name, '"a customer\'s own user"')[0] == "Access-Accept"
    assert eventually(lambda: "wrong-secret" in node.reasons())
    assert PROBER.address not in node.reasons()


def test_what_a_customers_own_devices_fail_in_is_told_apart_from_the_network(node: Node) -> None:
    parts: tuple[Part, ...] = (SHOP, PROBER, *FAR, *VPDN)
    start_home(node.host, "far", "127.0.0.20", {"watch@far.example": "pw-watch"})
    start_terminator(node.host, "127.0.0.30")
    node.make(*parts)
    homes = Homes(node.host)
    designated = probe("far.example", "watch", "home", "login@1")
    watch(node, probe("far.example"), designated, probe("door.example/d", way="tunnel"))
    network = {("far.example@r", "login"): True, ("door.example/d@r/tunnel", "login"): True}
    assert eventually(lambda: seen(node) == {**network, ("far.example@r", "home"): True}, 30), seen(node)

    def told() -> dict[str, bool]:
        return {subject: feeling.up for (_, subject), feeling in homes.feel(parts).items()}

    assert eventually(lambda: told() == {HOME.key: True, DOOR.key: True}), told()
    node.host.stop("home-far")
    node.host.stop("door-127.0.0.30")
    assert eventually(lambda: told() == {HOME.key: False, DOOR.key: False}, 30), told()
    assert eventually(lambda: seen(node)["far.example@r", "home"] is False, 30)
    assert {key: seen(node)[key] for key in network} == network
    assert target_name(DOOR) == "l2tp-127.0.0.30"


def test_a_relay_that_hangs_is_the_networks_fault_though_the_customers_server_lives(node: Node) -> None:
    start_home(node.host, "far", "127.0.0.20", {})
    node.make(SHOP, PROBER, *FAR)
    watch(node, probe("far.example"))
    assert eventually(lambda: seen(node) == {("far.example@r", "login"): True}, 30), node.log("radius")[
        -2000:
    ]
    relay = next(pid for name, pid in node.host.running().items() if "relay" in name)
    os.kill(relay, signal.SIGSTOP)
    try:
        assert eventually(lambda: seen(node) == {("far.example@r", "login"): False}, 30)
    finally:
        os.kill(relay, signal.SIGCONT)
    assert eventually(lambda: seen(node) == {("far.example@r", "login"): True}, 30)


def test_a_prober_that_cannot_ask_says_nothing_of_the_node(node: Node) -> None:
    node.make(SHOP, GROUP, PROBER, SYNTHETIC_USER)
    watch(node, probe("shop.example", password="not-here@1"), grace=1.0)
    time.sleep(5.0)
    assert seen(node) == {}
    put_sack(node.host, "not-here@1", "nobody chose this password")
    assert eventually(lambda: seen(node) == {("shop.example@r", "login"): True})


EAP = replace(GROUP, methods=("peap", "ttls"))


def papers(node: Node, name: str, days: int, now: datetime) -> None:
    key, authority = make_key(), Authority.create("the provider", now)
    put_sack(node.host, name, key + authority.issue(make_request(key, "radius.example"), days, now))


def make_with_papers(node: Node, *parts: Part) -> None:
    node._make_right(Freeradius(), node.host, (replace(SERVER, papers="papers@1"), *parts))
    assert eventually(lambda: "Ready to process" in node.log("radius"))


@pytest.mark.parametrize("methods", [("peap",), ("ttls",), ("tls",), ("pap", "peap", "ttls")])
def test_logins_by_eap_see_a_realm_answer_by_the_methods_it_has(node: Node, methods: tuple[str, ...]) -> None:
    papers(node, "papers@1", 30, datetime.now(UTC) - timedelta(hours=1))
    group = replace(GROUP, methods=methods)
    make_with_papers(node, SHOP, group, PROBER, SYNTHETIC_USER)
    ways = ("pap", "ttls", "peap")
    works = {
        "ttls" if method == "tls" else method for method in methods
    }  # no certificate of ours is a customer's
    watch(node, *(probe("shop.example", way=way) for way in ways))
    wanted = {way: way in works for way in ways}

    def told() -> dict[str, bool]:
        return {subject.partition("/")[2] or "pap": up for (subject, _), up in seen(node).items()}

    assert eventually(lambda: told() == wanted, 30), (told(), node.log("radius")[-3000:])
    assert PROBER.address not in node.reasons(), "a login of ours is in no log"


def test_papers_that_ran_out_are_seen_though_the_server_answers(node: Node) -> None:
    papers(node, "papers@1", 30, datetime.now(UTC) - timedelta(days=31))
    make_with_papers(node, SHOP, replace(GROUP, methods=("pap", "peap")), PROBER, SYNTHETIC_USER)
    watch(node, probe("shop.example"), probe("shop.example", way="peap"))
    wanted = {("shop.example@r", "login"): True, ("shop.example@r/peap", "login"): False}
    assert eventually(lambda: seen(node) == wanted, 30), seen(node)


def test_a_wrong_password_inside_tls_is_no_login(node: Node) -> None:
    papers(node, "papers@1", 30, datetime.now(UTC) - timedelta(hours=1))
    put_sack(node.host, "other@2", "not what the node was told")
    make_with_papers(node, SHOP, EAP, PROBER, SYNTHETIC_USER)
    watch(node, *(probe("shop.example", way=way, password="other@2") for way in ("peap", "ttls")))
    wanted = {("shop.example@r/peap", "login"): False, ("shop.example@r/ttls", "login"): False}
    assert eventually(lambda: seen(node) == wanted, 30), seen(node)
