"""From the tunnels a node has to those it must have: pure."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_interface, ip_network

from kitei.drivers.tunnels.clamp import clamp_text
from kitei.drivers.tunnels.seen import End, Into, TunnelsSeen, device_of, link_local_of
from kitei.network import Part, ReturnTunnel, Risk, Step
from kitei.values import digest_of

NAME = "tunnels"
_LEAST, _LARGEST = 1280, 9000  # bytes: an inner MTU IPv6 can live with (RFC 8200, 5)


def plan_tunnels(wanted: Sequence[Part], seen: TunnelsSeen) -> tuple[Step, ...]:
    """What is gone goes; then the filter before the ends, and the ends before what leads into them."""
    sound, flaws = _sound(wanted)
    steps = list(_steps(sound, seen))
    if flaws:
        steps.append(Step(NAME, f"refuse {len(flaws)} tunnels", "refuse", {"flaws": tuple(flaws)}))
    return tuple(steps)


def _sound(wanted: Sequence[Part]) -> tuple[dict[str, ReturnTunnel], list[str]]:
    """Tunnels by device, and what is wrong with others."""
    sound: dict[str, ReturnTunnel] = {}
    flaws: list[str] = []
    for part in sorted((p for p in wanted if isinstance(p, ReturnTunnel)), key=lambda p: p.name):
        found = list(_flaws(part))
        if (other := sound.get(device_of(part))) is not None:
            found.append(f"number {part.number} is that of {other.name}")
        for earlier in sound.values():
            both = sorted(set(part.carries) & set(earlier.carries))
            found += [f"{prefix} is carried by {earlier.name}" for prefix in both]
        flaws += [f"{part.key}: {flaw}" for flaw in found]
        if not found:
            sound[device_of(part)] = part
    return sound, flaws


def _flaws(part: ReturnTunnel) -> Iterator[str]:
    try:
        local, remote = ip_address(part.local), ip_address(part.remote)
        inner, peer = ip_interface(part.address), ip_address(part.peer)
        carried = [ip_network(prefix) for prefix in part.carries]
    except ValueError as error:
        yield str(error)
        return
    if local.version != remote.version or local == remote:
        yield f"{local} and {remote} are not two outer addresses of one family"
    if peer not in inner.network or peer == inner.ip:
        yield f"{peer} is not the other address of {inner.network}"
    if not 1 <= part.number < 1 << 24:
        yield f"number {part.number} is not between 1 and {(1 << 24) - 1}"
    if not _LEAST <= part.mtu <= _LARGEST:
        yield f"mtu {part.mtu} is not between {_LEAST} and {_LARGEST}"
    for prefix in carried:
        if prefix.version == remote.version and remote in prefix:
            yield f"{prefix} would carry the tunnel's own way to {remote} into it"


def _steps(sound: Mapping[str, ReturnTunnel], seen: TunnelsSeen) -> Iterator[Step]:
    gone = set[str]()
    for name, end in sorted(seen.ends.items()):
        if name not in sound:
            gone.add(name)
            yield Step(NAME, f"remove {name}", "delete", {"device": name}, Risk.OUTAGE, (end.owner,))
        elif not _is_same(sound[name], end):
            gone.add(name)
            do = f"remove {name}, which leads elsewhere"
            yield Step(NAME, do, "delete", {"device": name}, Risk.BLIP, (end.owner,))
    text = clamp_text(tuple(sound.values()))
    if sound and seen.clamp != digest_of(text):
        yield Step(NAME, "let only segments that fit into return tunnels", "clamp", {"text": text})
    for name, part in sound.items():
        there = seen.ends.get(name) if name not in gone else None
        if there is None:
            yield Step(NAME, f"make {name} to {part.remote}", "make", {"part": part})
        elif there != _right(part, there):
            surplus = tuple(sorted(there.addresses - _right(part, there).addresses))
            with_ = {"part": part, "kind": there.kind, "surplus": surplus}
            yield Step(NAME, f"set {name} as it must be", "set", with_)
    yield from _routes(sound, seen, gone)
    if not sound and seen.present:
        yield Step(NAME, "take the filter of return tunnels down", "clear")


def _is_same(part: ReturnTunnel, end: End) -> bool:
    is_asked = end.kind == part.encapsulation or (end.stands_in and part.encapsulation == "gre")
    return is_asked and (end.number, end.local, end.remote) == (
        part.number,
        _host(part.local),
        _host(part.remote),
    )


def _right(part: ReturnTunnel, there: End) -> End:
    addresses = {str(ip_interface(part.address)), f"{link_local_of(part.local)}/64"}
    return End(
        there.kind,
        part.number,
        _host(part.local),
        _host(part.remote),
        part.mtu,
        part.origin.owner,
        part.encapsulation != there.kind,
        True,
        frozenset(addresses),
    )


def _routes(sound: Mapping[str, ReturnTunnel], seen: TunnelsSeen, gone: set[str]) -> Iterator[Step]:
    there = {route for route in seen.routes if route.device not in gone}
    right = {
        _into(prefix, name, part, seen)
        for name, part in sound.items()
        for prefix in sorted({str(ip_network(each)) for each in part.carries})
    }
    for route in sorted(there - right, key=lambda r: r.prefix):
        moved = any(other.prefix == route.prefix for other in right)
        owner = seen.ends[route.device].owner if route.device in seen.ends else ""
        risk = Risk.BLIP if moved else Risk.OUTAGE
        with_ = {"route": route}
        yield Step(
            NAME, f"end the route {route.prefix} into {route.device}", "unroute", with_, risk, (owner,)
        )
    for route in sorted(right - there, key=lambda r: r.prefix):
        yield Step(NAME, f"route {route.prefix} into {route.device}", "route", {"route": route})


def _into(prefix: str, name: str, part: ReturnTunnel, seen: TunnelsSeen) -> Into:
    """VXLAN is a wire that wants a neighbour named; so does GRE here, that one route serves both."""
    version = ip_network(prefix).version
    via = _host(part.peer) if version == ip_address(part.peer).version else link_local_of(part.remote)
    return Into(prefix, name, via)


def _host(text: str) -> str:
    return str(ip_address(text))
