"""A node speaks of contracts and policies that its orders name; what it says of others is left out and told."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kitei.network import FloodWatch, NodeIntent, Orders, Origin
from kitei.network.codec import node_intent
from kitei.network.events import Event
from kitei.network.sheaf import LINES, SUMS
from kitei.office import Office
from kitei.office.floods.naming import Naming, alarms
from kitei.values import JsonObject

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Node:
    """Orders of one node, what reached the takers, and the time."""

    def __init__(self, office: Office) -> None:
        self.seconds = 0.0
        self.generation = 0
        self.intent: NodeIntent = node_intent("see1", ())
        self.heard: list[Event] = []
        self.office = office
        self.naming = Naming(office, lambda _: Orders(self.generation, self.intent, ()), lambda: self.seconds)

    def orders(self, *policies: str) -> None:
        parts = [FloodWatch(Origin(name, ()), name, ("203.0.113.0/24",), "{}") for name in policies]
        self.generation, self.intent = self.generation + 1, node_intent("see1", parts)

    def tell(self, lane: str, kind: str, **body: Any) -> None:
        def taker(_: Office, __: str, events: tuple[Event, ...], ___: object) -> None:
            self.heard += events

        told: JsonObject = body
        with self.office.book.writing() as within:
            take = self.naming.guarded(lane, taker)
            take(self.office, "see1", (Event(1, AT, kind, told),), within)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    office = Office.open(tmp_path / "home", lambda: AT, f"sqlite:///{tmp_path}/kitei.db")
    node = Node(office)
    node.orders("d1", "d2/web")
    yield node
    office.close()


def test_an_alarm_for_another_contract_is_left_out_and_told_once(node: Node, caplog) -> None:
    node.tell("floods", "flood.decided", detection={"policy": "d1"})
    node.tell("floods", "flood.decided", detection={"policy": "d2/web"})
    assert len(node.heard) == 2
    for _ in range(3):
        node.tell("floods", "flood.decided", detection={"policy": "d2/mail"})
    node.tell("floods", "flood.standing", standing=[{"policy": "d1"}, {"policy": "d9"}])
    assert [each.kind for each in node.heard[2:]] == ["flood.standing"]
    assert node.heard[2].body["standing"] == [{"policy": "d1"}]
    assert node.naming.refused == {("see1", "floods"): 4}
    assert caplog.text.count("which its orders do not name") == 1
    (alarm,) = alarms(node.office)
    assert "see1" in alarm.words.en and "d2/mail" in alarm.words.en
    assert node.office.verify().is_whole


def test_of_a_sheaf_only_the_rows_of_others_are_left_out(node: Node) -> None:
    def row(contract: str) -> str:
        sums = [0] * (len(LINES["minute"]) - 5)
        return json.dumps(["minute", 1790000040, contract, "prefix", "203.0.113.0/24", *sums])

    lines = [row("d1"), row("d9"), json.dumps(["note", 1790000040, "c1", "seconds", 60]), "no json"]
    node.tell("counters", "counters.sheaf", name="n", text="\n".join(lines) + "\n")
    assert node.heard[0].body["text"] == "\n".join([lines[0], *lines[2:]]) + "\n"
    assert len(SUMS) and node.naming.refused == {("see1", "counters"): 1}


@pytest.mark.parametrize(("lane", "kind"), [("excerpts", "flood.excerpt"), ("scrubs", "scrub.tally")])
def test_evidence_and_tallies_of_others_are_left_out(node: Node, lane: str, kind: str) -> None:
    node.tell(lane, kind, contract="d9")
    node.tell(lane, kind, contract="d2")
    assert [each.body["contract"] for each in node.heard] == ["d2"]


def test_what_a_node_did_last_may_arrive_an_hour_late(node: Node) -> None:
    node.tell("floods", "flood.decided", detection={"policy": "d1"})
    node.orders("d2/web")
    node.seconds = 3599
    node.tell("floods", "flood.decided", detection={"policy": "d1"})
    assert len(node.heard) == 2
    node.seconds = 7300
    node.tell("floods", "flood.decided", detection={"policy": "d1"})
    assert len(node.heard) == 2
