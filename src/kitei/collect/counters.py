"""What one target received in one second, and the figures thresholds are set on."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from kitei.values import JsonObject

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Counters:
    """Traffic towards one host or prefix in one second, scaled by sampling; `flows` and `sources` are not.

    `sources` is an estimate (about 18 % of standard error). `ports` are up to three destination ports with
    their packets, most first; a port with more than a third of the packets is always among them. `spilled`
    counts records of hosts that found no row of their own (only of an IPv6 prefix). `samples` are the packets
    that were really seen, at most 65,535: what the noise of sampling depends on.
    """

    bytes: int = 0
    packets: int = 0
    flows: int = 0
    tcp_bytes: int = 0
    tcp: int = 0
    syn: int = 0
    udp_bytes: int = 0
    udp: int = 0
    amp_bytes: int = 0
    icmp_bytes: int = 0
    icmp: int = 0
    fragments: int = 0
    sources: int = 0
    ports: tuple[tuple[int, int], ...] = ()
    spilled: int = 0
    samples: int = 0

    @property
    def other_bytes(self) -> int:
        return max(0, self.bytes - self.tcp_bytes - self.udp_bytes - self.icmp_bytes)

    @property
    def other(self) -> int:
        return max(0, self.packets - self.tcp - self.udp - self.icmp)

    def figure(self, metric: str) -> int:
        """The figure of one second that a threshold on `metric` is compared with."""
        name, factor = METRICS[metric]
        value = getattr(self, name)
        assert isinstance(value, int)
        return value * factor

    def json(self) -> JsonObject:
        """All but the ports."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "ports"}


# The order is that of `over` in native/targets.h. Bits a second are eight times the bytes counted.
METRICS: Final[Mapping[str, tuple[str, int]]] = {
    "bps": ("bytes", 8),
    "pps": ("packets", 1),
    "flows": ("flows", 1),
    "tcp-bps": ("tcp_bytes", 8),
    "tcp-pps": ("tcp", 1),
    "syn-pps": ("syn", 1),
    "udp-bps": ("udp_bytes", 8),
    "udp-pps": ("udp", 1),
    "amplified-bps": ("amp_bytes", 8),
    "icmp-bps": ("icmp_bytes", 8),
    "icmp-pps": ("icmp", 1),
    "fragment-pps": ("fragments", 1),
    "other-bps": ("other_bytes", 8),
    "other-pps": ("other", 1),
}


def together(several: Iterable[Counters]) -> Counters:
    """The sum; of sources the largest estimate, for some may be the same."""
    sums = dict.fromkeys(_SUMS, 0)
    sources, ports = 0, Counter[int]()
    for each in several:
        for name in _SUMS:
            sums[name] += getattr(each, name)
        sources = max(sources, each.sources)
        ports.update(dict(each.ports))
    top = sorted(ports.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    return Counters(**sums, sources=sources, ports=tuple(top))


_SUMS: Final = tuple(each.name for each in fields(Counters) if each.name not in {"sources", "ports"})
_UNITS: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def quantity(written: str | int) -> int:
    """`500M` → 500,000,000; a whole number as it is. ValueError says what would be right."""
    if isinstance(written, int) and not isinstance(written, bool):
        return written
    match = re.fullmatch(r"(\d+)(?:\.(\d{1,3}))?\s*([kMGT]?)", written) if isinstance(written, str) else None
    if match is None:
        raise ValueError(f"{written!r} is not a quantity such as 20000, '20k', '500M' or '1.5G'")
    whole, part, unit = match.groups()
    if part and not unit:
        raise ValueError(f"{written!r} is not whole")
    return int(whole) * _UNITS[unit] + int((part or "").ljust(3, "0") or 0) * _UNITS[unit] // 1000


def shown(value: int) -> str:
    """`1_500_000` → `1.5M`, for one line that a person reads."""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size:
            return f"{value / size:.3g}{unit}" if value < 1000 * size else f"{value // size}{unit}"
    return str(value)


@dataclass(frozen=True, slots=True)
class Second:
    """All that was counted in one second: `at` is its first moment, in whole seconds since 1970 (UTC).

    `hosts` holds the hosts that reached their prefix's handing-over limit, or all where that was asked for;
    `prefixes` every protected prefix with traffic. `active` counts hosts with traffic; `untold` those over a
    limit for which there was no room. In an `unheard` one exporters were overdue: what looks calm is not known
    to be. A `partial` one is not over yet, and holds hosts over their limits alone.
    """

    at: int
    hosts: Mapping[Address, Counters]
    prefixes: Mapping[Network, Counters]
    active: int = 0
    untold: int = 0
    partial: bool = False
    unheard: bool = False
