"""Flow collectors: planned for any sight, and run as real processes in a namespace."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kitei.drivers.flows import Flows, FlowsSeen, assignment_text
from kitei.drivers.host import LinuxHost
from kitei.network import FloodWatch, FlowCollector, Origin, Part, PermanentError, Step
from kitei.spool import Taking

FOR = Origin("contract-1", ())
COLLECTOR = FlowCollector(FOR, ("127.0.0.1", "::1"), 2055, 6343, ("192.0.2.1=100",))
watches = some.builds(
    FloodWatch,
    some.just(FOR),
    some.sampled_from(["d1", "d2/web"]),
    some.sampled_from([("10.0.0.0/24",), ("10.0.1.0/24", "2001:db8::/48")]),
    some.sampled_from(['{"host": {"bps": "1G"}}', '{"host": {"pps": 5}}', "no json"]),
)


@some.composite
def wishes(draw: some.DrawFn) -> tuple[Part, ...]:
    chosen = {part.name: part for part in draw(some.lists(watches, max_size=3))}
    collector = draw(some.sampled_from([(), (COLLECTOR,), (replace(COLLECTOR, netflow_port=4739),)]))
    return (*collector, *chosen.values())


@some.composite
def sights(draw: some.DrawFn) -> FlowsSeen:
    before = assignment_text("a", draw(wishes()))
    faults = draw(some.sampled_from([(), ("policy 1: wrong",)]))
    return FlowsSeen("a", before, draw(some.sampled_from([None, "other"])), faults, draw(some.booleans()))


def after(seen: FlowsSeen, step: Step) -> FlowsSeen:
    if step.act == "stop":
        return FlowsSeen(seen.name)
    text = step.with_["text"]
    return FlowsSeen(seen.name, text, sha256(text.encode()).hexdigest(), (), True)


@given(wishes(), sights())
def test_after_its_steps_there_is_nothing_to_do(wanted: tuple[Part, ...], seen: FlowsSeen) -> None:
    done = seen
    for step in Flows().plan(wanted, seen):
        done = after(done, step)
    assert Flows().plan(wanted, done) == ()


def test_an_assignment_depends_on_the_parts_alone_and_not_on_their_order() -> None:
    one = FloodWatch(FOR, "d1", ("10.0.0.0/24",), '{"host": {"bps": "1G"}, "name": "another"}')
    two = FloodWatch(Origin("contract-2", ()), "d2", ("10.0.1.0/24",), "{}")
    text = assignment_text("a", (COLLECTOR, one, two))
    assert text == assignment_text("a", (two, one, COLLECTOR))
    told = json.loads(text or "")
    assert [each["name"] for each in told["policies"]] == ["d1", "d2"]
    assert told["listen"] == ["127.0.0.1:2055", "127.0.0.1:6343", "[::1]:2055", "[::1]:6343"]


# -- real ones ---------------------------------------------------------------------------------------


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def converge(host: LinuxHost, wanted: Sequence[Part]) -> list[str]:
    driver = Flows()
    steps = driver.plan(wanted, driver.see(host))
    for step in steps:
        driver.apply(host, step)
    assert driver.plan(wanted, driver.see(host)) == ()
    return [step.act for step in steps]


def told(host: LinuxHost, kind: str) -> list[Any]:
    due = Taking(Path(host.state("events", "floods"))).due(100_000, 1 << 30)
    return [each["body"] for each in due if each["kind"] == kind]


@pytest.mark.lab
def test_a_collector_runs_changes_without_restarting_and_comes_back_when_killed(bench: Any) -> None:
    host = bench.node("a")
    watch = FloodWatch(FOR, "d1", ("10.0.0.0/24",), '{"host": {"udp-pps": 1000}}')
    assert converge(host, (COLLECTOR, watch)) == ["load"]
    pid = host.running()["flows"]
    sockets = bench.netns("a")
    bound = subprocess.run(
        ["ip", "netns", "exec", sockets, "ss", "-Hlun"], capture_output=True, text=True, check=True
    ).stdout
    assert all(place in bound for place in ("127.0.0.1:2055", "127.0.0.1:6343", "[::1]:2055", "[::1]:6343"))
    assert converge(host, (COLLECTOR, replace(watch, policy='{"host": {"udp-pps": 10}}'))) == ["load"]
    assert host.running()["flows"] == pid
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: host.running().get("flows", pid) != pid)
    assert eventually(lambda: len(told(host, "collector.began")) == 2)
    with pytest.raises(PermanentError, match="udp-ppp"):
        converge(host, (COLLECTOR, replace(watch, policy='{"host": {"udp-ppp": 10}}')))
    assert converge(host, ()) == ["stop"]
    assert "flows" not in host.running()
