"""The numbering plan inside a VPN network: every number follows from a site's own, so none moves when others come or go.

Each VPN network has its own devices, so all networks use the same plan, side by side, and never meet.
"""

from ipaddress import IPv4Address, IPv4Interface
from typing import Final

INNER_PREFIX: Final = "100.64.0.0/16"
SITES: Final = 32_000
_ASN: Final = 4_200_000_000
_INNER: Final = int(IPv4Address("100.64.0.0"))
_LINKS: Final = int(IPv4Address("100.80.0.0"))


def device_number(site: int, slot: str) -> int:
    """0 and 1 are the parent's devices, 2n and 2n+1 child n's. ValueError beyond 32,000 sites."""
    if not 0 <= site < SITES:
        raise ValueError(f"site number {site} is beyond the {SITES} sites one VPN network can number")
    return 2 * site + (slot == "b")


def inner_address(device: int) -> str:
    """The host address that a device's associations protect (shared address space, RFC 6598)."""
    return _dotted(_INNER + device + 1)


def link_number(hub: int, device: int) -> int:
    """The VNI of the link between hub device 0 or 1 and a child's device."""
    return hub * 65_536 + device


def link_name(hub: int, device: int) -> str:
    """The overlay's interface name, the same at both ends; at most 15 characters."""
    return f"kt{hub}-{device}"


def link_addresses(hub: int, device: int) -> tuple[str, str]:
    """The /31 of a link: the hub's end, the child's end."""
    first = _LINKS + 2 * link_number(hub, device)
    return _dotted(first), _dotted(first + 1)


def asn(site: int) -> int:
    """A private 4-octet number (RFC 6996) for each site."""
    return _ASN + site


def lan_addresses(gateway: str, prefix: str, devices: int) -> tuple[str, ...]:
    """Each device's own address on a LAN: the gateway itself for one device, else the next two after it.

    ValueError when the prefix has no room for them.
    """
    length = prefix.partition("/")[2]
    if devices == 1:
        return (f"{gateway}/{length}",)
    first = IPv4Interface(f"{gateway}/{length}")
    last = first.network.broadcast_address
    own = [first.ip + step for step in range(1, devices + 1)]
    if own[-1] >= last:
        raise ValueError(f"LAN {prefix} has no room after gateway {gateway} for {devices} devices' addresses")
    return tuple(f"{address}/{length}" for address in own)


def _dotted(number: int) -> str:
    """An address from its number; ten times as quick as by way of IPv4Address, and asked for each link."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
