"""Two RADIUS nodes under load: either may die, what they serve may change, and sessions are counted once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from radius_stand import FOR, ask, put_sack, put_users

from kitei.drivers.freeradius import Freeradius
from kitei.drivers.host import LinuxHost
from kitei.network import RadiusCaps, RadiusClient, RadiusGroup, RadiusPeer, RadiusServer
from kitei.radius.document import user_record
from kitei.radius.policy import User
from kitei.radius.table import write_changes

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "radius_beside"))

import load as loads

pytestmark = pytest.mark.lab

SECRET = "the secret of the load"
USERS = 2000
WINDOW = 16
RATE = 800  # logins a second
AT = {"one": "127.0.0.1", "two": "127.0.1.1"}
CLIENT = RadiusClient(FOR, "127.0.0.2", "load@1", ("shop.example",), "", False, 0)
OTHER = replace(CLIENT, address="127.0.0.3")
GROUP = RadiusGroup(FOR, "shop.example", "users@1", None, ("pap",), USERS, "")


class Node:
    """One of two at loopback addresses of one namespace."""

    def __init__(self, name: str, host: LinuxHost, make_right: Callable[..., tuple]) -> None:
        self.name, self.host, self._make_right = name, host, make_right
        put_sack(host, "load@1", SECRET)
        put_sack(host, "peers@1", "the key of the pair")
        put_users(host, "users@1", {f"u{n}": user_record(User(clear=f"password-{n}")) for n in range(USERS)})

    def make(self, *parts: object) -> None:
        peers = [RadiusPeer(FOR, n, at, 1820, "peers@1", n == self.name) for n, at in AT.items()]
        server = RadiusServer(FOR, (AT[self.name],), 1812, 1813, None)
        self._make_right(Freeradius(), self.host, (server, CLIENT, OTHER, *peers, *parts))

    def login(self, user: str, password: str, source: str = "127.0.0.2") -> str:
        told = f"User-Name={user}@shop.example, User-Password={password}"
        return ask(self.host, source, SECRET, told, server=AT[self.name])[0]

    def account(self, status: str, session: str, user: str, source: str = "127.0.0.2") -> str:
        told = f"Acct-Status-Type={status}, Acct-Session-Id={session}, User-Name={user}@shop.example"
        return ask(self.host, source, SECRET, told, kind="acct", server=AT[self.name])[0]

    def state(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.host.read(self.host.state("radius", "state.json")) or "{}")
        return found

    def kill(self) -> None:
        os.kill(self.host.running()["radius"], signal.SIGKILL)


@pytest.fixture
def pair(bench, make_right, tmp_path: Path):
    first = bench.node("r")
    with ended(LinuxHost(first.name, tmp_path / "two", netns=first.name)) as second:
        nodes = Node("one", first, make_right), Node("two", second, make_right)
        for node in nodes:
            node.make(GROUP)
        assert eventually(lambda: all(node.login("u1", "password-1") == "Access-Accept" for node in nodes))
        yield nodes


@contextmanager
def ended(host: LinuxHost) -> Iterator[LinuxHost]:
    """Stopped whatever fails: its keeper would start its server again in the next test's namespace of that name."""
    try:
        yield host
    finally:
        for program in tuple(host.running()):
            host.stop(program)
        host.close()


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def load(node: Node, servers: str, **words: object) -> subprocess.Popen[str]:
    """Access servers that ask again after 300 ms, the other node if they know one."""
    usual = {"secret": SECRET, "realm": "@shop.example", "users": USERS, "patience": 300, "tries": 20}
    return loads.start(
        ["ip", "netns", "exec", node.host.name],
        server=servers,
        window=WINDOW,
        **usual,
        **words,
    )


def test_a_stand_that_failed_leaves_no_server_to_the_next_one(bench, make_right, tmp_path: Path) -> None:
    first = bench.node("r")
    with (
        pytest.raises(InterruptedError),
        ended(LinuxHost(first.name, tmp_path / "two", netns=first.name)) as second,
    ):
        Node("two", second, make_right).make(GROUP)
        raise InterruptedError
    assert not second.running()
    port = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(('127.0.1.1', 1812))"
    assert first.run([sys.executable, "-c", port]).code == 0, "the next server can have its port"


