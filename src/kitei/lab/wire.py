"""The wires of a lab: the operator's WAN, its closed monitoring line, and each site's LAN, as bridges.

Every device is a network namespace named after its node, with its WAN, LAN and closed ports and nothing
configured: addresses are the agent's work. Two namespaces hold the bridges: `.wan` (which also routes
between WAN subnets, as the operator's network does) and `.lan`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from kitei.lab.inside import NAMESPACES, call, enter_namespace, make_namespace, netlink
from kitei.lab.plan import Host, Segment, hosts_of
from kitei.network import Machine

WAN = ".wan"
LAN = ".lan"


@dataclass(frozen=True, slots=True)
class Plug:
    """One cable: `port` of a node (or host) at one end, `jack` of a bridge at the other."""

    node: str
    port: str
    wire: str
    bridge: str
    jack: str


@dataclass(slots=True)
class Wires:
    """What has been laid so far. `plugs` are by (node, port); bridges are named `b0`, `b1`, ... by place."""

    namespaces: set[str] = field(default_factory=set)
    bridges: dict[str, str] = field(default_factory=dict)
    plugs: dict[tuple[str, str], Plug] = field(default_factory=dict)
    gateways: set[str] = field(default_factory=set)
    hosts: dict[str, Host] = field(default_factory=dict)

    def lay(
        self, machines: Iterable[Machine], segments: Iterable[Segment], monitor: tuple[str, str] | None = None
    ) -> None:
        """Lay what is not yet there; nothing that is there is touched. `monitor` is (node, closed port)."""
        machines, segments = list(machines), list(segments)
        hosts = [host for s in segments for host in hosts_of(s) if host.name not in self.hosts]
        cables = [(m.node, m.wan_port, WAN, "wan") for m in machines]
        cables += [(node, port, LAN, f"site {s.site}") for s in segments for node, port in s.ports]
        cables += [(m.node, m.closed_port, LAN, "closed line") for m in machines if m.closed_port]
        cables += [(*monitor, LAN, "closed line")] if monitor else []
        cables += [(host.name, "eth0", LAN, f"site {host.site}") for host in hosts]
        known = set(self.bridges.values())
        plugs = [self._plug(*cable) for cable in cables if cable[:2] not in self.plugs]
        names = [
            name
            for name in dict.fromkeys([WAN, LAN, *(p.node for p in plugs)])
            if name not in self.namespaces
        ]
        call(None, _make_namespaces, names)
        self.namespaces.update(names)
        gateways = {f"{m.wan_gateway}/{ip_interface(m.wan_address).network.prefixlen}" for m in machines}
        for wire, addresses in ((WAN, sorted(gateways - self.gateways)), (LAN, [])):
            routed = [(self.bridges["wan"], address) for address in addresses]
            ours = [plug for plug in plugs if plug.wire == wire]
            bridges = [name for name in dict.fromkeys(plug.bridge for plug in ours) if name not in known]
            call(wire, _plug_in, bridges, [(p.jack, p.bridge, p.node, p.port) for p in ours], routed)
        self.gateways |= gateways
        call(None, _settle_hosts, [(host.name, host.address, host.gateway) for host in hosts])
        self.hosts |= {host.name: host for host in hosts}

    def _plug(self, node: str, port: str, wire: str, place: str) -> Plug:
        bridge = self.bridges.setdefault(place, f"b{len(self.bridges)}")
        plug = Plug(node, port, wire, bridge, f"p{len(self.plugs)}")
        self.plugs[node, port] = plug
        return plug

    def plugs_of(self, node: str) -> list[Plug]:
        """A node's cables. Raises KeyError for a node the lab does not have."""
        found = [plug for (owner, _), plug in self.plugs.items() if owner == node]
        if not found:
            there = ", ".join(sorted({owner for owner, _ in self.plugs}))
            raise KeyError(f"{node!r} is no node of this lab; there are {there}")
        return found

    def hosts_at(self, site: str) -> list[Host]:
        """The hosts of a site, in the order of their prefixes' coming."""
        return [host for host in self.hosts.values() if host.site == site]


def _make_namespaces(names: Sequence[str]) -> None:
    for name in names:
        make_namespace(name)
        with netlink() as net:
            net.link("set", index=1, state="up")


def _plug_in(
    bridges: Sequence[str], cables: Sequence[Sequence[str]], gateways: Sequence[Sequence[str]]
) -> None:
    """Runs in a wire's namespace. The WAN's bridge holds its subnets' gateways and routes between them."""
    for which in ("all", "default"):
        Path(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6").write_text("1")
    with netlink() as net:
        index: dict[str, int] = {}
        for name in bridges:
            net.link("add", ifname=name, kind="bridge", br_mcast_snooping=0)
            net.link("set", index=_index(net, index, name), state="up")
        for jack, bridge, node, port in cables:
            peer = {"ifname": port, "net_ns_fd": f"{NAMESPACES}/{node}"}
            net.link("add", ifname=jack, kind="veth", peer=peer)
            net.link("set", index=_index(net, index, jack), master=_index(net, index, bridge), state="up")
        for bridge, gateway in gateways:
            mine = ip_interface(gateway)
            at = _index(net, index, bridge)
            net.addr("add", index=at, address=str(mine.ip), prefixlen=mine.network.prefixlen)
    if gateways:
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _index(net: Any, known: dict[str, int], name: str) -> int:
    if name not in known:
        known[name] = net.link_lookup(ifname=name)[0]
    return known[name]


def _settle_hosts(hosts: Sequence[Sequence[str]]) -> None:
    """Give customers' machines their address and default route."""
    for name, address, gateway in hosts:
        enter_namespace(name)
        mine = ip_interface(address)
        with netlink() as net:
            port = net.link_lookup(ifname="eth0")[0]
            net.addr("add", index=port, address=str(mine.ip), prefixlen=mine.network.prefixlen)
            net.link("set", index=port, state="up")
            net.route("add", dst="default", gateway=gateway)
