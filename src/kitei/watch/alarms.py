"""What is wrong now, for which contract, since when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kitei.values import Words
from kitei.watch.availability import Availability, stretches
from kitei.watch.observations import History, Observation, Point, hearing

Trouble = Literal["out", "path", "state", "closed", "silent"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """`out`: nothing works. `path`: one redundant way is down while another works. `state`: an
    association, session or switch is down. `closed`: seen over the closed monitoring line.
    `silent`: a node is not heard (it may well forward).
    """

    contract: str
    trouble: Trouble
    since: datetime
    point: Point | None
    words: Words
    cites: tuple[str, ...] = ()


def find_alarms(availability: Availability, history: History, at: datetime) -> tuple[Alarm, ...]:
    """What is wrong with one contract at an instant, the worst first.

    Only the contract's own points can raise one: a device without closed monitoring, or a switch that
    cannot be monitored, has no such point and is silent here.
    """
    found: list[Alarm] = []
    seen = stretches(availability.paths, history, availability.before, availability.needs)
    state = next((s for s in reversed(seen) if s.interval.start <= at), None)
    is_out = state is not None and not state.up and at in state.interval
    if state is not None and is_out:
        found.append(_alarm(availability, "out", state.interval.start, None))
    elif state is not None:
        found += _down(availability, "path", availability.paths, history, at)
    found += _down(availability, "state", availability.states, history, at)
    found += _down(availability, "closed", availability.closed, history, at)
    for node in availability.nodes:
        since = _down_since(hearing(node), history, at)
        if since is not None:
            found.append(_alarm(availability, "silent", since, hearing(node)))
    return tuple(found)


def _down(
    availability: Availability, trouble: Trouble, points: tuple[Point, ...], history: History, at: datetime
) -> list[Alarm]:
    since = ((point, _down_since(point, history, at)) for point in points)
    return [_alarm(availability, trouble, begun, point) for point, begun in since if begun is not None]


def _down_since(point: Point, history: History, at: datetime) -> datetime | None:
    """When the point last went down, None while it is up or nothing is known of it."""
    since: datetime | None = None
    last: Observation | None = None
    for seen in history.get(point, ()):
        if seen.at > at:
            break
        if not seen.up and (last is None or last.up):
            since = seen.at
        last = seen
    return since if last is not None and not last.up else None


def _alarm(availability: Availability, trouble: Trouble, since: datetime, point: Point | None) -> Alarm:
    return Alarm(
        availability.contract, trouble, since, point, _words(availability, trouble, point), availability.cites
    )


def _words(availability: Availability, trouble: Trouble, point: Point | None) -> Words:
    contract = availability.contract
    source = point.source if point else ""
    subject = point.subject if point else ""
    what = point.what.upper() if point else ""
    match trouble:
        case "out":
            return Words(f"{contract}: 全経路が不通", f"{contract}: every path is down, nothing works")
        case "path":
            return Words(
                f"{contract}: 経路 {source}/{subject} が不通(他の経路で通信中)",
                f"{contract}: path {source}/{subject} is down; another path carries the traffic",
            )
        case "state":
            return Words(
                f"{contract}: {source} の {what} {subject} が断",
                f"{contract}: {what} {subject} on {source} is down",
            )
        case "closed":
            return Words(
                f"{contract}: 閉域監視で {subject} が応答なし({source} より)",
                f"{contract}: {subject} does not answer closed monitoring from {source}",
            )
        case "silent":
            return Words(
                f"{contract}: ノード {subject} から報告なし",
                f"{contract}: node {subject} is not heard; what it forwards is not known",
            )
