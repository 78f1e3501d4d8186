"""The parts that make a device of a VPN network: its own, and those of each link to another device.

Every part says whose contract it serves and which provisions put it there. What serves one child is owned
by the child's contract on the hub's nodes, too: when the child ends, exactly those parts go.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kitei.ledger.contracts import Device
from kitei.network import (
    Address,
    Allow,
    Bgp,
    BgpNeighbour,
    Estate,
    Forwarding,
    Gateway,
    Guard,
    Identity,
    Machine,
    Origin,
    Overlay,
    Part,
    Port,
    Probe,
    Route,
    SecureLink,
)
from kitei.services.managed_vpn import numbering
from kitei.services.managed_vpn.contract import Lan, Site
from kitei.terms import Edition

MTU: Final = 1350
BLACKHOLE_METRIC: Final = 4000
VRRP_GROUP: Final = 10
PROBE_INTERVAL: Final = 1000

_ITEM_ROW: Final = {
    "single-star-single-edge": "art:2.1.t1",
    "dual-star-dual-edge": "art:2.1.t2",
    "dual-star-single-edge": "art:2.1.t3",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A device of a site, on its machine. `number` is its place in the network's numbering plan."""

    site: Site
    device: Device
    machine: Machine
    number: int

    @property
    def rank(self) -> int:
        """0 for the device that is preferred, 1 for its twin."""
        return int(self.device.slot == "b")

    @property
    def wan(self) -> str:
        return self.machine.wan_address.partition("/")[0]

    @property
    def inner(self) -> str:
        return numbering.inner_address(self.number)

    @property
    def name(self) -> str:
        """Who it is to its IKE peers."""
        return f"{self.machine.node}.{self.site.network}"

    @property
    def places(self) -> int:
        """How many devices the site's item has, also while one of them is lost: its addresses hang on it."""
        both = self.site.item == "dual-star-dual-edge"
        return 2 if both or (_is_routed(self.site) and self.site.kind == "parent") else 1

    def own_lans(self) -> tuple[str, ...]:
        """Its address on each of the site's LANs, with prefix length."""
        place = self.rank if self.places > 1 else 0
        return tuple(
            numbering.lan_addresses(lan.gateway, lan.prefix, self.places)[place] for lan in self.site.lans
        )


def boxes_of(each: Site, estate: Estate) -> tuple[Box, ...]:
    return tuple(
        Box(each, device, machine, numbering.device_number(each.number, device.slot))
        for device in each.devices
        if (machine := estate.machines.get(device.serial)) is not None
    )


def twin_machine(box: Box, estate: Estate) -> Machine | None:
    return next(
        (
            estate.machines.get(other.serial)
            for other in box.site.devices
            if other.slot != box.device.slot and other.serial in estate.machines
        ),
        None,
    )


def own_parts(
    box: Box,
    links: Sequence[tuple[Box, tuple[Part, ...]]],
    others: Sequence[Site],
    estate: Estate,
    edition: Edition,
) -> Iterator[Part]:
    """The parts of a node that serve its own site."""
    machine, owner = box.machine, box.site.contract
    row = _ITEM_ROW[box.site.item]

    def by(*paths: str) -> Origin:
        return Origin(owner, _cites(edition, *paths))

    sfp = ("art:17.2.5.a2",) if "sfp-module" in box.site.options else ()
    yield Port(by("art:7.2", *sfp), machine.wan_port, "wan")
    yield Port(by("art:7.2"), machine.lan_port, "lan")
    yield Port(by(row), "lo", "loopback")
    yield Address(by("art:7.1", "art:7.2"), machine.wan_port, machine.wan_address)
    yield Address(by(row), "lo", f"{box.inner}/32")
    for lan, address in zip(box.site.lans, box.own_lans(), strict=True):
        yield Address(Origin(owner, _lan_cites(lan, edition)), machine.lan_port, address)
    yield Route(by("art:8.2.1"), "0.0.0.0/0", machine.wan_gateway)
    yield Route(by("art:7.3"), numbering.INNER_PREFIX, None, BLACKHOLE_METRIC)
    yield Forwarding(by("art:7.1"))
    papers = estate.authorities.get(box.site.network)
    if papers is not None:
        certificate = estate.certificates.get(box.device.serial)
        yield Identity(by("art:22.1"), box.name, papers.certificate, certificate, papers.revoked)
    yield Guard(by("art:22.1", "art:22.3"), machine.wan_port, tuple(sorted({peer.wan for peer, _ in links})))
    if box.device.slot in box.site.monitored and machine.closed_port and machine.closed_address:
        watcher = dict(box.site.watchers).get(box.device.slot, owner)
        closed = Origin(watcher, _cites(edition, "art:2.1.t4", "art:8.2.4"))
        yield Port(closed, machine.closed_port, "closed")
        yield Address(closed, machine.closed_port, machine.closed_address)
    if _is_routed(box.site):
        yield Bgp(by(row), numbering.asn(box.site.number), box.inner, _prefixes(box.site))
    if box.places > 1:
        yield from _pair(box, others, by(row))
    if box.site.kind == "child" and links:
        yield from _probe(box, others, edition)


def _probe(box: Box, parents: Sequence[Site], edition: Edition) -> Iterator[Part]:
    """A child's device asks its parent's LAN gateway, through whichever link works (art. 21.1)."""
    parent = next((each for each in parents if each.lans), None)
    if parent is not None and box.site.lans:
        origin = Origin(box.site.contract, _cites(edition, _ITEM_ROW[box.site.item], "art:21.1"))
        source, target = box.own_lans()[0].partition("/")[0], parent.lans[0].gateway
        yield Probe(origin, box.machine.node, source, target, PROBE_INTERVAL, "end-to-end")


