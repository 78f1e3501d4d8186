"""As much of L2TP (RFC 2661) as it takes to ask whether a tunnel terminator lives, and to say anything at all."""

import struct
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final, NamedTuple

_CONTROL: Final = 0xC802  # type, length, sequence; version 2
_HEADER: Final = 12


class Message(IntEnum):
    """Types of control messages."""

    SCCRQ = 1
    SCCRP = 2
    SCCCN = 3
    STOPCCN = 4
    HELLO = 6
    ICRQ = 10
    ICRP = 11
    ICCN = 12
    CDN = 14


class Pair(IntEnum):
    """Types of attributes (AVP)."""

    MESSAGE = 0
    RESULT = 1
    PROTOCOL = 2
    FRAMING = 3
    HOST_NAME = 7
    TUNNEL = 9
    WINDOW = 10
    CHALLENGE = 11
    RESPONSE = 13
    SESSION = 14
    SERIAL = 15
    FRAMING_TYPE = 19
    CALLED = 21
    CALLING = 22
    SPEED = 24


class Control(NamedTuple):
    """A control message: the receiver's numbers of tunnel and session, and what it carries. Empty: a receipt."""

    tunnel: int
    session: int
    sent: int
    received: int
    pairs: Mapping[int, bytes]


def ask_for_tunnel(tunnel: int, name: bytes) -> bytes:
    """A start-control-connection-request: whoever lives answers it, be it with a refusal."""
    return control(0, 0, 0, 0, request_for_tunnel(tunnel, name))


def request_for_tunnel(tunnel: int, name: bytes, *more: bytes) -> tuple[bytes, ...]:
    return (
        pair(Pair.MESSAGE, short(Message.SCCRQ)),
        pair(Pair.PROTOCOL, b"\x01\x00"),
        pair(Pair.FRAMING, long(3)),
        pair(Pair.HOST_NAME, name),
        pair(Pair.TUNNEL, short(tunnel)),
        pair(Pair.WINDOW, short(4)),
        *more,
    )


def answered(packet: bytes) -> tuple[int, int] | None:
    """The tunnel of ours that a control message is for, and the sender's own number (0 when it refused)."""
    found = read_control(packet)
    if found is None:
        return None
    refused = found.pairs.get(Pair.MESSAGE) == short(Message.STOPCCN)
    theirs = b"" if refused else found.pairs.get(Pair.TUNNEL, b"")
    return found.tunnel, int.from_bytes(theirs) if len(theirs) == 2 else 0


def hang_up(tunnel: int, theirs: int) -> bytes:
    """A stop-control-connection-notification, so that no half-open tunnel stays behind."""
    return control(theirs, 0, 1, 1, farewell(tunnel))


def farewell(tunnel: int) -> tuple[bytes, ...]:
    return (
        pair(Pair.MESSAGE, short(Message.STOPCCN)),
        pair(Pair.TUNNEL, short(tunnel)),
        pair(Pair.RESULT, short(1)),  # general request to clear
    )


def control(tunnel: int, session: int, sent: int, received: int, pairs: Iterable[bytes]) -> bytes:
    body = b"".join(pairs)
    return struct.pack(">HHHHHH", _CONTROL, _HEADER + len(body), tunnel, session, sent, received) + body


def read_control(packet: bytes) -> Control | None:
    """None for what is no control message, or one whose attributes do not fit."""
    if len(packet) < _HEADER or struct.unpack_from(">H", packet)[0] != _CONTROL:
        return None
    _, size, tunnel, session, sent, received = struct.unpack_from(">HHHHHH", packet)
    at, pairs, end = _HEADER, dict[int, bytes](), min(size, len(packet))
    while at + 6 <= end:
        word, vendor, kind = struct.unpack_from(">HHH", packet, at)
        length = word & 0x3FF
        if length < 6 or at + length > end:
            return None
        if not vendor and not word & 0x4000:  # hidden ones need the tunnel's secret
            pairs[kind] = packet[at + 6 : at + length]
        at += length
    return Control(tunnel, session, sent, received, pairs)


def pair(kind: int, value: bytes) -> bytes:
    return struct.pack(">HHH", 0x8000 | (6 + len(value)), 0, kind) + value


def short(number: int) -> bytes:
    return struct.pack(">H", number)


def long(number: int) -> bytes:
    return struct.pack(">I", number)
