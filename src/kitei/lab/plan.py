"""What a lab is made of: machines from the estate, and each site's LAN segment with one host a prefix."""

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, ip_interface, ip_network


@dataclass(frozen=True, slots=True)
class Lan:
    """A prefix on a site's LAN and the gateway address its hosts use."""

    prefix: str
    gateway: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A site's LAN: the devices (node, port) on it and the prefixes used there."""

    site: str
    ports: tuple[tuple[str, str], ...]
    lans: tuple[Lan, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A customer's machine: one per LAN prefix. `address` has a prefix length."""

    name: str
    site: str
    prefix: str
    address: str
    gateway: str

    @property
    def ip(self) -> str:
        return str(ip_interface(self.address).ip)


def hosts_of(segment: Segment) -> tuple[Host, ...]:
    """One host for each prefix; it takes the last address that neither gateway nor devices can have."""
    return tuple(
        Host(
            f"{segment.site}.{lan.prefix.replace('/', '-')}",
            segment.site,
            lan.prefix,
            _host_address(lan),
            lan.gateway,
        )
        for lan in segment.lans
    )


def _host_address(lan: Lan) -> str:
    """The last usable address that is not the gateway or one of the two after it, which are the devices'."""
    network = IPv4Network(lan.prefix)
    gateway = int(IPv4Interface(lan.gateway).ip)
    for number in range(int(network.broadcast_address) - 1, int(network.network_address), -1):
        if not gateway <= number <= gateway + 2:
            return f"{IPv4Interface((number, network.prefixlen))}"
    raise ValueError(f"LAN {lan.prefix} with gateway {lan.gateway} has no address left for a host; a /29 has")


def subnet(address: str) -> str:
    """The network an interface address lies in."""
    return str(ip_interface(address).network)


def overlaps(one: str, other: str) -> bool:
    return ip_network(one).overlaps(ip_network(other))
