"""Observations as they come in, each read once, and the outages that they make: no minute reads all that there ever was."""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from kitei.ledger import Entry
from kitei.office.ways import WaysKnown
from kitei.store import Shelf
from kitei.values import Words
from kitei.watch import (
    Availability,
    Cause,
    History,
    Observation,
    Outage,
    Point,
    Report,
    find_outages,
    hearing,
)

_LATE: Final = 1000
"""So many of the last rows are looked at again: one written at the same time may become visible after a later one."""

_Row = tuple[datetime, int, Observation]


@dataclass(frozen=True, slots=True)
class Said:
    """What people told of a contract's outages, and what they took back of it."""

    reports: tuple[Report, ...] = ()
    causes: tuple[Cause, ...] = ()
    withdrawn: tuple[Report, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Said":
        """Out of the operator's stream. What is told by a reference again replaces what was told by it."""
        reports: dict[object, Report] = {}
        withdrawn: dict[object, Report] = {}
        causes: list[Cause] = []
        for number, entry in enumerate(entries):
            body = cast(Mapping[str, Any], entry.fact.body)
            match entry.fact.kind:
                case "trouble.reported":
                    at, restored = _instant(body["at"]), body["restored_at"]
                    told = Report(
                        body["contract"],
                        body["kind"],
                        at,
                        body["state"],
                        _instant(restored) if restored else None,
                        body["reference"],
                    )
                    name = (told.contract, told.reference) if told.reference else number
                    reports[name] = told
                    withdrawn.pop(name, None)
                case "trouble.withdrawn" if (name := (body["contract"], body["reference"])) in reports:
                    withdrawn[name] = reports.pop(name)
                case "cause.found":
                    why = Words(**body["why"])
                    causes.append(Cause(body["contract"], _instant(body["at"]), body["party"], why))
        return cls(tuple(reports.values()), tuple(causes), tuple(withdrawn.values()))

    def about(self, contract: str) -> "Said":
        return Said(
            tuple(each for each in self.reports if each.contract == contract),
            tuple(each for each in self.causes if each.contract == contract),
            tuple(each for each in self.withdrawn if each.contract == contract),
        )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


class _Found(NamedTuple):
    """A contract's outages with what they were found from, besides the history."""

    availability: Availability
    said: Said
    outages: tuple[Outage, ...]


@dataclass(slots=True)
class Observed:
    """All observations up to an instant, by point. It keeps what it read: about 300 bytes for each change of a state."""

    shelf: Shelf
    _last: int = 0
    _late: set[int] = field(default_factory=set)
    _until: datetime | None = None
    _ahead: list[_Row] = field(default_factory=list)
    _rows: dict[Point, list[_Row]] = field(default_factory=dict)
    _history: dict[Point, tuple[Observation, ...]] = field(default_factory=dict)
    _touched: set[Point] = field(default_factory=set)
    _found: dict[str, _Found] = field(default_factory=dict)
    _ways: WaysKnown = field(default_factory=WaysKnown)

    def upto(self, at: datetime) -> History:
        """The history up to an instant, that included."""
        self._read(at)
        return dict(self._history)

    def ways(self, at: datetime) -> WaysKnown:
        """The ways of contracts as they are on record up to an instant."""
        self._read(at)
        return self._ways

    def outages(
        self, availabilities: Mapping[str, Availability], said: Said, at: datetime
    ) -> Mapping[str, tuple[Outage, ...]]:
        """The outages of each contract; found again only where something is new of it."""
        self._read(at)
        told = said if any((said.reports, said.causes, said.withdrawn)) else None
        self._found = {
            name: self._outages(self._ways.dated(each, at), told.about(name) if told else Said())
            for name, each in availabilities.items()
        }
        self._touched.clear()
        return {name: found.outages for name, found in self._found.items()}

    def _outages(self, availability: Availability, said: Said) -> _Found:
        known = self._found.get(availability.contract)
        ways = {
            *availability.paths,
            *availability.needs,
            *(way for old in availability.before for way in old.paths),
        }
        points = ways | {hearing(way.source) for way in ways}
        is_same = known is not None and (known.availability, known.said) == (availability, said)
        if known is not None and is_same and points.isdisjoint(self._touched):
            return known
        found = find_outages(
            availability,
            self._history,
            reports=said.reports,
            causes=said.causes,
        )
        return _Found(availability, said, found)

    def _read(self, at: datetime) -> None:
        """Take in what is new up to an instant."""
        if (
            self._until is not None and at < self._until
        ):  # the clock was set back: what it had passed is to come
            self._begin_anew()
        self._until = at
        new = self._new_rows()
        due = [row for row in new if row[0] <= at] + [row for row in self._ahead if row[0] <= at]
        self._ahead = [row for row in [*self._ahead, *new] if row[0] > at]
        touched = {row[2].point for row in due}
        for row in due:
            insort(self._rows.setdefault(row[2].point, []), row)
        for point in touched:
            seen = self._history[point] = tuple(row[2] for row in self._rows[point])
            self._ways.take(point, seen)
        self._touched |= touched

    def _new_rows(self) -> Sequence[_Row]:
        rows = self.shelf.observations_after(max(0, self._last - _LATE))
        new = [(seen.at, number, seen) for number, seen in rows if number not in self._late]
        self._last = max((number for number, _ in rows), default=self._last)
        self._late = {number for number, _ in rows if number > self._last - _LATE}
        return new

    def _begin_anew(self) -> None:
        self._last, self._late, self._ahead = 0, set(), []
        self._rows.clear()
        self._history.clear()
        self._found.clear()
        self._ways.forget()
