"""Routes as GoBGP's messages and back."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any, Final

from google.protobuf.any_pb2 import Any as Packed  # type: ignore[import-untyped]

from kitei.drivers.gobgp import gobgp_pb2
from kitei.drivers.gobgp.values import FAMILIES, Component, Family, Held, Match, Tag

pb: Any = gobgp_pb2  # its classes are made when it is read

NAMES: Final = {afi_safi: family for family, afi_safi in FAMILIES.items()}
_DESTINATION, _SOURCE = 1, 2  # components of flow specifications that are prefixes


class Strange(ValueError):
    """A route that nobody of ours made."""


def family_of(family: Family) -> Any:
    afi, safi = FAMILIES[family]
    return pb.Family(afi=afi, safi=safi)


def path_of(held: Held, asn: int, is_withdrawn: bool = False) -> Any:
    """`asn` is the speaker's own: it marks the tags."""
    family = family_of(held.family)
    nlri = _packed(_prefix(held.of) if isinstance(held.of, str) else _flow(held.of))
    attributes: list[Any] = [pb.OriginAttribute(origin=0)]
    if held.family == "ipv4":
        attributes.append(pb.NextHopAttribute(next_hop=held.next_hop or "0.0.0.0"))
    else:
        hops = [held.next_hop or "::"] if held.family == "ipv6" else []
        attributes.append(pb.MpReachNLRIAttribute(family=family, next_hops=hops, nlris=[nlri]))
    if held.rate is not None:
        rate = pb.TrafficRateExtended(asn=asn if asn < 1 << 16 else 0, rate=held.rate)
        attributes.append(pb.ExtendedCommunitiesAttribute(communities=[_packed(rate)]))
    tags = [
        pb.LargeCommunity(global_admin=asn, local_data1=t.kind, local_data2=t.number)
        for t in sorted(held.tags)
    ]
    attributes.append(pb.LargeCommunitiesAttribute(communities=tags))
    return pb.Path(
        nlri=nlri, pattrs=[_packed(each) for each in attributes], family=family, is_withdraw=is_withdrawn
    )


def held_of(path: Any, asn: int) -> Held:
    """Read one back. Raises Strange."""
    family = NAMES.get((path.family.afi, path.family.safi))
    if family is None:
        raise Strange(f"a route of address family {path.family.afi}/{path.family.safi}")
    told = {each.TypeName(): each for each in path.pattrs}
    of: str | Match
    if path.nlri.Is(pb.IPAddressPrefix.DESCRIPTOR):
        of = _prefix_text(_unpacked(path.nlri, pb.IPAddressPrefix))
    else:
        of = _match(_unpacked(path.nlri, pb.FlowSpecNLRI))
    return Held(family, of, _next_hop(told), _rate(told), frozenset(_tags(told, asn)))


def _next_hop(told: dict[str, Packed]) -> str:
    hop = ""
    if (v4 := told.get("apipb.NextHopAttribute")) is not None:
        hop = _unpacked(v4, pb.NextHopAttribute).next_hop
    elif (v6 := told.get("apipb.MpReachNLRIAttribute")) is not None:
        hop = next(iter(_unpacked(v6, pb.MpReachNLRIAttribute).next_hops), "")
    return "" if hop in ("0.0.0.0", "::", "<nil>", "invalid IP") else hop


def _rate(told: dict[str, Packed]) -> float | None:
    if (found := told.get("apipb.ExtendedCommunitiesAttribute")) is None:
        return None
    for each in _unpacked(found, pb.ExtendedCommunitiesAttribute).communities:
        if each.Is(pb.TrafficRateExtended.DESCRIPTOR):
            return float(_unpacked(each, pb.TrafficRateExtended).rate)
    return None


def _tags(told: dict[str, Packed], asn: int) -> Iterable[Tag]:
    if (found := told.get("apipb.LargeCommunitiesAttribute")) is not None:
        for each in _unpacked(found, pb.LargeCommunitiesAttribute).communities:
            if each.global_admin == asn:
                yield Tag(each.local_data1, each.local_data2)


def _prefix(text: str) -> Any:
    network = ip_network(text)
    return pb.IPAddressPrefix(prefix=str(network.network_address), prefix_len=network.prefixlen)


def _prefix_text(told: Any) -> str:
    return str(ip_network(f"{told.prefix}/{told.prefix_len}", strict=False))


def _flow(match: Match) -> Any:
    rules: list[Any] = [_flow_prefix(_DESTINATION, match.destination)]
    if match.source is not None:
        rules.append(_flow_prefix(_SOURCE, match.source))
    for number, items in match.components:
        told = [pb.FlowSpecComponentItem(op=op, value=value) for op, value in items]
        rules.append(pb.FlowSpecComponent(type=number, items=told))
    return pb.FlowSpecNLRI(rules=[_packed(rule) for rule in rules])


def _flow_prefix(number: int, text: str) -> Any:
    network = ip_network(text)
    return pb.FlowSpecIPPrefix(type=number, prefix=str(network.network_address), prefix_len=network.prefixlen)


def _match(nlri: Any) -> Match:
    prefixes: dict[int, str] = {}
    components: list[Component] = []
    for rule in nlri.rules:
        if rule.Is(pb.FlowSpecIPPrefix.DESCRIPTOR):
            prefix = _unpacked(rule, pb.FlowSpecIPPrefix)
            prefixes[prefix.type] = _prefix_text(prefix)
        else:
            told = _unpacked(rule, pb.FlowSpecComponent)
            components.append((told.type, tuple((_bare(item.op), item.value) for item in told.items)))
    if _DESTINATION not in prefixes:
        raise Strange("a flow specification without a destination")
    return Match(prefixes[_DESTINATION], prefixes.get(_SOURCE), tuple(components))


def _bare(op: int) -> int:
    """An operator without the bits that only say how it is written: end of list and length of the value."""
    return op & 0b01001111


def _packed(message: Any) -> Packed:
    packed = Packed()
    packed.Pack(message)
    return packed


def _unpacked(packed: Packed, kind: Any) -> Any:
    message = kind()
    if not packed.Unpack(message):
        raise Strange(f"a {packed.TypeName()} where {kind.DESCRIPTOR.full_name} belongs")
    return message
