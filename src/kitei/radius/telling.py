"""What a RADIUS server tells its controller of logins, by the lane `logins` of its node's events.

Rows are as the engine has them: a login `[at, client, user, station, reason]`, accounting as a
`kitei.radius.sessions.Event`, both with the wall's seconds since 1970. They are gathered for a moment, since each
login apart would cost more than it takes to answer it.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kitei.radius.sessions import Event
from kitei.radius.turns import Turns
from kitei.spool import Lane

LANE: Final = "logins"
_ROWS: Final = 100
_UNSIGNED_EVERY: Final = 60.0  # seconds between counts of those who do not sign, after the first


class Telling:
    """`heard` is called while a server waits, and only remembers; the others write, beside the calls."""

    def __init__(self, folder: str | None) -> None:
        """`folder` None: there is nobody to tell."""
        self._lane = Lane(Path(folder)) if folder else None
        self._accounting: deque[Event] = deque(maxlen=100_000)
        self._told: Counter[str] = Counter()
        self._next_count = 0.0
        self._turns = Turns()

    def heard(self, event: Event) -> None:
        if self._lane is not None:
            self._accounting.append(event)

    def logins(self, rows: str) -> None:
        """Logins as a JSON list."""
        self._put("logins.answered", {"rows": rows})

    def tell(self, unsigned: Mapping[str, int]) -> None:
        """Accounting since the last time, and how often clients came without Message-Authenticator."""
        while self._accounting:
            count = min(_ROWS, len(self._accounting))
            rows = [self._accounting.popleft() for _ in range(count)]
            self._put("sessions.heard", {"rows": json.dumps(rows)})
            self._turns.give_way()
        now = time.monotonic()
        more = {who: count - self._told[who] for who, count in unsigned.items() if count > self._told[who]}
        if more and now >= self._next_count:
            self._next_count = now + _UNSIGNED_EVERY
            self._put("clients.unsigned", {"counts": json.dumps(more)})
            self._told.update(more)

    def _put(self, kind: str, body: dict[str, str]) -> None:
        if self._lane is not None:
            self._lane.put(datetime.now(UTC), kind, {**body})
