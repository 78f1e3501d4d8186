"""Virtual gateways: planned for any sight, and kept by real keepalived twins."""

import os
import signal
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kitei.drivers.keepalived import Keepalived, VrrpSeen, config_for, kept_in
from kitei.drivers.links import Links
from kitei.network import Address, Bgp, Forwarding, Gateway, Origin, Part, Port, Risk, Step

FOR = Origin("contract-1", ())
BGP = Bgp(FOR, 65000, "100.64.0.1", ())
gateways = some.builds(
    Gateway,
    some.sampled_from([FOR, Origin("contract-2", ())]),
    some.sampled_from(["lan0", "lan1"]),
    some.sampled_from(["10.1.0.1/24", "10.2.0.1/24"]),
    some.integers(1, 2),
    some.sampled_from([100, 200]),
)


@some.composite
def wishes(draw: some.DrawFn) -> tuple[Part, ...]:
    chosen = {(part.port, part.address): part for part in draw(some.lists(gateways, max_size=3))}
    return (*chosen.values(), *draw(some.sampled_from([(), (BGP,)])))


@some.composite
def sights(draw: some.DrawFn) -> VrrpSeen:
    before = config_for("a", draw(wishes()))
    held = some.tuples(
        some.sampled_from(["lan0", "lan1"]), some.sampled_from(["10.1.0.1/24", "10.2.0.1/24", "10.3.0.1/24"])
    )
    return VrrpSeen("a", before, draw(some.booleans()), frozenset(draw(some.sets(held))))


def after(seen: VrrpSeen, step: Step) -> VrrpSeen:
    match step.act:
        case "load":
            return VrrpSeen(seen.name, step.with_["config"], True, seen.held)
        case "release":
            gone = {(step.with_["port"], step.with_["address"])}
            return VrrpSeen(seen.name, seen.loaded, seen.running, seen.held - gone)
        case "stop":
            return VrrpSeen(seen.name, None, False, seen.held)
    raise AssertionError(f"{step.act} is unknown")


@given(wishes(), sights())
def test_after_its_steps_there_is_nothing_to_do(wanted: tuple[Part, ...], seen: VrrpSeen) -> None:
    done = seen
    for step in Keepalived().plan(wanted, seen):
        done = after(done, step)
    assert Keepalived().plan(wanted, done) == ()
    assert done.running == any(isinstance(part, Gateway) for part in wanted)


@given(wishes(), sights())
def test_an_address_that_nobody_keeps_is_released_and_no_other(
    wanted: tuple[Part, ...], seen: VrrpSeen
) -> None:
    steps = [step for step in Keepalived().plan(wanted, seen) if step.act == "release"]
    released = {(step.with_["port"], step.with_["address"]) for step in steps}
    known = kept_in(seen.loaded or "") | kept_in(config_for("a", wanted) or "")
    assert released <= known & seen.held
    if not seen.running and kept_in(config_for("a", wanted) or ""):
        assert released == known & seen.held


