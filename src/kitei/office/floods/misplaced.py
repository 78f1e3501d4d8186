"""What against floods is stated but could not work together: each slip by itself, before any node is told. Pure."""

from collections.abc import Hashable, Iterable, Iterator
from ipaddress import ip_address, ip_interface
from itertools import groupby

from kitei.network.ddos_estate import DefencePlaces, TunnelPlace
from kitei.values import Words


def misplaced(places: DefencePlaces) -> Iterator[Words]:
    """Names that lead nowhere, and two of what there can be but one of; each told with its statement."""
    speakers = {each.node for each in places.speakers}
    for upstream in places.upstreams:
        if upstream.speaker not in speakers:
            yield _nowhere(f"upstream {upstream.name}: speaker", upstream.speaker, speakers)
    scrubbers = {each.node for each in places.scrubbers}
    for tunnel in places.tunnels:
        name = f"return_tunnel {_named(tunnel)}"
        if tunnel.scrubber not in scrubbers:
            yield _nowhere(f"{name}: scrubber", tunnel.scrubber, scrubbers)
        yield from _ends(name, tunnel)
    hears = ((each.name, (each.speaker, each.address)) for each in places.upstreams)
    yield from _twice("upstream", "address", hears)
    for end in ("scrubber", "far_node"):  # a device has its tunnel's number, at either end
        numbers = ((_named(t), (node, t.number)) for t in places.tunnels if (node := getattr(t, end)))
        yield from _twice("return_tunnel", "number", numbers)
        yield from _overlapping(end, places.tunnels)
    hops = ((each.node, hop) for each in places.scrubbers for hop in each.next_hops)
    yield from _twice("scrubber", "next_hops", hops)


def _ends(name: str, tunnel: TunnelPlace) -> Iterator[Words]:
    if ip_address(tunnel.local).version != ip_address(tunnel.remote).version:
        yield Words(
            f"{name}: remote {tunnel.remote} は local {tunnel.local} と同じ種類ではありません",
            f"{name}: remote {tunnel.remote} is not of the family of local {tunnel.local}",
        )
    inner = ip_interface(tunnel.address)
    if ip_address(tunnel.peer) not in inner.network or ip_address(tunnel.peer) == inner.ip:
        yield Words(
            f"{name}: peer {tunnel.peer} は {inner.network} の相手側のアドレスではありません",
            f"{name}: peer {tunnel.peer} is not the other address of {inner.network}",
        )


def _overlapping(end: str, tunnels: Iterable[TunnelPlace]) -> Iterator[Words]:
    """Tunnels of one node whose inner addresses are not apart: it would send packets of one into the other."""
    at_end = sorted((_inside(end, each), _named(each)) for each in tunnels if getattr(each, end))
    for (node, _), inside in groupby(at_end, key=lambda each: each[0][:2]):
        before, before_reaches = "", -1
        for (_, _, first, reaches), name in inside:
            if first <= before_reaches:
                yield Words(
                    f"return_tunnel {name}: address は {node} で {before} のものと重なります",
                    f"return_tunnel {name}: address is not apart from that of {before} at {node}",
                )
            if reaches > before_reaches:
                before, before_reaches = name, reaches


def _inside(end: str, tunnel: TunnelPlace) -> tuple[str, int, int, int]:
    """The node at an end; the family of the inner network, its first and its last address."""
    network = ip_interface(tunnel.address).network
    return getattr(tunnel, end), network.version, int(network.network_address), int(network.broadcast_address)


def _named(tunnel: TunnelPlace) -> str:
    return f"{tunnel.contract} {tunnel.scrubber}"


def _nowhere(place: str, name: str, known: Iterable[str]) -> Words:
    there = ", ".join(sorted(known))
    return Words(
        f"{place} '{name}' はありません。あるのは {there or 'なし'}",
        f"{place} '{name}' is not there; there is {there or 'none'}",
    )


def _twice(kind: str, field: str, told: Iterable[tuple[str, Hashable]]) -> Iterator[Words]:
    """Of statements (name, what has to be its own), those that another has said before."""
    first: dict[Hashable, str] = {}
    for name, own in told:
        if (before := first.setdefault(own, name)) != name:
            yield Words(
                f"{kind} {name}: {field} は {before} と同じです",
                f"{kind} {name}: {field} is that of {before}",
            )
