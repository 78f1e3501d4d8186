"""One login as bytes, by PAP or EAP: asked with Message-Authenticator, and believed only with one (CVE-2024-3596)."""

import hashlib
import hmac
from ipaddress import ip_address
from secrets import token_bytes
from typing import Final

from kitei.radius.packet import MESSAGE_AUTHENTICATOR, Attribute, access_request, attributes_of, is_answer

REPLY_MESSAGE: Final = 18
_STATE, _EAP_MESSAGE = 24, 79
_TUNNEL_TYPE, _TUNNEL_ENDPOINT = 64, 67
_LONGEST: Final = 253  # bytes of an attribute
_BLOCK: Final = 16
_HEADER: Final = 20


def login_request(
    identifier: int, authenticator: bytes, user: str, password: str, address: str, secret: bytes
) -> bytes:
    """May `user` in, who asks from `address`? `authenticator` is 16 random bytes."""
    attributes = (
        Attribute(1, user.encode()),
        Attribute(2, hidden(password, authenticator, secret)),
        _asker(address),
    )
    return access_request(identifier, authenticator, attributes, secret)


def eap_request(
    identifier: int, user: str, message: bytes, challenge: bytes, address: str, secret: bytes
) -> bytes:
    """One message of EAP, in answer to that `challenge` (a packet; empty: the first) (RFC 3579)."""
    attributes = (
        Attribute(1, user.encode()),
        *(Attribute(_EAP_MESSAGE, message[at : at + _LONGEST]) for at in range(0, len(message), _LONGEST)),
        *(each for each in attributes_of(challenge) if each.type == _STATE),
        _asker(address),
    )
    return access_request(identifier, token_bytes(16), attributes, secret)


def _asker(address: str) -> Attribute:
    place = ip_address(address)
    return Attribute(4 if place.version == 4 else 95, place.packed)


def hidden(password: str, authenticator: bytes, secret: bytes) -> bytes:
    """A password as User-Password carries it (RFC 2865, 5.2)."""
    plain = password.encode()
    plain += bytes(-len(plain) % _BLOCK if plain else _BLOCK)
    told, before = b"", authenticator
    for start in range(0, len(plain), _BLOCK):
        pad = hashlib.md5(secret + before, usedforsecurity=False).digest()
        before = bytes(a ^ b for a, b in zip(plain[start : start + _BLOCK], pad, strict=True))
        told += before
    return told


def is_proved(packet: bytes, request: bytes, secret: bytes) -> bool:
    """Is this the answer to that request, with a Message-Authenticator besides (RFC 3579, 3.2)?"""
    if not is_answer(packet, request, secret):
        return False
    at = _HEADER
    for each in attributes_of(packet):
        if each.type == MESSAGE_AUTHENTICATOR and len(each.value) == _BLOCK:
            blank = packet[:4] + request[4:_HEADER] + packet[_HEADER : at + 2] + bytes(_BLOCK)
            proof = hmac.new(secret, blank + packet[at + 2 + _BLOCK :], "md5").digest()
            return hmac.compare_digest(proof, each.value)
        at += 2 + len(each.value)
    return False


def said(packet: bytes) -> str:
    """What an answer says in words (Reply-Message)."""
    return _all_of(packet, REPLY_MESSAGE).decode(errors="replace")


def eap_message(packet: bytes) -> bytes:
    """What EAP says in a packet, empty where it has no word."""
    return _all_of(packet, _EAP_MESSAGE)


def names_tunnel(packet: bytes) -> bool:
    """Does an answer name where a tunnel shall end (RFC 2868)?"""
    return {_TUNNEL_TYPE, _TUNNEL_ENDPOINT} <= {each.type for each in attributes_of(packet)}


def _all_of(packet: bytes, kind: int) -> bytes:
    return b"".join(each.value for each in attributes_of(packet) if each.type == kind)
