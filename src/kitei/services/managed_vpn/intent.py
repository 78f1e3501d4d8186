"""Managed VPN PRO's contracts in force as nodes. Pure; compiling again works only on what changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from kitei.ledger.contracts import Contract, Device
from kitei.network import Estate, NodeIntent, Part
from kitei.network.codec import node_intent
from kitei.network.uniting import Contradiction
from kitei.services.managed_vpn.contract import Site, is_site, site
from kitei.services.managed_vpn.edition import TERMS
from kitei.services.managed_vpn.parts import Box, boxes_of, link_parts, monitor_parts, own_parts, twin_machine
from kitei.terms import Edition
from kitei.values import Words


def compile_contracts(contracts: Sequence[Contract], estate: Estate, on: date) -> tuple[NodeIntent, ...]:
    """The nodes that the contracts in force on a day need. Pure."""
    sites = [site(each, on) for each in contracts if is_site(each) and each.is_in_force(on)]
    return compile_sites(sites, estate, on)


def compile_sites(sites: Sequence[Site], estate: Estate, on: date) -> tuple[NodeIntent, ...]:
    """The nodes of these sites, all in force. Devices without a machine are left out (see `unplaced`)."""
    return Compiler().compile(sites, estate, on)


def unplaced(sites: Sequence[Site], estate: Estate) -> tuple[tuple[Site, Device], ...]:
    """Devices in service that no machine of the estate is."""
    return tuple(
        (each, device) for each in sites for device in each.devices if device.serial not in estate.machines
    )


Ends = tuple[tuple[Part, ...], tuple[Part, ...]]


@dataclass(slots=True)
class _Network:
    """What one VPN network was made of last time, and what came of it.

    Inputs are compared, not hashed: equal ones are mostly the very same values, which is known at once.
    """

    made_of: object = None
    nodes: tuple[NodeIntent, ...] = ()
    links: dict[tuple[str, str], tuple[object, Ends]] = field(default_factory=dict)
    made: dict[str, tuple[object, NodeIntent]] = field(default_factory=dict)


@dataclass(slots=True)
class Compiler:
    """Compiles again and again; networks, links and nodes of equal inputs are those of the last time."""

    _networks: dict[str, _Network] = field(default_factory=dict)

    def compile(self, sites: Sequence[Site], estate: Estate, on: date) -> tuple[NodeIntent, ...]:
        """All nodes, in order of their names."""
        edition = TERMS.on(on) if on >= TERMS.first.in_force else TERMS.first
        members: dict[str, list[Site]] = {}
        for each in sites:
            members.setdefault(each.network, []).append(each)
        self._networks = {name: self._networks.get(name) or _Network() for name in members}
        found: list[NodeIntent] = []
        for name, network in self._networks.items():
            _compile(network, tuple(members[name]), estate, edition)
            found += network.nodes
        if estate.monitor and (watched := monitor_parts(sites, estate, edition)):
            found.append(node_intent(estate.monitor, watched))
        return tuple(sorted(found, key=lambda node: node.node))


def _compile(network: _Network, sites: tuple[Site, ...], estate: Estate, edition: Edition) -> None:
    """Bring one network up to date."""
    serials = [device.serial for each in sites for device in each.devices]
    papers = estate.authorities.get(sites[0].network)
    machines = [estate.machines.get(serial) for serial in serials]
    made_of = (
        edition.digest,
        papers,
        sites,
        machines,
        [estate.certificates.get(serial) for serial in serials],
    )
    if network.made_of == made_of:
        return
    parents = [each for each in sites if each.kind == "parent"]
    children = sorted((each for each in sites if each.kind == "child"), key=lambda each: each.number)
    hubs = [box for parent in parents[:1] for box in boxes_of(parent, estate)]
    edges = [edge for child in children for edge in boxes_of(child, estate)]
    if twice := tuple(_of_one_node((*hubs, *edges))):
        raise Contradiction(twice)
    ends: dict[str, list[tuple[Box, tuple[Part, ...]]]] = {box.machine.node: [] for box in (*hubs, *edges)}
    links: dict[tuple[str, str], tuple[object, Ends]] = {}
    for edge in edges:
        for hub in hubs:
            key = (hub.machine.node, edge.machine.node)
            inputs = (edition.digest, hub.site, hub.machine, edge.site, edge.device, edge.machine)
            kept = network.links.get(key)
            pair = (
                kept if kept is not None and kept[0] == inputs else (inputs, link_parts(hub, edge, edition))
            )
            links[key] = pair
            ends[hub.machine.node].append((edge, pair[1][0]))
            ends[edge.machine.node].append((hub, pair[1][1]))
    network.links = links
    made = {
        box.machine.node: _node(network, box, ends[box.machine.node], others, estate, edition)
        for boxes, others in ((hubs, children), (edges, parents[:1]))
        for box in boxes
    }
    network.made = made
    network.nodes = tuple(node for _, node in made.values())
    network.made_of = made_of


def _of_one_node(boxes: Sequence[Box]) -> Iterator[Words]:
    """Devices in service that are said to be one machine."""
    first: dict[str, Box] = {}
    for box in boxes:
        if (other := first.setdefault(box.machine.node, box)) is not box:
            one, two = (f"{each.device.serial} ({each.site.contract})" for each in (other, box))
            yield Words(
                f"機器 {one} と {two} がどちらもノード {box.machine.node} です",
                f"machines {one} and {two} are both node {box.machine.node}; each needs a node of its own",
            )


def _node(
    network: _Network,
    box: Box,
    links: Sequence[tuple[Box, tuple[Part, ...]]],
    others: Sequence[Site],
    estate: Estate,
    edition: Edition,
) -> tuple[object, NodeIntent]:
    """One node with what it is made of; the one made before, when nothing of that has changed."""
    certificate = estate.certificates.get(box.device.serial)
    authority = estate.authorities.get(box.site.network)
    inputs = (
        edition.digest,
        box,
        (authority, certificate, twin_machine(box, estate)),
        [each.lans for each in others],
        [parts for _, parts in links],
    )
    kept = network.made.get(box.machine.node)
    if kept is not None and kept[0] == inputs:
        return kept
    parts = [*own_parts(box, links, others, estate, edition)]
    for _, each in links:
        parts.extend(each)
    return inputs, node_intent(box.machine.node, parts)
