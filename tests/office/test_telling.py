"""Events of nodes: each is taken once, with what it changes, or not at all."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from kitei.ledger import Fact
from kitei.network.codec import Unreadable
from kitei.network.events import Batch, Event
from kitei.office import Office
from kitei.office.takers import words_of
from kitei.office.telling import Telling

AT = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", lambda: AT, url)
    opened.shelf.publish(1, {"collector-1": "{}"})
    yield opened
    opened.close()


def batch(*numbers: int, series: str = "ab") -> Batch:
    return Batch("floods", series, tuple(Event(n, AT, "flood.decided", {"n": n}) for n in numbers))


def keep(office: Office, node: str, events: tuple[Event, ...], within: Connection) -> None:
    """Writes each event down as a fact; 13 cannot be read, 666 breaks the taker."""
    for event in events:
        if event.number == 13:
            raise ValueError("thirteen")
        if event.number == 666:
            raise RuntimeError("a defect")
        fact = Fact("node.seen", {"n": event.number}, date(2026, 4, 1))
        office.book.append([(f"node:{node}", fact)], actor=node, at=AT, within=within)


def seen(office: Office) -> list[object]:
    return [entry.fact.body["n"] for entry in office.book.read("node:collector-1")]


def test_events_told_again_are_taken_once(place: Office) -> None:
    telling = Telling.of(place, {"floods": keep})
    assert telling.take("collector-1", batch(1, 2, 3)) == 3
    assert telling.take("collector-1", batch(2, 3, 4)) == 4
    assert Telling.of(place, {"floods": keep}).take("collector-1", batch(1, 2, 3, 4)) == 4
    assert seen(place) == [1, 2, 3, 4]


def test_a_node_that_lost_its_disk_counts_anew(place: Office) -> None:
    telling = Telling.of(place, {"floods": keep})
    telling.take("collector-1", batch(1, 2))
    assert telling.take("collector-1", batch(1, series="cd")) == 1
    assert seen(place) == [1, 2, 1]


def test_one_event_that_cannot_be_read_does_not_hold_up_the_others(place: Office) -> None:
    telling = Telling.of(place, {"floods": keep})
    assert telling.take("collector-1", batch(12, 13, 14)) == 14
    assert seen(place) == [12, 14]


def test_what_breaks_leaves_nothing_and_comes_again(place: Office) -> None:
    telling = Telling.of(place, {"floods": keep})
    with pytest.raises(RuntimeError):
        telling.take("collector-1", batch(665, 666))
    assert seen(place) == []
    assert telling.take("collector-1", batch(665)) == 665


def test_strangers_and_unknown_lanes_are_turned_away(place: Office) -> None:
    telling = Telling.of(place, {"floods": keep})
    with pytest.raises(LookupError):
        telling.take("nowhere", batch(1))
    with pytest.raises(LookupError):
        Telling.of(place, {}).take("collector-1", batch(1))


def test_collectors_events_become_words_in_their_order() -> None:
    detection = {
        "at": 1, "kind": "alarm", "policy": "d1", "version": "", "scope": "host", "target": "203.0.113.7",
        "metric": "bps", "figure": 9, "threshold": 5, "since": 1, "sources": 1, "ports": [[80, 3]],
        "dry_run": False, "why": None,
    }  # fmt: skip
    begun = AT.isoformat()
    events = (
        Event(1, AT, "flood.decided", {"begun": begun, "detection": detection}),
        Event(2, AT, "exporter.silent", {"exporter": "192.0.2.1"}),
        Event(3, AT, "flood.standing", {"begun": begun, "standing": [detection]}),
        Event(4, AT, "flood.decided", {"begun": begun, "detection": {**detection, "kind": "release"}}),
    )
    first, second = words_of("collector-1", events)
    assert [each.kind for each in first.detections] == ["alarm"]
    assert first.standing is not None
    assert [each.target for each in first.standing] == ["203.0.113.7"]
    assert ([each.kind for each in second.detections], second.standing) == (["release"], None)
    with pytest.raises(Unreadable):
        words_of("collector-1", (Event(5, AT, "flood.decided", {"begun": begun, "detection": {}}),))
