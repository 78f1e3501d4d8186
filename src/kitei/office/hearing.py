"""What nodes tell: reports become observations, observations outages, outages facts of their contracts."""

import logging
import time as clock
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Final, cast, get_args

from kitei.catalogue import SERVICES
from kitei.ledger import Fact
from kitei.ledger.contracts import Contract
from kitei.network.report import Report, report_json
from kitei.office.floods.naming import alarms as overstepping
from kitei.office.floods.posting import alarms as untaken
from kitei.office.observed import Observed, Said
from kitei.office.office import Office
from kitei.office.publishing import Publishing
from kitei.office.ways import turned
from kitei.store import Heard
from kitei.values import JST, day_of
from kitei.watch import (
    CONTROLLER,
    Alarm,
    Availability,
    Observation,
    Outage,
    What,
    baseless,
    find_alarms,
    joined,
    outage_json,
    outage_of,
    recognise,
)

log = logging.getLogger(__name__)

SILENT_AFTER: Final = 35.0
"""Seconds without a report after which a node counts as not heard: three heartbeats and a little."""

_LOOK: Final = 5.0
_RECORD: Final = 60.0
_AT_ONCE: Final = 500


@dataclass(slots=True)
class Hearing:
    """The office's ear. One per controller: whether a node is heard is measured by this process's own time,
    because the provider's clock may be set ahead by hours at once."""

    office: Office
    publishing: Publishing
    now: Callable[[], float] = clock.monotonic
    _observed: Observed = field(init=False)
    _heard: dict[str, float] = field(default_factory=dict)
    _looked: float = 0.0
    _recorded: float = 0.0

    def __post_init__(self) -> None:
        self._observed = Observed(self.office.shelf)

    @classmethod
    def of(cls, office: Office) -> "Hearing":
        return cls(office, Publishing.of(office))

    # -- from nodes ----------------------------------------------------------------------------------

    def take_report(self, node: str, report: Report) -> None:
        """Keep a report and what it saw. The same report again changes nothing.

        LookupError: no such node. ValueError: it speaks for another.
        """
        if report.node != node:
            raise ValueError(
                f"a report of {report.node!r} came from {node!r}; a node speaks for itself alone"
            )
        shelf, heard_at = self.office.shelf, self.office.clock()
        if shelf.orders(node) is None:
            raise LookupError(f"{node} is no node that was given orders")
        self._heard[node] = self.now()
        seen = [
            Observation(s.at, node, s.subject, cast(What, s.what), s.up, heard_at)
            for s in report.states
            if s.what in get_args(What)
        ]
        seen.append(Observation(heard_at, CONTROLLER, node, "agent", True))
        body = {key: value for key, value in report_json(report).items() if key != "states"}
        with self.office.book.writing() as transaction:
            shelf.keep_report(node, report.at, body, within=transaction)
            shelf.observe(seen, within=transaction)

    def look_around(self) -> tuple[str, ...]:
        """Note nodes that went silent, and each minute outages; cheap to call often.

        Nodes not heard since this process began get time.
        """
        now = self.now()
        if now - self._looked < _LOOK:
            return ()
        self._looked = now
        for node in self.office.shelf.in_force():
            self._heard.setdefault(node, now)
        silent = tuple(node for node, at in self._heard.items() if now - at > SILENT_AFTER)
        if silent:
            at = self.office.clock()
            self.office.shelf.observe(Observation(at, CONTROLLER, node, "agent", False) for node in silent)
        if now - self._recorded >= _RECORD:
            self._recorded = now
            try:
                self.find_outages()
            except Exception:  # orders go out all the same; the log says what must be mended
                log.exception("outages could not be looked for")
        return silent

    # -- what it comes to ----------------------------------------------------------------------------

    def availabilities(self) -> Mapping[str, Availability]:
        """What tells of each contract in force, by the orders that nodes have now."""
        intent, today = self.publishing.published_intent(), self.office.today()
        contracts = self.office.contracts().values()
        return {
            name: availability
            for service in SERVICES.values()
            for name, availability in service.observe(
                [each for each in contracts if each.service == service.name], intent.nodes.values(), today
            ).items()
        }

    def alarms(self) -> tuple[Alarm, ...]:
        """What is wrong now, contract by contract; nodes that speak of what is none of theirs; customers who take no messages."""
        at = self.office.clock()
        history, ways = self._observed.upto(at), self._observed.ways(at)
        found = [
            alarm
            for each in self.availabilities().values()
            for alarm in find_alarms(ways.dated(each, at), history, at)
        ]
        return (*found, *overstepping(self.office), *untaken(self.office))

    def find_outages(self) -> tuple[Outage, ...]:
        """All outages of contracts in force; those that are new, or known better now, are recorded."""
        found: list[Outage] = []
        facts: list[tuple[str, Fact]] = []
        told, availabilities = Said.of(self.office.picture().said), self.availabilities()
        self._record_ways(availabilities)
        for name, seen in self._observed.outages(availabilities, told, self.office.clock()).items():
            contract = self.office.contract(name)
            recorded = [outage_of(body) for body in contract.outages]
            outages = recognise(seen, recorded)
            found += outages
            known = {outage.id: outage for outage in recorded}
            facts += [
                (
                    f"contract:{name}",
                    Fact("outage.found", outage_json(o), day_of(o.known_at), availabilities[name].cites),
                )
                for o in outages
                if known.get(o.id) != o
            ]
            credited = {credit.outage for credit in contract.credits}
            facts += [
                (f"contract:{name}", Fact("outage.joined", {"id": old.id}, day_of(old.known_at)))
                for old in joined(outages, recorded)
                if old.id not in credited
            ]
            facts += [
                (f"contract:{name}", Fact("outage.withdrawn", {"id": old.id}, day_of(old.known_at)))
                for old in baseless(outages, recorded, told.about(name).withdrawn)
            ]
        for contract, outage in self._over():
            found.append(outage)
            body, cites = outage_json(outage), contract.ending.cites if contract.ending else ()
            facts.append(
                (f"contract:{contract.id}", Fact("outage.found", body, day_of(outage.known_at), cites))
            )
        if facts:
            self.office.state(facts, "controller")
        return tuple(found)

    def _record_ways(self, availabilities: Mapping[str, Availability]) -> None:
        """Note by which ways contracts are watched now, and were since the last orders."""
        now, ordered = self.office.clock(), self.office.book.last("intent")
        at = min(now, ordered.recorded_at) if ordered is not None else now
        turns = list(turned(self._observed.ways(now), availabilities, at))
        for first in range(0, len(turns), _AT_ONCE):  # others want to write too
            self.office.shelf.observe(turns[first : first + _AT_ONCE])

    def _over(self) -> Iterator[tuple[Contract, Outage]]:
        """Outages that lasted when their contract ended: with its last day they are over too."""
        today = self.office.today()
        for contract in self.office.contracts().values():
            if contract.ending is None or contract.ending.last >= today:
                continue
            end = datetime.combine(contract.ending.last + timedelta(days=1), time(), JST)
            for outage in map(outage_of, contract.outages):
                if outage.restored_at is None:
                    yield contract, replace(outage, restored_at=max(end, outage.known_at))

    def reports(self) -> Mapping[str, Heard]:
        """The last report of every node that was ever heard."""
        return self.office.shelf.reports()
