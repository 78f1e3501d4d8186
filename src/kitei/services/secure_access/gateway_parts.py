"""What a customer's contracts make of its gateway: filter, egress, remote access, the way to the Private Backbone. Pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from kitei.ledger.contracts import Contract
from kitei.network import (
    Appliance,
    BackboneLink,
    Egress,
    Estate,
    Filter,
    FilterRule,
    GatewayPlace,
    Origin,
    Part,
    RemoteAccess,
    RemoteDevice,
)
from kitei.network.inspection import entries_text
from kitei.services.secure_access.appliance import read_appliance_policy
from kitei.services.secure_access.egress import egress_of
from kitei.services.secure_access.firewall import INTERNET, FirewallPolicy, read_policy
from kitei.services.secure_access.people import addresses_of, own_addresses, peers, people, policies
from kitei.terms import Edition

APPLIANCE: Final = "firewall-2"
FIREWALLS: Final = ("firewall-1", APPLIANCE)  # of which a gateway has one
SIGNATURES: Final = "threat-signatures"  # the sack of the operator's package
ROWS: Final[Mapping[str, str]] = {
    "web-gateway": "art:1.1.t1",
    "firewall-1": "art:1.1.t2",
    APPLIANCE: "art:1.1.t3",
    "private-connect": "art:1.1.t4",
    "remote-connect": "art:1.1.t5",
}
MTU: Final = 1420  # an inner packet and WireGuard's own bytes fit into 1,500 over IPv6
_DECIDED: Final = "art:7.1.1"


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway on a day: the contract of each kind that it serves. `backbone`: the customer has that service.
    `signatures`: the sack of the operator's package, None before there is one."""

    place: GatewayPlace
    contracts: Mapping[str, Contract]
    edition: Edition
    on: date
    backbone: bool
    signatures: str | None = None

    @property
    def firewall(self) -> Contract | None:
        return next((each for kind, each in self.contracts.items() if kind in FIREWALLS), None)

    def origin(self, contract: Contract, *paths: str) -> Origin:
        paths = (ROWS[contract.kind], *paths)
        return Origin(contract.id, tuple(str(self.edition.cite(path)) for path in dict.fromkeys(paths)))


def served_at(
    place: GatewayPlace, contracts: Sequence[Contract], estate: Estate, edition: Edition, on: date
) -> Served | None:
    """What a gateway serves on a day, of each kind the contract concluded first, and one firewall of either type;
    None where it serves nothing."""
    found: dict[str, Contract] = {}
    for each in sorted(contracts, key=lambda each: (each.concluded_on, each.id)):
        if each.kind in FIREWALLS and not found.keys().isdisjoint(FIREWALLS):
            continue
        if each.kind in ROWS and place.serves(each.customer, each.id) and each.is_in_force(on):
            found.setdefault(each.kind, each)
    if not found:
        return None
    backbone = any(on in days for days in estate.backbones.get(place.customer, ()))
    return Served(place, found, edition, on, backbone, estate.sacks.get(SIGNATURES))


def gateway_parts(served: Served) -> Iterator[Part]:
    """All of one gateway but what its Web proxy is made of."""
    yield filter_part(served)
    yield from rule_parts(served)
    yield from _egress(served)
    yield from _remote(served)
    yield from _backbone(served)


def device_port(node: str) -> str:
    """The name of a node's WireGuard port; on a machine with many nodes it is still that node's alone."""
    return f"kw{hashlib.sha256(node.encode()).hexdigest()[:8]}"


def filter_part(served: Served) -> Filter:
    place, contracts = served.place, served.contracts
    owner = served.firewall or next(contracts[kind] for kind in ROWS if kind in contracts)
    zones = []
    if "remote-connect" in contracts:
        zones.append((device_port(place.node), *place.pools))
    if place.inside:
        zones.append((place.inside, *place.inside_prefixes))
    if _has_backbone(served):
        zones.append((place.backbone, *place.backbone_prefixes))
    leaving = egress_of(place, tuple(contracts.values()), served.on)
    version = policies(owner)[-1].version if owner.kind in FIREWALLS and policies(owner) else 0
    listen = place.listen if "remote-connect" in contracts else 0
    return Filter(
        served.origin(owner),
        place.outside,
        tuple(" ".join(zone) for zone in zones),
        leaving.addresses,
        listen,
        ("tcp/3128",) if "web-gateway" in contracts else (),
        version,
    )


