"""Links, planned: whatever a kernel has, the plan ends at what is wanted, and then there is no plan."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from kitei.drivers.links import Device, Held, Links, LinksSeen, Way, tunnel_between
from kitei.drivers.links.plan import switches_for
from kitei.network import (
    Address,
    Forwarding,
    Gateway,
    Origin,
    Overlay,
    Part,
    Port,
    ReturnTunnel,
    Risk,
    Route,
    Scrubber,
    Step,
)

PORTS = ("wan0", "lan0", "lan1")
OWNERS = ("contract-1", "contract-2")
origins = some.sampled_from([Origin(owner, ()) for owner in OWNERS])
hosts = some.integers(1, 6)
metrics = some.sampled_from([0, 10])
prefixes = some.sampled_from(["10.1.0.0/24", "10.2.0.0/16", "0.0.0.0/0"])
vias = some.sampled_from([None, "192.0.2.1", "192.0.2.2"])


def overlay(origin: Origin, number: int, remote: int, mtu: int) -> Overlay:
    return Overlay(
        origin, f"kt{number}", number, "100.64.0.1", f"100.64.0.{remote}", f"100.80.0.{2 * number}", mtu
    )


parts = some.one_of(
    some.builds(Forwarding, origins),
    some.builds(Port, origins, some.sampled_from(PORTS), some.just("lan")),
    some.builds(Port, origins, some.just("lo"), some.just("loopback")),
    some.builds(Address, origins, some.sampled_from(PORTS), hosts.map(lambda n: f"192.0.2.{n}/24")),
    some.builds(
        Gateway, origins, some.sampled_from(PORTS), some.just("192.0.2.6/24"), some.just(1), some.just(100)
    ),
    some.builds(overlay, origins, some.integers(1, 3), some.integers(2, 4), some.sampled_from([1300, 1350])),
    some.builds(Route, origins, prefixes, vias, metrics),
)


@some.composite
def wishes(draw: some.DrawFn) -> tuple[Part, ...]:
    """Parts with one part a key, and addresses only on ports that are wanted as well."""
    chosen = {part.key: part for part in draw(some.lists(parts, max_size=12))}
    named = {part.name for part in chosen.values() if isinstance(part, Port)}
    return tuple(p for p in chosen.values() if not isinstance(p, Address | Gateway) or p.port in named)


@some.composite
def sights(draw: some.DrawFn) -> LinksSeen:
    owners = some.sampled_from([None, *OWNERS])
    tunnels = some.builds(
        tunnel_between,
        some.integers(1, 3),
        some.just("100.64.0.1"),
        some.integers(2, 4).map(lambda n: f"100.64.0.{n}"),
    )
    names = [*PORTS, *draw(some.lists(some.sampled_from(["kt1", "kt2", "kt9"]), unique=True))]
    devices = {"lo": Device("lo", True, 65536)}
    for name in names:
        tunnel = draw(some.one_of(some.none(), tunnels)) if name.startswith("kt") else None
        devices[name] = Device(
            name, draw(some.booleans()), draw(some.sampled_from([1350, 1500])), draw(owners), tunnel
        )
    address = some.builds(
        Held, some.sampled_from(names), hosts.map(lambda n: f"192.0.2.{n}/24"), some.booleans()
    )
    addresses = {(held.port, held.address): held for held in draw(some.lists(address, max_size=8))}
    route = some.builds(Way, prefixes, vias, metrics, some.sampled_from([None, *names]))
    routes = {(way.destination, way.via, way.metric): way for way in draw(some.lists(route, max_size=6))}
    switches = {
        path: draw(some.sampled_from(["0", "1"])) for path in switches_for(sorted(devices), sorted(devices))
    }
    return LinksSeen(devices, frozenset(addresses.values()), frozenset(routes.values()), switches)


def after(seen: LinksSeen, step: Step) -> LinksSeen:
    """What a kernel would have after a step."""
    with_ = step.with_
    match step.act:
        case "switch":
            return replace(seen, switches={**seen.switches, **with_["switches"]})
        case "set":
            device = seen.devices[with_["name"]]
            device = replace(device, up=with_["up"], mtu=with_["mtu"], owner=with_["owner"])
            return replace(seen, devices={**seen.devices, device.name: device})
        case "make":
            assert with_["name"] not in seen.devices, f"{with_['name']} is made over another"
            tunnel = tunnel_between(with_["number"], with_["local"], with_["remote"])
            device = Device(with_["name"], True, with_["mtu"], with_["owner"], tunnel)
            return replace(seen, devices={**seen.devices, device.name: device})
        case "delete":
            name = with_["name"]
            return replace(
                seen,
                devices={n: d for n, d in seen.devices.items() if n != name},
                addresses=frozenset(held for held in seen.addresses if held.port != name),
                routes=frozenset(way for way in seen.routes if way.device != name),
            )
        case "give":
            assert with_["port"] in seen.devices, f"{with_['port']} is given an address before it exists"
            return replace(seen, addresses=seen.addresses | {Held(with_["port"], with_["address"])})
        case "take":
            gone = (with_["port"], with_["address"])
            return replace(
                seen, addresses=frozenset(h for h in seen.addresses if (h.port, h.address) != gone)
            )
        case "route":
            key = (with_["destination"], with_["metric"])
            others = frozenset(w for w in seen.routes if (w.destination, w.metric) != key)
            return replace(seen, routes=others | {Way(with_["destination"], with_["via"], with_["metric"])})
        case "unroute":
            gone = (with_["destination"], with_["via"], with_["metric"])
            return replace(
                seen, routes=frozenset(w for w in seen.routes if (w.destination, w.via, w.metric) != gone)
            )
    raise AssertionError(f"{step.act} is unknown")


def end(wanted: Sequence[Part], seen: LinksSeen) -> LinksSeen:
    for step in Links().plan(wanted, seen):
        seen = after(seen, step)
    return seen


@given(wishes(), sights())
def test_after_its_steps_there_is_nothing_to_do(wanted: tuple[Part, ...], seen: LinksSeen) -> None:
    done = end(wanted, seen)
    assert [step.do for step in Links().plan(wanted, done)] == []
    routes = {(p.destination, p.via, p.metric) for p in wanted if isinstance(p, Route)}
    assert {(w.destination, w.via, w.metric) for w in done.routes} == routes
    overlays = {p.name for p in wanted if isinstance(p, Overlay)}
    assert {name for name in done.devices if name.startswith("kt")} == overlays
    for part in wanted:
        if isinstance(part, Address):
            assert (part.port, part.address) in {(h.port, h.address) for h in done.addresses}


@given(wishes(), sights())
def test_taking_something_away_again_is_noticed(wanted: tuple[Part, ...], seen: LinksSeen) -> None:
    done = end(wanted, seen)
    ours = [held for held in done.addresses if held.marked]
    for held in ours:
        wants = any(
            isinstance(p, Address) and (p.port, p.address) == (held.port, held.address) for p in wanted
        )
        if wants:
            assert Links().plan(wanted, replace(done, addresses=done.addresses - {held}))
    for way in done.routes:
        assert Links().plan(wanted, replace(done, routes=done.routes - {way}))


@given(wishes(), sights())
def test_wanting_nothing_leaves_nothing_of_ours(wanted: tuple[Part, ...], seen: LinksSeen) -> None:
    done = end((), end(wanted, seen))
    assert not done.routes
    assert not [held for held in done.addresses if held.marked]
    assert not [name for name in done.devices if name.startswith("kt")]
    assert not [device for device in done.devices.values() if device.owner]
    if any(isinstance(part, Forwarding) for part in wanted):
        assert done.switches["net/ipv4/ip_forward"] == "0"


def test_what_a_machine_forwards_for_others_stays() -> None:
    """A collector's orders say nothing of forwarding; its machine may be a router for reasons of its own."""
    lo = {"lo": Device("lo", True, 65536)}
    router = {"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/disable_ipv6": "0"}
    assert Links().plan((), LinksSeen(lo, switches=router)) == ()