def test_a_session_at_one_node_counts_at_the_other(pair) -> None:
    one, two = pair
    for node in pair:
        node.make(GROUP, RadiusCaps(FOR, "shop.example", 0, 1, 0, 0))
    assert eventually(lambda: two.login("u5", "password-5") == "Access-Accept")
    assert one.account("Start", "s1", "u5") == "Accounting-Response"
    for node in pair:
        assert eventually(lambda node=node: node.login("u5", "password-5") == "Access-Reject"), node.name
    assert one.login("u6", "password-6") == "Access-Accept", "another user's cap is another user's"
    assert two.account("Start", "s1", "u5") == "Accounting-Response", "asked again at the other one"
    assert two.account("Stop", "s1", "u5") == "Accounting-Response"
    for node in pair:
        assert eventually(lambda node=node: node.login("u5", "password-5") == "Access-Accept"), node.name


def test_a_node_that_was_away_is_told_what_it_missed(pair) -> None:
    one, two = pair
    for node in pair:
        node.make(GROUP, RadiusCaps(FOR, "shop.example", 0, 1, 0, 0))
    assert one.account("Start", "s1", "u7") == "Accounting-Response"
    assert eventually(lambda: two.state().get("sessions") == 1)
    two.host.stop("radius")
    assert one.account("Stop", "s1", "u7") == "Accounting-Response"
    assert one.account("Start", "s2", "u8") == "Accounting-Response"
    two.make(GROUP, RadiusCaps(FOR, "shop.example", 0, 1, 0, 0))
    assert eventually(lambda: two.login("u8", "password-8") == "Access-Reject")
    assert eventually(lambda: two.login("u7", "password-7") == "Access-Accept")


def test_either_node_may_be_killed_under_load_and_no_session_is_counted_twice(pair) -> None:
    one, two = pair
    busy = load(one, f"{AT['one']},{AT['two']}", seconds=6, accounting=1, bad=0, rate=RATE)
    time.sleep(2)
    one.kill()
    told = loads.told(busy)
    assert told["lost"] == 0 and told["accepted"] == 1.0, told
    # asked again: what was in hand, and what came while it was gone; generously, three seconds
    assert told["retried"] <= WINDOW + 3 * RATE, told
    assert eventually(
        lambda: one.state().get("sessions") == two.state().get("sessions") == told["accepts"]
    ), (one.state(), two.state(), told)
    assert one.login("u1", "password-1") == two.login("u1", "password-1") == "Access-Accept"


def test_a_killed_server_alone_is_back_and_all_it_had_in_hand_is_asked_again(pair) -> None:
    one, _ = pair
    busy = load(one, AT["one"], seconds=6, accounting=1, bad=0)
    time.sleep(2)
    one.kill()
    told = loads.told(busy)
    assert told["lost"] == 0 and told["accepted"] == 1.0, told
    assert told["retried"] <= WINDOW * 20, told  # each place of the window, every 300 ms until it is back


def test_users_clients_secrets_and_realms_change_under_load_and_no_request_is_lost(pair) -> None:
    one, _ = pair
    busy = load(one, AT["one"], seconds=8, accounting=1, bad=0, rate=500)
    time.sleep(1)
    changes = write_changes(
        {"u1": user_record(User(clear="another")), "newcomer": user_record(User(clear="p"))}
    )
    put_sack(one.host, "changes@1", changes)
    changed = replace(GROUP, changes="changes@1")
    one.make(changed)
    assert eventually(lambda: one.login("newcomer", "p") == "Access-Accept")
    assert one.login("u1", "another") == "Access-Accept"
    put_sack(one.host, "load@2", "a new secret")
    one.make(changed, replace(OTHER, sack="load@2", address="127.0.0.4"))
    told = "User-Name=u3@shop.example, User-Password=password-3"
    assert eventually(lambda: ask(one.host, "127.0.0.4", "a new secret", told, tries=1)[0] == "Access-Accept")
    one.make(changed, replace(GROUP, realm="more.example"))
    one.make(changed)
    found = loads.told(busy)
    assert found["lost"] == 0, found
    assert found["accepts"] > 0.9 * 500 * 8 * (1 - 10 / USERS) - 50, found


def test_a_password_that_was_changed_is_asked_for_though_the_old_one_was_known(pair) -> None:
    one, _ = pair
    for _ in range(3):
        assert one.login("u9", "password-9") == "Access-Accept"
        assert one.login("u9", "new-9") == "Access-Reject", "and that it is wrong was known too"
    put_sack(one.host, "changes@2", write_changes({"u9": user_record(User(clear="new-9")), "u10": None}))
    assert one.login("u10", "password-10") == "Access-Accept"
    one.make(replace(GROUP, changes="changes@2"))
    assert eventually(lambda: one.login("u9", "password-9") == "Access-Reject")
    assert one.login("u9", "new-9") == "Access-Accept"
    assert one.login("u10", "password-10") == "Access-Reject"
