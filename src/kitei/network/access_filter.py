"""What a gateway's rules say of a flow: the one judgement that testers ask and engines are held against. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network

from kitei.network.access import FilterRule
from kitei.network.expiry import has_expired

Network = IPv4Network | IPv6Network

ICMP = frozenset({"icmp", "ipv6-icmp"})
NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58}


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow by its first packet. `protocol` is `tcp`, `udp`, `icmp`, `ipv6-icmp` or a number; `port` its
    destination's, 0 where the protocol has none."""

    source: str
    destination: str
    protocol: str
    port: int = 0


def in_order(rules: Iterable[FilterRule], at: datetime | None = None) -> tuple[FilterRule, ...]:
    """The rules as they are gone through; with `at`, those that have not ended by then."""
    alive = (rule for rule in rules if at is None or not has_expired(rule, at))
    return tuple(sorted(alive, key=lambda rule: (rule.number, rule.name)))


def judge(rules: Sequence[FilterRule], flow: Flow) -> FilterRule | None:
    """The rule that decides on a flow, of rules in order; None: none does, and it is denied."""
    return next((rule for rule in rules if fits(rule, flow)), None)


def fits(rule: FilterRule, flow: Flow) -> bool:
    return (
        _is_among(flow.source, rule.sources)
        and _is_among(flow.destination, rule.destinations)
        and (not rule.services or any(_is_by(flow, each) for each in rule.services))
    )


def covers(one: FilterRule, other: FilterRule) -> bool:
    """Whether all that fits `other` fits `one`, for as long as `other` lasts."""
    return (
        _serves(one.services, other.services)
        and _outlasts(one.until, other.until)
        and _holds(one.sources, other.sources)
        and _holds(one.destinations, other.destinations)
    )


def _serves(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if not wide or wide == narrow:
        return True
    return bool(narrow) and all(any(_is_within(each, wider) for wider in wide) for each in narrow)


def _outlasts(one: str | None, other: str | None) -> bool:
    if one is None or one == other:
        return True
    return other is not None and datetime.fromisoformat(one) >= datetime.fromisoformat(other)


def _holds(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Whether every address of `narrow` is one of `wide`."""
    if not wide or wide == narrow:
        return True
    if not narrow:
        return False
    nets, own = networks_of(wide), networks_of(narrow)
    match wide[0].startswith("!"), narrow[0].startswith("!"):
        case False, False:
            return all(any(_lies_in(each, net) for net in nets) for each in own)
        case True, True:
            return all(any(_lies_in(net, each) for each in own) for net in nets)
        case True, False:
            return not any(each.version == net.version and each.overlaps(net) for each in own for net in nets)
        case _:
            return False


def _is_within(service: str, wider: str) -> bool:
    name, _, ports = service.partition("/")
    other, _, range_ = wider.partition("/")
    if name != other:
        return False
    if not range_ or name in ("icmp", "proto"):
        return ports == range_ or not range_
    if not ports:
        return False
    (low, _, high), (first, _, last) = ports.partition("-"), range_.partition("-")
    return int(first) <= int(low) and int(high or low) <= int(last or first)


@lru_cache(maxsize=1 << 15)
def networks_of(prefixes: tuple[str, ...]) -> tuple[Network, ...]:
    """Neighbours joined, so that two halves hold what the whole does."""
    nets = [ip_network(each.removeprefix("!")) for each in prefixes]
    four = collapse_addresses(net for net in nets if isinstance(net, IPv4Network))
    six = collapse_addresses(net for net in nets if isinstance(net, IPv6Network))
    return (*four, *six)


def _lies_in(inner: Network, outer: Network) -> bool:
    return (
        inner.version == outer.version
        and inner.prefixlen >= outer.prefixlen
        and inner.network_address in outer
    )


def _is_among(address: str, prefixes: Sequence[str]) -> bool:
    """A family of which nothing is said is not meant, unless all but something is."""
    if not prefixes:
        return True
    wanted = not prefixes[0].startswith("!")
    found = ip_address(address)
    nets = (ip_network(each.removeprefix("!")) for each in prefixes)
    return any(net.version == found.version and found in net for net in nets) is wanted


def _is_by(flow: Flow, service: str) -> bool:
    name, _, ports = service.partition("/")
    if name == "icmp":
        return flow.protocol in ICMP
    if name == "proto":
        return str(NUMBERS.get(flow.protocol, flow.protocol)) == ports
    if flow.protocol != name:
        return False
    low, _, high = ports.partition("-")
    return not ports or int(low) <= flow.port <= int(high or low)
