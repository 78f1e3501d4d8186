"""Synthetic visits: a page that the operator knows, asked for through a customer's Web gateway as a client would."""

import http.client
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

_PATIENCE: Final = 2.0  # seconds for each step of an answer
_LOSSES: Final = 2  # looks in a row that find nothing, until it is lost
_MOST: Final = 1 << 16  # bytes of a page that are read


class Visitor:
    """One gateway's visitor. Where a page does not come directly either, the page is at fault or the Internet: that
    says nothing about the gateway."""

    def __init__(self) -> None:
        self._losses = 0

    def works(self, pages: Sequence[str], port: int | None) -> bool | None:
        """By its proxy at this port of the machine's own (None: it has none). None: nothing is known."""
        if port is not None and any(_comes(partial(_by_proxy, port, page)) for page in pages):
            self._losses = 0
            return True
        if not any(_comes(partial(_directly, page)) for page in pages):
            return None
        self._losses += 1
        return self._losses < _LOSSES


def _by_proxy(port: int, page: str) -> http.client.HTTPConnection:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    line.request("GET", page, headers={"Connection": "close", "Cache-Control": "no-cache"})
    return line


def _directly(page: str) -> http.client.HTTPConnection:
    where = urlsplit(page)
    line = http.client.HTTPConnection(where.hostname or "", where.port or 80, timeout=_PATIENCE)
    line.request("GET", where.path or "/", headers={"Connection": "close"})
    return line


def _comes(asked: Callable[[], http.client.HTTPConnection]) -> bool:
    try:
        line = asked()
        try:
            answer = line.getresponse()
            return answer.status == http.client.OK and bool(answer.read(_MOST))
        finally:
            line.close()
    except (OSError, http.client.HTTPException, UnicodeError):
        return False
