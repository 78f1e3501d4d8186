"""What is too much for whom: thresholds of a contract's hosts and prefixes, and when to believe them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from kitei.collect.counters import Address, Network

Scope = Literal["host", "prefix"]
Thresholds = Mapping[str, int]  # by metric; 0: none, whatever else is set


def no_thresholds() -> Thresholds:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Timing:
    """When an excess becomes an alarm, and calm its end. Seconds.

    An alarm needs `rise` seconds over a threshold among the last `window`; `soon` are enough where each of them is
    clear: by what is surely so at `clear_percent` of the threshold, and no established TCP, which comes in bursts.
    It ends after `calm` seconds in a row below `release_percent` of every threshold; a target that alarms again within `memory` of its release
    has to be calm twice as long each time, up to `calm_most`.
    """

    rise: int = 3
    window: int = 5
    soon: int = 2
    clear_percent: int = 150
    release_percent: int = 70
    calm: int = 60
    calm_most: int = 960
    memory: int = 3600


@dataclass(frozen=True, slots=True)
class Guards:
    """What is told apart from an attack.

    Sampling: the figure less `noise_sigmas` standard errors of its samples must still be over. A speed test
    (established TCP of at most `few_sources`) must last `patience` seconds, and then, as a long transfer, exceed
    `crowd_percent` of the threshold; so must a crowd (established TCP of more sources, most of it to a port of
    `services`). Established:
    at least `tcp_percent` of the packets are TCP, at most `syn_percent` of those SYN.
    """

    noise_sigmas: int = 2
    few_sources: int = 4
    patience: int = 40
    crowd_percent: int = 200
    services: tuple[int, ...] = (80, 443, 8080, 8443)
    tcp_percent: int = 80
    syn_percent: int = 20


# What volume alone says; SYN, UDP, ICMP, amplified and fragments do not come from speed tests or crowds.
VOLUME: Final = frozenset({"bps", "pps", "flows", "tcp-bps", "tcp-pps"})


@dataclass(frozen=True, slots=True)
class Override:
    """Thresholds of its own for a host or a part of a prefix; a metric not named stays as it is, 0 is none."""

    network: Network
    host: Thresholds


@dataclass(frozen=True, slots=True)
class Policy:
    """The thresholds of one contract: `host` for each address, `prefix` for the sum over each of `prefixes`.

    `version` goes into every decision, so that a replay names what it was judged by. A dry run decides the
    same and says that nothing is to follow. `follows` is what is to follow an alarm, as it was written: it is kept
    for those who write the policy again, and decides nothing here.
    """

    name: str
    prefixes: tuple[Network, ...]
    host: Thresholds = field(default_factory=no_thresholds)
    prefix: Thresholds = field(default_factory=no_thresholds)
    overrides: tuple[Override, ...] = ()
    timing: Timing = field(default_factory=Timing)
    guards: Guards = field(default_factory=Guards)
    dry_run: bool = False
    version: str = ""
    follows: Mapping[str, Any] = field(default_factory=no_thresholds)

    def of_host(self, address: Address) -> Thresholds:
        """The thresholds of one address: the most specific override of each metric, else the policy's own."""
        if not self.overrides:
            return self.host
        found = dict(self.host)
        for override in self.overrides:  # shortest first
            if address in override.network:
                found.update(override.host)
        return {metric: value for metric, value in found.items() if value}

    def told_from(self, network: Network) -> dict[str, int]:
        """From which figure on a host in `network` has to be heard of: the lowest release level of any."""
        lowest = {metric: value for metric, value in self.host.items() if value}
        for override in self.overrides:
            if override.network.version == network.version and override.network.overlaps(network):
                for metric, value in override.host.items():
                    if value:
                        lowest[metric] = min(value, lowest.get(metric, value))
        return {m: max(1, value * self.timing.release_percent // 100) for m, value in lowest.items()}


@dataclass(frozen=True, slots=True)
class Book:
    """All policies, and whose a prefix is.

    `tables` has one entry for each (IP version, prefix length) that occurs: the policies by the prefix's
    leading bits, as a number.
    """

    policies: tuple[Policy, ...]
    tables: tuple[tuple[int, int, Mapping[int, tuple[Policy, ...]]], ...]

    def of(self, address: Address) -> tuple[Policy, ...]:
        """The policies that protect an address, each once, in order of their names."""
        return self._covering(address.version, int(address), address.max_prefixlen)

    def over(self, network: Network) -> tuple[Policy, ...]:
        """The policies whose prefixes hold all of `network`."""
        return self._covering(network.version, int(network.network_address), network.prefixlen)

    def _covering(self, version: int, number: int, longest: int) -> tuple[Policy, ...]:
        bits = 32 if version == 4 else 128
        found: dict[str, Policy] = {}
        for each, length, table in self.tables:
            if each == version and length <= longest:
                for policy in table.get(number >> (bits - length), ()):
                    found[policy.name] = policy
        return tuple(found[name] for name in sorted(found)) if len(found) > 1 else tuple(found.values())

    def limits(self) -> dict[Network, dict[str, int]]:
        """What a meter must hand over: for each prefix the lowest level any policy asks of a host in it."""
        found: dict[Network, dict[str, int]] = {}
        for network in sorted({each for policy in self.policies for each in policy.prefixes}, key=str):
            lowest: dict[str, int] = {}
            for policy in self.over(network):
                for metric, value in policy.told_from(network).items():
                    lowest[metric] = min(value, lowest.get(metric, value))
            found[network] = lowest
        return found


def book_of(policies: tuple[Policy, ...]) -> Book:
    tables: dict[tuple[int, int], dict[int, tuple[Policy, ...]]] = {}
    for policy in policies:
        for network in policy.prefixes:
            table = tables.setdefault((network.version, network.prefixlen), {})
            number = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
            table[number] = (*table.get(number, ()), policy)
    return Book(policies, tuple((*key, tables[key]) for key in sorted(tables)))
