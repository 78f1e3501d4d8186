"""The one place that asks what time it is. Everything else is told."""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from kitei.values import JST

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Now, in Asia/Tokyo."""
    return datetime.now(JST)


class Steps:
    """How far the machine's clock was set since this was made, beside the time that really passed.

    A leap second, smeared or not, and what NTP slews away come to a second or so.
    """

    def __init__(self) -> None:
        self._ahead = _ahead()

    def moved(self) -> timedelta:
        return timedelta(seconds=round(_ahead() - self._ahead, 1))


def _ahead() -> float:
    """The wall clock less the time since boot, in which suspended time counts."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def shifted_clock(file: Path) -> Clock:
    """Now plus the whole seconds written in `file` (none: 0), so that a contract year passes in a moment."""

    def now() -> datetime:
        try:
            ahead = int(file.read_text() or 0)
        except FileNotFoundError:
            ahead = 0
        return wall_clock() + timedelta(seconds=ahead)

    return now


def clock_of_environment() -> Clock:
    """The shifted clock that KITEI_CLOCK names, else the wall clock."""
    file = os.environ.get("KITEI_CLOCK")
    return shifted_clock(Path(file)) if file else wall_clock
