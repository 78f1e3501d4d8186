"""The beginnings of packets that sFlow samples bring along: evidence of an attack where no scrubber saw its packets.

While an alarm is young a raw socket gives a second copy of the datagrams that the collector hears, so that the way on
which flows are counted knows nothing of it. Of each second a few packets are kept, and no more than so many datagrams
are read for them. NetFlow and IPFIX bring no packets.
"""

import ctypes
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Collection, Iterator
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Final

from kitei.collect.counters import Address, Network
from kitei.collect.excerpt import PACKETS, SECONDS, Packet, pcap, tell_pcap
from kitei.spool import Lane

_LISTENING: Final = 2  # targets at a time; of more that come together, the others have no excerpt
_READ: Final = 2000  # datagrams a second and target
_BYTES: Final = 32 << 20  # of excerpts that wait for the controller
_WAIT: Final = 0.2
_BUFFER: Final = 1 << 20
_ATTACH_FILTER: Final = 26
_LD_W, _LDX_MSH, _LD_W_X, _JEQ, _RET = 0x20, 0xB1, 0x40, 0x15, 0x06
_VERSION: Final = 5
_SAMPLES: Final = {1: 28, 3: 40}  # flow sample, and with long interfaces: where they count records
_RAW_HEADER: Final = 1
_ETHERNET, _IPV4, _IPV6 = 1, 11, 12
_TAGGED: Final = (0x8100, 0x88A8, 0x9100)


class Heads:
    """Takes excerpts for a station, in threads of its own."""

    def __init__(self, lane: Path) -> None:
        self._lane = lane
        self._lock = threading.Lock()
        self._running: list[threading.Thread] = []

    def take(
        self, contract: str, target: Network, ports: Collection[int], heard: Collection[Address] | None
    ) -> None:
        """Begin an excerpt for a target under attack, out of what those exporters (None: anyone) send to `ports`."""
        self._running = [each for each in self._running if each.is_alive()]
        if len(self._running) >= _LISTENING:
            return
        told = (contract, target, frozenset(ports), None if heard is None else frozenset(heard))
        thread = threading.Thread(target=self._excerpt, args=told, name="heads", daemon=True)
        self._running.append(thread)
        thread.start()

    def _excerpt(
        self, contract: str, target: Network, ports: Collection[int], heard: Collection[Address] | None
    ) -> None:
        try:
            packets = listen_for(target, ports, heard)
            if packets:
                with self._lock:
                    tell_pcap(
                        Lane(self._lane, _BYTES), contract, target, packets[0].at // 10**6, pcap(packets)
                    )
        except OSError as error:
            print(f"no excerpt of {target}: {error}", file=sys.stderr, flush=True)


def listen_for(
    target: Network, ports: Collection[int], heard: Collection[Address] | None, seconds: int = SECONDS
) -> list[Packet]:
    """Sampled packets towards a target, some of each second. It takes that long. OSError: no right to listen."""
    found: list[Packet] = []
    with _open(socket.AF_INET) as four, _open(socket.AF_INET6) as six:
        for _ in range(seconds):
            until, kept = time.monotonic() + 1.0, len(found) + PACKETS // SECONDS
            for _ in range(_READ):
                if len(found) >= kept or time.monotonic() >= until:
                    break
                for line in select.select((four, six), (), (), _WAIT)[0]:
                    source, port, datagram = _next(line)
                    if port in ports and (heard is None or source in heard):
                        at = time.time_ns() // 1000
                        found += [Packet(at, length, start) for length, start in heads_to(target, datagram)]
            del found[kept:]
            time.sleep(max(0.0, until - time.monotonic()))
    return found


def heads_to(target: Network, datagram: bytes) -> Iterator[tuple[int, bytes]]:
    """Lengths and beginnings of the packets towards a target in an sFlow datagram (version 5), from the IP header on.

    What does not hold together ends the datagram: it is evidence, and counted elsewhere.
    """
    whole = target.prefixlen // 8
    if target.network_address.packed[:whole] not in datagram:
        return  # most datagrams, without looking into them
    try:
        for length, start in _heads(datagram):
            version, at, size = (4, 16, 4) if isinstance(target, IPv4Network) else (6, 24, 16)
            is_whole = len(start) >= at + size and start[0] >> 4 == version
            if is_whole and ip_address(start[at : at + size]) in target:
                yield length, start
    except (struct.error, IndexError):
        return


def _heads(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    version, family = struct.unpack_from(">II", datagram)
    if version != _VERSION or family not in (1, 2):
        return
    at = 8 + (4 if family == 1 else 16) + 12
    (samples,) = struct.unpack_from(">I", datagram, at)
    at += 4
    for _ in range(samples):
        kind, size = struct.unpack_from(">II", datagram, at)
        at += 8
        if kind in _SAMPLES:
            yield from _records(datagram, at + _SAMPLES[kind], at + size)
        at += size


def _records(datagram: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    (records,) = struct.unpack_from(">I", datagram, at)
    at += 4
    for _ in range(records):
        kind, size = struct.unpack_from(">II", datagram, at)
        at += 8
        if at + size > end:
            return
        if kind == _RAW_HEADER:
            protocol, length, _, kept = struct.unpack_from(">IIII", datagram, at)
            frame = datagram[at + 16 : at + 16 + min(kept, size - 16)]
            if protocol in (_IPV4, _IPV6):
                yield length, frame
            elif protocol == _ETHERNET:
                begins = _behind_ethernet(frame)
                if begins:
                    yield _told(frame[begins:], length - begins), frame[begins:]
        at += size


def _behind_ethernet(frame: bytes) -> int:
    """Where the IP header is; 0 where there is none."""
    at = 12
    (kind,) = struct.unpack_from(">H", frame, at)
    while kind in _TAGGED:
        at += 4
        (kind,) = struct.unpack_from(">H", frame, at)
    return at + 2 if kind in (0x0800, 0x86DD) else 0


def _told(start: bytes, most: int) -> int:
    """How long an IP packet says it is, not counting what fills up a frame or ends it."""
    if start[0] >> 4 == 4:
        return min(most, int(struct.unpack_from(">H", start, 2)[0]))
    return min(most, 40 + int(struct.unpack_from(">H", start, 4)[0]))


# -- the copy of what is heard -----------------------------------------------------------------------


def _open(family: socket.AddressFamily) -> socket.socket:
    """Datagrams that begin as sFlow of version 5 does; IPv4 ones with their IP header, IPv6 ones without."""
    line = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP)
    try:
        lines = [(_LDX_MSH, 0, 0, 0), (_LD_W_X, 0, 0, 8)] if family == socket.AF_INET else [(_LD_W, 0, 0, 8)]
        lines += [(_JEQ, 0, 1, _VERSION), (_RET, 0, 0, 65535), (_RET, 0, 0, 0)]
        raw = b"".join(struct.pack("HBBI", *each) for each in lines)
        code = ctypes.create_string_buffer(raw)
        told = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
        line.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, told)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    except OSError:
        line.close()
        raise
    return line


def _next(line: socket.socket) -> tuple[Address, int, bytes]:
    """Who sent a datagram to which port, and what."""
    packet, (source, *_) = line.recvfrom(65535)
    begins = (packet[0] & 15) * 4 if line.family == socket.AF_INET else 0
    (port,) = struct.unpack_from(">H", packet, begins + 2)
    return ip_address(source.partition("%")[0]), int(port), packet[begins + 8 :]
