"""A few packets towards a target, as they pass an interface of this machine: evidence, in the form of pcap.

The kernel sorts them out (a classic BPF program on a packet socket), so that a flood costs no more than what is
kept of it. What an XDP program drops before the kernel proper is not seen: listen where the flood passes, such
as a mirror port, or a filter of nftables.
"""

import base64
import ctypes
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from kitei.collect.counters import Network
from kitei.spool import Lane
from kitei.values import JsonObject

PACKETS, SECONDS, SNAP = 200, 5, 128
_ETH_P_ALL, _ATTACH_FILTER, _OUTGOING = 3, 26, 4
_LD_B, _LD_W, _RSH, _AND, _JEQ, _RET = 0x30, 0x20, 0x74, 0x54, 0x15, 0x06
_RAW: Final = 101  # LINKTYPE_RAW: the packet begins with its IP header
_BUFFER: Final = 1 << 18
_WAIT: Final = 0.2

Instruction = tuple[int, int, int, int]


def excerpt(
    interface: str,
    target: Network,
    *,
    packets: int = PACKETS,
    seconds: int = SECONDS,
    snap: int = SNAP,
    stopped: Callable[[], bool] = lambda: False,
) -> bytes:
    """A pcap of up to so many packets towards `target`, some of each of so many seconds, the first `snap` bytes of
    each. It takes that long. Raises OSError: no such interface, or no right to listen there."""
    kept = []
    each = max(1, packets // max(1, seconds))
    for _ in range(max(1, seconds)):
        until = time.monotonic() + 1.0
        with _listening(interface, target, snap) as sock:
            found = 0
            while found < each and time.monotonic() < until and not stopped():
                packet = _next(sock)
                if packet:
                    kept.append(Packet(time.time_ns() // 1000, _length(packet), packet))
                    found += 1
        while time.monotonic() < until and not stopped():
            time.sleep(min(_WAIT, max(0.0, until - time.monotonic())))
    return pcap(kept, snap)


@dataclass(frozen=True, slots=True)
class Packet:
    """The beginning of an IP packet: when it came (unix µs), how long all of it was."""

    at: int
    length: int
    start: bytes


def pcap(packets: Iterable[Packet], snap: int = SNAP) -> bytes:
    """A file of packets, without the headers of their frames (LINKTYPE_RAW)."""
    records = (
        struct.pack("<IIII", each.at // 10**6, each.at % 10**6, len(start), max(each.length, len(start)))
        + start
        for each in packets
        for start in (each.start[:snap],)
    )
    return b"".join((struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, _RAW), *records))


def tell_excerpt(lane: Path, interface: str, contract: str, target: Network, at: int) -> JsonObject:
    """Capture, and have the node's agent carry it to the controller by the lane `excerpts`; what is told."""
    return tell_pcap(Lane(lane), contract, target, at, excerpt(interface, target))


def tell_pcap(lane: Lane, contract: str, target: Network, at: int, packets: bytes) -> JsonObject:
    """Have the node's agent carry packets to the controller; what is told. `at` is their first second, unix."""
    body: JsonObject = {
        "contract": contract,
        "target": str(target),
        "at": at,
        "pcap": base64.b64encode(packets).decode(),
    }
    lane.put(datetime.now(UTC), "flood.excerpt", body)
    return body


def program(target: Network, snap: int) -> tuple[Instruction, ...]:
    """What the kernel runs on each packet, from its IP header on: `snap` bytes of those to the target, else none.

    (code, jump if true, jump if false, operand), as in linux/filter.h.
    """
    version = 4 if isinstance(target, IPv4Network) else 6
    at = 16 if version == 4 else 24
    address, mask = target.network_address.packed, target.netmask.packed
    words = [
        struct.unpack_from(">II", address[n : n + 4] + mask[n : n + 4]) for n in range(0, len(address), 4)
    ]
    tests: list[Instruction] = []
    for n, (word, bits) in enumerate(words):
        if bits:
            tests += [(_LD_W, 0, 0, at + 4 * n), (_AND, 0, 0, bits), (_JEQ, 0, 0, word)]
    head: list[Instruction] = [(_LD_B, 0, 0, 0), (_RSH, 0, 0, 4), (_JEQ, 0, 0, version)]
    lines = [*head, *tests, (_RET, 0, 0, snap), (_RET, 0, 0, 0)]
    none = len(lines) - 1
    return tuple(
        (code, 0, none - n - 1, operand) if code == _JEQ else (code, jt, jf, operand)
        for n, (code, jt, jf, operand) in enumerate(lines)
    )


def _listening(interface: str, target: Network, snap: int) -> socket.socket:
    sock = socket.socket(
        socket.AF_PACKET, socket.SOCK_DGRAM, 0
    )  # 0: nothing comes before the filter is there
    try:
        raw = b"".join(struct.pack("HBBI", *each) for each in program(target, snap))
        code = ctypes.create_string_buffer(raw)
        sock.setsockopt(
            socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HxxxxxxP", len(raw) // 8, ctypes.addressof(code))
        )
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.settimeout(_WAIT)
        sock.bind((interface, _ETH_P_ALL))
    except OSError:
        sock.close()
        raise
    return sock


def _next(sock: socket.socket) -> bytes:
    """One packet that came in, b'' where none came for a while. What this machine sends passes by as well."""
    try:
        packet, (_, _, kind, *_) = sock.recvfrom(65535)
    except TimeoutError:
        return b""
    return b"" if kind == _OUTGOING else packet


def _length(packet: bytes) -> int:
    """What an IP packet says of its length."""
    if packet[0] >> 4 == 4:
        told: int = struct.unpack_from(">H", packet, 2)[0]
        return told
    return 40 + int(struct.unpack_from(">H", packet, 4)[0])
