"""The ways by which contracts were watched, and when they were others: an outage is judged by the ways of its time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, pairwise
from typing import TypeAlias

from kitei.watch import CONTROLLER, Availability, Observation, Point, Ways, watched, watching

_Epoch: TypeAlias = tuple[datetime, tuple[Point, ...]]


@dataclass(slots=True)
class WaysKnown:
    """What is on record of the ways of every contract; it is told again of a point whenever there is news of it."""

    _told: dict[str, dict[Point, tuple[Observation, ...]]] = field(default_factory=dict)
    _made: dict[str, tuple[_Epoch, ...]] = field(default_factory=dict)

    def take(self, point: Point, seen: tuple[Observation, ...]) -> None:
        """All that is known of a point; one that is about no ways says nothing here."""
        if (point.source, point.what) == (CONTROLLER, "watched"):
            contract, way = watched(point)
            self._told.setdefault(contract, {})[way] = seen
            self._made.pop(contract, None)

    def forget(self) -> None:
        self._told.clear()
        self._made.clear()

    def now(self, contract: str) -> tuple[Point, ...]:
        """The ways that were recorded last."""
        epochs = self._epochs(contract)
        return epochs[-1][1] if epochs else ()

    def dated(self, availability: Availability, at: datetime) -> Availability:
        """With the ways it had before. The first on record count for all that was before them; where it has others
        now than are on record, it turned at `at`."""
        epochs = self._epochs(availability.contract)
        if not epochs:
            return availability
        before = [Ways(until, ways) for (_, ways), (until, _) in pairwise(epochs)]
        since, last = epochs[-1]
        if set(last) != set(availability.paths):
            before.append(Ways(max(at, since), last))
        return replace(availability, before=tuple(before))

    def _epochs(self, contract: str) -> tuple[_Epoch, ...]:
        made = self._made.get(contract)
        if made is None:
            made = self._made[contract] = tuple(_epochs(self._told.get(contract, {})))
        return made


def turned(
    known: WaysKnown, availabilities: Mapping[str, Availability], at: datetime
) -> Iterator[Observation]:
    """What has to be recorded: ways that came and went, as of `at`."""
    for name, each in availabilities.items():
        had, has = set(known.now(name)), set(each.paths)
        for way in sorted(had ^ has):
            yield Observation(at, CONTROLLER, watching(name, way).subject, "watched", way in has)


def _epochs(told: Mapping[Point, Sequence[Observation]]) -> Iterator[_Epoch]:
    """Since when which ways, in order of time."""
    ways: dict[Point, None] = {}
    words = sorted(((seen.at, way, seen.up) for way, all in told.items() for seen in all), key=lambda w: w[0])
    for at, changes in groupby(words, key=lambda word: word[0]):
        for _, way, up in changes:
            if up:
                ways[way] = None
            else:
                ways.pop(way, None)
        yield at, tuple(ways)
