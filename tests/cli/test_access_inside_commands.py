"""A firewall of type 2 at the command line: its policy, the operator's signatures, what was seen inside flows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from called import Cli

from kitei.network import Appliance
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
shared = ["203.0.113.100"]
inside = "lan0"
inside_prefixes = ["10.1.0.0/16"]
[[apply]]
id = "S-1"
by = "acme"
[[apply.services]]
kind = "firewall-2"
accounts = 50
"""
POLICY = """
[[rule]]
id = "staff"
action = "allow"
from = ["zone:inside"]
to = ["zone:internet"]
profile = "office"
[[profile.office.application]]
id = "no-peers"
action = "deny"
names = ["bittorrent", "ssh"]
[[profile.office.threat]]
id = "worms"
action = "deny"
severities = ["high"]
"""
PACKAGE = (
    'alert tcp any any -> any any (msg:"a worm"; content:"worm"; classtype:trojan-activity; sid:9000001;)\n'
)
FIREWALL = "acme-firewall-2-1"
FLOW = ("access", "test", FIREWALL, "10.1.0.2", "198.51.100.7", "tcp/6881")


@pytest.fixture
def acme(cli: Cli, tmp_path: Path) -> Cli:
    for name, text in (("book", BOOK), ("policy", POLICY), ("worms", PACKAGE)):
        (tmp_path / f"{name}.toml").write_text(text)
    for words in (
        ("apply", str(tmp_path / "book.toml")),
        ("apply-plan",),
        ("access", "policy", FIREWALL, str(tmp_path / "policy.toml")),
    ):
        done = cli.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    return cli


def told(cli: Cli, *words: str) -> Any:
    done = cli.run(*words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def appliance(cli: Cli) -> Appliance:
    office = Office.open(cli.home)
    try:
        found = office.shelf.orders("gw-acme")
        assert found is not None
        parts = orders_of(json.loads(found.orders), "gw-acme").intent.parts
        return next(part for part in parts if isinstance(part, Appliance))
    finally:
        office.close()


def test_the_tester_says_which_entry_of_which_profile_stops_what_is_seen(acme: Cli) -> None:
    assert told(acme, *FLOW)["profile"] == "office"
    assert told(acme, *FLOW, "--application", "tls", "--host", "a.example")["allowed"]
    done = acme.run(*FLOW, "--application", "bittorrent")
    assert done.returncode == 1 and "application bittorrent: deny (no-peers)" in done.stdout
    assert "is stopped: staff (v1)" in done.stdout and "art. 1(1)" in done.stdout
    assert acme.run(*FLOW, "--application", "gopher").returncode == 2
    assert acme.run(*FLOW, "--sha256", "abc").returncode == 2
    assert acme.run(*FLOW, "--signature", "9000001").returncode == 1, "there are no signatures yet"


def test_signatures_are_handed_out_to_gateways_that_stand(acme: Cli, tmp_path: Path) -> None:
    assert appliance(acme).sack is None
    shown = acme.run("access", "unserved").stdout
    assert "Suricata" in shown and "no signatures" in shown
    handed = told(acme, "access", "signatures", str(tmp_path / "worms.toml"))
    assert handed["high"] == 1 and appliance(acme).sack == handed["sack"]
    (one,) = told(acme, "access", "signatures", "--for", FIREWALL)["signatures"]
    assert (one["sid"], one["profiles"]) == (9000001, {"office": "deny"})
    assert acme.run(*FLOW, "--signature", "9000001").returncode == 1
    assert "no signatures" not in acme.run("access", "unserved").stdout
    (tmp_path / "bad").write_text(PACKAGE + PACKAGE.replace("alert", "drop"))
    done = acme.run("access", "signatures", str(tmp_path / "bad"))
    assert done.returncode == 1 and "line 2" in done.stdout + done.stderr
    assert appliance(acme).sack == handed["sack"]


def test_what_was_decided_inside_flows_is_in_the_log_and_counted_by_entry(acme: Cli) -> None:
    at = datetime.now(UTC).timestamp()
    ends = ("tcp", "10.1.0.2", 5000, "198.51.100.7", 6881)
    row = [at, 1, "office", "application", "no-peers", "bittorrent", "deny", *ends, "", ""]
    dispatch = Dispatch.open(acme.home)
    try:
        event = Event(1, datetime.now(UTC), "inspected.told", {"rows": json.dumps([row])})
        assert dispatch.take_events("gw-acme", Batch("inspected", "s1", (event,))) == 1
    finally:
        dispatch.close()
    (found,) = told(acme, "access", "log", FIREWALL)
    assert (found["rule"], found["profile"], found["entry"], found["policy"]) == (
        "staff",
        "office",
        "no-peers",
        1,
    )
    assert {each.partition("#")[2] for each in found["cites"]} == {"art:1.1.t3", "art:7.1.1"}
    assert (found["contract"], found["name"], found["action"]) == (FIREWALL, "bittorrent", "deny")
    assert "staff/office/no-peers (v1)" in acme.run("access", "log", FIREWALL).stdout
    assert told(acme, "access", "log", FIREWALL, "--rule", "worms") == []
    hits = {each.get("entry"): each["hits"] for each in told(acme, "access", "rules", FIREWALL)}
    assert hits["no-peers"] == 1 and hits["worms"] == 0
