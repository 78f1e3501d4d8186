"""Cables between any two places of a lab, for what is not a VPN device: routers, servers, users, attackers.

A place is a network namespace, made when its first cable is laid. It is a host, a router (it forwards), or a
switch (its ports are one segment). Nothing laid is ever changed.
"""

import socket
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_interface
from pathlib import Path
from typing import Final

from kitei.lab.inside import NAMESPACES, call, enter_namespace, make_namespace, netlink

_NO_DAD: Final = 0x02  # IFA_F_NODAD
_SEGMENT: Final = "segment"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a cable: a port of a place and its addresses there, with prefix length."""

    place: str
    port: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable and its two ends."""

    one: End
    other: End


@dataclass(frozen=True, slots=True)
class Way:
    """A static route of a place: `destination` is a prefix or 'default'."""

    place: str
    destination: str
    via: str


@dataclass(slots=True)
class Cabling:
    """What has been laid so far, by (place, port), and the ways that were told."""

    places: set[str] = field(default_factory=set)
    ends: set[tuple[str, str]] = field(default_factory=set)
    ways: set[Way] = field(default_factory=set)

    def lay(
        self, cables: Iterable[Cable], ways: Iterable[Way], routers: Iterable[str], switches: Iterable[str]
    ) -> None:
        """Lay what is not yet there. Raises ValueError for a cable of which one end alone is there."""
        new = []
        for cable in cables:
            known = [(end.place, end.port) in self.ends for end in (cable.one, cable.other)]
            if known[0] != known[1]:
                raise ValueError(f"one end of {cable} is plugged in already, with another cable")
            if not known[0]:
                new.append(cable)
        places = dict.fromkeys(end.place for cable in new for end in (cable.one, cable.other))
        ways = [way for way in ways if way not in self.ways]
        roles = {**dict.fromkeys(routers, "router"), **dict.fromkeys(switches, "switch")}
        places |= dict.fromkeys([*(way.place for way in ways), *roles])
        call(None, _furnish, [name for name in places if name not in self.places], new)
        for place in places:
            ends = [end for cable in new for end in (cable.one, cable.other) if end.place == place]
            told = [way for way in ways if way.place == place]
            call(place, _settle, ends, told, roles.get(place, "host"))
        self.places |= set(places)
        self.ends |= {(end.place, end.port) for cable in new for end in (cable.one, cable.other)}
        self.ways |= set(ways)


def _furnish(places: Sequence[str], cables: Sequence[Cable]) -> None:
    """Make the places, then plug the cables in; in a process of its own, which moves from place to place."""
    for name in places:
        if Path(f"{NAMESPACES}/{name}").exists():
            continue  # a node of the estate, which the wires made
        make_namespace(name)
        with netlink() as net:
            net.link("set", index=1, state="up")
    for cable in cables:
        enter_namespace(cable.one.place)
        with netlink() as net:
            peer = {"ifname": cable.other.port, "net_ns_fd": f"{NAMESPACES}/{cable.other.place}"}
            net.link("add", ifname=cable.one.port, kind="veth", peer=peer)


def _settle(ends: Sequence[End], ways: Sequence[Way], role: str) -> None:
    """Addresses, routes, forwarding. IPv6 addresses are used at once, without duplicate detection."""
    if role == "router":
        for path in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            Path(f"/proc/sys/net/{path}").write_text("1")
    for which in ("all", "default"):
        Path(f"/proc/sys/net/ipv4/conf/{which}/rp_filter").write_text("0")
    with netlink() as net:
        if role == "switch" and not net.link_lookup(ifname=_SEGMENT):
            net.link("add", ifname=_SEGMENT, kind="bridge", br_mcast_snooping=0)
            net.link("set", index=net.link_lookup(ifname=_SEGMENT)[0], state="up")
        for end in ends:
            port = net.link_lookup(ifname=end.port)[0]
            for address in map(ip_interface, end.addresses):
                bits, flags = address.network.prefixlen, _NO_DAD if address.version == 6 else 0
                net.addr("add", index=port, address=str(address.ip), prefixlen=bits, flags=flags)
            if role == "switch":
                net.link("set", index=port, master=net.link_lookup(ifname=_SEGMENT)[0])
            net.link("set", index=port, state="up")
            # A veth takes what XDP sends back at the other end only while it gathers packets itself.
            subprocess.run(["ethtool", "-K", end.port, "gro", "on"], check=True, capture_output=True)
        for way in ways:
            family = socket.AF_INET6 if ":" in way.via else socket.AF_INET
            net.route("add", family=family, dst=way.destination, gateway=way.via)
