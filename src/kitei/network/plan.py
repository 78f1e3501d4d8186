"""What would change, node by node and part by part, and whose traffic it would cut."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from kitei.network.access import BackboneLink, Egress, Filter, RemoteAccess
from kitei.network.ddos import ReturnTunnel
from kitei.network.driver import Risk
from kitei.network.intent import Intent, NodeIntent
from kitei.network.parts import (
    Address,
    Allow,
    Bgp,
    BgpNeighbour,
    Forwarding,
    Gateway,
    Guard,
    Identity,
    Overlay,
    Part,
    Port,
    Route,
    SecureLink,
)
from kitei.network.radius import (
    RadiusClient,
    RadiusGroup,
    RadiusProxy,
    RadiusServer,
    RadiusVpdn,
)
from kitei.network.remote import BrowserGateway, NetworkRelay, ReachedHosts, TunnelGateway

CARRIES: Final = (
    Address,
    Allow,
    BackboneLink,
    Bgp,
    BgpNeighbour,
    BrowserGateway,
    Egress,
    Filter,
    Forwarding,
    Gateway,
    Guard,
    NetworkRelay,
    Overlay,
    Port,
    RadiusClient,
    RadiusGroup,
    RadiusProxy,
    RadiusServer,
    RadiusVpdn,
    ReachedHosts,
    RemoteAccess,
    ReturnTunnel,
    Route,
    SecureLink,
    TunnelGateway,
)
"""Parts without which packets of their owner stop."""


@dataclass(frozen=True, slots=True)
class PartChange:
    """One part that comes, goes or becomes another. `risk` is what it does to traffic that flows now."""

    node: str
    change: Literal["add", "remove", "change"]
    before: Part | None
    after: Part | None
    risk: Risk

    @property
    def part(self) -> Part:
        """The part as it will be, or as it was."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def owner(self) -> str:
        return self.part.origin.owner


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from one intent to another. `digest` names exactly this plan; an approval is of a digest."""

    changes: tuple[PartChange, ...]
    digest: str
    after: Intent

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(change.node for change in self.changes))

    @property
    def cuts(self) -> tuple[str, ...]:
        """Whose traffic would be cut, in order of name."""
        return tuple(sorted({change.owner for change in self.changes if change.risk is Risk.OUTAGE}))

    @property
    def is_empty(self) -> bool:
        return not self.changes


def intent_of(nodes: Mapping[str, NodeIntent]) -> Intent:
    """Nodes together, under one digest."""
    ordered = {name: nodes[name] for name in sorted(nodes)}
    text = "\n".join(f"{name} {node.digest}" for name, node in ordered.items())
    return Intent(ordered, hashlib.sha256(text.encode()).hexdigest())


def compare(before: Intent, after: Intent) -> Plan:
    """What makes `after` of `before`. Pure. Nodes with equal digests are not looked into."""
    changes = tuple(
        change
        for name in sorted({*before.nodes, *after.nodes})
        for change in _node_changes(name, before.nodes.get(name), after.nodes.get(name))
    )
    digest = hashlib.sha256(f"{before.digest} {after.digest}".encode()).hexdigest()
    return Plan(changes, digest, after)


def _node_changes(name: str, before: NodeIntent | None, after: NodeIntent | None) -> Iterator[PartChange]:
    if before is not None and after is not None and before.digest == after.digest:
        return
    had = {part.key: part for part in before.parts} if before else {}
    has = {part.key: part for part in after.parts} if after else {}
    for key, part in had.items():
        if key not in has:
            yield PartChange(name, "remove", part, None, _removal(part))
    for key, part in has.items():
        old = had.get(key)
        if old is None:
            yield PartChange(name, "add", None, part, Risk.NONE)
        elif old != part:
            yield PartChange(name, "change", old, part, _change(old, part))


def _removal(part: Part) -> Risk:
    if isinstance(part, CARRIES):
        return Risk.OUTAGE
    return Risk.NONE


def _change(old: Part, new: Part) -> Risk:
    """A part of the same key with other values. What only grows, or only says something new of itself, is safe."""
    match old, new:
        case Guard(), Guard():
            if old.peers and not new.peers:
                return Risk.OUTAGE  # the last peer goes: its owner is connected to nobody any more
            return Risk.NONE if set(old.peers) <= set(new.peers) else Risk.BLIP
        case Allow(), Allow() if (old.inbound, old.outbound) == (new.inbound, new.outbound):
            grows = set(old.sources) <= set(new.sources) and set(old.destinations) <= set(new.destinations)
            return Risk.NONE if grows else Risk.OUTAGE
        case Bgp(), Bgp() if (old.asn, old.router_id) == (new.asn, new.router_id):
            return Risk.NONE if set(old.announces) <= set(new.announces) else Risk.OUTAGE
        case Gateway(), Gateway():  # of one key: only who holds it changes
            return Risk.NONE if old.priority == new.priority else Risk.BLIP
        case BgpNeighbour(), BgpNeighbour() if old.asn == new.asn:
            return Risk.NONE if set(old.accepts) <= set(new.accepts) else Risk.BLIP
        case Identity(), Identity():
            return Risk.NONE if (old.name, old.authority) == (new.name, new.authority) else Risk.OUTAGE
        case ReturnTunnel(), ReturnTunnel() if replace(old, origin=new.origin, carries=new.carries) == new:
            return Risk.NONE if set(old.carries) <= set(new.carries) else Risk.OUTAGE
        case Filter(), Filter():  # what it lets through is its rules' affair
            grows = set(old.zones) <= set(new.zones) and set(old.serves) <= set(new.serves)
            return Risk.NONE if grows else Risk.BLIP
        case ReachedHosts(), ReachedHosts():
            grows = set(old.prefixes) <= set(new.prefixes) and set(old.names) <= set(new.names)
            return Risk.NONE if grows else Risk.OUTAGE
        case TunnelGateway(), TunnelGateway():  # papers and secrets change under open tunnels
            kept = replace(old, origin=new.origin, name=new.name, papers=new.papers, sack=new.sack)
            kept = replace(kept, sessions=new.sessions, resolvers=new.resolvers)
            return Risk.NONE if kept == new else Risk.OUTAGE
        case BrowserGateway(), BrowserGateway():
            is_there = (old.listen, old.port) == (new.listen, new.port)
            return Risk.BLIP if is_there else Risk.OUTAGE
        case RadiusClient(), RadiusClient():
            return _radius_client_change(old, new)
        case RadiusGroup(), RadiusGroup():
            return Risk.NONE if set(old.methods) <= set(new.methods) else Risk.OUTAGE
        case RadiusProxy() | RadiusVpdn(), RadiusProxy() | RadiusVpdn() if type(old) is type(new):
            return Risk.BLIP
        case _ if isinstance(new, CARRIES) and _without_origin(old) != _without_origin(new):
            return Risk.OUTAGE
        case _:
            return Risk.NONE


def _radius_client_change(old: RadiusClient, new: RadiusClient) -> Risk:
    """A new secret is the owner's own doing; a realm or the transition taken away shuts people out."""
    if (old.carries, old.transition) != (new.carries, new.transition) and not new.transition:
        return Risk.OUTAGE
    if not set(old.realms) <= set(new.realms):
        return Risk.OUTAGE
    return Risk.NONE if old.sack == new.sack else Risk.BLIP


def _without_origin(part: Part) -> str:
    """What a part does, leaving out whom it serves and why."""
    return repr(part).replace(repr(part.origin), "")
