"""What a mobile network asks RADIUS and is told: tunnels (RFC 2868), sessions of theirs (RFC 2866)."""

import hashlib
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kitei.radius.packet import Attribute, Code, access_request, attributes_of, is_answer, stated

USER, PASSWORD, NAS, PORT, SERVICE, FRAMED, SESSION_TIMEOUT, CALLING = 1, 2, 4, 5, 6, 7, 27, 31
FILTER, CLASS, STATUS, IN, OUT, SESSION, SECONDS, CAUSE = 11, 25, 40, 42, 43, 44, 46, 49
PORT_TYPE, ERROR_CAUSE, FRAMED_ADDRESS = 61, 101, 8
_ENDPOINT, _TUNNEL_PASSWORD, _ASSIGNMENT, _PREFERENCE = 67, 69, 82, 83
_TRIES, _PATIENCE = 4, 0.5


class Refused(Exception):
    """No session: why, as it was told."""


@dataclass(frozen=True, slots=True)
class Door:
    """One tunnel that may be taken. The smallest preference first."""

    endpoint: str
    secret: bytes
    name: str
    preference: int


@dataclass(frozen=True, slots=True)
class Asker:
    """One who asks RADIUS servers, one after the other, from a socket of its own."""

    line: socket.socket
    servers: Sequence[str]
    secret: bytes

    def may(self, user: bytes, password: bytes, more: Iterable[Attribute]) -> tuple[Attribute, ...]:
        """The attributes of an Access-Accept. Raises Refused for a reject, and for no answer."""
        proof = os.urandom(16)
        told = [Attribute(USER, user), Attribute(PASSWORD, hidden(password, proof, self.secret)), *more]
        packet = access_request(os.urandom(1)[0], proof, told, self.secret)
        heard = self._exchange(packet, 1812)
        if heard is None:
            raise Refused("no RADIUS server answers")
        if heard[0] != Code.ACCESS_ACCEPT:
            raise Refused("rejected")
        return tuple(
            Attribute(each.type, opened(each.value, proof, self.secret))
            if each.type == _TUNNEL_PASSWORD
            else each
            for each in attributes_of(heard)
        )

    def tell(self, told: Iterable[Attribute]) -> bool:
        """Accounting. False: nobody took it."""
        return (
            self._exchange(stated(Code.ACCOUNTING_REQUEST, os.urandom(1)[0], told, self.secret), 1813)
            is not None
        )

    def _exchange(self, packet: bytes, port: int) -> bytes | None:
        self.line.settimeout(_PATIENCE)
        for server in [each for each in self.servers for _ in range(_TRIES)]:
            self.line.sendto(packet, (server, port))
            try:
                heard = self.line.recv(4096)
                while not is_answer(heard, packet, self.secret):
                    heard = self.line.recv(4096)
            except OSError:
                continue
            return heard
        return None


def doors_of(accepted: Iterable[Attribute]) -> tuple[Door, ...]:
    """The tunnels of an Access-Accept by their tags, in the order to try (RFC 2868, 3.8)."""
    found: dict[int, dict[int, bytes]] = {}
    for each in accepted:
        if each.type in _TAGGED and each.value:
            is_tagged = each.type in _NUMBERS or each.value[0] <= 0x1F
            tag = each.value[0] if is_tagged else 0
            found.setdefault(tag, {})[each.type] = each.value[1:] if is_tagged else each.value
    doors = (
        Door(
            told[_ENDPOINT].decode(),
            told.get(_TUNNEL_PASSWORD, b""),
            told.get(_ASSIGNMENT, b"").decode(),
            int.from_bytes(told.get(_PREFERENCE, b"")),
        )
        for told in found.values()
        if _ENDPOINT in told
    )
    return tuple(sorted(doors, key=lambda door: door.preference))


def hidden(password: bytes, proof: bytes, secret: bytes) -> bytes:
    """A password as it travels (RFC 2865, 5.2)."""
    padded = password.ljust(max(16, -(-len(password) // 16) * 16), b"\0")
    return _mixed(padded, proof, secret, hides=True)


def opened(value: bytes, proof: bytes, secret: bytes) -> bytes:
    """A tunnel's password as it was, after its tag (RFC 2868, 3.5)."""
    clear = _mixed(value[3:], proof + value[1:3], secret, hides=False)
    return value[:1] + clear[1 : 1 + clear[0]] if clear else value[:1]


def _mixed(text: bytes, start: bytes, secret: bytes, hides: bool) -> bytes:
    before, out = start, b""
    for at in range(0, len(text), 16):
        pad = hashlib.md5(secret + before).digest()
        block = bytes(a ^ b for a, b in zip(text[at : at + 16], pad, strict=False))
        before = block if hides else text[at : at + 16]
        out += block
    return out


_NUMBERS: Final = frozenset({64, 65, _PREFERENCE})
_TAGGED: Final = _NUMBERS | {66, _ENDPOINT, _TUNNEL_PASSWORD, 81, _ASSIGNMENT, 90, 91}
