"""The plan for RADIUS: for any wish and any sight, its steps lead there, and no further step is left."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.drivers.freeradius import Freeradius, RadiusSeen, client_line
from kitei.drivers.freeradius.front import Folders, quoted, slot_port
from kitei.drivers.freeradius.policy import policy_text
from kitei.network import (
    HomeServer,
    Origin,
    Part,
    PermanentError,
    RadiusClient,
    RadiusGroup,
    RadiusProxy,
    RadiusServer,
    RadiusVpdn,
    Risk,
    Step,
    TunnelTerminator,
    sacks_of,
)

FOR, OTHER = Origin("contract-1", ()), Origin("contract-2", ())
FOLDERS = Folders("/own", "/sacks", "/code", "/module")
SERVER = RadiusServer(FOR, ("192.0.2.1", "2001:db8::1"), 1812, 1813, None)
SACKS = ["c@1", "c@2", "u@1", "h@1", "t@1", "papers@1"]
origins = some.sampled_from([FOR, OTHER])
clients = some.builds(
    RadiusClient,
    origins,
    some.sampled_from(["198.51.100.1", "2001:db8::7"]),
    some.sampled_from(["c@1", "c@2"]),
    some.sampled_from([(), ("a.example",)]),
    some.sampled_from(["", "D"]),
    some.booleans(),
    some.integers(0, 2),
)
realms = some.one_of(
    some.builds(
        RadiusGroup,
        origins,
        some.just("a.example"),
        some.just("u@1"),
        some.none(),
        some.just(("pap",)),
        some.integers(0, 9),
        some.just(""),
    ),
    some.builds(RadiusProxy, origins, some.just("a.example"), some.booleans(), some.booleans()),
    some.builds(RadiusVpdn, origins, some.just("a.example"), some.just("D"), some.booleans()),
)
homes = some.builds(
    HomeServer,
    origins,
    some.just("a.example"),
    some.sampled_from(["203.0.113.1", "203.0.113.2"]),
    some.just(1812),
    some.just("udp"),
    some.just("h@1"),
    some.integers(1, 2),
    some.integers(0, 2),
    some.booleans(),
    some.just(""),
    some.none(),
)
doors = some.builds(
    TunnelTerminator,
    origins,
    some.just("a.example"),
    some.just("203.0.113.9"),
    some.sampled_from([None, "t@1"]),
    some.just(1),
    some.just(1),
)


@some.composite
def wishes(draw: some.DrawFn) -> tuple[Part, ...]:
    if draw(some.integers(0, 5)) == 0:
        return ()
    server = replace(SERVER, papers=draw(some.sampled_from([None, "papers@1"])))
    drawn = (
        *draw(some.lists(clients, max_size=2)),
        *draw(some.lists(realms, max_size=1)),
        *draw(some.lists(homes, max_size=2)),
        *draw(some.lists(doors, max_size=1)),
    )
    return (server, *{part.key: part for part in drawn}.values())


@some.composite
def sights(draw: some.DrawFn) -> RadiusSeen:
    """A machine as another wish has left it, then with something stopped, lost or arrived."""
    seen = RadiusSeen(FOLDERS, sacks=frozenset(draw(some.sets(some.sampled_from(SACKS)))))
    for step in Freeradius().plan(draw(wishes()), seen):
        seen = after(seen, step)
    stopped = draw(some.sets(some.sampled_from(["radius", "radius-watch", "radius-relay-0"])))
    arrived = frozenset(draw(some.sets(some.sampled_from(SACKS))))
    return replace(
        seen, running=seen.running - stopped, sacks=arrived, switched=draw(some.sampled_from([0.0, 100.0]))
    )


def after(seen: RadiusSeen, step: Step) -> RadiusSeen:
    told = step.with_
    match step.act:
        case "client":
            return replace(seen, present=True, clients={**seen.clients, told["address"]: told["line"]})
        case "forget":
            return replace(seen, clients={n: line for n, line in seen.clients.items() if n != told["name"]})
        case "authorities":
            return replace(seen, authorities=tuple(told["authorities"]))
        case "relay":
            running = seen.running | {f"radius-relay-{told['slot']}"}
            return replace(seen, present=True, running=running, relay=(told["slot"], told["digest"]))
        case "policy":
            return replace(seen, present=True, policy=told["policy"], switched=0.0)
        case "front":
            from hashlib import sha256

            digest = sha256(told["config"].encode()).hexdigest()
            return replace(seen, present=True, front=digest, running=seen.running | {"radius"})
        case "watch":
            return replace(seen, running=seen.running | {"radius-watch"})
        case "retire":
            return replace(seen, running=seen.running - {f"radius-relay-{told['slot']}"})
        case "stop":
            return RadiusSeen(FOLDERS, sacks=seen.sacks)
        case "await":
            return seen
    raise AssertionError(f"{step.act} is unknown")


@settings(max_examples=300)
@given(wishes(), sights())
def test_after_its_steps_only_what_has_not_arrived_is_left(wanted, seen) -> None:
    done = seen
    for step in Freeradius().plan(wanted, seen):
        done = after(done, step)
    left = Freeradius().plan(wanted, done)
    assert {step.act for step in left} <= {"await"}
    missing = sacks_of(wanted).keys() - seen.sacks if wanted else set()
    assert {step.with_["sack"] for step in left} == missing
    whole = replace(done, sacks=frozenset(SACKS))
    for step in Freeradius().plan(wanted, whole):
        whole = after(whole, step)
    assert Freeradius().plan(wanted, whole) == ()
    assert bool(wanted) == ("radius" in whole.running)
    asking = {part.address for part in wanted if isinstance(part, RadiusClient)}
    assert set(whole.clients) == asking
    if wanted:
        assert set(json.loads(whole.policy or "")["clients"]) == asking


@given(wishes(), sights())
def test_a_client_has_its_file_before_it_is_known_and_until_it_is_not(wanted, seen) -> None:
    done = seen
    for step in Freeradius().plan(wanted, seen):
        if step.act == "policy":
            assert set(json.loads(step.with_["policy"])["clients"]) <= set(done.clients)
        done = after(done, step)


def test_a_change_of_home_servers_starts_another_relay_and_the_old_one_ends_later() -> None:
    proxy = RadiusProxy(FOR, "a.example", False, False)
    home = HomeServer(FOR, "a.example", "203.0.113.1", 1812, "udp", "h@1", 1, 1, False, "", None)
    seen = RadiusSeen(FOLDERS, sacks=frozenset(SACKS))
    for step in Freeradius().plan((SERVER, proxy, home), seen):
        seen = after(seen, step)
    assert seen.relay is not None and seen.relay[0] == 0
    moved = replace(home, address="203.0.113.2")
    steps = Freeradius().plan((SERVER, proxy, moved), seen)
    assert [step.act for step in steps] == ["relay", "policy"] and steps[0].with_["slot"] == 1
    for step in steps:
        seen = after(seen, step)
    assert {"radius-relay-0", "radius-relay-1"} <= seen.running
    assert Freeradius().plan((SERVER, proxy, moved), seen) == ()
    later = Freeradius().plan((SERVER, proxy, moved), replace(seen, switched=100.0))
    assert [(step.act, step.with_["slot"]) for step in later] == [("retire", 0)]


def test_who_loses_its_answers_is_named() -> None:
    line = client_line(RadiusClient(OTHER, "198.51.100.1", "c@1", (), "", False, 0))
    seen = RadiusSeen(FOLDERS, True, frozenset({"radius"}), clients={"198.51.100.1": line})
    forget = next(step for step in Freeradius().plan((SERVER,), seen) if step.act == "forget")
    assert (forget.risk, forget.owners) == (Risk.OUTAGE, ("contract-2",))
    (stop,) = Freeradius().plan((), seen)
    assert (stop.act, stop.risk, stop.owners) == ("stop", Risk.OUTAGE, ("contract-2",))


def test_a_realm_is_not_two_things_and_a_server_has_not_two_secrets() -> None:
    group = RadiusGroup(FOR, "a.example", "u@1", None, ("pap",), 1, "")
    proxy = RadiusProxy(FOR, "a.example", False, False)
    with pytest.raises(PermanentError, match="two of group, proxy and VPDN"):
        policy_text([group, proxy], SACKS, "relay-0")
    home = HomeServer(FOR, "a.example", "203.0.113.1", 1812, "udp", "h@1", 1, 1, False, "", None)
    twin = replace(home, realm="b.example", sack="h@2")
    seen = RadiusSeen(FOLDERS, sacks=frozenset({*SACKS, "h@2"}))
    wanted = (SERVER, proxy, replace(proxy, realm="b.example"), home, twin)
    steps = Freeradius().plan(wanted, seen)
    (refused,) = [step for step in steps if step.act == "refuse"]
    assert twin.key in refused.do and "one server with two secrets" in refused.with_["why"]
    for step in steps:
        seen = after(seen, step) if step.act != "refuse" else seen
    told = json.loads(seen.policy or "")["realms"]
    assert [len(told[realm]["targets"]) for realm in ("a.example", "b.example")] == [1, 0]


def test_who_was_there_first_keeps_its_home_server_whatever_others_order() -> None:
    proxy = RadiusProxy(FOR, "b.example", False, False)
    home = HomeServer(FOR, "b.example", "203.0.113.1", 1812, "udp", "h@1", 1, 1, False, "", None)
    seen = RadiusSeen(FOLDERS, sacks=frozenset({*SACKS, "h@2", "h@3"}))
    for step in Freeradius().plan((SERVER, proxy, home), seen):
        seen = after(seen, step)
    theirs = (
        RadiusProxy(OTHER, "a.example", False, False),
        replace(home, origin=OTHER, realm="a.example", sack="h@2"),
    )
    for wanted in (home, replace(home, sack="h@3")):
        steps = Freeradius().plan((SERVER, proxy, wanted, *theirs), seen)
        assert [step.do for step in steps if step.act == "refuse" and theirs[1].key in step.do]
        for step in steps:
            seen = after(seen, step) if step.act != "refuse" else seen
        told = json.loads(seen.policy or "")["realms"]
        assert [each["sack"] for each in told["b.example"]["targets"]] == [wanted.sack]
        assert told["a.example"]["targets"] == []


@given(some.text(min_size=1, max_size=20))
def test_a_secret_stays_one_text_in_the_servers_files(secret) -> None:
    if any(ord(char) < 32 or ord(char) == 127 for char in secret):
        with pytest.raises(ValueError, match="control characters"):
            quoted(secret)
        return
    inside = quoted(secret)[1:-1]
    assert inside.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\") == secret


def test_slots_do_not_share_ports() -> None:
    ports = [port for slot in range(4) for port in (slot_port(slot), slot_port(slot) + 1)]
    assert len(ports) == len(set(ports))
