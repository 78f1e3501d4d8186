"""What has to be done before what: a route leads to a scrubber when it cleans, and it cleans as long as one may lead there.

Nodes do not ask each other. So a diversion is kept out of a speaker's orders until the scrubber that it leads to has
reported that it cleans the prefix, and the cleaning stays a little longer than the route.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

from kitei.network import Announcement, NodeIntent, Orders, Part, Scrubbing
from kitei.network.codec import node_intent
from kitei.network.ddos_estate import ScrubberPlace
from kitei.network.expiry import expires, has_expired
from kitei.network.report import Report
from kitei.office.office import Office

LINGER: Final = timedelta(seconds=5)
"""How long a prefix is cleaned after its route was taken back: a withdrawal is in every border's kernel by then."""

_DRIVER: Final = "scrubber"


@dataclass(slots=True)
class Readiness:
    """Which generation of orders each scrubber has done, by its own word, and since which each part is in them.

    One that begins knows what nodes told last.
    """

    office: Office
    _done: dict[str, int] = field(default_factory=dict)
    _since: dict[tuple[str, str], tuple[Scrubbing, int]] = field(default_factory=dict)
    _begun: bool = False

    def take(self, report: Report) -> bool:
        """A node's word; whether it did something more."""
        return _DRIVER in report.right and self._note(report.node, report.generation)

    def publish(self, orders: Mapping[str, Orders]) -> None:
        """These are in force now."""
        before, self._since = self._since, {}
        for node, each in orders.items():
            for part in cleanings(each.intent):
                known = before.get((node, part.prefix))
                if known is None or known[0] != part:
                    known = (part, each.generation)
                self._since[node, part.prefix] = known

    def cleans(self, node: str, prefix: str) -> bool:
        """Whether a scrubber has said that it cleans a prefix as it is told to."""
        self._begin()
        _, since = self._since.get((node, prefix), (None, None))
        return since is not None and self._done.get(node, -1) >= since

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        for node, heard in self.office.shelf.reports().items():
            body = cast(Mapping[str, Any], heard.body)
            if _DRIVER in body.get("right", ()):
                self._note(node, int(body["generation"]))

    def _note(self, node: str, generation: int) -> bool:
        if generation <= self._done.get(node, -1):
            return False
        self._done[node] = generation
        return True


@dataclass(frozen=True, slots=True)
class InTurn:
    """What may be published now of what is wanted. `waits`: some diversions wait for their scrubber's word; `until`:
    when the first cleaning that only lingers is to be taken out."""

    nodes: Mapping[str, NodeIntent]
    waits: bool
    until: datetime | None


def in_turn(
    published: Mapping[str, NodeIntent],
    wanted: Mapping[str, NodeIntent],
    scrubbers: Sequence[ScrubberPlace],
    cleans: Callable[[str, str], bool],
    at: datetime,
) -> InTurn:
    """`wanted` are the nodes that shall change; of the others what is `published` stays. Pure, but for `cleans`."""
    changed: dict[str, NodeIntent] = {}
    waits, ends = False, list[datetime]()
    for name, node in wanted.items():
        before = {part.key: part for part in published[name].parts} if name in published else {}
        now, waiting = _led(node.parts, before, scrubbers, cleans)
        lingering = tuple(_lingering(before.values(), {part.key for part in now}, at))
        ends += [end for end in map(expires, lingering) if end is not None]
        waits |= waiting
        if not waiting and not lingering:
            changed[name] = node
        elif {part.key: part for part in (*now, *lingering)} != before:
            changed[name] = node_intent(name, (*now, *lingering))
    return InTurn(changed, waits, min(ends, default=None))


def cleanings(node: NodeIntent) -> Iterator[Scrubbing]:
    return (part for part in node.parts if isinstance(part, Scrubbing))


def _led(
    parts: Collection[Part],
    before: Mapping[str, Part],
    scrubbers: Sequence[ScrubberPlace],
    cleans: Callable[[str, str], bool],
) -> tuple[list[Part], bool]:
    """The parts, where a diversion that would lead to a scrubber too early is as it was, or not there."""
    found: list[Part] = []
    waits = False
    for part in parts:
        old = before.get(part.key)
        if isinstance(part, Announcement) and part.action == "divert" and _hop(old) != part.next_hop:
            there = [place.node for place in scrubbers if part.next_hop in place.next_hops]
            if not all(cleans(node, part.prefix) for node in there):
                waits = True
                found += [old] if old is not None else []
                continue
        found.append(part)
    return found, waits


def _hop(part: Part | None) -> str | None:
    return part.next_hop if isinstance(part, Announcement) else None


def _lingering(before: Collection[Part], wanted: Collection[str], at: datetime) -> Iterator[Scrubbing]:
    """Cleaning that is wanted no more, with its end near."""
    for part in before:
        if isinstance(part, Scrubbing) and part.key not in wanted and not has_expired(part, at):
            end = min(expires(part) or at + LINGER, at + LINGER)
            yield replace(part, until=end.isoformat())
