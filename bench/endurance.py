"""What strangers can make the collector hold: template floods, forged exporters, datagrams gone bad, wandering attacks.

Each runs in a process of its own over a meter of the usual sizes; what it holds more than before is measured as
that process's resident memory. Bounds are those of `Sizes` (see docs/flows.md).
"""

import random
import subprocess
import sys
from ipaddress import IPv4Address, ip_network
from pathlib import Path

from figure import Figure
from flow_load import FIELDS6, netflow, sflow

from kitei.collect.detection import WATCHED
from kitei.collect.meter import Meter, protected
from kitei.collect.policy import Policy, book_of
from kitei.collect.receiver import Turn
from kitei.collect.sitting import Sitting

TEMPLATES, FORGED, SPOILED, WANDERED = 2_000_000, 1_000_000, 10_000_000, 40


def held() -> float:
    """MiB of this process's resident memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status tells no VmRSS")


def template_flood(meter: Meter) -> None:
    """Two million templates of forty fields, of which some have no fixed length, by a hundred exporters."""
    fields = b"".join(
        n.to_bytes(2, "big") + (b"\xff\xff" if n > 90 else b"\0\4") for n in (8, 12, 1, 2, *range(70, 106))
    )
    for n in range(TEMPLATES):
        body = (256 + n // 100 % 2000).to_bytes(2, "big") + (40).to_bytes(2, "big") + fields
        made = b"\0\2" + (4 + len(body)).to_bytes(2, "big") + body
        head = b"\0\x0a" + (16 + len(made)).to_bytes(2, "big") + bytes(8) + b"\0\0\0\7"
        meter.feed(head + made, str(IPv4Address(0x0B000000 + n % 100)), 9, 10**18 + n * 1000)


def forged_exporters(meter: Meter) -> None:
    """A million addresses that each send their templates, and data."""
    datagrams, _ = netflow(9, 2)
    for n in range(FORGED):
        source = str(IPv4Address(0x0B000000 + n))
        for made in datagrams[: 1 + n % 2]:
            meter.feed(made, source, n % 60_000, 10**18 + n * 1000)


def spoiled_datagrams(meter: Meter) -> None:
    """Ten million datagrams of all protocols of which some bytes are wrong, in runs, from 1,000 exporters."""
    draw = random.Random(3)
    seeds = [*netflow(9, 40)[0], *netflow(10, 40)[0], *sflow(40)[0]]
    made = 0
    while made < SPOILED:
        spoiled = []
        for _ in range(400):
            datagram = bytearray(draw.choice(seeds))
            for _ in range(draw.randrange(6)):
                datagram[draw.randrange(len(datagram) if draw.random() < 0.5 else 60)] = draw.randrange(256)
            spoiled.append(len(datagram).to_bytes(4, sys.byteorder) + datagram)
        run = b"".join(spoiled)
        for n in range(25):  # the same bytes mean other things behind other templates
            meter.feed_all(
                run, str(IPv4Address(0x0B000000 + draw.randrange(1000))), n % 3, 10**18 + made * 1000
            )
            made += len(spoiled)
            meter.ended(made)


def wandering_attack(meter: Meter) -> None:
    """In each second 20,000 IPv6 hosts are attacked, others every other second, of a contract that watches each."""
    book = book_of((Policy("a", (ip_network("2001:db8::/32"),), host={"pps": 1000}),))
    meter.protect(book.limits())
    judging = Sitting(book)
    head, size = netflow(9, 0)[0][0], sum(length for _, length in FIELDS6)
    meter.feed(head, "192.0.2.1", 9, 10**18)
    for at in range(WANDERED):
        for n in range(0, 20_000, 20):
            body = b"".join(_attacked(at // 2 * 20_000 + n + k, size) for k in range(20))
            made = b"\1\1" + (4 + len(body)).to_bytes(2, "big") + body
            meter.feed(head[:20] + made, "192.0.2.1", 9, 10**18 + at * 10**9)
        judging.take(Turn(meter.ended(at), meter.heard_bytes(), 0, 0, 0, 0, {}, 0, 0))
        assert len(judging.watches) <= WATCHED
    assert len(judging.watches) == WATCHED  # or the attack was none


def _attacked(host: int, size: int) -> bytes:
    """A record of FIELDS6: bytes and packets stand behind the addresses, the protocol behind them."""
    target = bytes.fromhex("20010db8") + host.to_bytes(12, "big")
    return (bytes(16) + target + (10**7).to_bytes(4, "big") + (10_000).to_bytes(4, "big") + b"\x11").ljust(
        size, b"\0"
    )


KINDS = {
    "template-flood": (template_flood, f"{TEMPLATES:,} templates"),
    "forged-exporters": (forged_exporters, f"{FORGED:,} forged exporters"),
    "spoiled-datagrams": (spoiled_datagrams, f"{SPOILED:,} spoiled datagrams"),
    "wandering-attack": (
        wandering_attack,
        f"an attack of {WANDERED} s on {WANDERED * 10_000:,} hosts in turn",
    ),
}


def growth(kind: str) -> float:
    """MiB more at the end than at the beginning, in this process."""
    with Meter(seed=1) as meter:
        meter.protect(protected("10.0.0.0/14", "2001:db8::/32"))
        before = held()
        KINDS[kind][0](meter)
        totals = meter.totals()
        assert totals["templates"] <= meter.sizes.templates
        assert totals["template_bytes"] <= meter.sizes.template_bytes
        assert len(meter.heard()) <= 2 * meter.sizes.sessions
        return held() - before


def measure() -> list[Figure]:
    """Bounds: templates 32 MiB (twice, as malloc keeps them), streams 8 MiB, rows of hosts and prefixes 200 MiB,
    hosts that are watched 32 MiB and what one second tells of them, for a moment, as much again."""
    bounds = {
        "template-flood": 80.0,
        "forged-exporters": 100.0,
        "spoiled-datagrams": 320.0,
        "wandering-attack": 160.0,
    }
    figures = []
    for kind, (_, what) in KINDS.items():
        ran = subprocess.run([sys.executable, __file__, kind], capture_output=True, text=True, check=True)
        what = f"memory grown by {what}"
        figures.append(Figure("endurance", what, float(ran.stdout), "MiB", bounds[kind], "at most"))
    return figures


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in KINDS:
        print(growth(sys.argv[1]))
    else:
        print(*measure(), sep="\n")
