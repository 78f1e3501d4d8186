"""Letting those go first who answer somebody: what runs beside them does a little at a time."""

import ctypes
import time

# `os.sched_yield` keeps Python's lock (until Python 3.12), and `time.sleep(0)` costs 16 us.
_YIELD = ctypes.CDLL(None).sched_yield


class Turns:
    """Gives way, and then works for as long as others took: so it goes on however busy the machine is."""

    def __init__(self) -> None:
        self._until = 0.0

    def give_way(self, unless: bool = False) -> None:
        """Let whoever waits for this processor or for Python's lock have it now; a microsecond where nobody does.

        `unless`: what is to be done comes before the speed of answers, such as caps on sessions.
        """
        now = time.monotonic()
        if now >= self._until and not unless:
            _YIELD()
            after = time.monotonic()
            self._until = after + (after - now)
