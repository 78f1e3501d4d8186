"""A concentrator's end of one L2TP tunnel (RFC 2661): control messages that arrive, once and in order."""

import hashlib
import secrets
import socket
import struct
import threading
import time
from collections.abc import Iterable
from typing import Final

from kitei.lab.mobile.asking import Door
from kitei.radius.l2tp import Control, Message, Pair, control, farewell, pair, request_for_tunnel, short

_NAME: Final = b"mobile-network"
_AGAIN: Final = 0.5  # seconds to wait for a receipt
_TRIES: Final = 4
_PORT: Final = 1701


class Tunnel:
    """`ready` is set once it is open or lost. Its user holds a lock around every call."""

    def __init__(self, number: int, door: Door, wire: socket.socket) -> None:
        self.number, self.door, self._wire = number, door, wire
        self._theirs = self._sent = self._received = 0
        self._waiting: list[tuple[int, int, tuple[bytes, ...]]] = []
        self._tries, self._again = 0, 0.0
        self._challenge = secrets.token_bytes(16)
        self.ready = threading.Event()
        self.is_open = self.is_lost = self._is_closing = False

    @property
    def endpoint(self) -> str:
        return self.door.endpoint

    @property
    def is_live(self) -> bool:
        return not (self.is_lost or self._is_closing)

    def open(self) -> None:
        challenge = (pair(Pair.CHALLENGE, self._challenge),) if self.door.secret else ()
        self.say((*request_for_tunnel(self.number, _NAME), *challenge))

    def close(self) -> None:
        self._is_closing = True
        self.say(farewell(self.number))

    def lost(self) -> None:
        self.is_lost, self.is_open = True, False
        self.ready.set()

    def say(self, pairs: Iterable[bytes], session: int = 0) -> None:
        message = (self._sent, session, tuple(pairs))
        self._sent = self._sent + 1 & 0xFFFF
        self._waiting.append(message)
        self._send(message)

    def carry(self, session: int, frame: bytes) -> None:
        """A PPP frame of a session."""
        self._put(struct.pack(">HHH", 0x0002, self._theirs, session) + frame)

    def hear(self, told: Control) -> bool:
        """True: a message that was not heard before."""
        self._waiting = [each for each in self._waiting if (told.received - each[0] - 1) & 0xFFFF >= 0x8000]
        self._tries = 0
        if not told.pairs:
            return False
        if told.sent != self._received:
            self._receipt()
            return False
        self._received = self._received + 1 & 0xFFFF
        kind = int.from_bytes(told.pairs.get(Pair.MESSAGE, b""))
        if kind == Message.SCCRP:
            self._opened(told)
        else:
            self._receipt()
        return True

    def tick(self, now: float) -> bool:
        """Say again what was not received. False: the other end is silent."""
        if self._waiting and now > self._again:
            self._tries += 1
            if self._tries >= _TRIES:
                return False
            for each in self._waiting:
                self._send(each)
        return not self.is_lost

    def _opened(self, told: Control) -> None:
        self._theirs = int.from_bytes(told.pairs[Pair.TUNNEL])
        secret = self.door.secret
        if secret and told.pairs.get(Pair.RESPONSE) != _proof(Message.SCCRP, secret, self._challenge):
            self.close()  # whoever answers does not know the customer's secret
            self.lost()
            return
        asked = told.pairs.get(Pair.CHALLENGE)
        proof = (pair(Pair.RESPONSE, _proof(Message.SCCCN, secret, asked)),) if asked else ()
        self.say((pair(Pair.MESSAGE, short(Message.SCCCN)), *proof))
        self.is_open = True
        self.ready.set()

    def _send(self, message: tuple[int, int, tuple[bytes, ...]]) -> None:
        sent, session, pairs = message
        self._again = time.monotonic() + _AGAIN
        self._put(control(self._theirs, session, sent, self._received, pairs))

    def _receipt(self) -> None:
        self._put(control(self._theirs, 0, self._sent, self._received, ()))

    def _put(self, packet: bytes) -> None:
        try:
            self._wire.sendto(packet, (self.endpoint, _PORT))
        except OSError:
            return  # unreachable now; what must arrive is said again


def _proof(kind: Message, secret: bytes, challenge: bytes) -> bytes:
    return hashlib.md5(bytes((kind,)) + secret + challenge, usedforsecurity=False).digest()
