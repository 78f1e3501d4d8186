"""What customers decide of Secure Access at the command line: policies, accounts, devices; and the tester."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from called import Cli

from kitei.network import FilterRule, Orders, RemoteDevice
from kitei.network.codec import orders_of
from kitei.network.events import Batch, Event
from kitei.office import Office
from kitei.office.dispatch import Dispatch

BOOK = """
service = "secure-access"
[[gateway]]
node = "gw-acme"
customer = "acme"
outside = "wan0"
shared = ["203.0.113.100", "2001:db8::100"]
pools = ["10.255.0.0/29", "fd00:c1::/64"]
endpoint = "203.0.113.7"
inside = "lan0"
inside_prefixes = ["10.1.0.0/16"]
[[apply]]
id = "S-1"
by = "acme"
[[apply.services]]
kind = "firewall-1"
accounts = 50
[[apply.services]]
kind = "remote-connect"
item = "type-a"
accounts = 50
"""
POLICY = """
[[rule]]
id = "web"
action = "allow"
from = ["zone:remote"]
to = ["zone:internet"]
service = ["tcp/443"]
"""
FIREWALL, REMOTE = "acme-firewall-1-1", "acme-remote-connect-1"
KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def acme(cli: Cli, tmp_path: Path) -> Cli:
    """A customer with a firewall and a remote connect, whose gateway has told its key."""
    (tmp_path / "book.toml").write_text(BOOK)
    (tmp_path / "policy.toml").write_text(POLICY)
    for words in (("apply", str(tmp_path / "book.toml")), ("apply-plan",)):
        done = cli.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    dispatch = Dispatch.open(cli.home)
    try:
        event = Event(1, datetime.now(UTC), "gateway.keyed", {"public_key": KEY})
        assert dispatch.take_events("gw-acme", Batch("gateway", "s1", (event,))) == 1
    finally:
        dispatch.close()
    return cli


def hear(cli: Cli, *rows: list[Any]) -> None:
    """Rows as a gateway writes them down."""
    dispatch = Dispatch.open(cli.home)
    try:
        event = Event(1, datetime.now(UTC), "passing.told", {"rows": json.dumps(rows)})
        assert dispatch.take_events("gw-acme", Batch("passing", "s1", (event,))) == 1
    finally:
        dispatch.close()


def told(cli: Cli, *words: str) -> Any:
    done = cli.run(*words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def orders(cli: Cli) -> Orders:
    office = Office.open(cli.home)
    try:
        found = office.shelf.orders("gw-acme")
        assert found is not None
        return orders_of(json.loads(found.orders), "gw-acme")
    finally:
        office.close()


def test_a_policy_is_in_force_at_its_gateway_as_soon_as_it_is_set(acme: Cli, tmp_path: Path) -> None:
    policy = str(tmp_path / "policy.toml")
    before = orders(acme).generation
    assert acme.run("access", "policy", FIREWALL, policy, "--check").returncode == 0
    assert orders(acme).generation == before and acme.run("access", "policy", FIREWALL).returncode == 1
    assert acme.run("access", "policy", FIREWALL, policy).returncode == 0
    assert [part.name for part in orders(acme).intent.parts if isinstance(part, FilterRule)] == ["web"]
    shown = told(acme, "access", "policy", FIREWALL)
    assert (shown["version"], shown["by"], shown["text"]) == (1, "acme", POLICY)


def test_a_faulty_policy_changes_nothing_and_every_fault_is_told(acme: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[[rule]]\nid = "a"\naction = "x"\nfrom = ["user:nobody", "?"]\n')
    done = acme.run("access", "policy", FIREWALL, str(tmp_path / "bad.toml"))
    assert done.returncode == 1
    assert "rule 1.action" in done.stdout and "rule 1.from" in done.stdout
    assert acme.run("access", "policy", FIREWALL).returncode == 1


def test_the_tester_names_rule_policy_contract_and_provision(acme: Cli, tmp_path: Path) -> None:
    flow = ("access", "test", FIREWALL, "10.255.0.2", "198.51.100.7")
    done = acme.run(*flow, "tcp/443")
    assert done.returncode == 1 and "is stopped: default (v0)" in done.stdout
    done = acme.run(*flow, "tcp/443", "--policy", str(tmp_path / "policy.toml"))
    assert (
        done.returncode == 0
        and "passes: web (v1)" in done.stdout
        and "leaves by 203.0.113.100" in done.stdout
    )
    assert "art. 1(1)" in done.stdout and "art. 7(1)(1)" in done.stdout
    assert acme.run(*flow, "udp/443", "--policy", str(tmp_path / "policy.toml")).returncode == 1
    for wrong in ("tcp", "http", "tcp/x", "icmp/8"):
        assert acme.run(*flow, wrong).returncode == 2


def test_a_device_is_enrolled_once_shown_once_and_revoked_at_once(acme: Cli) -> None:
    add = ("access", "device", "add", REMOTE, "tanaka", "--name", "laptop")
    assert acme.run(*add).returncode == 1, "nobody of that name is registered"
    assert acme.run("access", "account", "add", REMOTE, "tanaka", "--group", "sales").returncode == 0
    shown = told(acme, *add)
    text = shown["configuration"]
    private = next(line.split(" = ")[1] for line in text.splitlines() if line.startswith("PrivateKey"))
    assert f"PublicKey = {KEY}" in text and "Endpoint = 203.0.113.7:51820" in text
    assert shown["addresses"] == ["10.255.0.2/32", "fd00:c1::2/128"]
    (device,) = [part for part in orders(acme).intent.parts if isinstance(part, RemoteDevice)]
    assert device.account == "tanaka" and device.until == shown["until"]
    kept = b"".join(path.read_bytes() for path in acme.home.rglob("*") if path.is_file())
    assert device.public_key.encode() in kept and private.encode() not in kept
    assert [each["device"] for each in told(acme, "access", "device", "list", REMOTE)] == ["laptop"]
    assert told(acme, "access", "account", "list", REMOTE) == [
        {"account": "tanaka", "groups": ["sales"], "devices": 1}
    ]
    assert acme.run("access", "device", "revoke", REMOTE, "laptop").returncode == 0
    assert not [part for part in orders(acme).intent.parts if isinstance(part, RemoteDevice)]


def test_an_account_has_so_many_devices_and_the_pool_so_much_room(acme: Cli) -> None:
    for name in ("tanaka", "sato"):
        assert acme.run("access", "account", "add", REMOTE, name).returncode == 0
    for number in range(3):
        added = acme.run("access", "device", "add", REMOTE, "tanaka", "--name", f"d{number}")
        assert added.returncode == 0, added.stdout
    refused = acme.run("access", "device", "add", REMOTE, "tanaka", "--name", "d3")
    assert refused.returncode == 1 and "may have 3 devices" in refused.stdout
    assert acme.run("access", "device", "add", REMOTE, "sato", "--name", "s0").returncode == 0
    assert acme.run("access", "device", "add", REMOTE, "sato", "--name", "s1").returncode == 0
    full = acme.run("access", "device", "add", REMOTE, "sato", "--name", "s2")
    assert full.returncode == 1 and "no room in the pools" in full.stderr
    assert len(told(acme, "access", "device", "list", REMOTE)) == 5


def test_what_is_contracted_and_stands_nowhere_is_told(acme: Cli) -> None:
    assert [(each["contract"], each["provision"]) for each in told(acme, "access", "unserved")] == [
        (FIREWALL, "art:7.1.1")
    ]


def test_who_left_by_an_address_and_port_at_a_time_and_what_a_change_would_cut(
    acme: Cli, tmp_path: Path
) -> None:
    policy = str(tmp_path / "policy.toml")
    assert acme.run("access", "policy", FIREWALL, policy).returncode == 0
    assert acme.run("access", "account", "add", REMOTE, "tanaka").returncode == 0
    assert acme.run("access", "device", "add", REMOTE, "tanaka", "--name", "laptop").returncode == 0
    now = datetime.now(UTC).timestamp()
    one = ["tcp", "10.255.0.2", 4000, "198.51.100.7", 443, "203.0.113.100", 1024]
    other = ["tcp", "10.255.0.2", 4001, "198.51.100.8", 443, "203.0.113.100", 1025]
    hear(
        acme,
        ["+", now - 60, 7, *one],
        ["+", now - 50, 8, *other],
        ["-", now - 40, 7, *one],
        ["+", now - 30, 7, *one],
        ["x", now - 20, "default", 1, "udp", "10.255.0.2", 4002, "198.51.100.9", 53],
    )

    def who(port: int, before: float) -> list[str]:
        at = datetime.fromtimestamp(now - before, UTC).isoformat()
        found = told(acme, "access", "who", "203.0.113.100", str(port), "--at", at)
        return [f"{each['account']}/{each['device']} {each['destination']}" for each in found]

    assert who(1024, 55) == who(1024, 1) == ["tanaka/laptop 198.51.100.7"]
    assert who(1024, 35) == who(1024, 70) == who(1026, 1) == []
    (denied,) = told(acme, "access", "log", FIREWALL)
    assert (denied["rule"], denied["policy"], denied["account"], denied["port"]) == (
        "default",
        1,
        "tanaka",
        53,
    )
    assert len(told(acme, "access", "log", FIREWALL, "--flows")) == 3
    assert len(told(acme, "access", "log", FIREWALL, "--open")) == 2
    (tmp_path / "less.toml").write_text(POLICY.replace('"zone:internet"', '"198.51.100.8/32"'))
    done = acme.run("access", "policy", FIREWALL, str(tmp_path / "less.toml"), "--check")
    assert "1 flows that go on would be cut" in done.stdout and "198.51.100.7:443" in done.stdout
    assert "198.51.100.8:443" not in done.stdout


def test_rules_are_told_with_their_hits_and_why_one_does_nothing(acme: Cli, tmp_path: Path) -> None:
    more = """
