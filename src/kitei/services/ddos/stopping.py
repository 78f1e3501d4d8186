"""What routers, scrubbers and tunnels are told: always, and against an attack. Nothing comes of a type D here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network
from typing import Final, Literal

from kitei.ledger.contracts import Contract
from kitei.network import (
    Announcement,
    FlowRule,
    Origin,
    Part,
    ReturnTunnel,
    RouteLeave,
    Scrubber,
    Scrubbing,
    Speaker,
    Upstream,
)
from kitei.network.ddos_estate import DefencePlaces, TunnelPlace, UpstreamPlace
from kitei.services.ddos.defence import Mitigation, Policy, policies, standing_mitigations
from kitei.services.ddos.defending import STEPS
from kitei.services.ddos.means import Means
from kitei.services.ddos.rules.defence import answering
from kitei.services.ddos.watching import OWN
from kitei.terms import Edition

Placed = tuple[str, Part]  # on which node
_UDP, _TCP, _ICMP, _ICMP6 = 17, 6, 1, 58
_LONGEST: Final = (32, 128)


@dataclass(frozen=True, slots=True)
class Ground:
    """One contract that may be defended, and what there is to defend it with."""

    contract: Contract
    bought: Means
    places: DefencePlaces
    edition: Edition

    def origin(self, *more: str) -> Origin:
        paths = dict.fromkeys((*self.bought.defence_paths, *self.bought.clean_paths))
        cites = (*(str(self.edition.cite(path)) for path in paths), *more)
        return Origin(self.contract.id, tuple(dict.fromkeys(cites)))

    def upstreams(self, family: str) -> Mapping[str, tuple[str, ...]]:
        """The routers that may be given routes of a family, by speaker: ours, and by consent another carrier's."""
        found: dict[str, list[str]] = {}
        for each in self.places.upstreams:
            if family in each.families and (each.carrier is None or each.carrier in self.bought.carriers):
                found.setdefault(each.speaker, []).append(each.name)
        return {speaker: tuple(names) for speaker, names in found.items()}

    def discarding(self, family: str) -> Mapping[str, tuple[str, ...]]:
        """Those of them that discard when they are asked to."""
        able = {each.name for each in self.places.upstreams if each.community}
        kept = {
            speaker: tuple(name for name in names if name in able)
            for speaker, names in self.upstreams(family).items()
        }
        return {speaker: names for speaker, names in kept.items() if names}

    def next_hop(self, version: int) -> str | None:
        """The address of a family of the first scrubber that is not lost; where all are, of the first there is."""
        places = sorted(self.places.scrubbers, key=lambda each: each.node in self.places.lost)
        hops = (hop for place in places for hop in place.next_hops)
        return next((hop for hop in hops if (":" in hop) == (version == 6)), None)


# -- always ------------------------------------------------------------------------------------------


def own_parts(places: DefencePlaces, edition: Edition, sacks: Mapping[str, str]) -> Iterator[Placed]:
    """The operator's own: speakers, the routers they talk to, scrubbers. `sacks` are those of routers' secrets."""
    origin = Origin(OWN, (str(edition.cite("art:1.1")),))
    for place in places.speakers:
        yield place.node, Speaker(origin, place.asn, place.router_id, place.port, place.hold)
    speakers = {place.node for place in places.speakers}
    for each in places.upstreams:
        if each.speaker in speakers:
            yield each.speaker, _upstream(each, origin, sacks.get(f"upstream.{each.name}"))
    for scrubber in places.scrubbers:
        yield scrubber.node, Scrubber(origin, scrubber.dirty_port, scrubber.engine)


def _upstream(each: UpstreamPlace, origin: Origin, sack: str | None) -> Upstream:
    return Upstream(
        origin,
        each.name,
        each.address,
        each.asn,
        each.families,
        each.most,
        each.community,
        each.next_hops,
        each.carrier is None,
        each.hops,
        sack,
    )


def standing_parts(ground: Ground) -> Iterator[Placed]:
    """What a contract has at all times: its leave to have routes, its tunnel, and defence always on."""
    yield from _leaves(ground)
    yield from _tunnels(ground)
    if ground.bought.always_on:
        policy = policies(ground.contract)[0]
        path = str(ground.edition.cite("art:10.2.1.a2"))
        for each in ground.bought.addresses:
            yield from _divert(ground, policy, each.prefix, None, ground.origin(path))


def _leaves(ground: Ground) -> Iterator[Placed]:
    """No route leaves a speaker for a contract beyond this; a step that its policies forbid is not in it."""
    told = policies(ground.contract)
    allowed = {step for policy in told for step in STEPS if policy.ladder.mode(step) != "forbidden"}
    if ground.bought.always_on:
        allowed.add("divert")
    if not allowed or not ground.bought.addresses:
        return
    by_speaker: dict[str, dict[str, None]] = {}
    for family in ("ipv4", "ipv6", "ipv4-flowspec", "ipv6-flowspec"):
        for speaker, names in ground.upstreams(family).items():
            by_speaker.setdefault(speaker, {}).update(dict.fromkeys(names))
    actions: tuple[Literal["blackhole", "divert", "filter", "rate-limit"], ...] = tuple(
        step for step in ("blackhole", "divert", "filter", "rate-limit") if step in allowed
    )
    prefixes = tuple(each.prefix for each in ground.bought.addresses)
    most = max(policy.ladder.most for policy in told) + (len(prefixes) if ground.bought.always_on else 0)
    for speaker, found in by_speaker.items():
        upstreams = tuple(sorted(found))
        yield (
            speaker,
            RouteLeave(ground.origin(), ground.contract.id, prefixes, actions, upstreams, *_LONGEST, most),
        )


