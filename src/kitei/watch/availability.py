"""When a contract could be used and when not, as far as its watched paths tell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from kitei.watch.intervals import Interval
from kitei.watch.observations import History, Observation, Point, hearing


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways that a contract had up to an instant, that not included."""

    until: datetime
    paths: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Availability:
    """What tells whether a contract works.

    `paths` are its redundant ways: as long as one works, the contract works. `states` are other points
    whose loss costs redundancy or a switch, `closed` those of devices that bought closed monitoring. `before`
    are the ways it had earlier, in order of time. `needs` are points without each of which it does not work,
    whatever its ways do.
    """

    contract: str
    paths: tuple[Point, ...]
    states: tuple[Point, ...] = ()
    closed: tuple[Point, ...] = ()
    cites: tuple[str, ...] = ()
    before: tuple[Ways, ...] = ()
    needs: tuple[Point, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that tell of it, in order."""
        points = (*self.paths, *self.needs, *self.states, *self.closed)
        return tuple(dict.fromkeys(point.source for point in points))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one state. `known_at` is when all that shows the state had been heard, of `ways` as it began."""

    interval: Interval
    up: bool
    known_at: datetime
    ways: int


def stretches(
    paths: Sequence[Point], history: History, before: Sequence[Ways] = (), needs: Sequence[Point] = ()
) -> tuple[Stretch, ...]:
    """The contract's states in order of time, from the first word about any path on.

    Up while any path is known up; down when none is and at least one is known down, and while anything that it
    `needs` is known down. A path whose
    node is not heard is not known, and when none is known the state stays as it was: silence alone
    neither breaks a service nor mends it. So it is where ways were exchanged for others (`before`): until the first
    word about them nothing has changed. Where nothing was watched any more, no state lasts.
    """
    epochs = [each.paths for each in before] + [tuple(paths)]
    view = _View(dict.fromkeys(point for ways in (*epochs, needs) for point in ways), needs)
    view.turn(epochs[0])
    turns = [_Turn(old.until, new) for old, new in zip(before, epochs[1:], strict=True)]
    news: list[Observation | _Turn] = [*turns, *_seen_of(view.words, history)]
    found: list[Stretch] = []
    for at, told in groupby(sorted(news, key=lambda each: each.at), key=lambda each: each.at):
        for each in told:
            if isinstance(each, _Turn):
                view.turn(each.paths)
            else:
                view.take(each)
        up, lasting = view.is_up(), bool(found) and found[-1].interval.end is None
        if view.ways and (up is None or (lasting and found[-1].up is up)):
            continue
        if lasting:
            found[-1] = replace(found[-1], interval=Interval(found[-1].interval.start, at))
        if up is not None:
            found.append(Stretch(Interval(at), up, max(at, view.known_at()), len(view.ways)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Turn:
    """From now on these are the ways."""

    at: datetime
    paths: tuple[Point, ...]


def _seen_of(paths: Iterable[Point], history: History) -> Iterator[Observation]:
    points = tuple(paths)
    nodes = dict.fromkeys(point.source for point in points)
    for point in (*points, *(hearing(node) for node in nodes)):
        yield from history.get(point, ())


class _View:
    """The last word on every path, while observations are taken in order of time; `ways` are those that count."""

    def __init__(self, paths: Iterable[Point], needs: Iterable[Point]) -> None:
        self.needs = frozenset(needs)
        self.words: dict[Point, Observation | None] = dict.fromkeys(paths)
        self.of_node: dict[str, list[Point]] = {}
        for point in self.words:
            self.of_node.setdefault(point.source, []).append(point)
        self.silent: dict[str, Observation] = {}
        self.ways: frozenset[Point] = frozenset()
        self.known = {True: 0, False: 0}

    def turn(self, ways: Iterable[Point]) -> None:
        self.ways, self.known = frozenset(ways), {True: 0, False: 0}
        self._count(self.ways, +1)

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

    def _count(self, points: Iterable[Point], by: int) -> None:
        for point in points:
            word = self.words[point]
            if word is not None and point in self.ways and point.source not in self.silent:
                self.known[word.up] += by

    def is_up(self) -> bool | None:
        if any(self._is_down(point) for point in self.needs):
            return False
        return True if self.known[True] else False if self.known[False] else None

    def _is_down(self, point: Point) -> bool:
        word = self.words[point]
        return word is not None and not word.up and point.source not in self.silent

    def known_at(self) -> datetime:
        """When the last of the words in force had been heard."""
        points = self.ways | self.needs
        words = [word for point in points if (word := self.words[point]) is not None]
        nodes = {point.source for point in points}
        return max(each.known_at for each in (*words, *(w for n, w in self.silent.items() if n in nodes)))
