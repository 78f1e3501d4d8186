"""What programs of a gateway tell each other over loopback, and the office: who comes, who is refused and why."""

import contextlib
import json
import socket
from typing import Final

PORT: Final = 13150
LANE: Final = "remote"
VISITED, REFUSED = "remote.visited", "remote.refused"
"""Kinds of events: a user and a host; a user who was not let in, beside what the RADIUS server tells."""
TOO_MANY, LOCKED = "too-many-sessions", "locked"
"""Why a user was not let in, as RADIUS has it too (`kitei.radius.policy.Reason`)."""
NOT_DESIGNATED, NOT_REACHED = "not-designated", "not-reached"
"""Why a host was not shown."""


class Word:
    """The end that tells. Nobody waits for who hears it: what is told of a request comes with Squid's own line too."""

    def __init__(self) -> None:
        self._line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def tell(self, user: str, source: str, why: str = "") -> None:
        with contextlib.suppress(ConnectionRefusedError):  # it is just being started anew
            told = json.dumps({"user": user, "source": source, "why": why})
            self._line.sendto(told.encode(), ("127.0.0.1", PORT))
