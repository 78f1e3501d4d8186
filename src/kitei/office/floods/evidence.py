"""Packets kept as evidence: excerpts that nodes captured while a target was under attack, beside the ledger.

Each is a pcap of its own, named by its target, its first second and its node. They can tell of people, so they
are kept as long as the history keeps seconds and flows, and no longer.
"""

import base64
import binascii
import os
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitei.clock import wall_clock
from kitei.network.events import Event
from kitei.network.sheaf import first_second
from kitei.office.home import Home
from kitei.office.office import Office
from kitei.store.history import KEPT_CLOSE_DAYS

if TYPE_CHECKING:
    from sqlalchemy import Connection

LARGEST: Final = 1 << 20
_MOST: Final = 200
"""Excerpts kept of one contract; the oldest go first."""
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_FILE: Final = re.compile(r"(\d{10})~([0-9A-Fa-f.]+)~(\d{1,3})~([A-Za-z0-9][A-Za-z0-9_.-]*)\.pcap")
_MAGIC: Final = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A file of packets towards a target from a second on, captured by a node."""

    path: Path
    at: int
    target: str
    node: str
    bytes: int


def keep_excerpt(home: Home, contract: str, target: str, at: int, node: str, pcap: bytes) -> Path:
    """Keep packets; the same contract, target, second and node again is the same file.

    Raises ValueError for what is no pcap of up to 1 MiB, or names nothing that can be a contract, target or node.
    """
    network = ip_network(target)
    if not _ID.fullmatch(contract) or not _ID.fullmatch(node) or not 10**9 <= at < 10**10:
        raise ValueError(f"{contract!r}, {at!r} and {node!r} are no contract, unix second and node")
    if len(pcap) > LARGEST or pcap[:4] not in _MAGIC:
        raise ValueError(
            f"an excerpt is a pcap of up to {LARGEST} bytes, this begins with {pcap[:4].hex()!r}"
        )
    folder = home.folder / "evidence" / contract
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    first = network.network_address
    address = str(first) if first.version == 4 else first.packed.hex()
    place = folder / f"{at}~{address}~{network.prefixlen}~{node}.pcap"
    if not place.exists():
        draft = folder / f".{place.name}"
        with draft.open("wb") as file:
            file.write(pcap)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(place)
        for old in sorted(folder.glob("*.pcap"))[:-_MOST]:
            old.unlink(missing_ok=True)
    return place


def excerpts_of(home: Home, contract: str, target: str, first: int, until: int) -> Iterator[Excerpt]:
    """What was kept of a target within a span, in order of time."""
    if not _ID.fullmatch(contract):
        return
    wanted = ip_network(target) if _is_network(target) else None
    for path in sorted((home.folder / "evidence" / contract).glob("*.pcap")):
        found = _FILE.fullmatch(path.name)
        if found and wanted is not None and first <= int(found[1]) < until:
            packed = bytes.fromhex(found[2]) if "." not in found[2] else IPv4Address(found[2]).packed
            kept = ip_network((packed, int(found[3])))
            if kept.version == wanted.version and kept.overlaps(wanted):
                yield Excerpt(path, int(found[1]), str(kept), found[4], path.stat().st_size)


def together(excerpts: Iterable[Excerpt]) -> bytes:
    """All their packets as one pcap, in order of time. ValueError: a file that cannot be read with the others."""
    heads: dict[bytes, Path] = {}
    packets: list[tuple[int, int, bytes]] = []
    for each in excerpts:
        raw = each.path.read_bytes()
        if raw[:4] != _MAGIC[0]:
            raise ValueError(
                f"{each.path} is in another order of bytes, or in nanoseconds; take it by itself"
            )
        heads.setdefault(raw[:16] + raw[20:24], each.path)
        if len(heads) > 1:
            raise ValueError(f"{each.path} has frames of another kind than {next(iter(heads.values()))}")
        packets += _packets(raw)
    if not packets:
        raise ValueError("no packets were kept")
    head = next(iter(heads))
    most = max(len(each) for *_, each in packets) - 16
    return b"".join(
        (head[:16], struct.pack("<I", max(most, 65535)), head[16:], *(p for *_, p in sorted(packets)))
    )


def _packets(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    """When, where in its file, and the record itself; one that was cut off is left out."""
    at = 24
    while at + 16 <= len(raw):
        seconds, micros, size = struct.unpack_from("<III", raw, at)
        end = at + 16 + size
        if end > len(raw):
            return
        yield seconds * 10**6 + micros, at, raw[at:end]
        at = end


def forget_excerpts(home: Home, today: date) -> int:
    """Drop what is older than it may be kept; how many."""
    oldest, count = first_second(today - timedelta(days=KEPT_CLOSE_DAYS)), 0
    for path in (home.folder / "evidence").glob("*/*.pcap"):
        found = _FILE.fullmatch(path.name)
        if found and int(found[1]) < oldest:
            path.unlink(missing_ok=True)
            count += 1
    return count


def take_excerpts(office: Office, node: str, events: tuple[Event, ...], _: "Connection") -> None:
    """Keep what nodes captured: bodies {contract, target, at, pcap: base64}. ValueError: one that cannot be kept."""
    for event in events:
        body = event.body
        at = body.get("at")
        try:
            pcap = base64.b64decode(str(body.get("pcap")), validate=True)
        except binascii.Error:
            raise ValueError("pcap is not base64") from None
        keep_excerpt(
            office.home,
            str(body.get("contract")),
            str(body.get("target")),
            _provider_second(office, at) if isinstance(at, int) else 0,
            node,
            pcap,
        )


def _provider_second(office: Office, second: int) -> int:
    """A collector's second is the world's; where the provider's clock is set ahead, set ahead with it."""
    now = office.clock()
    ahead = round((now - wall_clock()).total_seconds())
    return min((second, second + ahead), key=lambda each: abs(now.timestamp() - each))


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
