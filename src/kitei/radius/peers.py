"""RADIUS nodes tell each other the accounting they hear, over TCP: so that each has the whole book of sessions.

Who connects tells: first all it knows, then each request's event as it is heard, and a sign of life. What is told
twice or late changes nothing (`kitei.radius.sessions`), so a connection that broke is simply begun anew. No login
waits for another node. A frame is 4 bytes of length, an HMAC-SHA256 over both ends' random bytes, its number and
itself, and JSON; the names of users go as openly as in accounting itself (RFC 2866).
"""

import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from kitei.radius.sessions import Event

_NONCE: Final = 16
_SIGN: Final = 32
_FRAME: Final = 4 << 20  # bytes, the largest
_AT_ONCE: Final = 500  # events in a frame
_WAIT: Final = 0.01  # seconds between looks for something to tell
_SIGN_OF_LIFE: Final = 0.5
_SILENCE: Final = 3.0  # seconds after which a connection is given up
_BEHIND: Final = 200_000  # events untold, after which it is quicker to begin anew
_AGAIN: Final = 0.2

Words = Callable[[], Iterator[Event]]
"""All that is known now."""


class Peers:
    """`heard` fills from other threads: a node's name with what it told. `at` is when each node was last heard."""

    def __init__(self, words: Words) -> None:
        self.heard: deque[tuple[str, list[Event]]] = deque()
        self.at: dict[str, float] = {}
        self._words = words
        self._told: Mapping[str, Any] | None = None
        self._key = b""
        self._links: list[_Link] = []
        self._door: _Door | None = None

    def take_up(self, told: Mapping[str, Any] | None, key: bytes) -> None:
        """The peers of a policy: `name`, `listen` and `others`, each with its address and port; None: alone."""
        if told == self._told and key == self._key:
            return
        self.close()
        self._told, self._key = told, key
        if told is None:
            return
        now = time.monotonic()
        self.at = {name: self.at.get(name, now) for name in told["others"]}
        self._door = _Door(tuple(told["listen"]), key, frozenset(told["others"]), self._hear)
        self._links = [
            _Link(told["name"], (address, port), key, self._words)
            for address, port in told["others"].values()
        ]

    def tell(self, events: Sequence[Event]) -> None:
        for link in self._links:
            link.tell(events)

    def silent(self, seconds: float) -> frozenset[str]:
        """The nodes not heard of for so long."""
        now = time.monotonic()
        return frozenset(name for name, at in tuple(self.at.items()) if now - at > seconds)

    def close(self) -> None:
        for link in self._links:
            link.close()
        if self._door is not None:
            self._door.close()
        self._links, self._door = [], None

    def _hear(self, name: str, events: list[Event]) -> None:
        self.at[name] = time.monotonic()
        if events:
            self.heard.append((name, events))


class _Link:
    """Tells one node, in a thread of its own; connects again for as long as it takes."""

    def __init__(self, name: str, there: tuple[str, int], key: bytes, words: Words) -> None:
        self._name, self._there, self._key, self._words = name, there, key, words
        self._waiting: deque[Event] = deque()
        self._is_open = True
        self._must_begin = True
        threading.Thread(target=self._run, name="peer", daemon=True).start()

    def tell(self, events: Sequence[Event]) -> None:
        if not self._must_begin:
            self._waiting.extend(events)
        if len(self._waiting) > _BEHIND:
            self._must_begin = True

    def close(self) -> None:
        self._is_open = False

    def _run(self) -> None:
        while self._is_open:
            with suppress(OSError), socket.create_connection(self._there, timeout=_SILENCE) as line:
                self._tell_all(line)
            time.sleep(_AGAIN)

    def _tell_all(self, line: socket.socket) -> None:
        nonce = secrets.token_bytes(_NONCE)
        line.sendall(nonce)
        frames = _Frames(self._key, _whole(line, _NONCE) + nonce)
        self._waiting.clear()
        self._must_begin = False  # from here on all that is heard waits, and then comes what was before
        known = self._words()
        while self._is_open and (piece := [event for event, _ in zip(known, range(_AT_ONCE), strict=False)]):
            line.sendall(frames.closed({"node": self._name, "events": piece}))
        last = time.monotonic()
        while self._is_open and not self._must_begin:
            piece = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            if piece or time.monotonic() - last > _SIGN_OF_LIFE:
                line.sendall(frames.closed({"node": self._name, "events": piece}))
                last = time.monotonic()
            if len(piece) < _AT_ONCE:
                time.sleep(_WAIT)


