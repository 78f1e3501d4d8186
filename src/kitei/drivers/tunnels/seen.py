"""What a node has of return tunnels: their near ends, the routes into them, and the clamp."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Literal

from kitei.network import ReturnTunnel

PREFIX = "kr"  # of our devices' names; the tunnel's number follows
PROTOCOL = 108  # marks our routes (rtm_protocol)
PORT = 4789  # VXLAN's (RFC 7348)


@dataclass(frozen=True, slots=True)
class End:
    """A tunnel's end as a device. `stands_in`: VXLAN where GRE was asked for and the kernel has none.

    `number` is the VNI, or the GRE key (RFC 2890).
    """

    kind: Literal["gre", "vxlan"]
    number: int
    local: str
    remote: str
    mtu: int
    owner: str
    stands_in: bool = False
    up: bool = True
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Into:
    """A route into a tunnel; `via` is None where the device leads to one place only (GRE)."""

    prefix: str
    device: str
    via: str | None


@dataclass(frozen=True, slots=True)
class TunnelsSeen:
    """Ends by device name. `clamp` is the digest of the filter last loaded, None: absent or changed since."""

    present: bool = False
    ends: Mapping[str, End] = field(default_factory=dict)
    routes: frozenset[Into] = frozenset()
    clamp: str | None = None


def device_of(part: ReturnTunnel) -> str:
    return f"{PREFIX}{part.number}"


def mac_of(outer: str) -> str:
    """An end's MAC address follows from its outer one: made anew, it is known to the other already."""
    return "02:6c:" + ip_address(outer).packed[-4:].hex(":")


def link_local_of(outer: str) -> str:
    """By which IPv6 is handed to that end (RFC 4291, appendix A): the inner addresses may be IPv4."""
    mac = bytes.fromhex(mac_of(outer).replace(":", ""))
    suffix = bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + suffix))