def test_a_gateway_that_goes_names_its_contract() -> None:
    loaded = config_for("a", [Gateway(Origin("contract-2", ()), "lan0", "10.1.0.1/24", 1, 100)])
    (step,) = Keepalived().plan((), VrrpSeen("a", loaded, True))
    assert (step.act, step.risk, step.owners) == ("stop", Risk.OUTAGE, ("contract-2",))


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class Twins:
    """Devices a and b on one LAN; a is preferred. A route by hand stands in for BGP's."""

    def __init__(self, bench, make_right) -> None:
        self.bench, self.make_right = bench, make_right
        self.hosts = {"a": bench.node("a"), "b": bench.node("b")}
        bench.node("lan")
        bench.ip("lan", "link", "add", "br0", "type", "bridge")
        bench.ip("lan", "link", "set", "br0", "up")
        for name in self.hosts:
            bench.wire(name, "lan0", "lan", f"l-{name}")
            bench.ip("lan", "link", "set", f"l-{name}", "master", "br0", "up")

    def parts(self, name: str) -> tuple[Part, ...]:
        return (
            Forwarding(FOR),
            Port(FOR, "lan0", "lan"),
            Address(FOR, "lan0", "10.1.0.2/24" if name == "a" else "10.1.0.3/24"),
            Gateway(FOR, "lan0", "10.1.0.1/24", 7, 200 if name == "a" else 100),
            BGP,
        )

    def up(self) -> None:
        for name, host in self.hosts.items():
            for driver in (Links(), Keepalived()):
                self.make_right(driver, host, self.parts(name))
            self.learn(name)
        assert eventually(lambda: self.holds("a") and not self.holds("b"))

    def learn(self, name: str, verb: str = "add") -> None:
        self.bench.ip(name, "route", verb, "blackhole", "10.9.0.0/16", "proto", "bgp")

    def holds(self, name: str) -> bool:
        return "10.1.0.1/24" in self.bench.ip(name, "address", "show", "dev", "lan0")


@pytest.fixture
def twins(bench, make_right) -> Twins:
    return Twins(bench, make_right)


@pytest.mark.lab
def test_the_preferred_twin_holds_it_unless_it_has_no_route(twins) -> None:
    twins.up()
    twins.learn("a", "del")
    assert eventually(lambda: twins.holds("b") and not twins.holds("a"))
    twins.learn("a")
    assert eventually(lambda: twins.holds("a") and not twins.holds("b"))


@pytest.mark.lab
def test_links_and_keepalived_do_not_quarrel_about_the_address(twins) -> None:
    twins.up()
    for driver in (Links(), Keepalived()):
        assert driver.plan(twins.parts("a"), driver.see(twins.hosts["a"])) == ()


@pytest.mark.lab
@pytest.mark.parametrize("has_route", [True, False])
def test_a_killed_keepalived_does_not_keep_the_address(twins, has_route: bool) -> None:
    twins.up()
    host = twins.hosts["a"]
    if not has_route:
        twins.learn("a", "del")
    before = host.running()["keepalived"]
    children = host.run(["pgrep", "-P", str(before)]).out.split()
    for pid in (before, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: twins.holds("b")), "the twin takes over"
    assert eventually(lambda: host.running().get("keepalived", before) != before)
    assert eventually(lambda: twins.holds("a") == has_route and twins.holds("b") != has_route), "one holds it"


@pytest.mark.lab
def test_after_the_death_of_all_a_new_agent_finds_the_address_and_releases_it(twins) -> None:
    twins.up()
    host = twins.hosts["a"]
    host.stop("keepalived")
    twins.bench.ip("a", "address", "add", "10.1.0.1/24", "dev", "lan0")  # as SIGKILL to all leaves it
    twins.learn("a", "del")
    steps = Keepalived().plan(twins.parts("a"), Keepalived().see(host))
    assert [step.act for step in steps] == ["release", "load"]
    twins.make_right(Keepalived(), host, twins.parts("a"))
    assert not twins.holds("a")
    assert eventually(lambda: twins.holds("b")), "the twin has it"


@pytest.mark.lab
def test_another_priority_is_taken_up_live(twins) -> None:
    twins.up()
    pid = twins.hosts["a"].running()["keepalived"]
    lower = [
        Gateway(FOR, "lan0", "10.1.0.1/24", 7, 50) if isinstance(p, Gateway) else p for p in twins.parts("a")
    ]
    twins.make_right(Keepalived(), twins.hosts["a"], lower)
    assert eventually(lambda: twins.holds("b") and not twins.holds("a"))
    assert twins.hosts["a"].running()["keepalived"] == pid


@pytest.mark.lab
def test_nothing_wanted_leaves_nothing(twins) -> None:
    twins.up()
    host = twins.hosts["a"]
    twins.make_right(Keepalived(), host, ())
    assert not twins.holds("a") and not host.running()
    assert not os.path.exists(host.state("keepalived"))
