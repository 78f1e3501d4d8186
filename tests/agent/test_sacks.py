"""Sacks come to a node beside its orders: whole, for the engine's eyes only, and only while orders name them."""

import json
from pathlib import Path

from stand import FOR, Node, eventually, make_orders, route

from kitei.network import RadiusClient, RadiusGroup

CLIENT = RadiusClient(FOR, "192.0.2.7", "client.c-1@1", ("a.example",), "", False, 0)
GROUP = RadiusGroup(FOR, "a.example", "users.a.example@1", None, ("pap",), 9, "")
TABLE = bytes(range(256)) * 4000


def sacks(node: Node) -> dict[str, bytes]:
    folder = Path(node.host.state("sacks"))
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


def test_what_orders_name_arrives_and_what_they_no_longer_name_goes(node: Node) -> None:
    node.office.sacks = {
        CLIENT.sack: b"a secret of a client",
        GROUP.users: TABLE,
        "client.c-1@2": b"a newer one",
    }
    node.office.publish(make_orders(1, CLIENT, GROUP))
    node.start()
    assert eventually(lambda: sacks(node) == {CLIENT.sack: b"a secret of a client", GROUP.users: TABLE})
    for file in Path(node.host.state("sacks")).iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
    assert Path(node.host.state("sacks")).stat().st_mode & 0o777 == 0o700
    newer = RadiusClient(FOR, "192.0.2.7", "client.c-1@2", ("a.example",), "", False, 0)
    node.office.publish(make_orders(2, newer))
    assert eventually(lambda: sacks(node).get("client.c-1@2") == b"a newer one")
    assert "client.c-1@1" in sacks(node), "the way back needs it"
    assert eventually(lambda: node.reports(2))
    node.office.publish(make_orders(3, newer, route(1)))
    assert eventually(lambda: set(sacks(node)) == {"client.c-1@2"})
    told = json.dumps([report.faults for report in node.office.reports], default=str)
    assert "secret of" not in told and "a newer one" not in told
    assert "a secret" not in Path(node.host.state("orders.json")).read_text()


def test_a_sack_that_is_not_there_is_told_and_comes_later(node: Node) -> None:
    node.office.publish(make_orders(1, CLIENT, route(1)))
    node.start()
    assert eventually(lambda: any(fault.kind == "sack" for r in node.office.reports for fault in r.faults))
    assert "10.1.0.0_16" in node.made(), "nothing else waits for it"
    node.office.sacks = {CLIENT.sack: b"late"}
    assert eventually(lambda: sacks(node) == {CLIENT.sack: b"late"})
    assert eventually(lambda: not node.report.faults)


def test_sacks_stay_when_the_controller_is_gone(node: Node) -> None:
    node.office.sacks = {CLIENT.sack: b"kept"}
    node.office.publish(make_orders(1, CLIENT))
    node.start()
    assert eventually(lambda: sacks(node) == {CLIENT.sack: b"kept"})
    node.stop()
    node.served.stop()
    node.start()
    assert eventually(lambda: node.agent is not None)
    assert sacks(node) == {CLIENT.sack: b"kept"}
