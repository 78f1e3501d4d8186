"""What we ask of access servers about sessions that are up (RFC 5176): to end one, or to change it."""

import secrets
import socket
from collections.abc import Iterable
from enum import Enum
from ipaddress import IPv4Address
from typing import Final

from kitei.radius.packet import Attribute, Code, is_answer, stated
from kitei.radius.policy import Pairs
from kitei.radius.sessions import Session

_PORT: Final = 3799
_TRIES, _PATIENCE = 3, 0.5
_USER, _NAS_PORT, _ADDRESS, _SESSION, _CLASS = 1, 5, 8, 44, 25
_TEXTS: Final = {"Filter-Id": 11, "Reply-Message": 18, "Framed-Route": 22}
_NUMBERS: Final = {"Session-Timeout": 27, "Idle-Timeout": 28}


class Heard(Enum):
    """What came back: done, not done (it says it has no such session, or cannot), or nothing."""

    DONE = "done"
    REFUSED = "refused"
    NOTHING = "nothing"


def ask_to_end(session: Session, secret: bytes) -> Heard:
    """A Disconnect, of exactly that session."""
    return _ask(Code.DISCONNECT_REQUEST, session, (), secret)


def ask_to_change(session: Session, reply: Pairs, secret: bytes) -> Heard:
    """A CoA with what a running session can take up of a login's answer (`CHANGES`)."""
    return _ask(Code.COA_REQUEST, session, _attributes(reply), secret)


def changes(reply: Pairs) -> Pairs:
    """What of a login's answer a running session can take up: not its addresses."""
    return tuple(pair for pair in reply if pair[0] in _TEXTS or pair[0] in _NUMBERS)


def _attributes(reply: Pairs) -> Iterable[Attribute]:
    for name, value in changes(reply):
        if name in _TEXTS:
            yield Attribute(_TEXTS[name], value.encode(errors="surrogateescape")[:253])
        else:
            yield Attribute(_NUMBERS[name], int(value).to_bytes(4))


def _named(session: Session) -> Iterable[Attribute]:
    """All by which the access server told of it: some know sessions by one, some by another (RFC 5176, 3)."""
    yield Attribute(_SESSION, session.session.encode(errors="surrogateescape"))
    yield Attribute(_USER, (session.told or session.user).encode(errors="surrogateescape"))
    if session.port.isascii() and session.port.isdigit():
        yield Attribute(_NAS_PORT, int(session.port).to_bytes(4))
    if "." in session.address:
        yield Attribute(_ADDRESS, IPv4Address(session.address).packed)


def _ask(code: Code, session: Session, more: Iterable[Attribute], secret: bytes) -> Heard:
    packet = stated(code, secrets.randbelow(256), [*_named(session), *more], secret)
    family = socket.AF_INET6 if ":" in session.client else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.settimeout(_PATIENCE)
        line.connect((session.client, _PORT))
        for _ in range(_TRIES):
            try:
                line.send(packet)
                heard = line.recv(4096)
            except OSError:
                continue
            if is_answer(heard, packet, secret):
                return Heard.DONE if heard[0] == code + 1 else Heard.REFUSED
    return Heard.NOTHING
