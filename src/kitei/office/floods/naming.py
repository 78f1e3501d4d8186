"""Whom a node may speak of: contracts and policies that its orders name, and nobody else's.

A node that was taken over, or wrongly set up, could otherwise raise alarms for any contract (and have its traffic
diverted), or fill another's history and evidence. What it says of others is left out, counted, and told.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from kitei.ledger import Entry, Fact, standing
from kitei.network import FloodWatch, Orders, Scrubbing
from kitei.network.events import Event
from kitei.network.sheaf import LINES
from kitei.office.office import Office
from kitei.office.telling import Taker
from kitei.values import JsonObject, Words, day_of
from kitei.watch import Alarm

log = logging.getLogger(__name__)

OVERSTEPPED: Final = "node.overstepped"
STREAM: Final = "nodes"
_LATE: Final = 3600.0
"""Seconds for which a node may still tell of what its orders named before: what it did last arrives later."""
_AGAIN: Final = 3600.0
"""Seconds between facts of the same node and lane, however much it says."""
_TOLD: Final = timedelta(hours=24)
_MOST: Final = 10


@dataclass(slots=True)
class Naming:
    """What each node may name. `orders` are those in force of a node. All calls in one thread."""

    office: Office
    orders: Callable[[str], Orders | None]
    now: Callable[[], float] = time.monotonic
    refused: dict[tuple[str, str], int] = field(default_factory=dict)
    _names: dict[str, tuple[int, dict[str, float]]] = field(default_factory=dict)
    _told: dict[tuple[str, str], float] = field(default_factory=dict)

    def guarded(self, lane: str, taker: Taker) -> Taker:
        """A taker that is given only what its node may say."""
        sift = _SIFTS[lane]

        def take(office: Office, node: str, events: tuple[Event, ...], within: Connection) -> None:
            known = self.names(node)
            strange: list[str] = []
            left = tuple(kept for each in events if (kept := sift(each, known, strange)) is not None)
            if strange:
                self._refuse(node, lane, strange, within)
            if left:
                taker(office, node, left, within)

        return take

    def names(self, node: str) -> frozenset[str]:
        """Policies by name and contracts that a node's orders name, or named within the hour."""
        orders, now = self.orders(node), self.now()
        generation, seen = self._names.get(node, (-1, {}))
        if orders is not None and orders.generation != generation:
            seen = {name: until for name, until in seen.items() if until > now}
            seen = {name: min(until, now + _LATE) for name, until in seen.items()}
            seen |= dict.fromkeys(_named(orders), float("inf"))
            self._names[node] = (orders.generation, seen)
        return frozenset(name for name, until in seen.items() if until > now)

    def _refuse(self, node: str, lane: str, strange: list[str], within: Connection) -> None:
        count = self.refused[node, lane] = self.refused.get((node, lane), 0) + len(strange)
        names = sorted(set(strange))[:_MOST]
        if self.now() - self._told.get((node, lane), -_AGAIN) < _AGAIN:
            return
        self._told[node, lane] = self.now()
        told = ", ".join(map(repr, names))
        log.warning(
            "%s tells of %s (%s), which its orders do not name: left out, %d so far", node, told, lane, count
        )
        at = self.office.clock()
        body: JsonObject = {
            "node": node,
            "lane": lane,
            "names": list(names),
            "count": count,
            "at": at.isoformat(),
        }
        fact = Fact(OVERSTEPPED, body, day_of(at))
        self.office.book.append([(STREAM, fact)], actor="controller", at=at, within=within)


def alarms(office: Office) -> Iterator[Alarm]:
    """Nodes that spoke of others within a day, each with what it said last in each lane."""
    last: dict[tuple[str, str], Entry] = {}
    for entry in standing(office.book.read(STREAM)):
        if entry.fact.kind == OVERSTEPPED:
            last[str(entry.fact.body["node"]), str(entry.fact.body["lane"])] = entry
    for (node, lane), entry in sorted(last.items()):
        body: Any = entry.fact.body
        at = datetime.fromisoformat(body["at"])
        if at + _TOLD > office.clock():
            names = ", ".join(body["names"])
            words = Words(
                f"{node} が指示にない契約・ポリシー({names})を {lane} で述べたため、受け付けていません",
                f"{node} told of {names} ({lane}), which its orders do not name; it is left out",
            )
            yield Alarm("", "state", at, None, words)


def _named(orders: Orders) -> Iterator[str]:
    for part in orders.intent.parts:
        if isinstance(part, FloodWatch):
            yield part.name
            yield part.name.partition("/")[0]
        elif isinstance(part, Scrubbing):
            yield part.contract
            yield part.origin.owner


# -- what is left of an event --------------------------------------------------------------------------


def _flood(event: Event, known: frozenset[str], strange: list[str]) -> Event | None:
    detection: Any = event.body.get("detection")
    if event.kind == "flood.decided" and isinstance(detection, Mapping):
        return event if _is_known(detection.get("policy"), known, strange) else None
    rows: Any = event.body.get("standing")
    if event.kind == "flood.standing" and isinstance(rows, list):
        kept = [e for e in rows if not isinstance(e, Mapping) or _is_known(e.get("policy"), known, strange)]
        return replace(event, body={**event.body, "standing": kept})
    return event


def _counter(event: Event, known: frozenset[str], strange: list[str]) -> Event:
    text = event.body.get("text")
    if not isinstance(text, str):
        return event
    kept = [line for line in text.splitlines() if _may_stand(line, known, strange)]
    return replace(event, body={**event.body, "text": "".join(f"{line}\n" for line in kept)})


def _may_stand(line: str, known: frozenset[str], strange: list[str]) -> bool:
    """Whether a row of a sheaf tells of a known contract; what cannot be read is for the reader to refuse."""
    try:
        row: Any = json.loads(line)
        kind, columns = row[0], LINES[row[0]]
        named = [row[1 + columns.index(c)] for c in ("contract", "policy") if c in columns and kind != "note"]
    except (ValueError, LookupError, TypeError):
        return True
    return all(_is_known(each, known, strange) for each in named)


def _contract(event: Event, known: frozenset[str], strange: list[str]) -> Event | None:
    return event if _is_known(event.body.get("contract"), known, strange) else None


def _is_known(name: object, known: frozenset[str], strange: list[str]) -> bool:
    if isinstance(name, str) and name not in known:
        strange.append(name[:100])
        return False
    return True  # what is no name at all is refused by whoever reads it


_SIFTS: Final[Mapping[str, Callable[[Event, frozenset[str], list[str]], Event | None]]] = {
    "floods": _flood,
    "counters": _counter,
    "excerpts": _contract,
    "scrubs": _contract,
}
LANES: Final = frozenset(_SIFTS)
