"""Can a packet of this customer reach that address? Answered from compiled intent alone, without a network.

It follows one packet the way the nodes would: the LAN's gateway, the filter, the best route, the protected
link, the filter at the far end. What no part lets pass is dropped, and the answer says where and by what.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TypeVar

from kitei.network.intent import Intent, NodeIntent
from kitei.network.parts import (
    Address,
    Allow,
    Bgp,
    BgpNeighbour,
    Gateway,
    Guard,
    Overlay,
    Part,
    Port,
    Route,
    SecureLink,
)

P = TypeVar("P", bound=Part)
_MOST_HOPS = 8


@dataclass(frozen=True, slots=True)
class Hop:
    """A node on the way, and the part that let the packet on or was missed (`lacks`)."""

    node: str
    part: Part | None = None
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether it arrives, by which way, and for each hop which part was responsible."""

    arrives: bool
    hops: tuple[Hop, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(hop.node for hop in self.hops))


@dataclass(frozen=True, slots=True)
class Node:
    """A node's parts by kind, addresses read once."""

    name: str
    parts: Mapping[type, Sequence[Part]]
    lan: str | None
    lans: tuple[tuple[IPv4Interface, Address], ...]

    def of(self, kind: type[P]) -> Sequence[P]:
        return self.parts.get(kind, ())  # type: ignore[return-value]


