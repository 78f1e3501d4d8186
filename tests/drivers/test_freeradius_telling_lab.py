"""What a real server tells of logins: each one, what accounting says, and who asks without a signature."""

import json
from pathlib import Path
from typing import Any

import pytest
from radius_stand import ask, call
from test_freeradius_lab import GROUP, SECRET, SHOP, Node, eventually

from kitei.spool import Taking

pytestmark = pytest.mark.lab


@pytest.fixture
def node(bench, make_right) -> Node:
    return Node(bench.node("r"), make_right)


def told(node: Node, kind: str) -> list[Any]:
    """The rows of all events of a kind that wait for the controller."""
    events = Taking(Path(node.host.state("events", "logins"))).due(10_000)
    bodies = [event["body"] for event in events if event["kind"] == kind]
    return [row for body in bodies for row in json.loads(body.get("rows") or f"[{body['counts']}]")]


def test_logins_and_accounting_wait_on_the_disk_for_the_controller(node: Node) -> None:
    node.make(SHOP, GROUP)
    assert node.login("alice@shop.example", "pw-alice")[0] == "Access-Accept"
    assert node.login("alice@shop.example", "pw-bob")[0] == "Access-Reject"
    start = 'Acct-Status-Type=Start, User-Name=alice@shop.example, Acct-Session-Id="s-1", NAS-Port=4'
    assert ask(node.host, "127.0.0.2", SECRET, start, "acct")[0] == "Accounting-Response"
    assert eventually(lambda: len(told(node, "logins.answered")) == 2)
    assert [(row[1], row[2], row[4]) for row in told(node, "logins.answered")] == [
        ("127.0.0.2", "alice@shop.example", "accepted"),
        ("127.0.0.2", "alice@shop.example", "wrong-secret"),
    ]
    assert eventually(lambda: len(told(node, "sessions.heard")) == 1)
    assert told(node, "sessions.heard")[0][1:6] == ["127.0.0.2", "Start", "s-1", "shop.example", "alice"]


def test_who_asks_without_message_authenticator_gets_no_answer_and_is_named(node: Node) -> None:
    node.make(SHOP, GROUP)
    login = ("127.0.0.2", SECRET, "alice@shop.example", "pw-alice")
    assert call(node.host, *login, signed=False, tries=2) == "nothing"
    assert call(node.host, *login) == "Access-Accept"
    assert eventually(lambda: [set(row) for row in told(node, "clients.unsigned")] == [{"127.0.0.2"}])
    reasons = [row[4] for row in told(node, "logins.answered")]
    assert set(reasons[:-1]) == {"not-signed"} and reasons[-1] == "accepted"