class _Door:
    """Hears those who know the key, each in a thread of its own."""

    def __init__(
        self,
        here: tuple[str, int],
        key: bytes,
        names: frozenset[str],
        hear: Callable[[str, list[Event]], None],
    ) -> None:
        self._here, self._key, self._names, self._hear = here, key, names, hear
        self._is_open = True
        threading.Thread(target=self._run, name="peers", daemon=True).start()

    def close(self) -> None:
        self._is_open = False

    def _run(self) -> None:
        while self._is_open:
            with suppress(OSError):  # the address may come later, or belong to the one before us for a moment
                self._serve()
            time.sleep(_AGAIN)

    def _serve(self) -> None:
        family = socket.AF_INET6 if ":" in self._here[0] else socket.AF_INET
        with socket.create_server(self._here, family=family) as door:
            door.settimeout(_AGAIN)
            while self._is_open:
                with suppress(TimeoutError):
                    line, _ = door.accept()
                    threading.Thread(target=self._listen, args=(line,), daemon=True).start()

    def _listen(self, line: socket.socket) -> None:
        """Until it is silent, closes, or says what it cannot prove."""
        with suppress(OSError, ValueError, TypeError, KeyError), line:
            line.settimeout(_SILENCE)
            nonce = secrets.token_bytes(_NONCE)
            line.sendall(nonce)
            frames = _Frames(self._key, nonce + _whole(line, _NONCE))
            while self._is_open:
                size = int.from_bytes(_whole(line, 4))
                if not _SIGN < size <= _FRAME:
                    return
                told = frames.opened(_whole(line, size))
                if told["node"] in self._names:
                    self._hear(told["node"], [_event(row) for row in told["events"]])


class _Frames:
    """One direction of a connection: each frame has its number, so none can be left out or come again."""

    def __init__(self, key: bytes, nonces: bytes) -> None:
        self._key, self._nonces, self._number = key, nonces, 0

    def closed(self, told: object) -> bytes:
        body = json.dumps(told, separators=(",", ":")).encode()
        return (len(body) + _SIGN).to_bytes(4) + self._sign(body) + body

    def opened(self, frame: bytes) -> dict[str, Any]:
        """Raises ValueError for one that is not its."""
        if not hmac.compare_digest(frame[:_SIGN], self._sign(frame[_SIGN:])):
            raise ValueError("a frame that is not signed with the key")
        told: dict[str, Any] = json.loads(frame[_SIGN:])
        return told

    def _sign(self, body: bytes) -> bytes:
        self._number += 1
        return hmac.digest(self._key, self._nonces + self._number.to_bytes(8) + body, hashlib.sha256)


def _event(row: list[Any]) -> Event:
    """Raises TypeError or ValueError for what is none."""
    event = Event(*row)
    texts = (
        event.client,
        event.status,
        event.session,
        event.realm,
        event.user,
        event.port,
        event.address,
        event.told,
    )
    numbers = (event.at, event.received, event.sent, event.seconds)
    if not all(isinstance(text, str) for text in texts) or not all(
        isinstance(n, int | float) for n in numbers
    ):
        raise ValueError("not an event")
    return event


def _whole(line: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = line.recv(min(size - len(found), 1 << 16))
        if not piece:
            raise ConnectionResetError("the other node has closed")
        found += piece
    return bytes(found)
