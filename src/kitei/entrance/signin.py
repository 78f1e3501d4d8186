"""The program beside Squid that lets users in by RADIUS: `python -m kitei.entrance.signin ADDRESS SECRET`.

A line is `NUMBER USER PASSWORD SOURCE`, escaped as in URLs. Whoever comes from one address with a wrong password again
and again is not asked about for a while: passwords are not to be tried out over the Internet.
"""

import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import quote

from kitei.entrance.asking import Asker
from kitei.entrance.words import LOCKED, Word
from kitei.proxy.lines import asked, tell

WRONG: Final = 8
"""So many wrong passwords of one address within `WITHIN` seconds keep it out for `WITHIN` seconds, right ones too."""
WITHIN: Final = 300.0
_AT_ONCE: Final = 8
_LONGEST: Final = 128  # bytes of a password (RFC 2865, 5.2)
_SOURCES: Final = 100_000


class Bans:
    """Addresses that told wrong passwords, the oldest forgotten where there are too many."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now, self._lock = now, Lock()
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def is_banned(self, source: str) -> bool:
        with self._lock:
            return len(self._recent(source)) >= WRONG

    def note(self, source: str, is_right: bool) -> None:
        with self._lock:
            if is_right:
                self._wrong.pop(source, None)
                return
            self._wrong[source] = [*self._recent(source), self._now()]
            self._wrong.move_to_end(source)
            if len(self._wrong) > _SOURCES:
                self._wrong.popitem(last=False)

    def _recent(self, source: str) -> list[float]:
        since = self._now() - WITHIN
        return [at for at in self._wrong.get(source, ()) if at > since][-WRONG:]


class SignIn:
    """Lets users in, or not."""

    def __init__(self, asker: Asker, bans: Bans, told: Callable[[str, str, str], object]) -> None:
        self._asker, self._bans, self._told = asker, bans, told

    def answer(self, user: str, password: str, source: str) -> str:
        if not user or not password or len(password.encode()) > _LONGEST:
            return "ERR"
        if self._bans.is_banned(source):
            self._told(user, source, LOCKED)
            return "ERR"
        try:
            is_right = self._asker.may_in(user, password, source)
        except (OSError, ValueError) as error:
            return f"BH message={quote(str(error), safe='')}"
        self._bans.note(source, is_right)
        return "OK" if is_right else "ERR"


def run(address: str, secret: str) -> None:
    """Answer until nobody asks any more."""
    signin = SignIn(Asker(address, Path(secret).read_bytes().strip()), Bans(time.monotonic), Word().tell)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for lines in asked():
            for words in lines:
                pool.submit(_tell, signin, words)


def _tell(signin: SignIn, words: list[str]) -> None:
    number, user, password, source = (*words, "", "", "")[:4]
    tell([f"{number} {signin.answer(user, password, source)}"])


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
