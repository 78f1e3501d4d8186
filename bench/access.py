"""A gateway's filter and its private connect, in kernels: host - gateway - host on this machine.

Beside each other in one run: forwarding with no table at all, the gateway's table with few rules, with 10,000 rules,
and the private connect's ceiling of 1 Gbps in both directions, by TCP and by UDP that offers more than it.
"""

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from figure import Figure

from kitei.drivers.access import Access
from kitei.drivers.host import LinuxHost
from kitei.network import BackboneLink, Filter, FilterRule, Origin, Part

SECONDS = 4
FOR = Origin("bench", ())
GATE = Filter(FOR, "wan0", ("lan0 10.1.0.0/24", "bb0 10.2.0.0/24"), (), 0, (), 1)
LINK = BackboneLink(FOR, "bb0", (), (), 1000)
OPEN = FilterRule(FOR, "open", 99_999, "allow", ("10.1.0.0/24", "10.2.0.0/24"), (), (), None)


def many(count: int) -> tuple[FilterRule, ...]:
    """Rules before the one that fits, none of which does."""
    return tuple(
        FilterRule(
            FOR, f"r{n}", n, "allow", (f"10.{100 + (n >> 8)}.{n & 255}.0/24",), (), (f"tcp/{1 + n}",), None
        )
        for n in range(count)
    )


class Bed:
    """near (10.1.0.2) - gw - far (10.2.0.2, the backbone)."""

    def __init__(self, folder: Path) -> None:
        self.prefix = f"ktb{os.getpid() % 100_000}"
        self.hosts = {
            name: LinuxHost(name, folder / name, netns=self.prefix + name) for name in ("near", "gw", "far")
        }
        for name in self.hosts:
            _sh("ip", "netns", "add", self.prefix + name)
            _sh("ip", "-n", self.prefix + name, "link", "set", "lo", "up")
        for one, port, its, own in (
            ("near", "lan0", "10.1.0.2", "10.1.0.1"),
            ("far", "bb0", "10.2.0.2", "10.2.0.1"),
        ):
            _sh(
                "ip",
                "-n",
                self.prefix + one,
                "link",
                "add",
                "eth0",
                "type",
                "veth",
                "peer",
                "name",
                port,
                "netns",
                self.prefix + "gw",
            )
            for node, name, address in ((one, "eth0", its), ("gw", port, own)):
                _sh("ip", "-n", self.prefix + node, "address", "add", f"{address}/24", "dev", name)
                _sh("ip", "-n", self.prefix + node, "link", "set", name, "up")
            _sh("ip", "-n", self.prefix + one, "route", "add", "default", "via", own)
        self.hosts["gw"].run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        self.hosts["far"].keep_running("iperf3", ["iperf3", "-s"])
        time.sleep(0.5)

    def wear(self, *parts: Part) -> float:
        """Put parts in force; in how many milliseconds the table was."""
        driver, host = Access(), self.hosts["gw"]
        begun = 0.0
        for step in driver.plan(parts, driver.see(host)):
            since = time.perf_counter()
            driver.apply(host, step)
            begun += (time.perf_counter() - since) * (step.act == "load")
        return begun * 1000

    def megabits(self, *more: str) -> float:
        """What arrives, in Mbit/s."""
        words = ["iperf3", "-J", "-c", "10.2.0.2", "-t", str(SECONDS), *more]
        told = json.loads(self.hosts["near"].run(words, timeout=SECONDS + 15.0).out)
        end = told["end"]
        if "sum_received" in end:
            return float(end["sum_received"]["bits_per_second"]) / 1e6
        return float(end["sum"]["bits_per_second"]) * (1 - float(end["sum"]["lost_percent"]) / 100) / 1e6

    def end(self) -> None:
        for host in self.hosts.values():
            for program in tuple(host.running()):
                host.stop(program)
            host.close()
            _sh("ip", "netns", "del", self.prefix + host.name)


def _sh(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@contextlib.contextmanager
def bed() -> Iterator[Bed]:
    with tempfile.TemporaryDirectory() as folder:
        made = Bed(Path(folder))
        try:
            yield made
        finally:
            made.end()


def measure() -> list[Figure]:
    """iperf3 counts payload; the ceiling counts frames whole."""
    with bed() as it:
        plain = it.megabits()
        it.wear(GATE, OPEN)
        few = it.megabits()
        loading = it.wear(GATE, OPEN, *many(9_999))
        thousands = it.megabits()
        it.wear(GATE, OPEN, LINK)
        there, back = it.megabits(), it.megabits("-R")
        four = it.megabits("-P", "4")
        offered = it.megabits("-u", "-b", "1500M", "-l", "1400")
    figures = [
        _figure("a filter of one rule, TCP", few, 0.8, "no table at all", plain),
        _figure("a filter of 10,000 rules, TCP", thousands, 0.9, "one rule", few),
        Figure("access", "10,000 rules put in force", loading, "ms", 2000, "at most"),
    ]
    for what, value in (
        ("to the backbone, TCP", there),
        ("from the backbone, TCP", back),
        ("to the backbone, four TCP at once", four),
        ("to the backbone, UDP of 1,500 Mbit/s", offered),
    ):
        figures.append(Figure("access", f"1 Gbps {what}: ceiling", value, "Mbit/s", 1000, "at most"))
        figures.append(Figure("access", f"1 Gbps {what}: reached", value, "Mbit/s", 900, "at least"))
    return figures


def _figure(what: str, value: float, promised: float, peer: str, beside: float) -> Figure:
    return Figure("access", what, value, "Mbit/s", promised, "at least", peer, beside, of_ratio=True)


if __name__ == "__main__":
    for figure in measure():
        print(figure, flush=True)
