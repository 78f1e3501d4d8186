"""Gateways of GIO Remote Access as users see them from here: looked at again and again, nobody waiting for another."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final

from kitei.agent.senses import Feeling, Felt
from kitei.agent.tunnels import LOSSES, asks_who
from kitei.network import EntranceProbe, Part
from kitei.network.report import What

_AT_ONCE: Final = 16


@dataclass(slots=True)
class _Look:
    probe: EntranceProbe
    due: float
    under_way: Future[bool] | None = None
    losses: int | None = None  # in a row; None: nothing was seen yet


class Entrances:
    """`entrance` by the probe's name: users are asked who they are. It is lost when two looks in a row find nothing."""

    name = "entrances"
    kinds: frozenset[What] = frozenset({"entrance"})

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._looks: dict[str, _Look] = {}
        self._pool: ThreadPoolExecutor | None = None

    def feel(self, parts: Sequence[Part]) -> Felt:
        now = monotonic()
        probes = [each for each in parts if isinstance(each, EntranceProbe)]
        known = self._looks
        self._looks = {
            each.name: old
            if (old := known.get(each.name)) is not None and old.probe == each
            else _Look(each, now)
            for each in probes
        }
        for look in self._looks.values():
            self._go_on(look, now)
        return {
            ("entrance", name): Feeling(look.losses < LOSSES, {})
            for name, look in self._looks.items()
            if look.losses is not None
        }

    def _go_on(self, look: _Look, now: float) -> None:
        if look.under_way is not None and look.under_way.done():
            is_there = look.under_way.result()
            look.losses = 0 if is_there else LOSSES if look.losses is None else look.losses + 1
            look.under_way = None
        if look.under_way is None and now >= look.due:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="entrances")
            look.due = now + look.probe.interval / 1000
            look.under_way = self._pool.submit(_look, look.probe, self._clock())


def _look(probe: EntranceProbe, at: datetime) -> bool:
    return asks_who((probe.address, probe.port), probe.server, probe.leads == "browsers", at)
