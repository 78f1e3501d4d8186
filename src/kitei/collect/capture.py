"""Recorded traffic, packet by packet: pcap and pcapng, IPFIX files, and bare datagrams."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

from kitei.collect.counters import Address

LINK_ETHERNET: Final = 1
LINK_IP: Final = 11

_ETHERNET, _RAW, _LOOP, _SLL, _SLL2, _NULL = 1, 101, 108, 113, 276, 0
_MAGIC: Final = {
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}
LARGEST_PACKET: Final = 1 << 18


class NotACapture(Exception):
    """The file is none of the formats that are read, or breaks off; the text says where."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A recorded packet: when (ns since 1970), the bytes kept of it, its length on the wire, what it begins with."""

    at_ns: int
    head: bytes
    length: int
    link: int


@dataclass(frozen=True, slots=True)
class Datagram:
    """What a UDP datagram carried, and from where to where."""

    src: Address
    sport: int
    dst: Address
    dport: int
    payload: bytes


def frames(path: Path) -> Iterator[Frame]:
    """The packets of a pcap or pcapng file, in its order. A last packet that is cut off is left out."""
    with path.open("rb") as file:
        head = file.read(4)
        if head in _MAGIC:
            read = _pcap
        elif head == b"\x0a\x0d\x0d\x0a":
            read = _pcapng
        else:
            raise NotACapture(f"{path}: begins with {head.hex()}, not as a pcap or pcapng file does")
        with mmap(file.fileno(), 0, access=ACCESS_READ) as raw:
            yield from read(raw, path)


def is_capture(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4)
    return head in _MAGIC or head == b"\x0a\x0d\x0d\x0a"


def messages(path: Path) -> Iterator[bytes]:
    """The messages of an IPFIX file (RFC 5655); of any other file the one datagram that it is."""
    raw = path.read_bytes()
    at = 0
    while len(raw) - at >= 16 and raw[at : at + 2] == b"\x00\x0a":
        length = int.from_bytes(raw[at + 2 : at + 4], "big")
        if length < 16 or at + length > len(raw):
            break
        yield raw[at : at + length]
        at += length
    if at < len(raw):
        yield raw[at:]


def _pcap(raw: mmap, path: Path) -> Iterator[Frame]:
    order, scale = _MAGIC[raw[:4]]
    if len(raw) < 24:
        raise NotACapture(f"{path}: ends within its first 24 bytes")
    linktype = struct.unpack_from(order + "I", raw, 20)[0] & 0x0FFFFFFF
    at = 24
    while len(raw) - at >= 16:
        seconds, part, kept, length = struct.unpack_from(order + "IIII", raw, at)
        at += 16
        if kept > LARGEST_PACKET:
            raise NotACapture(f"{path}: byte {at - 8}: a packet of {kept} bytes")
        if at + kept > len(raw):
            return
        yield _frame(seconds * 10**9 + part * scale, raw[at : at + kept], length, linktype, path)
        at += kept


def _pcapng(raw: mmap, path: Path) -> Iterator[Frame]:
    order, at = "<", 0
    links: list[tuple[int, int]] = []
    while len(raw) - at >= 12:
        kind = raw[at : at + 4]
        if kind == b"\x0a\x0d\x0d\x0a":
            order = "<" if raw[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        block, size = struct.unpack_from(order + "II", raw, at)
        if size < 12 or size % 4 or at + size > len(raw):
            if at + size > len(raw) > at + 12 and size < LARGEST_PACKET * 2:
                return
            raise NotACapture(f"{path}: byte {at}: a block of {size} bytes")
        body = raw[at + 8 : at + size - 4]
        if block == 1 and len(body) >= 8:
            links.append((struct.unpack_from(order + "H", body)[0], _tick(body[8:], order)))
        elif block == 6 and len(body) >= 20:
            interface, high, low, kept, length = struct.unpack_from(order + "IIIII", body)
            if interface >= len(links) or kept > len(body) - 20:
                raise NotACapture(f"{path}: byte {at}: a packet of no interface, or longer than its block")
            linktype, tick = links[interface]
            yield _frame((high << 32 | low) * 10**9 // tick, body[20 : 20 + kept], length, linktype, path)
        elif block == 3 and links and len(body) >= 4:
            length = struct.unpack_from(order + "I", body)[0]
            yield _frame(0, body[4 : 4 + length], length, links[0][0], path)
        at += size


def _tick(options: bytes, order: str) -> int:
    """How many to the second an interface's clock counts: 10^6 unless option 9 says otherwise."""
    at = 0
    while len(options) - at >= 4:
        code, size = struct.unpack_from(order + "HH", options, at)
        if code == 9 and size == 1:
            told = options[at + 4]
            return int(2 ** (told & 0x7F)) if told & 0x80 else int(10**told)
        if code == 0:
            break
        at += 4 + (size + 3 & ~3)
    return 10**6


def _frame(at_ns: int, head: bytes, length: int, linktype: int, path: Path) -> Frame:
    match linktype:
        case 1:
            return Frame(at_ns, head, length, LINK_ETHERNET)
        case 101 | 228 | 229 | 12 | 14:
            return Frame(at_ns, head, length, LINK_IP)
        case 113:
            return _behind(at_ns, head, length, 14, 16)
        case 276:
            return _behind(at_ns, head, length, 0, 20)
        case 0 | 108:
            return Frame(at_ns, head[4:], max(0, length - 4), LINK_IP)
    raise NotACapture(f"{path}: link type {linktype} is not read; Ethernet, raw IP and Linux cooked are")


def _behind(at_ns: int, head: bytes, length: int, type_at: int, size: int) -> Frame:
    """Linux cooked capture: the protocol stands at `type_at`; made an Ethernet frame, of the same length as one."""
    ether = b"\0" * 12 + head[type_at : type_at + 2] + head[size:]
    return Frame(at_ns, ether, max(0, length - size) + 14, LINK_ETHERNET)


def datagram_in(frame: Frame) -> Datagram | None:
    """The whole, unfragmented UDP datagram of a frame, through VLAN tags; None where there is none."""
    head, at, ether_type = frame.head, 0, 0
    if frame.link == LINK_ETHERNET:
        at, ether_type = 14, int.from_bytes(head[12:14], "big")
        while ether_type in {0x8100, 0x88A8} and len(head) >= at + 4:
            ether_type = int.from_bytes(head[at + 2 : at + 4], "big")
            at += 4
    elif head:
        ether_type = 0x0800 if head[0] >> 4 == 4 else 0x86DD
    src: Address
    dst: Address
    if ether_type == 0x0800 and len(head) >= at + 20 and head[at + 9] == 17:
        if int.from_bytes(head[at + 6 : at + 8], "big") & 0x3FFF:
            return None
        src, dst = IPv4Address(head[at + 12 : at + 16]), IPv4Address(head[at + 16 : at + 20])
        at += (head[at] & 15) * 4
    elif ether_type == 0x86DD and len(head) >= at + 40 and head[at + 6] == 17:
        src, dst = IPv6Address(head[at + 8 : at + 24]), IPv6Address(head[at + 24 : at + 40])
        at += 40
    else:
        return None
    if len(head) < at + 8:
        return None
    sport, dport, size = struct.unpack_from(">HHH", head, at)
    if size < 8 or len(head) < at + size:
        return None
    return Datagram(src, sport, dst, dport, head[at + 8 : at + size])
