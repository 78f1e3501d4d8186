"""RADIUS packets as bytes (RFC 2865, 2866, 5176, 5997): enough to ask for health, to end a session, to change one."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
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
    ACCESS_CHALLENGE = 11
    STATUS_SERVER = 12
    DISCONNECT_REQUEST = 40
    DISCONNECT_ACK = 41
    DISCONNECT_NAK = 42
    COA_REQUEST = 43
    COA_ACK = 44
    COA_NAK = 45


class Attribute(NamedTuple):
    """One attribute: its type and its bytes, at most 253."""

    type: int
    value: bytes


def status_server(identifier: int, authenticator: bytes, secret: bytes) -> bytes:
    """Ask a server whether it lives. `authenticator` is 16 random bytes."""
    return _signed(Code.STATUS_SERVER, identifier, authenticator, (), secret)


def access_request(
    identifier: int, authenticator: bytes, attributes: Iterable[Attribute], secret: bytes
) -> bytes:
    """May this user in? `authenticator` is 16 random bytes, which a password among the attributes is hidden by."""
    return _signed(Code.ACCESS_REQUEST, identifier, authenticator, attributes, secret)


def stated(code: Code, identifier: int, attributes: Iterable[Attribute], secret: bytes) -> bytes:
    """Accounting (RFC 2866), a Disconnect or a CoA (RFC 5176): proved by a digest in the authenticator's place."""
    return _proved(_signed(code, identifier, _ZEROS, attributes, secret), _ZEROS, secret)


def answer(code: Code, request: bytes, attributes: Iterable[Attribute], secret: bytes) -> bytes:
    """The answer to a request, proved to be one."""
    packet = _signed(code, request[1], request[4:_HEADER], attributes, secret)
    return _proved(packet, request[4:_HEADER], secret)


def is_stated(packet: bytes, secret: bytes) -> bool:
    """Is this what `stated` makes, by one who knows the secret?"""
    if len(packet) < _HEADER or int.from_bytes(packet[2:4]) != len(packet):
        return False
    return hmac.compare_digest(_proved(packet, _ZEROS, secret), packet)


def attributes_of(packet: bytes) -> Iterator[Attribute]:
    """What a packet carries, to the first attribute that does not fit."""
    at = _HEADER
    while at + 2 <= len(packet) and 2 <= packet[at + 1] <= len(packet) - at:
        yield Attribute(packet[at], packet[at + 2 : at + packet[at + 1]])
        at += packet[at + 1]


def is_answer(packet: bytes, request: bytes, secret: bytes) -> bool:
    """Is this an answer to that request by one who knows the secret?"""
    if len(packet) < _HEADER or packet[1] != request[1] or len(packet) < int.from_bytes(packet[2:4]):
        return False
    body = packet[: int.from_bytes(packet[2:4])]
    return hmac.compare_digest(_proved(body, request[4:_HEADER], secret), body)


def _proved(packet: bytes, asked: bytes, secret: bytes) -> bytes:
    """With the digest over it and the request's authenticator in its authenticator's place (RFC 2865, 3)."""
    proof = hashlib.md5(packet[:4] + asked + packet[_HEADER:] + secret, usedforsecurity=False).digest()
    return packet[:4] + proof + packet[_HEADER:]


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
