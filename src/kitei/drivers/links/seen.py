"""What a kernel has of links: devices, addresses, our routes, and its switches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

PREFIX = "kt"
ALIAS = "kitei:"
PROTOCOL = 107  # marks our addresses (IFA_PROTO, Linux 5.18) and routes (rtm_protocol)
VXLAN_PORT = 4789


@dataclass(frozen=True, slots=True)
class Tunnel:
    """What makes a VXLAN device itself: made otherwise, it is another device."""

    number: int
    local: str | None
    remote: str | None
    mac: str
    port: int = VXLAN_PORT
    learning: bool = False


def tunnel_between(number: int, local: str, remote: str) -> Tunnel:
    """The tunnel two inner addresses ask for.

    Its MAC address follows from the near one: a device made anew is known to its neighbour already.
    """
    mac = "02:6b:" + IPv4Address(local).packed.hex(":")
    return Tunnel(number, local, remote, mac)


@dataclass(frozen=True, slots=True)
class Device:
    """An interface. `owner` is read from its alias; `tunnel` is None for anything but VXLAN."""

    name: str
    up: bool
    mtu: int
    owner: str | None = None
    tunnel: Tunnel | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An IPv4 address with prefix length on an interface; `marked` if it carries our protocol number."""

    port: str
    address: str
    marked: bool = True


@dataclass(frozen=True, slots=True)
class Way:
    """A static route of ours. `device` is where it leads out, None for a blackhole."""

    destination: str
    via: str | None
    metric: int
    device: str | None = None


@dataclass(frozen=True, slots=True)
class LinksSeen:
    """Devices by name, addresses, our routes, and the kernel's switches (`net/ipv4/ip_forward`) by path."""

    devices: Mapping[str, Device] = field(default_factory=dict)
    addresses: frozenset[Held] = frozenset()
    routes: frozenset[Way] = frozenset()
    switches: Mapping[str, str] = field(default_factory=dict)
