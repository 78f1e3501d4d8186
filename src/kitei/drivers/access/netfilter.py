"""What netfilter tells of flows and of packets that were denied, off its netlink socket (nfnetlink_log, ctnetlink)."""

import errno
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

_NETLINK_NETFILTER: Final = 12
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_CONNTRACK, _LOG = 1, 4  # NFNL_SUBSYS_…
_NEW, _GONE = 1, 3  # NFNLGRP_CONNTRACK_…
_ROOM: Final = 16 << 20  # bytes the kernel may keep for us
_REQUEST, _ACK, _DUMP = 1, 4, 0x300
_DONE, _ERROR = 3, 2
_NAMES: Final = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}


@dataclass(frozen=True, slots=True)
class Ends:
    """Source and destination; ports are 0 where the protocol has none, an echo's number stands as both."""

    source: str
    source_port: int
    destination: str
    port: int


@dataclass(frozen=True, slots=True)
class Tracked:
    """A flow that begins or is over. `reply` are the ends of its answers: their destination is what it leaves by."""

    over: bool
    number: int
    mark: int
    protocol: str
    original: Ends
    reply: Ends


@dataclass(frozen=True, slots=True)
class Denied:
    """A packet that was denied; `prefix` is what the rule put before it."""

    prefix: str
    protocol: str
    ends: Ends


class Lost(Exception):
    """The kernel had more to tell than it could keep: something is missing."""


class Netfilter:
    """One socket for the flows, one for a group of denied packets. `fileno`s are for a selector."""

    def __init__(self, group: int) -> None:
        self.flows = _line()
        for each in (_NEW, _GONE):
            self.flows.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, each)
        self.denials = _line()
        hundredths = 10  # a packet waits so long for others
        for attribute in (
            _attribute(1, b"\x01"),  # bind to the group
            _attribute(2, struct.pack(">IBx", 128, 2)),  # copy as much of each packet
            _attribute(4, struct.pack(">I", hundredths)),
        ):
            _send(self.denials, _LOG << 8 | 1, _REQUEST | _ACK, group, attribute)
            for kind, _, body in _messages(self.denials.recv(65536)):
                if kind == _ERROR and (code := -struct.unpack_from("i", body)[0]):
                    raise OSError(code, f"nflog group {group}: {errno.errorcode.get(code, code)}")

    def standing(self) -> Iterator[Tracked]:
        """The flows there are now."""
        with _line() as line:
            _send(line, _CONNTRACK << 8 | 1, _REQUEST | _DUMP, 0, b"")
            while True:
                for kind, _, body in _messages(line.recv(1 << 20)):
                    if kind in (_DONE, _ERROR):
                        return
                    if (found := _tracked(kind, body)) is not None:
                        yield found

    def flows_told(self) -> Iterator[Tracked]:
        """Those told since. Raises Lost."""
        for kind, _, body in _messages(_heard(self.flows)):
            if (found := _tracked(kind, body)) is not None:
                yield found

    def denials_told(self) -> Iterator[Denied]:
        """Raises Lost."""
        for kind, _, body in _messages(_heard(self.denials)):
            if kind == _LOG << 8:
                told = dict(_attributes(body[4:]))
                ends = _packet(told.get(9, b""))
                if ends is not None:
                    yield Denied(told.get(10, b"").rstrip(b"\0").decode("ascii", "replace"), *ends)


def _line() -> socket.socket:
    line = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
    line.setsockopt(socket.SOL_SOCKET, 33, _ROOM)  # SO_RCVBUFFORCE
    line.bind((0, 0))
    return line


def _heard(line: socket.socket) -> bytes:
    try:
        return line.recv(1 << 20, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""
    except OSError as error:
        if error.errno == errno.ENOBUFS:
            raise Lost from error
        raise


def _send(line: socket.socket, kind: int, flags: int, group: int, attributes: bytes) -> None:
    body = struct.pack(">BBH", 0, 0, group) + attributes
    line.send(struct.pack("IHHII", 16 + len(body), kind, flags, 0, 0) + body)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _messages(told: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Kind, flags and body of each message."""
    at = 0
    while at + 16 <= len(told):
        length, kind, flags = struct.unpack_from("IHH", told, at)
        if length < 16:
            return
        yield kind, flags, told[at + 16 : at + length]
        at += (length + 3) & ~3


def _attributes(told: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(told):
        length, kind = struct.unpack_from("HH", told, at)
        if length < 4:
            return
        yield kind & 0x3FFF, told[at + 4 : at + length]
        at += (length + 3) & ~3


def _tracked(kind: int, body: bytes) -> Tracked | None:
    if kind >> 8 != _CONNTRACK or kind & 0xFF not in (0, 2):
        return None
    told = dict(_attributes(body[4:]))
    original, reply = _tuple(told.get(1, b"")), _tuple(told.get(2, b""))
    if original is None or reply is None:
        return None
    number, mark = (struct.unpack(">I", told.get(key, bytes(4)))[0] for key in (12, 8))
    return Tracked(kind & 0xFF == 2, number, mark, original[0], original[1], reply[1])


def _tuple(told: bytes) -> tuple[str, Ends] | None:
    parts = dict(_attributes(told))
    addresses, protocol = dict(_attributes(parts.get(1, b""))), dict(_attributes(parts.get(2, b"")))
    source = addresses.get(1) or addresses.get(3)
    destination = addresses.get(2) or addresses.get(4)
    if not source or not destination or 1 not in protocol:
        return None
    number = protocol[1][0]
    low, high = _port(protocol, 2), _port(protocol, 3)
    if echo := _port(protocol, 4) or _port(protocol, 7):
        low = high = echo
    return _NAMES.get(number, str(number)), Ends(
        str(ip_address(source)), low, str(ip_address(destination)), high
    )


def _port(told: Mapping[int, bytes], key: int) -> int:
    return int(struct.unpack(">H", told[key])[0]) if len(told.get(key, b"")) == 2 else 0


def _packet(told: bytes) -> tuple[str, Ends] | None:
    """An IP packet's protocol and ends; behind IPv6 extension headers its ports are not looked for."""
    if len(told) >= 20 and told[0] >> 4 == 4:
        number, after, source, destination = told[9], (told[0] & 15) * 4, told[12:16], told[16:20]
    elif len(told) >= 40 and told[0] >> 4 == 6:
        number, after, source, destination = told[6], 40, told[8:24], told[24:40]
    else:
        return None
    low, high = (
        struct.unpack_from(">HH", told, after) if number in (6, 17) and len(told) >= after + 4 else (0, 0)
    )
    ends = Ends(str(ip_address(source)), low, str(ip_address(destination)), high)
    return _NAMES.get(number, str(number)), ends
