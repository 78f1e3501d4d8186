"""What a gateway's rules say of a flow: the one judgement that testers ask and engines are held against. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

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
