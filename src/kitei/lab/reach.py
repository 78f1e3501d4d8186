"""Can a packet get there? Marked packets are sent, also ones no honest host would, and every LAN host listens.

An answer is not taken on trust: an attempt's outcome names each host at which its packet was seen on the wire.
"""

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any, Literal

from kitei.lab.inside import call, enter_namespace, netlink
from kitei.lab.plan import Host

Protocol = Literal["icmp", "udp", "tcp"]
_TOKEN = struct.Struct("!14s4sI")
_WORD = b"kitei-lab-try-"
_OUTGOING = 4
_ETH_P_ALL = 3
_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One packet from a namespace (a host or a node), claiming a source, to a destination (IPv4 or IPv6)."""

    origin: str
    source: str
    destination: str
    protocol: Protocol = "icmp"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the packet arrived (host names), and whether an answer to it came back to its origin."""

    attempt: Attempt
    arrived: tuple[str, ...]
    answered: bool


def attempt(attempts: Sequence[Attempt], hosts: Iterable[Host], wait: float = 0.6) -> list[Outcome]:
    """Send every packet once, listen at every host until `wait` seconds after the last, and tell."""
    names = sorted({host.name for host in hosts} | {try_.origin for try_ in attempts})
    told = call(None, _try, [asdict(try_) for try_ in attempts], names, wait, timeout=30 + wait)
    heard = {host.name for host in hosts}
    return [
        Outcome(try_, tuple(place for place in places if place in heard and place != try_.origin), answered)
        for try_, (places, answered) in zip(attempts, told, strict=True)
    ]


def honest(one: Host, other: Host, protocol: Protocol = "icmp") -> Attempt:
    """From one host to another, as itself."""
    return Attempt(one.name, one.ip, other.ip, protocol)


def is_whole(outcome: Outcome, target: Host) -> bool:
    """It arrived at the target and nowhere else, and was answered."""
    return outcome.arrived == (target.name,) and outcome.answered


def wait_until_whole(
    pairs: Sequence[tuple[Host, Host]], hosts: Sequence[Host], within: float
) -> list[tuple[Host, Host]]:
    """Ask each pair until all are answered or `within` seconds have passed; says which pairs still fail."""
    until = time.monotonic() + within
    left = list(pairs)
    while left:
        outcomes = attempt([honest(one, other) for one, other in left], hosts, 0.3)
        left = [pair for pair, seen in zip(left, outcomes, strict=True) if not is_whole(seen, pair[1])]
        if time.monotonic() > until:
            break
    return left


def _try(
    attempts: Sequence[dict[str, Any]], names: Sequence[str], wait: float
) -> list[tuple[list[str], bool]]:
    """Outside any node: opens a tap and a sender in each namespace, sends, and listens.

    Each call has marks of its own: a router may refuse a packet of an earlier one seconds later.
    """
    mark = os.urandom(4)
    taps: dict[socket.socket, str] = {}
    senders: dict[str, socket.socket] = {}
    for name in names:
        enter_namespace(name)
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        tap.setblocking(False)
        taps[tap] = name
        senders[name] = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    arrived: list[dict[str, None]] = [{} for _ in attempts]
    answered = [False] * len(attempts)
    for number, wanted in enumerate(attempts):
        _send(wanted, mark, number, senders[wanted["origin"]])
        if number % 32 == 31:
            _listen(taps, attempts, mark, arrived, answered, 0.01)
    _listen(taps, attempts, mark, arrived, answered, wait)
    return [(list(places), done) for places, done in zip(arrived, answered, strict=True)]


def _listen(
    taps: dict[socket.socket, str],
    attempts: Sequence[dict[str, Any]],
    mark: bytes,
    arrived: list[dict[str, None]],
    answered: list[bool],
    wait: float,
) -> None:
    until = time.monotonic() + wait
    while (left := until - time.monotonic()) > 0:
        for tap in select.select(list(taps), [], [], left)[0]:
            frame, (_, _, direction, *_) = tap.recvfrom(4096)
            number = _number_in(frame, mark)
            if direction == _OUTGOING or number is None or number >= len(attempts):
                continue
            if taps[tap] == attempts[number]["origin"]:
                # a refusal by a router on the way carries the token too, but is no answer of the target's
                answered[number] |= frame[26:30] == ip_address(attempts[number]["destination"]).packed
            else:
                arrived[number][taps[tap]] = None