def _tunnels(ground: Ground) -> Iterator[Placed]:
    """Art. 10.2(9): clean traffic goes back by the tunnel, for those who have the option and no one else."""
    if not ground.bought.tunnel or ground.bought.treating != ground.contract.id:
        return
    scrubbers = {each.node for each in ground.places.scrubbers}
    origin = ground.origin(str(ground.edition.cite("art:10.2.9.a2")))
    for place in ground.places.tunnels:
        if place.contract == ground.contract.id and place.scrubber in scrubbers:
            carries = tuple(each.prefix for each in ground.bought.addresses)
            yield place.scrubber, _near(place, origin, carries)
            if place.far_node:
                yield place.far_node, _far(place, origin)


def _near(place: TunnelPlace, origin: Origin, carries: tuple[str, ...]) -> ReturnTunnel:
    return ReturnTunnel(
        origin,
        place.contract,
        place.encapsulation,
        place.local,
        place.remote,
        place.number,
        place.address,
        place.peer,
        carries,
        place.mtu,
    )


def _far(place: TunnelPlace, origin: Origin) -> ReturnTunnel:
    near = ip_interface(place.address)
    return ReturnTunnel(
        origin,
        place.contract,
        place.encapsulation,
        place.remote,
        place.local,
        place.number,
        f"{place.peer}/{near.network.prefixlen}",
        str(near.ip),
        (),
        place.mtu,
    )


# -- against an attack -------------------------------------------------------------------------------


def dynamic_parts(ground: Ground) -> Iterator[Placed]:
    """What is in force against attacks: every part has an end."""
    for each in standing_mitigations(ground.contract):
        policy = answering(ground.contract, each.target, each.attack)
        if policy.ladder.mode(each.step) == "forbidden" or not ground.bought.protects(each.target):
            continue  # it was allowed when it was ordered, and is not any more
        until, origin = each.until.isoformat(), ground.origin(*each.cites)
        match each.step:
            case "divert":
                yield from _divert(ground, policy, each.target, until, origin)
            case "blackhole":
                yield from _announce(ground, "blackhole", each.target, "", until, origin)
            case "filter" | "rate-limit":
                yield from _flow_rules(ground, policy, each, until, origin)


def _divert(
    ground: Ground, policy: Policy, prefix: str, until: str | None, origin: Origin
) -> Iterator[Placed]:
    scrub = policy.scrub
    for place in ground.places.scrubbers:
        yield (
            place.node,
            Scrubbing(
                origin,
                ground.bought.treating,
                prefix,
                ground.bought.clean_bps,
                scrub.source_pps,
                scrub.syn_proof,
                scrub.reflectors,
                scrub.fragments,
                scrub.allow,
                scrub.deny,
                until,
            ),
        )
    hop = ground.next_hop(ip_network(prefix).version)
    if hop is not None:
        yield from _announce(ground, "divert", prefix, hop, until, origin)


def _announce(
    ground: Ground,
    action: Literal["blackhole", "divert"],
    prefix: str,
    hop: str,
    until: str | None,
    origin: Origin,
) -> Iterator[Placed]:
    family = f"ipv{ip_network(prefix).version}"
    found = ground.discarding(family) if action == "blackhole" else ground.upstreams(family)
    for speaker, names in found.items():
        yield speaker, Announcement(origin, ground.contract.id, prefix, action, hop, names, until)


def _flow_rules(
    ground: Ground, policy: Policy, each: Mitigation, until: str, origin: Origin
) -> Iterator[Placed]:
    version = ip_network(each.target).version
    rate = 0 if each.step == "filter" else policy.ladder.rate // 8
    protocol, ports, fragments, syn = matched(each, policy, version)
    if each.step == "filter" and protocol is None and not fragments:
        return  # it would discard everything, which is another step
    for speaker, names in ground.upstreams(f"ipv{version}-flowspec").items():
        yield (
            speaker,
            FlowRule(
                origin,
                ground.contract.id,
                f"{ground.contract.id}.{each.id}",
                each.target,
                None,
                protocol,
                ports,
                (),
                fragments,
                syn,
                rate,
                names,
                until,
            ),
        )


def matched(each: Mitigation, policy: Policy, version: int) -> tuple[int | None, tuple[int, ...], bool, bool]:
    """Which packets an alarm's metric is about: protocol, source ports, fragments only, SYN only."""
    metric = each.metric
    if metric == "amplified-bps":
        known = tuple(port for port in each.ports if port in policy.scrub.reflectors)
        return _UDP, known or policy.scrub.reflectors, False, False
    if metric == "fragment-pps":
        return None, (), True, False
    if metric == "syn-pps":
        return _TCP, (), False, True
    protocols = {"udp": _UDP, "tcp": _TCP, "icmp": _ICMP if version == 4 else _ICMP6}
    return protocols.get(metric.partition("-")[0]), (), False, False


def by_contract(
    contracts: Mapping[str, Contract], bought: Sequence[Means], places: DefencePlaces, edition: Edition
) -> Iterator[Ground]:
    """The contracts that may be defended: none of a type D is ever among them."""
    for each in bought:
        if each.mitigates:
            yield Ground(contracts[each.contract], each, places, edition)
