"""What a RADIUS server tells its controller of logins, by the lane `logins` of its node's events.

Rows are as the engine has them: a login `[at, client, user, station, reason]`, accounting as a
`kitei.radius.sessions.Event`, both with the wall's seconds since 1970. They are gathered for a moment, since each
login apart would cost more than it takes to answer it.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kitei.radius.sessions import Event
from kitei.radius.turns import step_aside
from kitei.spool import Lane

LANE: Final = "logins"
_PIECES: Final = 5  # of some 25 requests
_UNSIGNED_EVERY: Final = 60.0  # seconds between counts of those who do not sign, after the first


class Telling:
    """Called by the one thread beside the calls."""

    def __init__(self, folder: str | None) -> None:
        """`folder` None: there is nobody to tell."""
        self._lane = Lane(Path(folder)) if folder else None
        self._accounting: list[str] = []
        self._told: Counter[str] = Counter()
        self._next_count = 0.0

    def heard(self, events: Sequence[Event]) -> None:
        """Made to text as they come and told some at once, the rest by `tell`: all of a second together would keep
        those waiting who answer."""
        if events:
            self._accounting.append(json.dumps(events)[1:-1])
            step_aside()
        if len(self._accounting) >= _PIECES:
            self._tell_accounting()

    def _tell_accounting(self) -> None:
        pieces, self._accounting = self._accounting, []
        if pieces:
            self._put("sessions.heard", {"rows": f"[{', '.join(pieces)}]"})

    def logins(self, rows: str) -> None:
        """Logins as a JSON list."""
        self._put("logins.answered", {"rows": rows})

    def tell(self, unsigned: Mapping[str, int]) -> None:
        """The accounting that is left, and how often clients came without Message-Authenticator."""
        self._tell_accounting()
        now = time.monotonic()
        more = {who: count - self._told[who] for who, count in unsigned.items() if count > self._told[who]}
        if more and now >= self._next_count:
            self._next_count = now + _UNSIGNED_EVERY
            self._put("clients.unsigned", {"counts": json.dumps(more)})
            self._told.update(more)

    def _put(self, kind: str, body: dict[str, str]) -> None:
        if self._lane is not None:
            self._lane.put(datetime.now(UTC), kind, {**body})
