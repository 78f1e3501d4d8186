"""From what a kernel has to what it must have: pure."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_interface, ip_network

from kitei.drivers.links.seen import PREFIX, Device, LinksSeen, Way, tunnel_between
from kitei.network import (
    Address,
    Forwarding,
    Gateway,
    Overlay,
    Part,
    Port,
    ReturnTunnel,
    Risk,
    Route,
    Scrubber,
    Step,
)

NAME = "links"

_FORWARD = "net/ipv4/ip_forward"
_GENERAL = {
    _FORWARD: "1",  # first: it sets others below to their defaults
    "net/ipv4/fib_multipath_hash_policy": "1",
    "net/ipv4/conf/all/rp_filter": "0",  # the filter knows better which sources belong where
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv4/conf/all/accept_redirects": "0",
    "net/ipv4/conf/all/ignore_routes_with_linkdown": "1",  # a LAN without carrier is not announced
    "net/ipv4/conf/all/promote_secondaries": "1",  # a virtual address survives its neighbour's removal
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
}
# A scrubber and the ends of a tunnel carry both families; what else the machine does is its own.
FORWARDS_BOTH = (_FORWARD, "net/ipv6/conf/all/forwarding")
_OF_EACH = {
    "net/ipv4/conf/{}/rp_filter": "0",
    "net/ipv4/conf/{}/send_redirects": "0",
    "net/ipv6/conf/{}/disable_ipv6": "1",
}
# A LAN that has just come back swallows the first questions for a neighbour: ask ten times a second, for two
# seconds, while packets wait.
_OF_LANS = {
    "net/ipv4/neigh/{}/retrans_time_ms": "100",
    "net/ipv4/neigh/{}/mcast_solicit": "20",
}


def switches_for(devices: Iterable[str], lans: Iterable[str]) -> dict[str, str]:
    """The switches that forwarding needs, given the devices there are and which of them are LAN ports."""
    each = {path.format(name): value for name in devices for path, value in _OF_EACH.items()}
    each |= {path.format(name): value for name in lans for path, value in _OF_LANS.items()}
    return {**_GENERAL, **each}


def plan_links(wanted: Sequence[Part], seen: LinksSeen) -> tuple[Step, ...]:
    """First what others stand on: switches, ports, overlays, addresses; then routes."""
    return (
        *_switches(wanted, seen),
        *_ports(wanted, seen),
        *_overlays(wanted, seen),
        *_addresses(wanted, seen),
        *_routes(wanted, seen),
    )


def _switches(wanted: Sequence[Part], seen: LinksSeen) -> Iterator[Step]:
    if any(isinstance(part, Forwarding) for part in wanted):
        lans = {part.name for part in wanted if isinstance(part, Port) and part.role == "lan"}
        right = switches_for(sorted(seen.devices), sorted(lans & set(seen.devices)))
        wrong = {path: value for path, value in right.items() if seen.switches.get(path, value) != value}
        if wrong:
            yield Step(NAME, f"set {', '.join(wrong)}", "switch", {"switches": wrong})
        return
    if any(isinstance(part, Scrubber | ReturnTunnel) for part in wanted):
        wrong = {path: "1" for path in FORWARDS_BOTH if seen.switches.get(path, "0") != "1"}
        if wrong:
            yield Step(NAME, f"set {', '.join(wrong)}", "switch", {"switches": wrong})
        return
    # Only where it was we who began it: what else a machine forwards is its own affair.
    ours = all(seen.switches.get(path, value) == value for path, value in _GENERAL.items())
    if ours and seen.switches.get(_FORWARD) == "1":
        owners = sorted({device.owner for device in seen.devices.values() if device.owner})
        yield Step(
            NAME,
            "stop forwarding between interfaces",
            "switch",
            {"switches": {_FORWARD: "0"}},
            Risk.OUTAGE,
            tuple(owners),
        )


def _ports(wanted: Sequence[Part], seen: LinksSeen) -> Iterator[Step]:
    ports = {part.name: part for part in wanted if isinstance(part, Port)}
    for name, port in ports.items():
        device = seen.devices.get(name)
        if device is None:
            there = sorted(seen.devices)
            yield Step(NAME, f"find port {name}", "find", {"name": name, "there": there})
            continue
        owner = None if port.role == "loopback" else port.origin.owner
        if not device.up or device.owner != owner:
            yield _set(device, owner, device.mtu)
    for name, device in seen.devices.items():
        if device.owner is not None and name not in ports and not name.startswith(PREFIX):
            yield _set(device, None, device.mtu, up=device.up)


def _set(device: Device, owner: str | None, mtu: int, up: bool = True) -> Step:
    changes = [
        *(["up"] if up and not device.up else []),
        *([f"MTU {mtu}"] if mtu != device.mtu else []),
        *([f"serving {owner or 'nobody'}"] if owner != device.owner else []),
    ]
    with_ = {"name": device.name, "up": up, "mtu": mtu, "owner": owner}
    return Step(NAME, f"set {device.name}: {', '.join(changes)}", "set", with_)


def _overlays(wanted: Sequence[Part], seen: LinksSeen) -> Iterator[Step]:
    overlays = {part.name: part for part in wanted if isinstance(part, Overlay)}
    for name, device in seen.devices.items():
        if name.startswith(PREFIX) and name not in overlays:
            yield Step(NAME, f"remove {name}", "delete", {"name": name}, Risk.OUTAGE, _owners(device))
    for name, part in overlays.items():
        there = seen.devices.get(name)
        tunnel = tunnel_between(part.number, part.local_inner, part.remote_inner)
        if there is not None and there.tunnel != tunnel:
            do = f"remove {name}, which leads elsewhere"
            yield Step(NAME, do, "delete", {"name": name}, Risk.BLIP, _owners(there))
            there = None
        if there is None:
            yield _make(part)
        elif (there.up, there.mtu, there.owner) != (True, part.mtu, part.origin.owner):
            yield _set(there, part.origin.owner, part.mtu)


def _make(part: Overlay) -> Step:
    with_ = {
        "name": part.name,
        "number": part.number,
        "local": part.local_inner,
        "remote": part.remote_inner,
        "mtu": part.mtu,
        "owner": part.origin.owner,
    }
    return Step(NAME, f"make {part.name} to {part.remote_inner}, VNI {part.number}", "make", with_)


def _addresses(wanted: Sequence[Part], seen: LinksSeen) -> Iterator[Step]:
    ports = {part.name for part in wanted if isinstance(part, Port | Overlay)}
    right = {(p.port, _interface(p.address)): None for p in wanted if isinstance(p, Address)}
    right |= {(p.name, _interface(p.address, 31)): None for p in wanted if isinstance(p, Overlay)}
    virtual = {(p.port, _host(p.address)) for p in wanted if isinstance(p, Gateway)}
    remade = _remade(wanted, seen)
    there = {(held.port, held.address) for held in seen.addresses if held.port not in remade}
    for port, address in right:
        if (port, address) not in there:
            yield Step(NAME, f"give {port} {address}", "give", {"port": port, "address": address})
    for held in sorted(seen.addresses, key=lambda held: (held.port, held.address)):
        ours = held.marked or held.port in ports
        keep = (held.port, held.address) in right or (held.port, _host(held.address)) in virtual
        if ours and not keep and held.port not in remade and not held.address.startswith("127."):
            with_ = {"port": held.port, "address": held.address}
            owners = _owners(seen.devices.get(held.port))
            yield Step(NAME, f"take {held.address} from {held.port}", "take", with_, Risk.OUTAGE, owners)


def _remade(wanted: Sequence[Part], seen: LinksSeen) -> set[str]:
    """Devices that lose everything on them, because this plan deletes them."""
    tunnels = {
        p.name: tunnel_between(p.number, p.local_inner, p.remote_inner)
        for p in wanted
        if isinstance(p, Overlay)
    }
    ours = (device for name, device in seen.devices.items() if name.startswith(PREFIX))
    return {
        device.name for device in ours if tunnels.get(device.name) != device.tunnel or device.tunnel is None
    }


def _routes(wanted: Sequence[Part], seen: LinksSeen) -> Iterator[Step]:
    """A wanted route takes the place of any other of the same destination and metric."""
    right = {(_network(p.destination), p.metric): p.via for p in wanted if isinstance(p, Route)}
    remade = _remade(wanted, seen)
    there = sorted(
        (way for way in seen.routes if way.device not in remade),
        key=lambda way: (way.destination, way.metric, way.via or ""),
    )
    for (destination, metric), via in right.items():
        rivals = [way for way in there if (way.destination, way.metric) == (destination, metric)]
        has = any(way.via == via for way in rivals)
        surplus = [way for way in rivals if way.via != via] if has else rivals[1:]
        yield from (_close(way, seen, Risk.BLIP) for way in surplus)
        if not has:
            with_ = {"destination": destination, "via": via, "metric": metric}
            risk = Risk.BLIP if rivals else Risk.NONE
            yield Step(NAME, f"route {destination} {_towards(via)}", "route", with_, risk)
    for way in there:
        if (way.destination, way.metric) not in right:
            yield _close(way, seen, Risk.OUTAGE)


def _close(way: Way, seen: LinksSeen, risk: Risk) -> Step:
    with_ = {"destination": way.destination, "via": way.via, "metric": way.metric}
    owners = _owners(seen.devices.get(way.device)) if way.device else ()
    return Step(NAME, f"end the route {way.destination} {_towards(way.via)}", "unroute", with_, risk, owners)


def _towards(via: str | None) -> str:
    return f"via {via}" if via else "into nothing"


def _owners(device: Device | None) -> tuple[str, ...]:
    return (device.owner,) if device and device.owner else ()


def _interface(address: str, length: int = 32) -> str:
    return str(ip_interface(address if "/" in address else f"{address}/{length}"))


def _host(address: str) -> str:
    return str(ip_interface(address).ip)


def _network(destination: str) -> str:
    return str(ip_network(destination))
