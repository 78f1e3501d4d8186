"""Grids shown by a server, each for one answer within its time, and users who failed too often (RFC 2865, 4.4)."""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from kitei.radius.matrix import answer_to, make_grid, read_matrix, shown
from kitei.radius.names import bytes_of
from kitei.radius.policy import Answer, Pairs, Reason, User

FAILURES: Final = 5
LOCKED: Final = 1800.0  # seconds
_LIFE: Final = 180.0  # seconds a user may take to read a grid
_MOST: Final = 10_000
CODES: Final[Mapping[str, int]] = {"check": 8, "challenge": 3}
"""What the server is told by an act (rlm_rcode_t); of others that there is nothing to do."""
_CHALLENGE: Final[Pairs] = (("Response-Packet-Type", "Access-Challenge"),)
_ONCE: Final[Pairs] = (("Auth-Type", "Accept"),)
"""With an accepted answer: it is not to be remembered, since the next one is another."""


class _Open(NamedTuple):
    who: str
    answer: str
    reply: Pairs
    until: float


class Challenges:
    """`clock` tells seconds that only grow. `who` is a user with its realm."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def login(
        self, who: str, user: User, request: Mapping[str, str], password: Callable[[], Answer]
    ) -> Answer:
        """Answer a request of a user: `password` says whether what it carries is the user's."""
        state = request.get("State", "").lower()
        if state in self._open:
            return self._judge(self._open.pop(state), who, request.get("User-Password", ""))
        first = password()
        if first.act != "accept":
            return first
        if not user.matrix:
            return Answer("refuse", Reason.NO_MATRIX)
        if self.is_locked(who):
            return Answer("refuse", Reason.LOCKED)
        return Answer("challenge", Reason.ACCEPTED, _CHALLENGE, self._show(who, user))

    def is_locked(self, who: str) -> bool:
        return self._count(who) >= FAILURES

    def _show(self, who: str, user: User) -> Pairs:
        """An earlier grid of the same user stays open: it was shown to somebody too."""
        grid, state = make_grid(secrets.randbelow), f"0x{secrets.token_hex(16)}"
        answer = answer_to(read_matrix(user.matrix), grid)
        self._open[state] = _Open(who, answer, user.reply, self._clock() + _LIFE)
        while len(self._open) > _MOST:
            self._open.popitem(last=False)
        return ("Reply-Message", f"{shown(grid)}\nDigits:"), ("State", state)

    def _judge(self, asked: _Open, who: str, said: str) -> Answer:
        if asked.who != who or asked.until < self._clock():
            return Answer("refuse", Reason.WRONG_MATRIX)
        if self.is_locked(who):
            return Answer("refuse", Reason.LOCKED)
        if hmac.compare_digest(bytes_of(said), bytes_of(asked.answer)):
            self._failures.pop(who, None)
            return Answer("accept", Reason.ACCEPTED, _ONCE, asked.reply)
        self._failures[who] = self._count(who) + 1, self._clock() + LOCKED
        while len(self._failures) > _MOST:
            self._failures.popitem(last=False)
        return Answer("refuse", Reason.WRONG_MATRIX)

    def _count(self, who: str) -> int:
        count, until = self._failures.get(who, (0, 0.0))
        return count if self._clock() < until else 0
