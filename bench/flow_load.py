"""Flow exports as a busy provider's routers send them: 200,000 targets by Zipf, a tenth of the datagrams IPv6.

Deterministic. `netflow9`, `ipfix` and `sflow` give the datagrams (templates first, where there are any) and the
flows in them.
"""

import random
import struct
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate

NETWORK4 = 0x0A000000  # 10.0.0.0/14 holds them all
NETWORK6 = bytes.fromhex("20010db8000000000000000000000000")
PER4, PER6 = 24, 18

FIELDS4 = ((8, 4), (12, 4), (1, 4), (2, 4), (4, 1), (5, 1), (6, 1), (7, 2), (11, 2), (10, 4), (14, 4), (22, 4),
           (21, 4), (15, 4), (16, 4), (17, 4), (9, 1), (13, 1))  # fmt: skip
FIELDS6 = ((27, 16), (28, 16), (1, 4), (2, 4), (4, 1), (5, 1), (6, 1), (7, 2), (11, 2), (10, 4), (14, 4), (22, 4),
           (21, 4), (16, 4), (17, 4), (29, 1), (30, 1))  # fmt: skip
_TAIL4 = bytes(30)
_TAIL6 = bytes(26)


class Load:
    """Draws flows, always the same ones."""

    def __init__(self, targets: int) -> None:
        self.random = random.Random(7)
        space = 1 << max(18, (targets - 1).bit_length())
        self.targets = self.random.sample(range(space), targets)
        self.weights = list(accumulate(1 / rank**1.1 for rank in range(1, targets + 1)))

    def target(self) -> int:
        return self.targets[bisect(self.weights, self.random.random() * self.weights[-1])]

    def figures(self) -> tuple[int, int, int, int, int, int]:
        """Protocol, TCP flags, packets, bytes, source and destination port."""
        draw = self.random
        protocol = draw.choices((6, 17, 1), (60, 35, 5))[0]
        flags = draw.choices((2, 0x1B, 0x10), (25, 65, 10))[0] if protocol == 6 else 0
        packets = min(100_000, 1 + int(draw.paretovariate(1.3)))
        octets = packets * draw.randrange(60, 1400)
        return (
            protocol,
            flags,
            packets,
            octets,
            draw.randrange(1024, 65535),
            draw.choice((80, 443, 53, 123, 22)),
        )

    def record4(self) -> bytes:
        protocol, flags, packets, octets, sport, dport = self.figures()
        source = self.random.randrange(0x0B000000, 0xDF000000)
        head = struct.pack(
            ">IIIIBBBHH", source, NETWORK4 + self.target(), octets, packets, protocol, 0, flags, sport, dport
        )
        return head + _TAIL4

    def record6(self) -> bytes:
        protocol, flags, packets, octets, sport, dport = self.figures()
        source = NETWORK6[:4] + self.random.randbytes(12)
        target = NETWORK6[:12] + struct.pack(">I", self.target())
        return (
            source
            + target
            + struct.pack(">IIBBBHH", octets, packets, protocol, 0, flags, sport, dport)
            + _TAIL6
        )


def _templates(version: int) -> bytes:
    body = b""
    for id, fields in ((256, FIELDS4), (257, FIELDS6)):
        body += struct.pack(">HH", id, len(fields)) + b"".join(struct.pack(">HH", *each) for each in fields)
    return struct.pack(">HH", 0 if version == 9 else 2, 4 + len(body)) + body


def netflow(version: int, datagrams: int, targets: int = 200_000) -> tuple[list[bytes], int]:
    """NetFlow 9 or IPFIX: the datagrams, the first of them the templates, and how many flows they tell."""
    load = Load(targets)
    made, flows = [_message(version, 0, 0, 2, _templates(version))], 0
    for n in range(datagrams):
        six = n % 10 == 9
        count = PER6 if six else PER4
        body = b"".join(load.record6() if six else load.record4() for _ in range(count))
        pad = -len(body) % 4
        body = struct.pack(">HH", 257 if six else 256, 4 + len(body) + pad) + body + bytes(pad)
        made.append(_message(version, n + 1, flows, count, body))
        flows += count
    return made, flows


def _message(version: int, number: int, flows: int, count: int, body: bytes) -> bytes:
    if version == 9:
        return struct.pack(">HHIIII", 9, count, 3_600_000, 1_700_000_000, number, 1) + body
    return struct.pack(">HHIII", 10, 16 + len(body), 1_700_000_000, flows, 1) + body


def sflow(datagrams: int, targets: int = 200_000) -> tuple[list[bytes], int]:
    """sFlow 5: seven samples of 128 bytes a datagram."""
    load, made = Load(targets), []
    for n in range(datagrams):
        samples = b"".join(_sample(load, n % 10 == 9) for _ in range(7))
        made.append(struct.pack(">IIIIIII", 5, 1, 0x7F000001, 0, n, 3_600_000, 7) + samples)
    return made, datagrams * 7


def _sample(load: Load, six: bool) -> bytes:
    protocol, flags, _, _, sport, dport = load.figures()
    length = load.random.randrange(64, 1500)
    ports = struct.pack(">HHIIBBHHH", sport, dport, 1, 0, 0x50, flags, 1024, 0, 0)
    if six:
        target = NETWORK6[:12] + struct.pack(">I", load.target())
        ip = struct.pack(">IHBB", 6 << 28, max(8, length - 58), 58 if protocol == 1 else protocol, 60)
        head = b"\2" * 12 + b"\x86\xdd" + ip + NETWORK6[:4] + load.random.randbytes(12) + target + ports
    else:
        source = load.random.randrange(0x0B000000, 0xDF000000)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, max(46, length - 18), 0, 0, 60, protocol, 0)
        head = b"\2" * 12 + b"\x08\0" + ip + struct.pack(">II", source, NETWORK4 + load.target()) + ports
    head = head.ljust(128, b"\0")
    sample = struct.pack(">8I", 1, 1, 2048, 2048, 0, 1, 2, 1)
    element = struct.pack(">6I", 1, 144, 1, length, 4, 128) + head
    return struct.pack(">II", 1, len(sample) + len(element)) + sample + element


def as_run(datagrams: Sequence[bytes]) -> bytes:
    """Each behind its length, as `Meter.feed_all` takes them."""
    return b"".join(struct.pack("=I", len(each)) + each for each in datagrams)
