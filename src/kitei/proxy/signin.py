"""The program beside Squid that knows passwords: `python -m kitei.proxy.signin USERS`.

The file holds a user a line, a name (escaped as in URLs) and a scrypt hash (RFC 7914), made as those of RADIUS are. To check
one takes tens of milliseconds, on purpose: answers come out of order, and Squid remembers those that were right.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import quote, unquote

from kitei.proxy.lines import asked, tell
from kitei.radius.secret import keep, matches

_NOBODY: Final = keep(
    "", (), bytes(16)
).hashed  # as slow to check as a real one: names cannot be guessed by time
_AT_ONCE: Final = 2


class SignIn:
    """The users of the file as it is now."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._mark: tuple[int, int] | None = None
        self._users: dict[str, str] = {}

    def users(self) -> dict[str, str]:
        state = os.stat(self._path)
        mark = (state.st_ino, state.st_mtime_ns)
        if mark != self._mark:
            with open(self._path, encoding="utf-8") as file:
                self._users = users_of(file.read())
            self._mark = mark
        return self._users

    def answer(self, user: str, password: str) -> str:
        hashed = self.users().get(user)
        is_right = matches(password, hashed or _NOBODY)
        return "OK" if hashed and is_right else "ERR"


def users_of(text: str) -> dict[str, str]:
    """Names with their hashes, out of such a file."""
    rows = (line.split() for line in text.splitlines())
    return {unquote(row[0]): row[1] for row in rows if len(row) == 2}


def users_text(users: dict[str, str]) -> str:
    """Names with their hashes, as the file holds them."""
    return "".join(f"{quote(name, safe='')} {hashed}\n" for name, hashed in sorted(users.items()))


def run(path: str) -> None:
    """Answer until nobody asks any more."""
    signin = SignIn(path)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for lines in asked():
            for words in lines:
                pool.submit(_tell, signin, words)


def _tell(signin: SignIn, words: list[str]) -> None:
    number, user, password = (*words, "", "")[:3]
    try:
        tell([f"{number} {signin.answer(user, password)}"])
    except OSError as error:
        tell([f"{number} BH message={quote(str(error), safe='')}"])


if __name__ == "__main__":
    run(sys.argv[1])
