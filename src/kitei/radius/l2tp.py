"""As much of L2TP (RFC 2661) as it takes to ask whether a tunnel terminator lives."""

import struct
from typing import Final

_CONTROL: Final = 0xC802  # type, length, sequence; version 2
_SCCRQ, _SCCRP, _STOPCCN = 1, 2, 4


def ask_for_tunnel(tunnel: int, name: bytes) -> bytes:
    """A start-control-connection-request: whoever lives answers it, be it with a refusal."""
    pairs = (
        _pair(0, struct.pack(">H", _SCCRQ)),
        _pair(2, b"\x01\x00"),  # protocol version
        _pair(3, struct.pack(">I", 3)),  # framing
        _pair(7, name),
        _pair(9, struct.pack(">H", tunnel)),
        _pair(10, struct.pack(">H", 4)),  # receive window
    )
    return _control(0, 0, 0, b"".join(pairs))


def answered(packet: bytes) -> tuple[int, int] | None:
    """The tunnel of ours that a control message is for, and the sender's own number (0 when it refused)."""
    if len(packet) < 12 or struct.unpack_from(">H", packet)[0] != _CONTROL:
        return None
    tunnel = struct.unpack_from(">H", packet, 4)[0]
    at, theirs = 12, 0
    while at + 6 <= len(packet):
        size = struct.unpack_from(">H", packet, at)[0] & 0x3FF
        if size < 6:
            return None
        if packet[at + 2 : at + 6] == b"\0\0\0\x09" and size == 8:
            theirs = struct.unpack_from(">H", packet, at + 6)[0]
        at += size
    return tunnel, theirs


def hang_up(tunnel: int, theirs: int) -> bytes:
    """A stop-control-connection-notification, so that no half-open tunnel stays behind."""
    pairs = (
        _pair(0, struct.pack(">H", _STOPCCN)),
        _pair(9, struct.pack(">H", tunnel)),
        _pair(1, struct.pack(">H", 1)),  # general request to clear
    )
    return _control(theirs, 1, 1, b"".join(pairs))


def _control(tunnel: int, sent: int, received: int, pairs: bytes) -> bytes:
    return struct.pack(">HHHHHH", _CONTROL, 12 + len(pairs), tunnel, 0, sent, received) + pairs


def _pair(kind: int, value: bytes) -> bytes:
    return struct.pack(">HHH", 0x8000 | (6 + len(value)), 0, kind) + value
