"""Throw-away nodes: named network namespaces with a LinuxHost each, wired as a test asks."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kitei.drivers.host import LinuxHost
from kitei.network import Host, Part, Step, TemporaryError


def sh(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


class Bench:
    """Nodes of one test. Names are unique on the machine; `end` leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts: dict[str, LinuxHost] = {}
        self.prefix = f"ktd{os.getpid() % 100000}"

    def netns(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def node(self, name: str) -> LinuxHost:
        sh("ip", "netns", "add", self.netns(name))
        sh("ip", "-n", self.netns(name), "link", "set", "lo", "up")
        self.hosts[name] = LinuxHost(self.netns(name), self.folder / name, netns=self.netns(name))
        return self.hosts[name]

    def wire(self, one: str, port: str, other: str, far: str) -> None:
        """A cable between two nodes' ports, which are down as on a fresh machine."""
        sh(
            "ip",
            "-n",
            self.netns(one),
            "link",
            "add",
            port,
            "type",
            "veth",
            "peer",
            "name",
            far,
            "netns",
            self.netns(other),
        )

    def ip(self, name: str, *argv: str) -> str:
        return sh("ip", "-n", self.netns(name), *argv)

    def end(self) -> None:
        for host in self.hosts.values():
            for program in tuple(host.running()):
                host.stop(program)
            host.close()
        for name in self.hosts:
            for pid in sh("ip", "netns", "pids", self.netns(name)).split():
                subprocess.run(["kill", "-9", pid], check=False)
            sh("ip", "netns", "del", self.netns(name))
            for folder in ("/etc/frr", "/run/frr"):
                shutil.rmtree(f"{folder}/{self.netns(name)}", ignore_errors=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    if os.geteuid() != 0:
        pytest.skip("real engines need root and network namespaces")
    bench = Bench(tmp_path)
    try:
        yield bench
    finally:
        bench.end()


@pytest.fixture(scope="module")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Nodes of all tests of a module: what takes long to begin is begun once."""
    if os.geteuid() != 0:
        pytest.skip("real engines need root and network namespaces")
    bench = Bench(tmp_path_factory.mktemp("shared"))
    try:
        yield bench
    finally:
        bench.end()


def make_right(driver: Any, host: Host, wanted: Sequence[Part], patience: float = 20.0) -> tuple[Step, ...]:
    """See, plan, apply and see again, as an agent does; again after a TemporaryError.

    The law of drivers, said once: nothing is left to do. What was planned first is returned.
    """
    until = time.monotonic() + patience
    first: tuple[Step, ...] | None = None
    while True:
        try:
            steps = driver.plan(wanted, driver.see(host))
            first = steps if first is None else first
            for step in steps:
                driver.apply(host, step)
        except TemporaryError as later:
            assert time.monotonic() < until, f"{driver.name} is not done in {patience} s: {later}"
            time.sleep(later.delay)
            continue
        left = driver.plan(wanted, driver.see(host))
        assert not left, f"{driver.name} finds work after its work: {left}"
        return first


@pytest.fixture(name="make_right", scope="session")
def law() -> Callable[..., tuple[Step, ...]]:
    return make_right