def rule_parts(served: Served) -> Iterator[FilterRule | Appliance]:
    """The rules of the policy in force, with whom and what they name in addresses. Names of nobody fit nothing."""
    contract = served.firewall
    if contract is None or (policy := policy_of(contract)) is None:
        return
    known, origin = _names(served), served.origin(contract, _DECIDED)
    profiles = {profile.name: number for number, profile in enumerate(policy.profiles, 1)}
    for number, rule in enumerate(policy.rules, 1):
        sources, destinations = _resolved(rule.sources, known), _resolved(rule.destinations, known)
        if sources is not None and destinations is not None:
            ends = sources, destinations, rule.services
            looked = profiles.get(rule.profile, 0)
            yield FilterRule(origin, rule.id, number, rule.action, *ends, rule.until, looked)
    version = policies(contract)[-1].version
    for each in policy.profiles:
        text, number = entries_text(each.entries), profiles[each.name]
        yield Appliance(origin, each.name, number, version, each.blind, text, served.signatures)


def policy_of(contract: Contract) -> FirewallPolicy | None:
    """What is in force of a firewall of either type; None: nothing was decided yet."""
    read = read_appliance_policy if contract.kind == APPLIANCE else read_policy
    found = policies(contract)
    return read(found[-1].text) if found else None


def _names(served: Served) -> Mapping[str, tuple[str, ...]]:
    """Zones and people as prefixes."""
    place, remote = served.place, served.contracts.get("remote-connect")
    inner = (*place.pools, *place.inside_prefixes, *place.backbone_prefixes)
    found: dict[str, tuple[str, ...]] = {
        "zone:remote": place.pools,
        "zone:inside": place.inside_prefixes,
        "zone:backbone": place.backbone_prefixes,
        INTERNET: tuple(f"!{each}" for each in inner),
    }
    if remote is None:
        return found
    groups = {person.account: person.groups for person in people(remote)}
    for peer in peers(remote):
        own = addresses_of(peer, place.pools)
        for name in (f"user:{peer.account}", *(f"group:{each}" for each in groups.get(peer.account, ()))):
            found[name] = (*found.get(name, ()), *own)
    return found


def _resolved(ends: tuple[str, ...], known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """Prefixes, none for any; None: they name somebody or something, and nothing of it is there."""
    if not ends:
        return ()
    found: dict[str, None] = {}
    for each in ends:
        if ":" in each and "/" not in each:
            found |= dict.fromkeys(known.get(each, ()))
            if each == INTERNET and not known[each]:
                return ()
        else:
            found[each] = None
    return tuple(found) or None


def _egress(served: Served) -> Iterator[Egress]:
    """Flows leave from behind a firewall or a Web gateway; without either there is nothing that they leave by."""
    owner = served.firewall or served.contracts.get("web-gateway")
    if owner is None:
        return
    leaving = egress_of(served.place, tuple(served.contracts.values()), served.on)
    if leaving.is_dedicated:
        owner = next(each for each in served.contracts.values() if each.id == leaving.contract)
    origin = served.origin(owner, *(("art:9.2.1",) if leaving.is_dedicated else ()))
    yield Egress(origin, served.place.outside, leaving.addresses, leaving.ports, leaving.is_dedicated)


def _remote(served: Served) -> Iterator[Part]:
    contract, place = served.contracts.get("remote-connect"), served.place
    if contract is None or not place.pools:
        return
    origin = served.origin(contract, "art:2.1.t2")
    yield RemoteAccess(origin, device_port(place.node), place.listen, own_addresses(place.pools), MTU)
    for peer in peers(contract):
        if own := addresses_of(peer, place.pools):
            yield RemoteDevice(origin, peer.device, peer.account, peer.public_key, own, peer.until)


def _has_backbone(served: Served) -> bool:
    return "private-connect" in served.contracts and served.backbone and bool(served.place.backbone)


def _backbone(served: Served) -> Iterator[BackboneLink]:
    """Only for who has the Private Backbone service (art. 2.1, 1 Gbps)."""
    if not _has_backbone(served):
        return
    contract, place = served.contracts["private-connect"], served.place
    most = served.edition.value("items")[contract.item].number("megabits")
    origin = served.origin(contract, "art:2.1.t1", "art:2.1.t1.a2")
    yield BackboneLink(origin, place.backbone, place.backbone_prefixes, place.backbone_via, most)