[[rule]]
id = "again"
action = "deny"
from = ["10.255.0.0/30"]
to = ["198.51.100.0/24"]
service = ["tcp/443"]
[[rule]]
id = "over"
action = "allow"
until = 2026-01-01T00:00:00+09:00
"""
    (tmp_path / "more.toml").write_text(POLICY + more)
    assert acme.run("access", "policy", FIREWALL, str(tmp_path / "more.toml")).returncode == 0
    dispatch = Dispatch.open(acme.home)
    try:
        for number, counts in enumerate(({"web": [5, 300]}, {"web": [7, 420]}, {"web": [1, 60]}), 1):
            event = Event(number, datetime.now(UTC), "passing.counted", {"counts": json.dumps(counts)})
            dispatch.take_events("gw-acme", Batch("passing", "s1", (event,)))
    finally:
        dispatch.close()
    found = {each["rule"]: each for each in told(acme, "access", "rules", FIREWALL)}
    assert list(found) == ["web", "again", "over", "default"]
    assert found["web"]["hits"] == 8 and found["web"]["last"], "a counter that began anew goes on"
    assert (found["again"]["shadowed_by"], found["again"]["last"]) == ("web", None)
    assert not found["over"]["stands"]
    text = acme.run("access", "rules", FIREWALL).stdout
    assert "shadowed by web" in text and "never hit" in text and "does nothing" in text
