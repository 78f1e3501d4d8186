"""Letting those go first who answer somebody: what runs beside them does a little at a time."""

import ctypes

_YIELD = ctypes.CDLL(None).sched_yield


def give_way() -> None:
    """Let whoever waits for this processor or for Python's lock have it now; a microsecond where nobody waits.

    Called through ctypes because `os.sched_yield` keeps the lock (until Python 3.12), and `time.sleep(0)` costs 16 us.
    """
    _YIELD()
