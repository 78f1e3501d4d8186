"""RADIUS packets as bytes (RFC 2865, 2866, 5176, 5997): enough to ask for health and to end a session."""

import hashlib
import hmac
from collections.abc import Iterable
from enum import IntEnum
from typing import Final, NamedTuple

MESSAGE_AUTHENTICATOR: Final = 80
_HEADER: Final = 20
_ZEROS: Final = bytes(16)


class Code(IntEnum):
    ACCESS_REQUEST = 1
    ACCESS_ACCEPT = 2
    ACCESS_REJECT = 3
    ACCOUNTING_REQUEST = 4
    ACCOUNTING_RESPONSE = 5
    STATUS_SERVER = 12
    DISCONNECT_REQUEST = 40
    DISCONNECT_ACK = 41
    DISCONNECT_NAK = 42


class Attribute(NamedTuple):
    """One attribute: its type and its bytes, at most 253."""

    type: int
    value: bytes


def status_server(identifier: int, authenticator: bytes, secret: bytes) -> bytes:
    """Ask a server whether it lives. `authenticator` is 16 random bytes."""
    return _signed(Code.STATUS_SERVER, identifier, authenticator, (), secret)


def disconnect(identifier: int, attributes: Iterable[Attribute], secret: bytes) -> bytes:
    """Ask an access server to end the session these attributes name (RFC 5176, 3)."""
    packet = bytearray(_signed(Code.DISCONNECT_REQUEST, identifier, _ZEROS, attributes, secret))
    packet[4:20] = hashlib.md5(packet + secret, usedforsecurity=False).digest()
    return bytes(packet)


def is_answer(packet: bytes, request: bytes, secret: bytes) -> bool:
    """Is this an answer to that request by one who knows the secret?"""
    if len(packet) < _HEADER or packet[1] != request[1] or len(packet) < int.from_bytes(packet[2:4]):
        return False
    body = packet[: int.from_bytes(packet[2:4])]
    told = hashlib.md5(body[:4] + request[4:20] + body[_HEADER:] + secret, usedforsecurity=False).digest()
    return hmac.compare_digest(told, body[4:20])


def _signed(
    code: Code, identifier: int, authenticator: bytes, attributes: Iterable[Attribute], secret: bytes
) -> bytes:
    """With Message-Authenticator first, as RFC 3579, 3.2 computes it."""
    rest = b"".join(bytes((each.type, len(each.value) + 2)) + each.value for each in attributes)
    length = _HEADER + 18 + len(rest)
    head = bytes((code, identifier & 255)) + length.to_bytes(2) + authenticator
    mark = bytes((MESSAGE_AUTHENTICATOR, 18))
    sign = hmac.new(secret, head + mark + _ZEROS + rest, "md5").digest()
    return head + mark + sign + rest
