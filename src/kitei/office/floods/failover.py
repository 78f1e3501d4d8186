"""Which scrubbers diversions may lead to: one that is silent, or does not clean what it is told to, is passed over.

What is found is a fact of the operator's, so that routes follow from the ledger as everything does, and a controller
that begins again knows it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kitei.ledger import Fact
from kitei.network.ddos_estate import DefencePlaces
from kitei.network.report import Report
from kitei.office.hearing import SILENT_AFTER
from kitei.office.office import Office
from kitei.services.ddos.defending import CONTROLLER
from kitei.values import JsonObject

LOST: Final = "scrubber.lost"
BACK: Final = "scrubber.back"
DOWN_AFTER: Final = 6.0
"""Seconds in which a scrubber may take up what it was told: a program is loaded, lists are filled."""
STEADY: Final = 30.0
"""Seconds for which a lost one has to be well again, so that routes do not swing."""

_LOOK: Final = 1.0


@dataclass(slots=True)
class Failover:
    """What is known of scrubbers' nodes, by this process's own time. One per controller."""

    office: Office
    now: Callable[[], float] = time.monotonic
    _heard: dict[str, float] = field(default_factory=dict)
    _down: dict[str, dict[str, float]] = field(default_factory=dict)
    _well: dict[str, float] = field(default_factory=dict)
    _looked: float = -_LOOK

    def take(self, report: Report) -> None:
        """A node was heard; which contracts it does not clean for, though told to."""
        now, node = self.now(), report.node
        self._heard[node] = now
        states = {each.subject: each.up for each in report.states if each.what == "scrubbing"}
        before = {} if report.whole else self._down.get(node, {})
        known = self._down.get(node, {})
        down = {subject for subject in before if states.get(subject) is not True}
        down |= {subject for subject, up in states.items() if not up}
        self._down[node] = {subject: known.get(subject, now) for subject in down}

    def look(self, places: DefencePlaces) -> bool:
        """Record scrubbers that were lost or are back; whether there was any. One alone is never passed over."""
        now = self.now()
        if now - self._looked < _LOOK or len(places.scrubbers) < 2:
            return False
        self._looked = now
        facts = []
        for place in places.scrubbers:
            wrong = self._wrong(place.node, now)
            if wrong:
                self._well.pop(place.node, None)
            elif now - self._well.setdefault(place.node, now) < STEADY and place.node in places.lost:
                continue
            if bool(wrong) != (place.node in places.lost):
                body: JsonObject = {"node": place.node, "at": self.office.clock().isoformat(), "why": wrong}
                facts.append(("operator", Fact(LOST if wrong else BACK, body, self.office.today())))
        if facts:
            self.office.state(facts, CONTROLLER)
        return bool(facts)

    def _wrong(self, node: str, now: float) -> str:
        """Why a node is passed over, empty where it is not. One not heard since this process began gets time."""
        if now - self._heard.setdefault(node, now) > SILENT_AFTER:
            return "silent"
        since = min(self._down.get(node, {}).values(), default=now)
        return "scrubbing" if now - since > DOWN_AFTER else ""
