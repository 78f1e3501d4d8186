"""When parts run out: whom to ask then, so that what has expired is taken back within a second."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final

from kitei.network import Driver, Part
from kitei.network.expiry import expires

_GLANCE: Final = 0.5  # seconds: the clock may be set forward while we sleep


class Expiries:
    """The instants at which parts in force end, each with the drivers that read such parts."""

    def __init__(self, drivers: Sequence[Driver[Any]], clock: Callable[[], datetime]) -> None:
        self._drivers = drivers
        self._clock = clock
        self._ends: list[tuple[datetime, frozenset[str]]] = []

    def want(self, parts: Collection[Part]) -> None:
        ends: dict[datetime, set[str]] = {}
        for part in parts:
            instant = expires(part)
            if instant is not None:
                ends.setdefault(instant, set()).update(
                    d.name for d in self._drivers if isinstance(part, d.reads)
                )
        self._ends = sorted((instant, frozenset(names)) for instant, names in ends.items())

    def due(self) -> set[str]:
        """The drivers that must look because something ended since they were asked last; once each."""
        now, names = self._clock(), set[str]()
        while self._ends and self._ends[0][0] <= now:
            names |= self._ends.pop(0)[1]
        return names

    def pause(self) -> float | None:
        """Seconds until the next look at the clock; None: nothing will end."""
        if not self._ends:
            return None
        return min(_GLANCE, max(0.0, (self._ends[0][0] - self._clock()).total_seconds()))
