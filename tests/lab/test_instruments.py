"""The lab's own instruments, on two plain routers that encrypt nothing: they must see what is wrong."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitei.lab.lab import Lab, LabError, open_lab
from kitei.lab.plan import Host, Lan, Segment
from kitei.lab.reach import Attempt, honest, is_whole
from kitei.network import Machine

pytestmark = pytest.mark.lab

MACHINES = [
    Machine(f"S{number}", "plain", name, "wan0", f"198.18.{number}.2/24", f"198.18.{number}.1", "lan0")
    for number, name in enumerate(("east", "west"))
]
SEGMENTS = [
    Segment(name, ((name, "lan0"),), (Lan(f"10.{number}.0.0/24", f"10.{number}.0.1"),))
    for number, name in enumerate(("east", "west"))
]


@pytest.fixture(scope="module")
def lab(empty_lab: Lab) -> Lab:
    empty_lab.lay(MACHINES, SEGMENTS)
    for number, name in enumerate(("east", "west")):
        other = 1 - number
        for command in (
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1",
            f"ip address add 198.18.{number}.2/24 dev wan0",
            f"ip address add 10.{number}.0.1/24 dev lan0",
            "ip link set wan0 up",
            "ip link set lan0 up",
            f"ip route add 198.18.{other}.0/24 via 198.18.{number}.1",
        ):
            ran = empty_lab.run(name, command.split())
            assert ran.code == 0, f"{name}: {command}: {ran.err}"
    # the operator's network routes between WAN subnets; customers' prefixes only here, for want of tunnels
    for number, name in enumerate(("east", "west")):
        empty_lab.run(".wan", ["ip", "route", "add", f"10.{number}.0.0/24", "via", f"198.18.{number}.2"])
        empty_lab.run(
            name, ["ip", "route", "replace", f"10.{1 - number}.0.0/24", "via", f"198.18.{number}.1"]
        )
    assert empty_lab.wait_until_whole([(east(empty_lab), west(empty_lab))], 5) == []
    return empty_lab


def east(lab: Lab) -> Host:
    return lab.hosts_at("east")[0]


def west(lab: Lab) -> Host:
    return lab.hosts_at("west")[0]


def test_honest_packets_arrive_and_are_answered_by_every_protocol(lab: Lab) -> None:
    outcomes = lab.attempt([honest(east(lab), west(lab), protocol) for protocol in ("icmp", "udp", "tcp")])
    assert [is_whole(outcome, west(lab)) for outcome in outcomes] == [True] * 3


def test_a_spoofed_packet_is_seen_where_it_arrives_though_nobody_can_answer_it(lab: Lab) -> None:
    (spoofed,) = lab.attempt([Attempt(east(lab).name, "10.9.9.9", west(lab).ip)])
    assert spoofed.arrived == (west(lab).name,)
    assert not spoofed.answered


def test_a_packet_to_nowhere_arrives_nowhere(lab: Lab) -> None:
    (lost,) = lab.attempt([Attempt(east(lab).name, east(lab).ip, "10.77.0.1")])
    assert lost.arrived == () and not lost.answered


def test_an_ipv6_packet_is_heard_on_its_own_segment_only_if_someone_is_there(lab: Lab) -> None:
    (outcome,) = lab.attempt([Attempt(east(lab).name, "fd00::1", "fd00:1::1")])
    assert outcome.arrived == ()


def test_a_capture_tells_plaintext_on_the_wan(lab: Lab) -> None:
    with lab.capture() as carried, lab.stream(east(lab), west(lab)) as streamed:
        time.sleep(0.5)
    assert streamed[0].lost == 0 and streamed[0].sent > 60
    assert not carried[0].is_protected
    assert carried[0].readable >= streamed[0].sent
    assert any("protocol 17" in stray for stray in carried[0].strays)


@pytest.mark.parametrize("harm", ["pull", "silence"])
def test_harm_is_done_and_undone(lab: Lab, harm: str) -> None:
    getattr(lab, harm)("east")
    assert lab.attempt([honest(east(lab), west(lab))], 0.2)[0].arrived == ()
    assert len(lab.mend("east")) == 1
    if harm == "pull":  # the kernel forgot the routes of a port that went down
        lab.run("east", ["ip", "route", "replace", "198.18.1.0/24", "via", "198.18.0.1"])
        lab.run("east", ["ip", "route", "replace", "10.1.0.0/24", "via", "198.18.0.1"])
    assert lab.wait_until_whole([(east(lab), west(lab))], 5) == []


def test_a_stream_notices_a_silence(lab: Lab) -> None:
    with lab.stream(east(lab), west(lab)) as streamed:
        time.sleep(0.3)
        lab.silence("west")
        time.sleep(0.3)
        lab.mend("west")
        time.sleep(0.3)
    assert streamed[0].there.lost >= 20 and streamed[0].back.lost >= 20
    assert streamed[0].longest_gap >= 200


def test_killing_a_node_leaves_no_process_in_it(lab: Lab) -> None:
    lab.run("east", ["sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & setsid sleep 300 >/dev/null 2>&1 &"])
    lab.kill("east")
    counted = lab.run("west", ["sh", "-c", "ip netns pids east | wc -l"])
    assert counted.out.strip() == "0", counted
    assert lab.order("status")["harmed"] == {"east": ["processes killed"]}
    assert lab.mend("west") == []


def test_an_order_that_cannot_be_carried_out_is_told(lab: Lab) -> None:
    with pytest.raises(LabError, match="'nowhere' is no node of this lab; there are east, "):
        lab.silence("nowhere")
    with pytest.raises(LabError, match=r"no such order; there are .*capture"):
        lab.order("dance")


def test_leaving_ends_every_process_and_leaves_nothing_on_the_machine(tmp_path: Path) -> None:
    before = of_the_machine()
    with open_lab(tmp_path) as lab:
        lab.lay(MACHINES, SEGMENTS)
        lab.run("east", ["sh", "-c", f"setsid sleep 299 >{tmp_path}/log 2>&1 &"])
        room = lab.space.room.pid if lab.space else 0
        inside = processes_below(room)
        assert len(inside) >= 3
    assert [pid for pid in inside if os.path.exists(f"/proc/{pid}")] == []
    assert of_the_machine() == before


def of_the_machine() -> set[str]:
    """Its ports and named namespaces, but for those of tests of drivers, which may run beside this one."""
    named = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    return {*os.listdir("/sys/class/net"), *(name for name in named if not name.startswith("ktd"))}


def processes_below(pid: int) -> list[int]:
    told = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in told.splitlines())}
    return [child for child in parents if child != pid and pid in _line_of(child, parents)]


def _line_of(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid in parents:
        pid = parents[pid]
        yield pid
