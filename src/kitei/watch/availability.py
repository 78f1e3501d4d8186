"""When a contract could be used and when not, as far as its watched paths tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from kitei.watch.intervals import Interval
from kitei.watch.observations import History, Observation, Point, hearing


@dataclass(frozen=True, slots=True)
class Availability:
    """What tells whether a contract works.

    `paths` are its redundant ways: as long as one works, the contract works. `states` are other points
    whose loss costs redundancy or a switch, `closed` those of devices that bought closed monitoring.
    """

    contract: str
    paths: tuple[Point, ...]
    states: tuple[Point, ...] = ()
    closed: tuple[Point, ...] = ()
    cites: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that tell of it, in order."""
        points = (*self.paths, *self.states, *self.closed)
        return tuple(dict.fromkeys(point.source for point in points))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one state. `known_at` is when all that shows the state had been heard."""

    interval: Interval
    up: bool
    known_at: datetime


def stretches(paths: Sequence[Point], history: History) -> tuple[Stretch, ...]:
    """The contract's states in order of time, from the first word about any path on.

    Up while any path is known up; down when none is and at least one is known down. A path whose
    node is not heard is not known, and when none is known the state stays as it was: silence alone
    neither breaks a service nor mends it.
    """
    view = _View(paths)
    found: list[Stretch] = []
    for at, seen in groupby(_in_order(paths, history), key=lambda o: o.at):
        for observation in seen:
            view.take(observation)
        up = view.is_up()
        if up is None or (found and found[-1].up is up):
            continue
        if found:
            last = found[-1]
            found[-1] = Stretch(Interval(last.interval.start, at), last.up, last.known_at)
        found.append(Stretch(Interval(at), up, view.known_at()))
    return tuple(found)


def _in_order(paths: Sequence[Point], history: History) -> Iterator[Observation]:
    nodes = dict.fromkeys(point.source for point in paths)
    points = (*dict.fromkeys(paths), *(hearing(node) for node in nodes))
    seen = [observation for point in points for observation in history.get(point, ())]
    return iter(sorted(seen, key=lambda o: o.at))


class _View:
    """The last word on every path, while observations are taken in order of time."""

    def __init__(self, paths: Sequence[Point]) -> None:
        self.words: dict[Point, Observation | None] = dict.fromkeys(paths)
        self.of_node: dict[str, list[Point]] = {}
        for point in self.words:
            self.of_node.setdefault(point.source, []).append(point)
        self.silent: dict[str, Observation] = {}
        self.known = {True: 0, False: 0}

    def take(self, observation: Observation) -> None:
        if observation.what == "agent":
            touched = self.of_node.get(observation.subject, [])
        else:
            touched = [observation.point]
        self._count(touched, -1)
        if observation.what != "agent":
            self.words[observation.point] = observation
        elif observation.up:
            self.silent.pop(observation.subject, None)
        else:
            self.silent[observation.subject] = observation
        self._count(touched, +1)

    def _count(self, points: Sequence[Point], by: int) -> None:
        for point in points:
            word = self.words[point]
            if word is not None and point.source not in self.silent:
                self.known[word.up] += by

    def is_up(self) -> bool | None:
        return True if self.known[True] else False if self.known[False] else None

    def known_at(self) -> datetime:
        """When the last of the words in force had been heard."""
        words = [word.known_at for word in self.words.values() if word is not None]
        return max(words + [word.known_at for word in self.silent.values()])
