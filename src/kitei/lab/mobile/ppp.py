"""A phone's end of PPP (RFC 1661, 1332, 1334, 1994, 5072), without I/O: frames in, frames out.

Its IPv6 prefix comes by a router advertisement (RFC 4861), which it solicits until one comes.
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

_LCP, _PAP, _CHAP, _IPCP, _IPV6CP = 0xC021, 0xC023, 0xC223, 0x8021, 0x8057
IPV4: Final = 0x0021
IPV6: Final = 0x0057
_REQUEST, _ACK, _NAK, _REJECT, _END, _END_ACK, _ECHO, _ECHO_REPLY = 1, 2, 3, 4, 5, 6, 9, 10
_MRU, _AUTHENTICATION, _MAGIC = 1, 3, 5
_ADDRESS, _INTERFACE = 3, 1
_RESEND: Final = 1.0  # seconds
_ADVERTISEMENT: Final = bytes((58, 134))  # next header, ICMPv6 type
_PROOFS: Final[Mapping[str, bytes]] = {"pap": b"\xc0\x23", "chap": b"\xc2\x23\x05"}


class Link:
    """One phone's PPP link. `failed` says why there is none; `address` and `interface` stand once they are agreed."""

    def __init__(self, user: bytes, password: bytes, method: Literal["pap", "chap"]) -> None:
        self._user, self._password, self._method = user, password, method
        self._magic = os.urandom(4)
        self._asked: dict[int, tuple[int, bytes]] = {}
        self._number = 0
        self._agreed: set[tuple[int, str]] = set()
        self._is_let_in = False
        self._resend_at = 0.0
        self.failed = ""
        self.address = bytes(4)
        self.interface = os.urandom(8)
        self.prefix = b""
        self.ended = False

    @property
    def is_up(self) -> bool:
        return {(_IPCP, "ours"), (_IPCP, "theirs")} <= self._agreed

    @property
    def is_up6(self) -> bool:
        return {(_IPV6CP, "ours"), (_IPV6CP, "theirs")} <= self._agreed

    @property
    def wants6(self) -> bool:
        """IPv6 was not refused so far."""
        return self.is_up6 or _IPV6CP in self._asked

    def open(self) -> Iterator[bytes]:
        yield self._ask(_LCP, option(_MRU, struct.pack(">H", 1400)) + option(_MAGIC, self._magic))

    def close(self) -> bytes:
        self.ended = True
        return self._frame(_LCP, _END, self._next(), b"")

    def tick(self, now: float) -> Iterator[bytes]:
        """What has to be said again, because it may have been lost."""
        if now < self._resend_at or self.ended:
            return
        self._resend_at = now + _RESEND
        if self.is_up6 and not self.prefix:
            yield framed(IPV6, self._solicitation())
        for protocol, (number, body) in list(self._asked.items()):
            yield self._frame(protocol, _REQUEST, number, body)

    def hear(self, frame: bytes) -> tuple[list[bytes], bytes, int]:
        """A frame from the other end: what to say to it, and a packet for the phone with its protocol (else 0)."""
        protocol, body = unframed(frame)
        if protocol in (IPV4, IPV6):
            if protocol == IPV6 and body[6:7] + body[40:41] == _ADVERTISEMENT:
                self.prefix = next(
                    (v[14:22] for k, v in _neighbour_options(body[56:]) if k == 3), self.prefix
                )
            return [], body, protocol
        if len(body) < 4:
            return [], b"", 0
        code, number, size = struct.unpack_from(">BBH", body)
        return list(self._hear(protocol, code, number, body[4:size])), b"", 0

    def _hear(self, protocol: int, code: int, number: int, body: bytes) -> Iterator[bytes]:
        match protocol:
            case 0xC021 if code in (_ECHO, _END, _END_ACK):
                yield from self._link_word(code, number)
            case 0xC021 | 0x8021 | 0x8057:
                yield from self._negotiate(protocol, code, number, body)
            case 0xC023 | 0xC223:
                yield from self._prove(protocol, code, number, body)

    def _link_word(self, code: int, number: int) -> Iterator[bytes]:
        if code == _ECHO:
            yield self._frame(_LCP, _ECHO_REPLY, number, self._magic)
        else:
            self.ended = True
            self.failed = self.failed or "the other end closed the link"
            if code == _END:
                yield self._frame(_LCP, _END_ACK, number, b"")

    def _negotiate(self, protocol: int, code: int, number: int, body: bytes) -> Iterator[bytes]:
        if code == _REQUEST:
            wrong = self._unwanted(protocol, body)
            yield self._frame(protocol, _NAK if wrong else _ACK, number, wrong or body)
            if not wrong:
                self._agreed.add((protocol, "theirs"))
                yield from self._go_on()
        elif protocol in self._asked and number == self._asked[protocol][0]:
            said = self._asked.pop(protocol)[1]
            if code == _ACK:
                self._agreed.add((protocol, "ours"))
                yield from self._go_on()
            elif code == _NAK:
                yield self._ask(protocol, self._corrected(protocol, said, body))
            elif code == _REJECT:
                rest = without(said, body)
                if rest:
                    yield self._ask(protocol, rest)

    def _unwanted(self, protocol: int, body: bytes) -> bytes:
        """What we would have instead of how the other end wants us to prove ourselves."""
        for kind, value in options(body):
            if protocol == _LCP and kind == _AUTHENTICATION and value != _PROOFS[self._method]:
                return option(_AUTHENTICATION, _PROOFS[self._method])
        return b""

    def _corrected(self, protocol: int, said: bytes, better: bytes) -> bytes:
        told = {**dict(options(said)), **dict(options(better))}
        if protocol == _IPCP:
            self.address = told.get(_ADDRESS, self.address)
        if protocol == _IPV6CP:
            self.interface = told.get(_INTERFACE, self.interface)
        return b"".join(option(kind, value) for kind, value in told.items() if kind in dict(options(said)))

    def _go_on(self) -> Iterator[bytes]:
        """Both ends agree on the link: say who we are, once."""
        ready = {(_LCP, "ours"), (_LCP, "theirs")} <= self._agreed
        if ready and self._method == "pap" and not self._is_let_in and _PAP not in self._asked:
            told = bytes((len(self._user),)) + self._user + bytes((len(self._password),)) + self._password
            yield self._ask(_PAP, told)

    def _prove(self, protocol: int, code: int, number: int, body: bytes) -> Iterator[bytes]:
        if protocol == _CHAP and code == 1:
            size = body[0]
            proof = hashlib.md5(bytes((number,)) + self._password + body[1 : 1 + size]).digest()
            yield self._frame(_CHAP, 2, number, bytes((16,)) + proof + self._user)
            return
        is_let_in = code == (_ACK if protocol == _PAP else 3)
        self._asked.pop(_PAP, None)
        if not is_let_in:
            self.failed = "the terminator refused the user"
            return
        if not self._is_let_in:
            self._is_let_in = True
            yield self._ask(_IPCP, option(_ADDRESS, self.address))
            yield self._ask(_IPV6CP, option(_INTERFACE, self.interface))

    def _solicitation(self) -> bytes:
        source, every = b"\xfe\x80" + bytes(6) + self.interface, b"\xff\x02" + bytes(13) + b"\x02"
        message = bytes((133, 0, 0, 0, 0, 0, 0, 0))
        proof = checksum(source + every + struct.pack(">II", len(message), 58) + message)
        head = struct.pack(">IHBB", 6 << 28, len(message), 58, 255)
        return head + source + every + message[:2] + struct.pack(">H", proof) + message[4:]

    def _ask(self, protocol: int, body: bytes) -> bytes:
        number = self._next()
        self._asked[protocol] = (number, body)
        return self._frame(protocol, _REQUEST, number, body)

    def _next(self) -> int:
        self._number = self._number % 255 + 1
        return self._number

    @staticmethod
    def _frame(protocol: int, code: int, number: int, body: bytes) -> bytes:
        return framed(protocol, struct.pack(">BBH", code, number, 4 + len(body)) + body)


