"""The maps of `native/maps.h` as values: the same structures, read and written."""

import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from socket import AF_INET, AF_INET6, htons, inet_ntop, inet_pton
from typing import Final

REASONS: Final = (
    "passed",
    "denied",
    "fragment",
    "malformed",
    "amplified",
    "unproven",
    "answer",
    "source",
    "ceiling",
)
LISTS, SYN_PROOF, NO_FRAGMENTS, REFLECTORS, HOSTS, ALLOWS_HOSTS = 1, 2, 4, 8, 16, 32
LISTS_MOST: Final = 2048
CONTRACTS: Final = 1024
FREE: Final = bytes(16)
DIRTY: Final = b"\xff" * 16
SECOND: Final = 10**9
TRUST: Final = 600 * SECOND
GUESS_COST, GUESS_BURST = SECOND, 8 * SECOND
BURST_SECONDS: Final = 0.04  # of the ceiling: what TCP sends at once over a long way must fit

_POLICY: Final = struct.Struct("=IIIIIHHQ16HI4x")
_CONTRACT: Final = struct.Struct("=64sQQQ")
_SETTINGS: Final = struct.Struct("=16sQQQQ16s")
_TALLY: Final = struct.Struct("=QQ")
_HEAD: Final = struct.Struct("=QIIII128s")
HEADS: Final = 512
GLOBAL: Final = "scrub.bss"
_PORTS: Final = 65536 // 8
_CONTRACT_TALLIES: Final = 16 * _TALLY.size
_RECENT: Final = 1024 * (_POLICY.size + 16) + 1024 * (_POLICY.size + 24)
_CORE: Final = _RECENT + CONTRACTS * _CONTRACT_TALLIES
SIZES: Final = {
    "settings": (4, _SETTINGS.size),
    "protected4": (8, _POLICY.size),
    "protected6": (20, _POLICY.size),
    "lists": (4, 16),
    "contracts": (4, _CONTRACT.size),
    "listed4": (12, 4),
    "listed6": (24, 4),
    "hosts4": (8, 4),
    "hosts6": (20, 4),
    ".data.changes": (4, 8),
    "senders": (16, 8),
    "guesses": (8, 8),
    "proven": (8, 8),
    "heads": (0, _HEAD.size),
}


@dataclass(frozen=True, slots=True)
class Policy:
    contract: int
    list: int
    flags: int
    source_cost: int

    def packed(self, ports: bytes) -> bytes:
        """`ports` as `ports_of` gives them."""
        hosts = self.list if self.flags & HOSTS else 0
        allows_hosts = bool(self.flags & ALLOWS_HOSTS)
        tallies = self.contract * _CONTRACT_TALLIES
        prefixes = self.list if self.flags & LISTS else 0
        flags = (self.flags, allows_hosts)
        near = scattered(ports)
        return _POLICY.pack(
            tallies, self.list, hosts, prefixes, self.contract, *flags, self.source_cost, *near
        )


def policy_of(value: bytes) -> Policy:
    _, listed, _, _, contract, flags, _, cost, *_ = _POLICY.unpack(value)
    return Policy(contract, listed, flags, cost)


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract's name and ceiling. An empty name is a free place."""

    name: str
    cost: int
    burst: int

    def packed(self) -> bytes:
        return _CONTRACT.pack(self.name.encode(), self.cost, self.burst, 0)


def contract_of(value: bytes) -> Contract:
    name, cost, burst, _ = _CONTRACT.unpack(value)
    return Contract(name.rstrip(b"\0").decode(), cost, burst)


def ceiling_of(clean_bps: int) -> tuple[int, int]:
    """What a byte costs and what may come at once, as the program counts: 1/256 ns; 0, 0: no ceiling."""
    if clean_bps <= 0:
        return 0, 0
    cost = 8 * SECOND * 256 * 65536 // clean_bps
    least = 65536 * cost >> 16  # one large TCP send must fit whatever the rate
    return cost, max(int(BURST_SECONDS * SECOND) * 256, least)


def source_cost_of(source_pps: int) -> int:
    return SECOND // source_pps if source_pps > 0 else 0


def settings(secret: bytes, made: bytes, *, is_veth: bool) -> bytes:
    return _SETTINGS.pack(secret, TRUST, GUESS_COST, GUESS_BURST, is_veth, made)


def made_of(value: bytes) -> bytes:
    """The digest of the sources that a running program was built from."""
    made: bytes = _SETTINGS.unpack(value)[5]
    return made


def slot(number: int) -> bytes:
    return struct.pack("=I", number)


def slot_of(value: bytes) -> int:
    number: int = struct.unpack("=I", value)[0]
    return number


