"""Who logs in by EAP: TTLS with PAP inside (RFC 5281), or PEAP version 0 with MS-CHAPv2 inside (RFC 2759).

The server is asked for its papers and these have to be of today; who signed them is not asked, since whoever
answers proves itself by the secret that RADIUS shares.
"""

import hashlib
import secrets
import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from kitei.radius.secret import nt_hash

Way = Literal["ttls", "peap"]

_REQUEST, _RESPONSE = 1, 2
_IDENTITY, _MSCHAP, _RESULT = 1, 26, 33
_TYPES: Final[dict[Way, int]] = {"ttls": 21, "peap": 25}
_LENGTH, _MORE, _START = 0x80, 0x40, 0x20
_FRAGMENT: Final = 1000  # bytes of TLS a message carries; ours are all shorter
_MANDATORY: Final = 0x40  # an AVP (RFC 5281, 10.1)


class Supplicant:
    """One login, a message at a time. `identity` is the whole name, with its realm."""

    def __init__(self, way: Way, identity: str, password: str, now: datetime) -> None:
        self._way, self._identity, self._password, self._now = way, identity.encode(), password, now
        self._from, self._to = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._tls = context.wrap_bio(self._from, self._to)
        self._is_open = False
        self._parts: list[bytes] = []

    def begin(self) -> bytes:
        """Who it is that wants in."""
        return _message(_RESPONSE, 0, bytes((_IDENTITY,)) + self._identity)

    def answer(self, asked: bytes) -> bytes:
        """The answer to a request. ValueError or ssl.SSLError: it is none that this login could go on with."""
        if len(asked) < 6 or asked[0] != _REQUEST or int.from_bytes(asked[2:4]) != len(asked):
            raise ValueError("not an EAP request of the method that was begun")
        kind, flags, rest = asked[4], asked[5], asked[6:]
        if kind != _TYPES[self._way]:
            return _message(_RESPONSE, asked[1], bytes((3, _TYPES[self._way])))  # RFC 3748, 5.3.1: this one
        if flags & _LENGTH:
            rest = rest[4:]
        if not flags & _START:
            self._parts.append(rest)
        if flags & _MORE:
            return self._said(asked[1], b"")
        self._from.write(b"".join(self._parts))
        self._parts = []
        return self._said(asked[1], self._go_on())

    def _said(self, number: int, tls: bytes) -> bytes:
        if len(tls) > _FRAGMENT:
            raise ValueError(f"{len(tls)} bytes of TLS to say at once; {_FRAGMENT} are what fits")
        return _message(_RESPONSE, number, bytes((_TYPES[self._way], 0)) + tls)

    def _go_on(self) -> bytes:
        if not self._is_open:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                return self._to.read()
            self._is_open = True
            self._look_at_papers()
            if self._way == "ttls":
                self._tls.write(b"".join(self._avps()))
        elif self._way == "peap":
            try:
                asked = self._tls.read(4096)
            except ssl.SSLWantReadError:
                return b""
            self._tls.write(self._inside(asked))
        return self._to.read()

    def _look_at_papers(self) -> None:
        shown = self._tls.getpeercert(binary_form=True)
        papers = x509.load_der_x509_certificate(shown or b"")
        if not papers.not_valid_before_utc <= self._now <= papers.not_valid_after_utc:
            raise ValueError(
                f"the server's papers are of {papers.not_valid_before_utc} to {papers.not_valid_after_utc}"
            )

    def _avps(self) -> Iterator[bytes]:
        """Name and password inside TTLS. The password's length is hidden by zeros (RFC 5281, 11.2.5)."""
        password = self._password.encode()
        for kind, value in ((1, self._identity), (2, password + bytes(-len(password) % 16))):
            length = 8 + len(value)
            yield kind.to_bytes(4) + bytes((_MANDATORY,)) + length.to_bytes(3) + value + bytes(-length % 4)

    def _inside(self, asked: bytes) -> bytes:
        """The answer inside PEAP, where messages have no head unless they tell the result."""
        number, is_whole = 0, len(asked) >= 5 and int.from_bytes(asked[2:4]) == len(asked)
        if is_whole and asked[0] == _REQUEST:
            number, asked = asked[1], asked[4:]
        match asked[:1]:
            case b"\x01":
                return bytes((_IDENTITY,)) + self._identity
            case b"\x1a" if asked[1:2] == b"\x01" and len(asked) >= 22:
                return bytes((_MSCHAP,)) + self._proof(asked[2], asked[6:22])
            case b"\x1a" if asked[1:2] == b"\x03":
                return bytes((_MSCHAP, 3))
            case b"\x21":  # acknowledged as it came: success or failure
                return _message(_RESPONSE, number, asked)
        raise ValueError(f"nothing inside PEAP that this login could answer: {asked[:2].hex()}")

    def _proof(self, number: int, challenge: bytes) -> bytes:
        """An MS-CHAPv2 Response (RFC 2759, 4)."""
        own = secrets.token_bytes(16)
        proved = proof_of(challenge, own, self._identity, self._password)
        told = bytes((49,)) + own + bytes(8) + proved + bytes(1) + self._identity
        return bytes((2, number)) + (4 + len(told)).to_bytes(2) + told


def proof_of(challenge: bytes, own: bytes, name: bytes, password: str) -> bytes:
    """That one knows the password, in 24 bytes (RFC 2759, 8.1). The challenges are of 16."""
    digest = hashlib.sha1(own + challenge + name, usedforsecurity=False).digest()[:8]
    hashed = bytes.fromhex(nt_hash(password)) + bytes(5)
    return b"".join(_des(hashed[at : at + 7], digest) for at in (0, 7, 14))


def _message(code: int, number: int, content: bytes) -> bytes:
    return bytes((code, number)) + (4 + len(content)).to_bytes(2) + content


def _des(key: bytes, block: bytes) -> bytes:
    """One block by DES with a key of 56 bits."""
    bits = int.from_bytes(key)
    spread = bytes((bits >> (49 - 7 * at) & 0x7F) << 1 for at in range(8))
    encryptor = Cipher(TripleDES(3 * spread), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()
