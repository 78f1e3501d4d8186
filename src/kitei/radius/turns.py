"""Letting those go first who answer somebody: what runs beside them has a processor that nobody else wants."""

import os
import time
from collections.abc import Callable
from typing import Final

_REST: Final = 1e-3  # seconds; shorter ones cost more than the work between
_LONGEST: Final = 1e-2
_BEHIND: Final = 0.5  # seconds, from which on this is as any other
_KEPT: Final = 0.1  # seconds by which a rest was longer than asked for
_SPELL: Final = 1.0
_LONGEST_SPELL: Final = 64.0


class Turns:
    """One thread's. `behind` says by how many seconds it is.

    It is of the lowest rank (SCHED_IDLE): who wakes does not stand behind it. Where all processors are busy, that
    rank may be kept waiting for a second. So this is as any other while it is behind, and for a spell after it was
    kept waiting, each time for longer. Only root may give up that rank again, so others never take it.
    """

    def __init__(self, behind: Callable[[], float]) -> None:
        self._behind = behind
        self._pause = _REST
        self._may_be_last = os.geteuid() == 0
        self._is_last = False
        self._spell, self._until = _SPELL, 0.0

    def give_way(self) -> None:
        """After a fraction of a millisecond's work. The rest is the shorter the more this is behind, and none from
        one second on, so that nothing starves it. Python's lock is free meanwhile."""
        behind = self._behind()
        self._find_rank(behind)
        if (rest := _REST * (1.0 - behind)) > 0:
            self._rest(rest)

    def wait(self, was_something: bool) -> None:
        """For more to do, which is near where something was."""
        self._find_rank(self._behind())
        self._pause = _REST if was_something else min(2 * self._pause, _LONGEST)
        self._rest(self._pause)

    def be_as_others(self) -> None:
        """Until the next rest: a thread has the rank of who began it."""
        if self._is_last:
            self._is_last = False
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

    def _find_rank(self, behind: float) -> None:
        if behind > _BEHIND or time.monotonic() < self._until:
            self.be_as_others()
        elif self._may_be_last and not self._is_last and behind < _BEHIND / 2:
            self._is_last = True
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        time.sleep(seconds)
        now = time.monotonic()
        if self._is_last and now - until > _KEPT:
            is_again = now - self._until < _LONGEST_SPELL
            self._spell = min(2 * self._spell, _LONGEST_SPELL) if is_again else _SPELL
            self._until = now + self._spell


def step_aside() -> None:
    """Between a few rows: who waits for this processor has it now. A kernel that takes it from nobody who computes
    (PREEMPT_NONE) lets them wait for its next tick, 4 ms at worst, else."""
    os.sched_yield()