def read_prefix(text: str) -> tuple[int, int, int] | None:
    """Family, address as a number, and length; None for what is no prefix. Many times faster than `ip_network`."""
    address, slash, length = text.partition("/")
    version, bits = (6, 128) if ":" in address else (4, 32)
    try:
        number = int.from_bytes(inet_pton(AF_INET6 if version == 6 else AF_INET, address))
    except (OSError, ValueError):
        return None
    if not slash:
        return version, number, bits
    if not (length.isascii() and length.isdecimal()) or int(length) > bits:
        return None
    left = bits - int(length)
    return None if number & ((1 << left) - 1) else (version, number, int(length))


def prefix_text(version: int, number: int, length: int) -> str:
    family, size = (AF_INET6, 16) if version == 6 else (AF_INET, 4)
    return f"{inet_ntop(family, number.to_bytes(size))}/{length}"


def protected_key(prefix: str) -> tuple[str, bytes]:
    """The table of a protected prefix, and its key there."""
    address, _, length = prefix.partition("/")
    version, family = (6, AF_INET6) if ":" in address else (4, AF_INET)
    return f"protected{version}", struct.pack("=I", int(length)) + inet_pton(family, address)


def prefix_of(key: bytes) -> str:
    length: int = struct.unpack("=I", key[:4])[0]
    return prefix_text(4 if len(key) == 8 else 6, int.from_bytes(key[4:]), length)


def listed_key(number: int, prefix: str) -> tuple[str, bytes]:
    """The table that an entry of a list belongs to, and its key there. `prefix` is as `prefix_text` writes it."""
    address, _, length = prefix.partition("/")
    version, most = (6, 128) if ":" in address else (4, 32)
    packed = inet_pton(AF_INET6 if version == 6 else AF_INET, address)
    if int(length) == most:
        return f"hosts{version}", struct.pack("=I", number) + packed
    return f"listed{version}", struct.pack("=II", 32 + int(length), number) + packed


LISTED: Final = ("listed4", "listed6", "hosts4", "hosts6")


def list_in(table: str, key: bytes) -> int:
    number: int = struct.unpack_from("=I", key, 4 if table.startswith("listed") else 0)[0]
    return number


def ports_of(ports: Iterable[int]) -> bytes:
    """A bit for each UDP port; a port is the number that this machine reads where the network has written it."""
    bits = bytearray(_PORTS)
    for port in map(htons, ports):
        bits[port >> 3] |= 1 << (port & 7)
    return bytes(bits)


@lru_cache(maxsize=64)
def scattered(bits: bytes) -> tuple[int, ...]:
    """Ports at sixteen places, and the factor by which each is found; all 0 where there are none, or more than twelve.

    A place that no port takes has one that belongs elsewhere, so that nobody finds it there.
    """
    ports = [n for n in range(65536) if bits[n >> 3] >> (n & 7) & 1] if any(bits) else []
    for n in range(1, 1 << 16 if 0 < len(ports) <= 12 else 0):
        factor = n * 0x9E3779B1 & 0xFFFFFFFF
        places = {(port * factor & 0xFFFFFFFF) >> 28: port for port in ports}
        if len(places) == len(ports):
            return (*(places.get(place, ports[0]) for place in range(16)), factor)
    return (0,) * 17


def count_of(value: bytes) -> int:
    return int.from_bytes(value, sys.byteorder)


def count(number: int) -> bytes:
    return number.to_bytes(8, sys.byteorder)


def memory_size(cores: int) -> int:
    """Of the global data, `struct memory`."""
    return cores * _CORE + LISTS_MOST * _PORTS


def tallies_at(core: int, contract: int) -> slice:
    """Where a core counts a contract's packets in the global data."""
    start = core * _CORE + _RECENT + contract * _CONTRACT_TALLIES
    return slice(start, start + _CONTRACT_TALLIES)


def ports_at(cores: int, number: int) -> slice:
    """Where the ports of a list's reflectors are in the global data."""
    start = cores * _CORE + number * _PORTS
    return slice(start, start + _PORTS)


def tallies_of(value: bytes) -> dict[str, tuple[int, int]]:
    """Packets and bytes for each reason."""
    return dict(zip(REASONS, _TALLY.iter_unpack(value), strict=False))  # some places are spare


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a packet: when it came (ns of the machine's uptime), the place of its contract, the reason it
    was counted under, and how long it says its IP packet is."""

    at: int
    contract: int
    reason: str
    size: int
    start: bytes


def head_of(value: bytes) -> Head:
    at, contract, reason, size, kept, start = _HEAD.unpack(value)
    there = min(
        kept, max(size, 20)
    )  # without what fills up a short frame, if it does not lie about its length
    return Head(at, contract, REASONS[reason], size, start[:there])
