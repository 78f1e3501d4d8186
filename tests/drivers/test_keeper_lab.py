"""An agent is killed and nobody starts it again: what has an end, ends all the same, and nothing else changes."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from routes_stand import LEAVE, Stand, announce, border, eventually, limit, other, speaker

from kitei.drivers.scrubber import bpf, port
from kitei.drivers.scrubber.tables import cleanings
from kitei.network import Origin, Part
from kitei.network.ddos import Scrubber, Scrubbing

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))

from stand import Served, make_orders

pytestmark = pytest.mark.lab
FOR = Origin("contract-1", ())

_AGENT = """import sys
from datetime import UTC, datetime
from kitei.agent import AgentConfig, run
from kitei.drivers.gobgp import Gobgp
from kitei.drivers.host import LinuxHost
from kitei.drivers.scrubber import Scrubber
netns, state, controller = sys.argv[1:]
host = LinuxHost(netns, state)
clock = lambda: datetime.now(UTC)
raise SystemExit(run(AgentConfig("n1", host, controller, clock, [Gobgp(), Scrubber()])))
"""


class Alone:
    """Node n1, whose agent is a process of its own; who kills it starts it again, or does not."""

    def __init__(self, host, served: Served) -> None:
        self.host, self.served, self.generation = host, served, 0
        self.agents: list[subprocess.Popen[bytes]] = []

    def want(self, *parts: Part) -> None:
        self.generation += 1
        self.served.office.publish(make_orders(self.generation, *parts))

    def start(self) -> None:
        argv = [sys.executable, "-c", _AGENT, self.host.name, self.host.state(), self.served.address]
        self.agents.append(subprocess.Popen(["nsenter", f"--net=/run/netns/{self.host.name}", "--", *argv]))
        assert eventually(self.is_done, 90), self.served.office.reports[-1:]

    def is_done(self) -> bool:
        assert self.agents[-1].poll() is None, f"the agent ended with {self.agents[-1].returncode}"
        told = self.served.office.reports
        return bool(told) and told[-1].applied and told[-1].generation == self.generation

    def kill(self) -> None:
        self.agents[-1].send_signal(signal.SIGKILL)
        self.agents[-1].wait()

    def keepers(self) -> list[int]:
        """Those whose log is in the state folder of this node."""
        found = []
        for each in Path("/proc").iterdir():
            try:
                is_one = each.name.isdigit() and (each / "comm").read_text().strip() == "kitei-keeper"
                if is_one and (each / "fd/1").readlink() == Path(self.host.state("keeper.log")):
                    found.append(int(each.name))
            except OSError:
                continue  # it has ended meanwhile
        return found

    def end(self) -> None:
        for each in self.agents:
            each.kill()
            each.wait()
        for pid in self.keepers():
            subprocess.run(["kill", "-9", str(pid)], check=False)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "controller.sock") as answering:
        yield answering


@pytest.fixture
def stand(bench, make_right, tmp_path: Path) -> Stand:
    return Stand(bench, make_right, tmp_path)


@pytest.fixture
def routes(stand, served) -> Iterator[Alone]:
    node = Alone(stand.speaker, served)
    yield node
    node.end()


@pytest.fixture
def scrubber(bench, served) -> Iterator[Alone]:
    node = Alone(bench.node("scrub"), served)
    bench.node("users")
    bench.wire("users", "eth0", "scrub", "dirty")
    for name, link in (("users", "eth0"), ("scrub", "dirty")):
        bench.ip(name, "link", "set", link, "up")
    yield node
    node.end()


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_routes_and_flow_rules_of_a_dead_agent_end_in_time_and_real_packets_pass_again(stand, routes) -> None:
    end = soon(12)
    routes.want(
        speaker(),
        border(),
        other(),
        LEAVE,
        announce("198.51.100.7/32", until=end),
        announce("198.51.100.8/32"),
        limit("ntp", "198.51.100.9/32", protocol=17, destination_ports=(123,), until=end),
    )
    routes.start()
    assert eventually(lambda: all(f"blackhole 198.51.100.{n}" in stand.kernel("border") for n in (7, 8)))
    assert eventually(lambda: "dport 123" in stand.heard("border", table="f4"))
    since = stand.since("border")
    routes.kill()
    routes.served.stop()
    assert "blackhole 198.51.100.7" in stand.kernel("border") and not stand.pings("198.51.100.7")
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border"), 40)
    assert datetime.now(UTC) >= datetime.fromisoformat(end)
    assert eventually(lambda: stand.pings("198.51.100.7"))
    assert eventually(lambda: "dport 123" not in stand.heard("border", table="f4"))
    assert "blackhole 198.51.100.8" in stand.kernel("border") and stand.since("border") == since


def test_an_agent_that_comes_back_goes_on_and_has_one_keeper(stand, routes) -> None:
    routes.want(speaker(), border(), other(), LEAVE, announce("198.51.100.7/32", until=soon(600)))
    routes.start()
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    (first,) = routes.keepers()
    routes.kill()
    routes.want(speaker(), border(), other(), LEAVE, announce("198.51.100.8/32", until=soon(600)))
    routes.start()
    assert eventually(lambda: "blackhole 198.51.100.8" in stand.kernel("border"))
    assert eventually(lambda: len(routes.keepers()) == 1 and first not in routes.keepers())
    assert "198.51.100.7" not in stand.kernel("border")


def test_cleaning_of_a_dead_agent_ends_in_time(scrubber) -> None:
    def cleaning(prefix: str, until: str | None) -> Scrubbing:
        return Scrubbing(FOR, "acme", prefix, 0, 100, False, (), "pass", (), (), until)

    def cleaned() -> set[str]:
        (each,) = port.attached(scrubber.host)
        program = bpf.running(each.number)
        assert program is not None
        with program:
            return set(cleanings(program))

    end = soon(12)
    part = Scrubber(FOR, "dirty", "xdp")
    scrubber.want(part, cleaning("203.0.113.7/32", end), cleaning("203.0.113.8/32", None))
    scrubber.start()
    assert cleaned() == {"203.0.113.7/32", "203.0.113.8/32"}
    scrubber.kill()
    assert cleaned() == {"203.0.113.7/32", "203.0.113.8/32"}
    assert eventually(lambda: cleaned() == {"203.0.113.8/32"}, 40)
    assert datetime.now(UTC) >= datetime.fromisoformat(end)


def test_a_keeper_goes_when_nothing_is_left_that_ends(scrubber) -> None:
    scrubber.want(Scrubber(FOR, "dirty", "xdp"))
    scrubber.start()
    (keeper,) = scrubber.keepers()
    time.sleep(0.5)
    assert scrubber.keepers() == [keeper]
    scrubber.kill()
    assert eventually(lambda: not scrubber.keepers())
