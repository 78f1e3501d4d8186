"""Events: from a program's hand to the controller, each once and in order, whoever dies between."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from stand import Node, eventually

from kitei.network.codec import Unreadable
from kitei.network.events import Event, batch_json, batch_of
from kitei.spool import Lane, Taking

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def numbers(node: Node) -> list[int]:
    return [event.number for each in node.office.events.values() for event in each]


def lane_of(node: Node) -> Lane:
    return Lane(Path(node.host.state("events", "floods")))


def test_what_is_put_before_and_after_the_agent_starts_is_heard_once_in_order(node: Node) -> None:
    lane = lane_of(node)
    lane.put(AT, "flood.decided", {"n": 1})
    node.start()
    for n in range(2, 1200):
        lane.put(AT, "flood.decided", {"n": n})
    assert eventually(lambda: len(numbers(node)) == 1199)
    assert numbers(node) == list(range(1, 1200))
    ((of, name, _),) = node.office.events
    assert (of, name) == ("n1", "floods")


def test_a_controller_that_is_away_hears_all_of_it_when_it_is_back(node: Node) -> None:
    node.start()
    lane = lane_of(node)
    lane.put(AT, "flood.decided", {})
    assert eventually(lambda: numbers(node) == [1])
    node.served.stop()
    for _ in range(50):
        lane.put(AT, "flood.decided", {})
    node.stop()
    node.start()
    node.served.start()
    assert eventually(lambda: len(numbers(node)) == 51)
    assert numbers(node) == list(range(1, 52))


def test_a_refusal_is_not_an_acknowledgement(node: Node) -> None:
    node.office.refuses = PermissionError("not now")
    node.start()
    lane_of(node).put(AT, "flood.decided", {})
    assert eventually(lambda: node.office.refused_events > 1)
    assert numbers(node) == []
    node.office.refuses = None
    assert eventually(lambda: numbers(node) == [1])


def test_an_event_that_nobody_can_take_holds_up_no_other(node: Node) -> None:
    lane = lane_of(node)
    lane.put(AT, "flood.decided", {})
    lane.put(AT, "no name at all!", {})
    lane.put(AT, "flood.decided", {"text": "x" * (5 << 20)})
    lane.put(AT, "flood.decided", {})
    node.start()
    assert eventually(lambda: 4 in numbers(node))
    assert numbers(node) == [1, 4]
    assert eventually(lambda: not Taking(lane.folder).due(10))


def test_a_program_that_is_killed_in_the_middle_of_a_line_goes_on_behind_it(tmp_path: Path) -> None:
    lane = Lane(tmp_path / "floods")
    for _ in range(3):
        lane.put(AT, "flood.decided", {})
    with next(lane.folder.glob("*.jsonl")).open("ab") as file:
        file.write(b'{"number": 4, "at": "20')
    again = Lane(tmp_path / "floods")
    assert again.put(AT, "flood.decided", {"again": True}) == 4
    taking = Taking(lane.folder)
    assert [each["number"] for each in taking.due(10)] == [1, 2, 3, 4]
    taking.heard(4)
    assert not taking.due(10)
    assert not taking.has_news()
    assert Lane(lane.folder).put(AT, "flood.decided", {}) == 5
    assert taking.has_news()


def test_a_lane_keeps_no_more_than_it_may_and_loses_the_oldest(tmp_path: Path) -> None:
    lane = Lane(tmp_path / "floods", most=3 << 20)
    body = {"text": "x" * 1000}
    for _ in range(6000):
        lane.put(AT, "flood.decided", body)
    held = sum(each.stat().st_size for each in lane.folder.iterdir())
    assert held <= 4 << 20
    left = Taking(lane.folder).due(10_000, 1 << 30)
    assert left[-1]["number"] == 6000
    assert left[0]["number"] == 6001 - len(left) > 1


def test_what_was_heard_leaves_the_disk(tmp_path: Path) -> None:
    lane, taking = Lane(tmp_path / "floods"), Taking(tmp_path / "floods")
    for _ in range(5000):
        lane.put(AT, "flood.decided", {"text": "x" * 1000})
    while due := taking.due(500):
        number = due[-1]["number"]
        assert isinstance(number, int)
        taking.heard(number)
    assert len(list(lane.folder.glob("*.jsonl"))) == 1
    assert Taking(lane.folder).due(10) == []


def test_a_batch_reads_back_and_a_bad_one_is_refused_with_every_fault() -> None:
    batch = batch_of(
        {
            "lane": "floods",
            "series": "ab",
            "events": [{"number": 1, "at": AT.isoformat(), "kind": "a.b", "body": {}}],
        }
    )
    assert batch.events == (Event(1, AT, "a.b", {}),)
    assert batch_of(batch_json(batch)) == batch
    with pytest.raises(Unreadable) as told:
        batch_of(
            {
                "lane": "../x",
                "series": "ab",
                "events": [
                    {"number": 2, "at": "2026-11-21", "kind": "a.b", "body": {}},
                    {"number": 2, "at": AT.isoformat(), "kind": 5, "body": []},
                ],
            }
        )
    places = [fault.split(":")[0] for fault in told.value.faults]
    assert places == ["lane", "events[0].at", "events[1].body", "events[1].kind", "events[1].number"]
