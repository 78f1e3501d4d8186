"""A day of ordinary traffic as an sFlow agent tells it, one packet in 2,000, condensed: deterministic.

Levels follow the hours (each second stands for several minutes of the day), while what happens in the day keeps
its own length: speed tests of 12 s, backups of a minute, flash crowds, updates, bursts; and hosts that live close
below the thresholds, where sampling alone makes figures jump. At the end come floods, which nobody may miss.
"""

import math
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass

RATE = 2000
NETWORK = 0x0A010000  # 10.1.0.0/24
FLOODED = 240  # the last octet of the first flooded host


@dataclass(frozen=True)
class Stream:
    """Packets to one host: how many a second at the day's height, of what size, by what, from how many."""

    host: int
    pps: float
    size: int
    protocol: int
    dport: int
    sources: int
    syn_share: float = 0.04
    begins: float = 0.0
    ends: float = 1e9
    steady: bool = False
    sport: int = 0  # 0: any above 1023
    fragments: bool = False


def streams(seconds: int, seed: int = 11) -> list[Stream]:
    """Of an ordinary day alone; each seed is another day of other hosts."""
    draw = random.Random(seed)
    found = [Stream(n, draw.uniform(1500, 6000), 900, 6, 443, 400) for n in range(1, 21)]
    found += [Stream(n, draw.uniform(500, 3000), 90, 17, 53, 900) for n in range(21, 25)]
    found += [
        Stream(n, draw.uniform(5, 300), 1100, 6, draw.randrange(30_000, 60_000), 12) for n in range(30, 160)
    ]
    found += [Stream(n, draw.uniform(300, 1500), 1250, 17, 443, 40, sport=443) for n in range(160, 175)]
    # close below 20,000 packets a second, day and night
    found += [
        Stream(n, pps, 700, 6, 443, 500, steady=True)
        for n, pps in zip(
            range(180, 192),
            (12e3, 13e3, 14e3, 15e3, 15.5e3, 16e3, 16.5e3, 17e3, 17.5e3, 18e3, 18.5e3, 19e3),
            strict=True,
        )
    ]

    def some(hosts: range, length: float, **kind: float) -> Iterator[Stream]:
        for host in hosts:
            begins = draw.uniform(2, max(3.0, seconds - length - 1))
            yield Stream(host, begins=begins, ends=begins + length, steady=True, **kind)  # type: ignore[arg-type]

    found += some(
        range(192, 202), 12, pps=90_000, size=1500, protocol=6, dport=8080, sources=2
    )  # speed tests
    found += some(range(202, 206), 60, pps=30_000, size=1500, protocol=6, dport=22, sources=1)  # backups
    found += some(
        range(206, 212), 45, pps=32_000, size=1000, protocol=6, dport=443, sources=3000, syn_share=0.15
    )
    found += some(range(212, 222), 2, pps=60_000, size=1400, protocol=6, dport=443, sources=30)  # bursts
    found += some(range(222, 228), 20, pps=15_000, size=1400, protocol=6, dport=50_000, sources=6)  # updates
    return found


def floods(begins: float) -> list[Stream]:
    """Attacks of 15 s, each to a host of its own."""
    until = begins + 15
    return [
        Stream(FLOODED, 60_000, 60, 6, 443, 60_000, 1.0, begins, until, True),
        Stream(FLOODED + 1, 120_000, 1400, 17, 4444, 3000, 0.0, begins, until, True, sport=53),
        Stream(FLOODED + 2, 200_000, 1400, 17, 0, 3000, 0.0, begins, until, True, sport=123),
        Stream(FLOODED + 3, 90_000, 500, 1, 0, 9000, 0.0, begins, until, True),
        Stream(FLOODED + 4, 150_000, 1480, 17, 0, 4000, 0.0, begins, until, True, fragments=True),
    ]


def level(at: float, seconds: int) -> float:
    """How much of the day's height there is: least at four in the morning, most at nine in the evening."""
    hour = 24 * at / seconds
    return 0.55 - 0.45 * math.cos(2 * math.pi * (hour - 4) / 24) if hour < 24 else 0.5


def tenth(
    at: float, running: list[Stream], seconds: int, draw: random.Random, network: int = NETWORK
) -> list[bytes]:
    """The samples of a tenth of a second: each packet is told with the same chance, as a router does."""
    found = []
    for stream in running:
        if not stream.begins <= at < stream.ends:
            continue
        expected = stream.pps * (1.0 if stream.steady else level(at, seconds)) / 10 / RATE
        found += [_sample(stream, draw, network) for _ in range(_poisson(expected, draw))]
    draw.shuffle(found)
    return found


def told(sample: bytes) -> tuple[int, int]:
    """The host (last octet) and the length of a sample."""
    return sample[8 + 32 + 24 + 14 + 19], int.from_bytes(sample[8 + 32 + 12 : 8 + 32 + 16])


def datagram(samples: list[bytes], number: int, domain: int = 0) -> bytes:
    return struct.pack(
        ">IIIIIII", 5, 1, 0x7F000001, domain, number, 3_600_000 + number, len(samples)
    ) + b"".join(samples)


def _poisson(expected: float, draw: random.Random) -> int:
    limit, count, product = math.exp(-expected), 0, draw.random()
    while product > limit:
        count += 1
        product *= draw.random()
    return count


def _sample(stream: Stream, draw: random.Random, network: int) -> bytes:
    flags = 2 if stream.protocol == 6 and draw.random() < stream.syn_share else 0x10
    sport = stream.sport or draw.randrange(1024, 65535)
    source = 0x0B000000 + (stream.host * 7919 + draw.randrange(stream.sources) * 104_729) % 0x40000000
    behind = struct.pack(">HHIIBBHHH", sport, stream.dport, 1, 0, 0x50, flags, 1024, 0, 0)
    offset = 0x2000 | 185 if stream.fragments else 0
    ip = struct.pack(
        ">BBHHHBBHII",
        0x45,
        0,
        stream.size - 18,
        0,
        offset,
        60,
        stream.protocol,
        0,
        source,
        network + stream.host,
    )
    head = (b"\2" * 12 + b"\x08\0" + ip + behind).ljust(64, b"\0")
    sample = struct.pack(">8I", 1, 1, RATE, RATE, 0, 1, 2, 1)
    element = struct.pack(">6I", 1, 16 + len(head), 1, stream.size, 4, len(head)) + head
    return struct.pack(">II", 1, len(sample) + len(element)) + sample + element
