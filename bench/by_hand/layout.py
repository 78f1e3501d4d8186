"""A hand-made VPN network: its devices, who talks to whom, and the files a person would write for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from kitei.lab.plan import Lan, Segment
from kitei.network import Machine

WAN = IPv4Address("198.18.0.0")
INNER = IPv4Address("100.64.0.0")
LINKS = IPv4Address("100.80.0.0")


@dataclass(frozen=True, slots=True)
class Device:
    """One box. `number` is its own, `site` 0 for the parent, `slot` 0 or 1 at its site."""

    node: str
    number: int
    site: int
    slot: int
    is_alone: bool

    @property
    def wan(self) -> str:
        return str(WAN + self.number + 1)

    @property
    def inner(self) -> str:
        return str(INNER + self.number + 1)

    @property
    def prefix(self) -> str:
        return lan_of(self.site)

    @property
    def gateway(self) -> str:
        return f"10.{self.site}.0.1"

    @property
    def lan(self) -> str:
        """Its own LAN address: the gateway where it is alone, else one of the two after it."""
        return self.gateway if self.is_alone else f"10.{self.site}.0.{2 + self.slot}"

    @property
    def asn(self) -> int:
        return 4200000000 + self.site


@dataclass(frozen=True, slots=True)
class Link:
    """An association and a VXLAN between a hub and a child's device; `name` is the interface's at both ends."""

    hub: Device
    edge: Device

    @property
    def number(self) -> int:
        return self.hub.slot * 4096 + self.edge.number

    def name(self, at: Device) -> str:
        return f"x{self.other(at).number}"

    def other(self, at: Device) -> Device:
        return self.edge if at == self.hub else self.hub

    def address(self, at: Device) -> str:
        return str(LINKS + 2 * self.number + (0 if at == self.hub else 1))


@dataclass(frozen=True, slots=True)
class Layout:
    """`hubs` parent devices and a site for each number of `edges` (1 or 2 devices)."""

    devices: tuple[Device, ...]
    links: tuple[Link, ...]
    routed: bool

    def links_of(self, device: Device) -> tuple[Link, ...]:
        return tuple(link for link in self.links if device in (link.hub, link.edge))

    def mate_of(self, device: Device) -> Device | None:
        mates = [other for other in self.devices if other.site == device.site and other != device]
        return mates[0] if mates else None

    def machines(self) -> list[Machine]:
        return [
            Machine(d.node, "by-hand", d.node, "wan0", f"{d.wan}/16", "198.18.255.254", "lan0")
            for d in self.devices
        ]

    def segments(self) -> list[Segment]:
        sites = dict.fromkeys(device.site for device in self.devices)
        return [
            Segment(
                f"s{site}",
                tuple((d.node, "lan0") for d in self.devices if d.site == site),
                (Lan(lan_of(site), f"10.{site}.0.1"),),
            )
            for site in sites
        ]


def lay_out(hubs: int, edges: Sequence[int], routed: bool) -> Layout:
    """`routed`: BGP and BFD; otherwise static routes, for one path only."""
    parents = tuple(Device(f"h{slot}", slot, 0, slot, hubs == 1) for slot in range(hubs))
    children = tuple(
        Device(f"c{site}{'ab'[slot]}", 2 * site + slot, site, slot, count == 1)
        for site, count in enumerate(edges, 1)
        for slot in range(count)
    )
    return Layout(parents + children, tuple(Link(h, c) for c in children for h in parents), routed)


def lan_of(site: int) -> str:
    return f"10.{site}.0.0/24"