def _pair(box: Box, others: Sequence[Site], origin: Origin) -> Iterator[Part]:
    """What two devices of one site share: the LAN's gateway, and the way to the other's links."""
    port = box.machine.lan_port
    for lan in box.site.lans:
        length = lan.prefix.partition("/")[2]
        yield Gateway(origin, port, f"{lan.gateway}/{length}", VRRP_GROUP, 254 - box.rank)
    beyond = tuple(sorted({prefix for other in others for prefix in _prefixes(other)}))
    if not _is_routed(box.site) or not box.site.lans or not beyond:
        return
    first = box.site.lans[0]
    other_end = numbering.lan_addresses(first.gateway, first.prefix, 2)[1 - box.rank].partition("/")[0]
    yield BgpNeighbour(origin, other_end, numbering.asn(box.site.number), "twin", beyond, 0)
    for other in others:
        if prefixes := _prefixes(other):
            child = other if other.kind == "child" else box.site
            passing = Origin(child.contract, origin.cites)
            yield Allow(passing, f"twin-{other.number}", port, _prefixes(box.site), port, prefixes)


def link_parts(hub: Box, edge: Box, edition: Edition) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Both ends of the link between a hub and a child's device: the hub's parts, the child's parts."""
    row = _ITEM_ROW[edge.site.item]
    module = ("art:17.2.6.a2",) if "vpn-module" in edge.site.options else ()
    secure = Origin(edge.site.contract, _cites(edition, row, "art:22.4", *module))
    carried = Origin(edge.site.contract, _cites(edition, row))
    hub_end, edge_end = numbering.link_addresses(hub.rank, edge.number)
    name, number = numbering.link_name(hub.rank, edge.number), numbering.link_number(hub.rank, edge.number)
    metric = 10 + 10 * hub.rank + 5 * edge.rank
    ends = ((hub, edge, hub_end, edge_end, False), (edge, hub, edge_end, hub_end, True))
    made: list[tuple[Part, ...]] = []
    for me, peer, here, there, dials in ends:
        parts: list[Part] = [
            SecureLink(secure, name, me.wan, peer.wan, me.name, peer.name, me.inner, peer.inner, dials),
            Overlay(carried, name, number, me.inner, peer.inner, f"{here}/31", MTU),
            *_passage(me, peer, name, edge.site.contract, edition),
        ]
        if _is_routed(edge.site):
            accepts, asn = _prefixes(peer.site), numbering.asn(peer.site.number)
            parts.append(BgpNeighbour(carried, there, asn, f"{peer.machine.node}", accepts, metric))
        else:
            for lan in peer.site.lans:
                origin = Origin(edge.site.contract, (*_cites(edition, row), *_added_by(lan, edition)))
                parts.append(Route(origin, lan.prefix, there))
        made.append(tuple(parts))
    return made[0], made[1]


def _passage(me: Box, peer: Box, overlay: str, owner: str, edition: Edition) -> Iterator[Part]:
    """Only designated addresses pass, and only between a child's LANs and its parent's, in both directions."""
    added = tuple(cite for lan in (*me.site.lans, *peer.site.lans) for cite in _added_by(lan, edition))
    origin = Origin(
        owner, tuple(dict.fromkeys((*_cites(edition, "art:7.3", "art:22.2", "art:22.4"), *added)))
    )
    lan, mine, theirs = me.machine.lan_port, _prefixes(me.site), _prefixes(peer.site)
    if mine and theirs:
        yield Allow(origin, f"{overlay}-out", lan, mine, overlay, theirs)
        yield Allow(origin, f"{overlay}-in", overlay, theirs, lan, mine)


def monitor_parts(sites: Sequence[Site], estate: Estate, edition: Edition) -> list[Part]:
    """The node at the operator's monitoring place: it asks every monitored device over its closed line."""
    if estate.monitor_address is None:
        return []
    watched: list[Part] = []
    for each in sites:
        for device in each.devices:
            machine = estate.machines.get(device.serial)
            if device.slot in each.monitored and machine and machine.closed_address:
                origin = Origin(each.contract, _cites(edition, "art:2.1.t4", "art:8.2.4"))
                target = machine.closed_address.partition("/")[0]
                source = estate.monitor_address.partition("/")[0]
                watched.append(
                    Probe(origin, f"closed-{machine.node}", source, target, PROBE_INTERVAL, "closed")
                )
    if not watched:
        return []
    own = Origin("operator", _cites(edition, "art:2.1.t4"))
    return [
        Port(own, estate.monitor_port, "closed"),
        Address(own, estate.monitor_port, estate.monitor_address),
        *watched,
    ]


def _is_routed(each: Site) -> bool:
    """Whether there is a second path to choose from."""
    return each.item.startswith("dual-star")


def _prefixes(each: Site) -> tuple[str, ...]:
    return tuple(lan.prefix for lan in each.lans)


def _lan_cites(lan: Lan, edition: Edition) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_cites(edition, "art:7.2", "art:22.2"), *lan.cites)))


def _added_by(lan: Lan, edition: Edition) -> tuple[str, ...]:
    """The provisions of a work order that brought a LAN, none for one of the application's."""
    return tuple(cite for cite in lan.cites if "#art:10." in cite)


def _cites(edition: Edition, *paths: str) -> tuple[str, ...]:
    return tuple(str(edition.cite(path)) for path in paths)