@dataclass(slots=True)
class Reach:
    """An intent, made ready for many questions."""

    intent: Intent
    _nodes: dict[str, Node] = field(init=False)
    _ends: dict[tuple[str, str, int], tuple[str, Overlay]] = field(init=False)

    def __post_init__(self) -> None:
        self._nodes = {name: _node(node) for name, node in self.intent.nodes.items()}
        self._ends = {}
        for node in self._nodes.values():
            links = {(link.local_inner, link.remote_inner): link for link in node.of(SecureLink)}
            for overlay in node.of(Overlay):
                link = links.get((overlay.local_inner, overlay.remote_inner))
                if link is not None and _is_guarded(node, link):
                    self._ends[(link.local, link.remote, overlay.number)] = (node.name, overlay)

    def ask(self, site: str, source: str, target: str, without: Collection[str] = ()) -> Passage:
        """Follow a packet that a host on the LAN of `site` (a contract's id) sends, some nodes being dead."""
        src, dst = IPv4Address(source), IPv4Address(target)
        hops: list[Hop] = []
        gateway = self._gateway(site, src, without)
        if gateway is None:
            return Passage(False, (Hop("", None, f"a gateway for {source} at {site}"),))
        node, inbound = gateway, gateway.lan or ""
        for _ in range(_MOST_HOPS):
            if any(dst in address.network for address, _ in node.lans):
                outbound, part, beyond = node.lan or "", None, None
            else:
                outbound, part, beyond = self._next(node, dst, without)
            if not outbound:
                hops.append(Hop(node.name, None, f"a route to {target}"))
                return Passage(False, tuple(hops))
            allow = _allowing(node, inbound, src, outbound, dst)
            if allow is None:
                hops.append(
                    Hop(node.name, part, f"an Allow from {source} ({inbound}) to {target} ({outbound})")
                )
                return Passage(False, tuple(hops))
            hops += [Hop(node.name, part)] if part else []
            hops.append(Hop(node.name, allow))
            if beyond is None:
                return Passage(True, tuple(hops))
            node, inbound = beyond
        return Passage(False, (*hops, Hop(node.name, None, "an end: the packet goes in circles")))

    def _gateway(self, site: str, src: IPv4Address, without: Collection[str]) -> Node | None:
        """Who forwards for a host: the highest alive holder of its gateway, or the one device there."""
        found = [
            node
            for node in self._nodes.values()
            if node.name not in without and any(address.origin.owner == site for _, address in node.lans)
        ]
        near = [node for node in found if any(src in address.network for address, _ in node.lans)] or found
        return max(near, key=_gateway_rank, default=None)

    def _next(
        self, node: Node, dst: IPv4Address, without: Collection[str]
    ) -> tuple[str, Part | None, tuple[Node, str] | None]:
        """Outgoing interface, the part that chose it, and the node it leads to with the interface there."""
        static = [r for r in node.of(Route) if r.via and r.destination != "0.0.0.0/0"]
        for route in static:
            if dst in IPv4Network(route.destination) and (over := self._over(node, route.via or "", without)):
                return over[0], route, over[1]
        for _, neighbour in sorted(self._paths(node, dst, without), key=lambda path: path[0]):
            if over := self._over(node, neighbour.address, without):
                return over[0], neighbour, over[1]
        return "", None, None

    def _paths(
        self, node: Node, dst: IPv4Address, without: Collection[str], through_twin: bool = True
    ) -> Iterator[tuple[tuple[int, int], BgpNeighbour]]:
        """The BGP paths to an address: metric first, own before the twin's."""
        own = {bgp.asn for bgp in node.of(Bgp)}
        for neighbour in node.of(BgpNeighbour):
            if not any(dst in IPv4Network(prefix) for prefix in neighbour.accepts):
                continue
            over = self._over(node, neighbour.address, without)
            if over is None:
                continue
            peer = over[1][0]
            if neighbour.asn not in own:
                if any(dst in IPv4Network(p) for bgp in peer.of(Bgp) for p in bgp.announces):
                    yield (neighbour.metric, 0), neighbour
            elif through_twin:
                theirs = [metric for metric, _ in self._paths(peer, dst, without, through_twin=False)]
                if theirs:
                    yield (min(theirs)[0], 1), neighbour

    def _over(self, node: Node, via: str, without: Collection[str]) -> tuple[str, tuple[Node, str]] | None:
        """The interface towards a next hop, and the node and interface it arrives at."""
        hop = IPv4Address(via)
        for overlay in node.of(Overlay):
            if hop in IPv4Interface(overlay.address).network:
                link = next((k for k in node.of(SecureLink) if k.remote_inner == overlay.remote_inner), None)
                end = self._ends.get((link.remote, link.local, overlay.number)) if link else None
                if link is None or end is None or end[0] in without or not _is_guarded(node, link):
                    return None
                return overlay.name, (self._nodes[end[0]], end[1].name)
        for address, part in node.lans:
            if hop in address.network:
                twin = next(
                    (
                        other
                        for other in self._nodes.values()
                        if other.name not in without
                        and any(a.ip == hop and p.origin.owner == part.origin.owner for a, p in other.lans)
                    ),
                    None,
                )
                return (node.lan or "", (twin, twin.lan or "")) if twin else None
        return None


def _node(intent: NodeIntent) -> Node:
    parts: dict[type, list[Part]] = {}
    for part in intent.parts:
        parts.setdefault(type(part), []).append(part)
    lan = next((p.name for p in intent.parts if isinstance(p, Port) and p.role == "lan"), None)
    lans = tuple(
        (IPv4Interface(p.address), p) for p in intent.parts if isinstance(p, Address) and p.port == lan
    )
    return Node(intent.node, parts, lan, lans)


def _gateway_rank(node: Node) -> tuple[int, str]:
    return max((gateway.priority for gateway in node.of(Gateway)), default=0), node.name


def _is_guarded(node: Node, link: SecureLink) -> bool:
    """Whether the WAN's guard lets the link's peer through."""
    return any(link.remote in guard.peers for guard in node.of(Guard))


def _allowing(node: Node, inbound: str, src: IPv4Address, outbound: str, dst: IPv4Address) -> Allow | None:
    for allow in node.of(Allow):
        if (
            allow.inbound == inbound
            and allow.outbound == outbound
            and any(src in IPv4Network(prefix) for prefix in allow.sources)
            and any(dst in IPv4Network(prefix) for prefix in allow.destinations)
        ):
            return allow
    return None
