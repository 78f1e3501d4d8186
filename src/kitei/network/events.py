"""What happened on a node, in numbered order: told until the controller has heard it, and no later than it can.

A report says how things are; an event says what became of them, and the next one does not make up for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kitei.network.codec import Unreadable
from kitei.values import Json, JsonObject

MOST_TOGETHER: Final = 500


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened at `at` (aware, by the node's clock). `kind` is two words, as `flood.decided`."""

    number: int
    at: datetime
    kind: str
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one lane, in their order. A lane is numbered from 1 in each `series`; a node that lost its
    disk begins another. Numbers that are passed over were lost on the node."""

    lane: str
    series: str
    events: tuple[Event, ...]


def batch_json(batch: Batch) -> JsonObject:
    return {
        "lane": batch.lane,
        "series": batch.series,
        "events": [event_json(event) for event in batch.events],
    }


def event_json(event: Event) -> JsonObject:
    return {
        "number": event.number,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "body": dict(event.body),
    }


def batch_of(written: Json) -> Batch:
    """Read one back. Raises Unreadable with every fault."""
    if not isinstance(written, dict):
        raise Unreadable([f"batch: {type(written).__name__} is not an object"])
    faults: list[str] = []
    lane, series = (_name(written, key, faults) for key in ("lane", "series"))
    listed = written.get("events")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_TOGETHER:
        raise Unreadable([*faults, f"events: a list of 1 to {MOST_TOGETHER} events is wanted"])
    events = [_event(each, f"events[{n}]", faults) for n, each in enumerate(listed)]
    for n in range(1, len(events)):
        if events[n].number <= events[n - 1].number:
            faults.append(f"events[{n}].number: {events[n].number} does not follow {events[n - 1].number}")
    if faults:
        raise Unreadable(faults)
    return Batch(lane, series, tuple(events))


def event_of(written: Json) -> Event:
    """Read one event back. Raises Unreadable."""
    faults: list[str] = []
    event = _event(written, "event", faults)
    if faults:
        raise Unreadable(faults)
    return event


def _event(written: Json, place: str, faults: list[str]) -> Event:
    body: Mapping[str, Any] = written if isinstance(written, dict) else {}
    number, at, told = body.get("number"), body.get("at"), body.get("body")
    if type(number) is not int or not 0 < number < 1 << 62:
        faults.append(f"{place}.number: {number!r} is not a whole number from 1 on")
        number = 1
    if not isinstance(told, dict):
        faults.append(f"{place}.body: {type(told).__name__} is not an object")
        told = {}
    return Event(number, _instant(at, f"{place}.at", faults), _name(body, "kind", faults, place + "."), told)


def _instant(written: object, place: str, faults: list[str]) -> datetime:
    try:
        instant = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        faults.append(f"{place}: {written!r} is not an instant such as '2026-11-02T09:00:00+09:00'")
        return datetime.min  # noqa: DTZ901 - never seen: the faults are raised
    return instant


def _name(body: Mapping[str, Any], key: str, faults: list[str], place: str = "") -> str:
    value = body.get(key)
    if isinstance(value, str) and 0 < len(value) <= 64 and value.replace("-", "").replace(".", "").isalnum():
        return value
    faults.append(f"{place}{key}: {value!r} is not a name such as 'flood.decided'")
    return ""
