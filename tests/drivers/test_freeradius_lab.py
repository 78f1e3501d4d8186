"""RADIUS with a real server and real clients: groups, proxies, VPDN, and everything that changes under them."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from radius_stand import (
    FOR,
    HOME_SECRET,
    Listener,
    ask,
    blast,
    call,
    put_sack,
    put_users,
    record,
    start_home,
    start_terminator,
)

from kitei.drivers.freeradius import Freeradius
from kitei.drivers.host import LinuxHost
from kitei.network import (
    HomeServer,
    Origin,
    Part,
    RadiusCaps,
    RadiusClient,
    RadiusGroup,
    RadiusProxy,
    RadiusServer,
    RadiusVpdn,
    TunnelTerminator,
)
from kitei.radius.table import write_changes

pytestmark = pytest.mark.lab

SERVER = RadiusServer(FOR, ("127.0.0.1", "::1"), 1812, 1813, None)
SHOP = RadiusClient(FOR, "127.0.0.2", "shop@1", ("shop.example",), "", False, 0)
SECRET = 'a shop\'s secret with "quotes", \\ and %{User-Name}'
OTHER = RadiusClient(Origin("contract-2", ()), "127.0.0.3", "other@1", ("other.example",), "", False, 0)
GROUP = RadiusGroup(FOR, "shop.example", "users@1", None, ("pap", "chap"), 10, "")
CARRIER = RadiusClient(FOR, "127.0.0.4", "carrier@1", (), "D", False, 0)


class Node:
    """One node that answers RADIUS, at loopback addresses of a namespace."""

    def __init__(self, host: LinuxHost, make_right: Callable[..., tuple]) -> None:
        self.host, self._make_right = host, make_right
        put_sack(host, "shop@1", SECRET)
        put_sack(host, "other@1", "another's secret")
        put_sack(host, "carrier@1", "the carrier's secret")
        put_sack(host, "home@1", HOME_SECRET)
        put_users(host, "users@1", {"alice": record("pw-alice"), "bob": record("pw-bob", ["pap", "chap"])})

    def make(self, *parts: Part) -> None:
        started = "radius" in self.host.running()
        self._make_right(Freeradius(), self.host, (SERVER, *parts))
        if not started:
            assert eventually(lambda: "Ready to process" in self.log("radius"))

    def log(self, program: str) -> str:
        return self.host.read(self.host.state("programs", f"{program}.log")) or ""

    def login(self, user: str, password: str, source: str = "127.0.0.2", secret: str = SECRET, **more):
        return ask(self.host, source, secret, f"User-Name={user}, User-Password={password}", **more)

    def reasons(self) -> str:
        return self.host.read(self.host.state("radius", "events.log")) or ""


@pytest.fixture
def node(bench, make_right) -> Node:
    return Node(bench.node("r"), make_right)


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_users_of_a_group_log_in_and_nobody_else(node) -> None:
    node.make(SHOP, OTHER, GROUP)
    assert node.login("alice@shop.example", "pw-alice")[0] == "Access-Accept"
    assert node.login("alice", "pw-alice")[0] == "Access-Accept", "the client's only realm is understood"
    kind, attributes = node.login("alice@shop.example", "pw-bob")
    assert kind == "Access-Reject" and "Message-Authenticator" in attributes
    assert ask(node.host, "127.0.0.2", SECRET, "User-Name=bob, CHAP-Password=pw-bob")[0] == "Access-Accept"
    assert (
        ask(node.host, "127.0.0.2", SECRET, "User-Name=alice, CHAP-Password=pw-alice")[0] == "Access-Reject"
    )
    answer = node.login("alice@shop.example", "pw-alice", "127.0.0.3", "another's secret")
    assert answer[0] == "Access-Reject", "a realm is its owner's"
    assert eventually(lambda: "not-your-realm" in node.reasons() and "wrong-secret" in node.reasons())


def test_strangers_and_wrong_secrets_get_no_answer(node) -> None:
    node.make(SHOP, GROUP)
    assert node.login("alice", "pw-alice", "127.0.0.9")[0] == "nothing"
    assert node.login("alice", "pw-alice", secret="not the secret")[0] == "nothing"
    assert node.login("alice", "pw-alice")[0] == "Access-Accept"


def test_a_client_by_ipv6_is_a_client_too(node) -> None:
    node.make(replace(SHOP, address="::1"), GROUP)
    assert node.login("alice", "pw-alice", "::1", server="::1")[0] == "Access-Accept"
    assert node.login("alice", "pw-alice", "127.0.0.2")[0] == "nothing"


def test_secrets_are_nowhere_but_in_files_for_the_engine(node) -> None:
    wanted = (SERVER, SHOP, GROUP)
    steps = Freeradius().plan(
        wanted, replace(Freeradius().see(node.host), sacks=frozenset({"shop@1", "users@1"}))
    )
    assert {"client", "policy", "front"} <= {step.act for step in steps}
    assert SECRET not in str(steps) and "pw-" not in str(steps)
    node.make(SHOP, GROUP)
    for folder in ("radius", "sacks"):
        for file in Path(node.host.state(folder)).rglob("*"):
            assert file.stat().st_mode & 0o077 == 0, file


def test_proxied_requests_reach_the_customers_server_and_accounting_too(node) -> None:
    start_home(node.host, "one", "127.0.1.1", {"carol@shop.example": "pw-carol", "carol": "short"})
    home = HomeServer(FOR, "shop.example", "127.0.1.1", 1812, "udp", "home@1", 1, 1, False, "", None)
    node.make(SHOP, RadiusProxy(FOR, "shop.example", False, False), home)
    kind, attributes = node.login("carol@shop.example", "pw-carol")
    assert (kind, attributes["Filter-Id"]) == (
        "Access-Accept",
        "one",
    ) and "Message-Authenticator" in attributes
    assert node.login("carol@shop.example", "bad")[0] == "Access-Reject"
    started = "User-Name=carol@shop.example, Acct-Status-Type=Start, Acct-Session-Id=s1"
    assert ask(node.host, "127.0.0.2", SECRET, started, "acct")[0] == "Accounting-Response"
    assert 'Acct-Session-Id = "s1"' in (node.host.read(node.host.state("homes", "one", "detail")) or "")
    node.make(SHOP, RadiusProxy(FOR, "shop.example", False, True), home)
    assert node.login("carol@shop.example", "short")[0] == "Access-Accept", "without its realm"


def test_a_home_server_that_falls_silent_costs_no_request(node) -> None:
    users = {f"u{i}@shop.example": f"pw{i}" for i in range(30)}
    for name, address in (("one", "127.0.1.1"), ("two", "127.0.1.2")):
        start_home(node.host, name, address, users)
    homes = [
        HomeServer(FOR, "shop.example", f"127.0.1.{i}", 1812, "udp", "home@1", i, 1, False, "", None)
        for i in (1, 2)
    ]
    node.make(SHOP, RadiusProxy(FOR, "shop.example", False, False), *homes)
    assert eventually(lambda: node.login("u1@shop.example", "pw1")[0] == "Access-Accept")
    answers = []

    def log_in_and_in() -> None:
        for i in range(30):
            answers.append(node.login(f"u{i}@shop.example", f"pw{i}", tries=5, patience=2.0))

    customer = threading.Thread(target=log_in_and_in)
    customer.start()
    assert eventually(lambda: len(answers) > 5)
    silent = node.host.running()["home-one"]
    os.kill(silent, signal.SIGSTOP)
    customer.join()
    assert [kind for kind, _ in answers] == ["Access-Accept"] * 30
    assert answers[0][1]["Filter-Id"] == "one" and answers[-1][1]["Filter-Id"] == "two"
    os.kill(silent, signal.SIGCONT)
    assert eventually(lambda: node.login("u1@shop.example", "pw1")[1].get("Filter-Id") == "one")


def test_changes_go_live_under_requests_and_lose_none(node) -> None:
    node.make(SHOP, GROUP)
    before = node.host.running()["radius"]
    answers: list[str] = []
    over = threading.Event()

    def log_in_and_in() -> None:
        while not over.is_set():
            answers.append(call(node.host, "127.0.0.2", SECRET, "bob", "pw-bob", tries=1, patience=3.0))

    customer = threading.Thread(target=log_in_and_in)
    customer.start()
    try:
        assert node.login("dave", "pw-dave")[0] == "Access-Reject"
        put_sack(node.host, "changes@1", write_changes({"dave": record("pw-dave"), "alice": None}))
        changed = replace(GROUP, changes="changes@1")
        node.make(SHOP, changed)
        assert eventually(lambda: node.login("dave", "pw-dave")[0] == "Access-Accept", 1.5)
        assert eventually(lambda: node.login("alice", "pw-alice")[0] == "Access-Reject", 1.5)
        node.make(SHOP, OTHER, changed)
        assert eventually(
            lambda: node.login("x@other.example", "x", "127.0.0.3", "another's secret")[0] == "Access-Reject"
        )
        put_users(node.host, "others@1", {"x": record("x")})
        other = replace(GROUP, realm="other.example", users="others@1")
        node.make(SHOP, OTHER, changed, other)
        assert eventually(
            lambda: node.login("x@other.example", "x", "127.0.0.3", "another's secret")[0] == "Access-Accept"
        )
        put_sack(node.host, "other@2", "a newer secret")
        node.make(SHOP, replace(OTHER, sack="other@2"), changed, other)
        assert eventually(
            lambda: node.login("x", "x", "127.0.0.3", "a newer secret")[0] == "Access-Accept", 3.0
        )
        assert node.login("x", "x", "127.0.0.3", "another's secret")[0] == "nothing"
        node.make(SHOP, changed)
        assert eventually(
            lambda: node.login("x", "x", "127.0.0.3", "a newer secret", tries=1)[0] == "nothing"
        )
    finally:
        over.set()
        customer.join()
    assert set(answers) == {"Access-Accept"} and len(answers) > 10
    assert node.host.running()["radius"] == before, "nothing was restarted"


def test_another_home_server_takes_over_under_requests_and_none_is_lost(node) -> None:
    for name, address in (("one", "127.0.1.1"), ("two", "127.0.1.2")):
        start_home(node.host, name, address, {"carol": "pw-carol"})
    homes = [
        HomeServer(FOR, "shop.example", f"127.0.1.{i}", 1812, "udp", "home@1", 1, 1, False, "", None)
        for i in (1, 2)
    ]
    proxy = RadiusProxy(FOR, "shop.example", False, True)
    node.make(SHOP, proxy, homes[0])
    assert eventually(lambda: node.login("carol", "pw-carol")[0] == "Access-Accept")
    answers: list[str] = []

    def log_in_and_in() -> None:
        for _ in range(40):
            answers.append(call(node.host, "127.0.0.2", SECRET, "carol", "pw-carol", tries=1, patience=3.0))

    customer = threading.Thread(target=log_in_and_in)
    customer.start()
    assert eventually(lambda: len(answers) > 5)
    node.make(SHOP, proxy, homes[1])
    customer.join()
    assert answers == ["Access-Accept"] * 40
    assert node.login("carol", "pw-carol")[1]["Filter-Id"] == "two"


def test_nothing_wanted_leaves_nothing(node, make_right) -> None:
    node.make(SHOP, GROUP)
    make_right(Freeradius(), node.host, ())
    assert not node.host.running()
    assert not os.path.exists(node.host.state("radius"))


def test_a_carrier_is_told_the_customers_living_terminators(node) -> None:
    vpdn = RadiusVpdn(FOR, "shop.example/d", "D", True)
    put_sack(node.host, "tunnel@1", "a tunnel's secret")
    doors = [TunnelTerminator(FOR, "shop.example/d", f"127.0.2.{i}", "tunnel@1", 1, i) for i in (1, 2)]
    for i in (1, 2):
        start_terminator(node.host, f"127.0.2.{i}")
    node.make(SHOP, CARRIER, vpdn, *doors)

    def dial(caller: int) -> dict[str, str]:
        told = f"User-Name=phone@shop.example, User-Password=x, Calling-Station-Id={caller}"
        return ask(node.host, "127.0.0.4", "the carrier's secret", told)[1]

    first = [dial(caller)["Tunnel-Server-Endpoint:1"] for caller in range(40)]
    assert 0 < first.count("127.0.2.1") < first.count("127.0.2.2"), "by weight 1 and 2"
    told = dial(1)
    assert (told["Tunnel-Type:1"], told["Tunnel-Medium-Type:1"]) == ("L2TP", "IPv4")
    assert told["Tunnel-Password:1"] == "a tunnel's secret"
    assert {told["Tunnel-Server-Endpoint:1"], told["Tunnel-Server-Endpoint:2"]} == {"127.0.2.1", "127.0.2.2"}
    node.host.stop("door-127.0.2.2")
    assert eventually(lambda: "Tunnel-Server-Endpoint:2" not in dial(1))
    assert {dial(caller)["Tunnel-Server-Endpoint:1"] for caller in range(10)} == {"127.0.2.1"}
    assert node.login("phone@shop.example", "x")[0] == "Access-Reject", "only its type's carrier may ask"
    node.make(SHOP, replace(CARRIER, carries="K"), vpdn, *doors)
    assert eventually(lambda: dial(1) == {} or "Tunnel-Type:1" not in dial(1)), "type K is not type D"


def test_a_user_beyond_the_cap_is_kept_out_and_thrown_out(node) -> None:
    caps = RadiusCaps(FOR, "shop.example", 2, 1, 1000, 0)
    node.make(SHOP, GROUP, caps)
    heard = Listener(node.host, "127.0.0.2", SECRET)

    def account(status: str, session: str, user: str = "alice", more: str = "") -> str:
        told = f"User-Name={user}@shop.example, Acct-Status-Type={status}, Acct-Session-Id={session}{more}"
        return ask(node.host, "127.0.0.2", SECRET, told, "acct")[0]

    assert account("Start", "s1") == "Accounting-Response"
    assert node.login("alice", "pw-alice")[0] == "Access-Reject", "one session each"
    assert node.login("bob", "pw-bob")[0] == "Access-Accept"
    os.kill(node.host.running()["radius"], signal.SIGKILL)
    assert eventually(lambda: node.login("bob", "pw-bob")[0] == "Access-Accept")
    assert node.login("alice", "pw-alice")[0] == "Access-Reject", "sessions outlive the server"
    assert account("Accounting-On", "x") == "Accounting-Response"
    assert node.login("alice", "pw-alice")[0] == "Access-Accept", "the access server has restarted"
    assert account("Start", "s2", more=", NAS-Port=7") == "Accounting-Response"
    assert account("Start", "s3", "bob", ", NAS-Port=7") == "Accounting-Response"
    assert node.login("alice", "pw-alice")[0] == "Access-Accept", "the port is taken: a Stop was lost"
    assert account("Interim-Update", "s3", "bob", ", Acct-Input-Octets=2000") == "Accounting-Response"
    assert eventually(lambda: "s3" in heard.asked()), "traffic is used up: out"
    assert node.login("alice", "pw-alice")[0] == "Access-Reject"
    assert eventually(lambda: "too-much-traffic" in node.reasons())


def test_a_killed_server_is_back_and_only_requests_in_flight_are_asked_again(node) -> None:
    node.make(SHOP, GROUP)
    answers = []
    customer = threading.Thread(
        target=lambda: [
            answers.append(call(node.host, "127.0.0.2", SECRET, "bob", "pw-bob")) for _ in range(25)
        ]
    )
    customer.start()
    assert eventually(lambda: len(answers) > 5)
    os.kill(node.host.running()["radius"], signal.SIGKILL)
    customer.join()
    assert answers == ["Access-Accept"] * 25


def test_a_client_in_transition_may_leave_its_requests_unsigned_and_is_named(node) -> None:
    def unsigned() -> str:
        return call(node.host, "127.0.0.2", SECRET, "bob", "pw-bob", signed=False)

    node.make(SHOP, GROUP)
    assert unsigned() == "nothing"
    node.make(replace(SHOP, transition=True), GROUP)
    assert eventually(lambda: unsigned() == "Access-Accept", 4.0)
    assert eventually(
        lambda: '"unsigned": {"127.0.0.2"' in (node.host.read(node.host.state("radius", "state.json")) or "")
    )


def test_one_that_floods_is_not_answered_and_starves_nobody(node) -> None:
    put_users(node.host, "others@1", {"x": record("x")})
    other = replace(GROUP, realm="other.example", users="others@1")
    node.make(replace(SHOP, rate=5), OTHER, GROUP, other)
    flood = "".join(
        "User-Name=bob, User-Password=pw-bob, Packet-Src-IP-Address=127.0.0.2\n\n" for _ in range(200)
    )
    flooding = threading.Thread(target=lambda: blast(node.host, SECRET, flood))
    flooding.start()
    assert node.login("x", "x", "127.0.0.3", "another's secret", tries=1)[0] == "Access-Accept"
    flooding.join()
    assert eventually(lambda: "too-many-requests" in node.reasons())


def test_one_that_floods_accounting_gets_no_more_written_down_than_is_agreed(node) -> None:
    """Four times as many as logins, in a second; what is not answered is sent again (RFC 2866, 2)."""
    node.make(replace(SHOP, rate=5), OTHER, GROUP)

    def starts(first: int, many: int, client: str) -> str:
        told = "Acct-Status-Type=Start, Acct-Session-Id=f{}, User-Name=bob@shop.example, Packet-Src-IP-Address={}\n\n"
        return "".join(told.format(number, client) for number in range(first, first + many))

    def written() -> int:
        return int(
            json.loads(node.host.read(node.host.state("radius", "state.json")) or "{}").get("sessions", 0)
        )

    assert blast(node.host, SECRET, starts(0, 1, "127.0.0.2"), "acct") == 1
    begun = time.monotonic()
    answered = 1 + blast(node.host, SECRET, starts(1, 400, "127.0.0.2"), "acct")
    allowed = 21 + 20 * (time.monotonic() - begun)
    assert allowed < 400
    assert eventually(lambda: written() >= answered > 1)
    assert written() <= allowed
    one = "Acct-Status-Type=Start, Acct-Session-Id=s, User-Name=bob@shop.example"
    assert ask(node.host, "127.0.0.2", SECRET, one, "acct", tries=4)[0] == "Accounting-Response"