def checksum(told: bytes) -> int:
    """RFC 1071. An even number of bytes."""
    total: int = sum(struct.unpack(f">{len(told) // 2}H", told))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _neighbour_options(body: bytes) -> Iterator[tuple[int, bytes]]:
    """What follows a kind and a length in eights (RFC 4861, 4.6)."""
    at = 0
    while at + 8 <= len(body) and body[at + 1] and at + 8 * body[at + 1] <= len(body):
        yield body[at], body[at + 2 : at + 8 * body[at + 1]]
        at += 8 * body[at + 1]


def framed(protocol: int, body: bytes) -> bytes:
    return b"\xff\x03" + struct.pack(">H", protocol) + body


def unframed(frame: bytes) -> tuple[int, bytes]:
    """The protocol and what it carries; address and control, and half of the protocol, may be left out."""
    rest = frame[2:] if frame[:2] == b"\xff\x03" else frame
    if rest and rest[0] & 1:
        return rest[0], rest[1:]
    return (struct.unpack_from(">H", rest)[0], rest[2:]) if len(rest) > 2 else (0, b"")


def option(kind: int, value: bytes) -> bytes:
    return bytes((kind, len(value) + 2)) + value


def options(body: bytes) -> Iterator[tuple[int, bytes]]:
    """To the first that does not fit."""
    at = 0
    while at + 2 <= len(body) and 2 <= body[at + 1] <= len(body) - at:
        yield body[at], body[at + 2 : at + body[at + 1]]
        at += body[at + 1]


def without(said: bytes, refused: bytes) -> bytes:
    gone = dict(options(refused))
    kept: Iterable[bytes] = (option(kind, value) for kind, value in options(said) if kind not in gone)
    return b"".join(kept)
