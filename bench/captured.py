"""Real captures of ordinary traffic, as a day to be quiet on: what routers of many makers exported, and packets.

They lie beside the repository, in `../shared/data/flows`; where they are not, there is no such day. Each exporter
speaks from an address of its own, its templates before its data; packets are told by sFlow, one of one, at the
distances they were captured at.
"""

import re
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from kitei.collect.capture import frames, is_capture, messages
from kitei.collect.counters import Network
from kitei.collect.meter import Flow, Meter

PLACE: Final = Path(__file__).parents[2] / "shared" / "data" / "flows"
_PART: Final = re.compile(r"_(opt)?(tpls?|data)[0-9x_-]*.*$")
_LONGEST: Final = 1.0  # seconds between two packets: captures wait for hours


@dataclass(frozen=True)
class Told:
    """A datagram of an exporter: `after` so many seconds, from its own `source`, to the NetFlow or the sFlow port."""

    after: float
    source: str
    is_sflow: bool
    datagram: bytes


def day() -> tuple[Told, ...]:
    """All captures one after another; none where they are not here."""
    if not PLACE.is_dir():
        return ()
    return (*_exports(), *_packets())


def networks(told: Sequence[Told]) -> tuple[Network, ...]:
    """The networks that hold what the day's flows go to: /24s and /64s."""
    found = {
        ip_network((each.dst, 24 if each.dst.version == 4 else 64), strict=False) for each in flows(told)
    }
    return tuple(sorted((each for each in found if not each.is_unspecified), key=str))


def flows(told: Sequence[Told]) -> Iterator[Flow]:
    with Meter() as meter:
        meter.tap(1 << 16)
        for n, each in enumerate(told):
            meter.feed(each.datagram, each.source, 2055, 10**18 + n)
        yield from meter.tapped()


def _exports() -> Iterator[Told]:
    """Of files that hold datagrams of NetFlow and IPFIX: by exporter, what tells templates first."""
    exporters: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(each for each in PLACE.rglob("*") if each.suffix in {".dat", ".ipfix"}):
        exporters[_PART.sub("", path.stem)].append(path)
    for n, files in enumerate(exporters.values()):
        for path in sorted(files, key=lambda each: "tpl" not in each.stem):
            for message in messages(path):
                yield Told(0.05, f"127.0.2.{n + 1}", False, message)


def _packets() -> Iterator[Told]:
    number = 0
    for path in sorted(each for each in PLACE.rglob("*") if each.suffix in {".pcap", ".pcapng"}):
        if not is_capture(path):
            continue
        before = None
        for frame in frames(path):
            after = min(_LONGEST, max(0.0, (frame.at_ns - (before or frame.at_ns)) / 1e9))
            before = frame.at_ns
            number += 1
            yield Told(after, "127.0.3.1", True, _sample(frame.head, frame.length, number))


def _sample(head: bytes, length: int, number: int) -> bytes:
    kept = head[:128]
    element = struct.pack(">IIII", 1, length, 0, len(kept)) + kept.ljust(-(-len(kept) // 4) * 4, b"\0")
    record = struct.pack(">II", 1, len(element)) + element
    sample = struct.pack(">8I", number, 1, 1, number, 0, 1, 2, 1) + record
    return (
        struct.pack(">IIIIIII", 5, 1, 0x7F000301, 0, number, 3_600_000 + number, 1)
        + struct.pack(">II", 1, len(sample))
        + sample
    )
