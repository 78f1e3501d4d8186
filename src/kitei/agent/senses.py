"""How the engines of a node feel, compared each second; changes are told, figures alone are not."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from kitei.network import Part
from kitei.network.report import Fault, State, What

_EVERY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Feeling:
    """Up or not, and figures beside it."""

    up: bool
    detail: Mapping[str, int]


Felt: TypeAlias = Mapping[tuple[What, str], Feeling]


class Numb(Exception):
    """A source that is there and does not answer: what it told before stays as it was."""


class Sense(Protocol):
    """One source of states. `kinds` are those it alone tells."""

    name: str
    kinds: frozenset[What]

    def feel(self, parts: Sequence[Part]) -> Felt:
        """States of the parts it knows; what cannot be felt because its engine is dead is down. Raises Numb."""
        ...


class Senses:
    """Feels all sources; `changed` hears of each change, in the thread that feels.

    A first word "down" waits `grace` seconds: what is being made is not yet lost. Who holds a virtual
    address is told at once, either way.
    """

    def __init__(
        self,
        sources: Sequence[Sense],
        clock: Callable[[], datetime],
        changed: Callable[[State], None],
        grace: float = 15.0,
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._changed = changed
        self._grace = grace
        self._lock = threading.Lock()
        self._parts: tuple[Part, ...] = ()
        self._states: dict[tuple[What, str], State] = {}
        self._since: dict[tuple[What, str], float] = {}
        self._numb: dict[str, str] = {}
        self._over = threading.Event()

    def watch(self, parts: Iterable[Part]) -> None:
        with self._lock:
            self._parts = tuple(parts)

    def states(self) -> tuple[State, ...]:
        with self._lock:
            return tuple(self._states.values())

    def faults(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(Fault("watching", name, why) for name, why in sorted(self._numb.items()))

    def end(self) -> None:
        self._over.set()

    def run(self) -> None:
        """Feel each second until `end`."""
        while not self._over.is_set():
            begun = time.monotonic()
            self.feel()
            self._over.wait(max(0.1, _EVERY - (time.monotonic() - begun)))

    def feel(self) -> None:
        """Ask every source once and tell what changed."""
        with self._lock:
            parts = self._parts
        for source in self._sources:
            try:
                felt = source.feel(parts)
            except Numb as error:
                with self._lock:
                    self._numb[source.name] = str(error)
                continue
            with self._lock:
                self._numb.pop(source.name, None)
                told = self._compare(source, felt)
            for state in told:
                self._changed(state)

    def _compare(self, source: Sense, felt: Felt) -> list[State]:
        told = []
        now = time.monotonic()
        for gone in [point for point in self._since if point[0] in source.kinds and point not in felt]:
            del self._since[gone]
            self._states.pop(gone, None)
        for (what, subject), feeling in felt.items():
            known = self._states.get((what, subject))
            since = self._since.setdefault((what, subject), now)
            if known is not None and known.up == feeling.up:
                continue
            if known is None and not feeling.up and what != "vrrp" and now - since < self._grace:
                continue
            at = self._clock() if known or feeling.up else self._clock() - timedelta(seconds=now - since)
            state = State(at, subject, what, feeling.up, feeling.detail)
            self._states[what, subject] = state
            told.append(state)
        return told