def _number_in(frame: bytes, mark: bytes) -> int | None:
    """Which attempt a frame belongs to: by its token, or, for TCP's RST, by the number it acknowledges."""
    at = frame.find(_WORD + mark)
    if at >= 0 and len(frame) >= at + _TOKEN.size:
        return int(_TOKEN.unpack_from(frame, at)[2])
    if frame[12:14] == b"\x08\x00" and frame[23] == 6 and len(frame) >= 54 and frame[47] & 4:
        begun = int.from_bytes(frame[42:46], "big") - _TOKEN.size - 1
        return begun >> 8 if begun & 0xFF == mark[0] else None
    return None


def _send(wanted: dict[str, Any], mark: bytes, number: int, raw: socket.socket) -> None:
    token = _TOKEN.pack(_WORD, mark, number)
    source, destination = ip_address(wanted["source"]), ip_address(wanted["destination"])
    if destination.version == 6:
        enter_namespace(wanted["origin"])
        _send_ipv6(source.packed, destination.packed, token)
        return
    body = _body(wanted["protocol"], number, token, source.packed + destination.packed)
    header = struct.pack(
        "!BBHHHBBH", 0x45, 0, 20 + len(body), number & 0xFFFF, 0, 64, _NUMBERS[wanted["protocol"]], 0
    )
    with contextlib.suppress(OSError):  # an origin that itself has no way there: it simply does not arrive
        raw.sendto(header + source.packed + destination.packed + body, (str(destination), 0))


def _body(protocol: Protocol, number: int, token: bytes, ends: bytes) -> bytes:
    match protocol:
        case "icmp":
            echo = struct.pack("!BBHHH", 8, 0, 0, 0x4B54, number & 0xFFFF) + token
            return echo[:2] + _checksum(echo) + echo[4:]
        case "udp":
            return struct.pack("!HHHH", 40000, 9, 8 + len(token), 0) + token
        case "tcp":
            syn = (
                struct.pack(
                    "!HHIIBBHHH",
                    40000,
                    9,
                    (number << 8 | token[len(_WORD)]) & 0xFFFFFFFF,
                    0,
                    0x50,
                    2,
                    1024,
                    0,
                    0,
                )
                + token
            )
            pseudo = ends + struct.pack("!BBH", 0, 6, len(syn))
            return syn[:16] + _checksum(pseudo + syn) + syn[18:]


def _checksum(data: bytes) -> bytes:
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def _send_ipv6(source: bytes, destination: bytes, token: bytes) -> None:
    """By Ethernet, to the gateway and to all: the host has no IPv6 route that could carry it."""
    udp = struct.pack("!HHHH", 40000, 9, 8 + len(token), 0) + token
    pseudo = source + destination + struct.pack("!IHBB", len(udp), 0, 0, 17)
    udp = udp[:6] + _checksum(pseudo + udp) + udp[8:]
    packet = struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + source + destination + udp
    with netlink() as net, socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        port = next(link for link in net.get_links() if link.get_attr("IFLA_IFNAME") != "lo")
        wire.bind((port.get_attr("IFLA_IFNAME"), 0))
        mine = bytes.fromhex(port.get_attr("IFLA_ADDRESS").replace(":", ""))
        known = [neighbour.get_attr("NDA_LLADDR") for neighbour in net.get_neighbours(family=socket.AF_INET)]
        targets = [bytes.fromhex(address.replace(":", "")) for address in known if address]
        for target in [*targets, bytes.fromhex("333300000001")]:
            wire.send(target + mine + b"\x86\xdd" + packet)
