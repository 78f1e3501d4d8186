"""When a day has turned, as far as contracts end by it: a clock that goes wrong ends nobody's service.

A day never goes back, nor behind the day of what was recorded last. While this process runs, the clock may not run
away from the time that really passed: then no day turns until it is right again, or an operator who knows that it
is right starts the controller anew. A clock that was wrong by days from the start cannot be told.
"""

import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from kitei.office.office import Office
from kitei.values import day_of

log = logging.getLogger(__name__)
_MOST: Final = timedelta(hours=1)


class Days:
    """`moved` tells how far the clock was set since this process began (`kitei.clock.Steps`)."""

    def __init__(self, office: Office, moved: Callable[[], timedelta]) -> None:
        self._office, self._moved = office, moved
        self._day: date | None = None
        self._told = ""

    def turned(self) -> date | None:
        """The day that began since this was asked last, or the present one when it is asked first."""
        today = self._office.today()
        if today == self._day:
            return None
        wrong = self._wrong(today)
        if wrong and wrong != self._told:
            log.error("no contract ends now: %s", wrong)
        self._told = wrong
        if wrong:
            return None
        self._day = today
        return today

    def _wrong(self, today: date) -> str:
        moved = self._moved()
        if abs(moved) > _MOST:
            return f"the clock was set by {moved} to {today} while the controller ran; set it right, or start it anew"
        if self._day is not None and today < self._day:
            return f"the clock went back from {self._day} to {today}"
        last = self._last_recorded()
        if last is not None and today < last:
            return f"the clock says {today}, and something was recorded on {last}"
        return ""

    def _last_recorded(self) -> date | None:
        book = self._office.book
        entry = next(iter(book.read(after=book.head() - 1)), None)
        return day_of(entry.recorded_at) if entry else None