def test_a_scrubber_and_the_ends_of_a_tunnel_forward_both_families() -> None:
    origin = Origin("c", ())
    off = {"net/ipv4/ip_forward": "0", "net/ipv6/conf/all/forwarding": "0"}
    for part in (
        Scrubber(origin, "dirty0", "auto"),
        ReturnTunnel(origin, "c", "vxlan", "192.0.2.1", "192.0.2.2", 1, "10.0.0.1/30", "10.0.0.2", (), 1400),
    ):
        (step,) = Links().plan([part], LinksSeen({}, switches=off))
        assert step.with_ == {"switches": dict.fromkeys(off, "1")}
        assert Links().plan([part], LinksSeen({}, switches=dict.fromkeys(off, "1"))) == ()


def test_a_missing_port_is_named_with_the_ports_there_are() -> None:
    (step,) = Links().plan(
        [Port(Origin("c", ()), "lan7", "lan")], LinksSeen({"lo": Device("lo", True, 65536)})
    )
    assert (step.act, step.with_) == ("find", {"name": "lan7", "there": ["lo"]})


def test_removing_an_overlay_names_the_contract_it_served() -> None:
    seen = LinksSeen(
        {"kt1": Device("kt1", True, 1350, "contract-9", tunnel_between(1, "100.64.0.1", "100.64.0.2"))}
    )
    (step,) = Links().plan((), seen)
    assert (step.act, step.risk, step.owners) == ("delete", Risk.OUTAGE, ("contract-9",))


def test_a_virtual_address_is_its_keepers_business() -> None:
    origin = Origin("c", ())
    wanted = [Port(origin, "lan0", "lan"), Gateway(origin, "lan0", "10.1.0.1/24", 1, 100)]
    device = Device("lan0", True, 1500, "c")
    with_it = LinksSeen({"lan0": device}, frozenset({Held("lan0", "10.1.0.1/24", False)}))
    assert Links().plan(wanted, with_it) == Links().plan(wanted, LinksSeen({"lan0": device})) == ()
