"""From an order at the driver to the route in an upstream's kernel (BIRD), beside ExaBGP and gobgp's own command."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from statistics import median

from figure import Figure

from kitei.drivers.gobgp import Gobgp, established
from kitei.drivers.host import LinuxHost
from kitei.network import Announcement, Origin, Part, RouteLeave, Speaker, Upstream

ROUNDS, MANY = 20, 1000
FOR = Origin("contract-1", ())
PARTS: tuple[Part, ...] = (
    Speaker(FOR, 64500, "10.98.0.1", 179, 90),
    Upstream(FOR, "up", "10.98.0.2", 64500, ("ipv4",), 5000, "65535:666", ("192.0.2.1",), True),
    RouteLeave(FOR, "contract-1", ("10.0.0.0/8",), ("blackhole",), ("up",), 32, 128, 5000),
)
BIRD = """router id 10.98.0.2;
protocol device {}
protocol direct { ipv4; }
protocol static { ipv4; route 192.0.2.1/32 blackhole; }
protocol kernel { ipv4 { export where source = RTS_BGP; }; }
template bgp up { local 10.98.0.2 as 64500; connect delay time 1; error wait time 1, 2;
  ipv4 { import filter { if (65535,666) ~ bgp_community then dest = RTD_BLACKHOLE; accept; }; export none; }; }
protocol bgp ours from up { neighbor 10.98.0.1 as 64500; }
protocol bgp theirs from up { neighbor 10.98.0.3 as 64500; }
"""
FORWARD = """import os, sys
orders = os.open(sys.argv[1], os.O_RDWR)  # never at its end
while True:
    sys.stdout.write(os.read(orders, 65536).decode())
    sys.stdout.flush()
"""
EXABGP = """process orders {{ run {python} {folder}/forward.py {fifo}; encoder text; }}
neighbor 10.98.0.2 {{ router-id 10.98.0.3; local-address 10.98.0.3; local-as 64500; peer-as 64500;
  family {{ ipv4 unicast; }} api {{ processes [ orders ]; }} }}
"""


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, wired(Path(folder)) as (ours, theirs, kernel):
        make(ours, PARTS)
        until(lambda: bool(established(ours)))
        one, many = of_driver(ours, kernel)
        command = of_command(ours, kernel)
        figures = []
        if which("exabgp"):
            beside_one, beside_many = of_exabgp(theirs, kernel, Path(folder))
            figures = [
                figure("1 route", one, 20.0, "ExaBGP 4.2", beside_one, of_ratio=False),
                figure(f"{MANY:,} routes", many, 1.0, "ExaBGP 4.2", beside_many, of_ratio=True),
            ]
        else:
            figures = [figure("1 route", one, 20.0), figure(f"{MANY:,} routes", many, 1000.0)]
        return [*figures, figure("1 route", one, 1.5, "gobgp's command", command, of_ratio=True)]


def figure(
    what: str,
    value: float,
    promised: float,
    peer: str = "",
    beside: float | None = None,
    of_ratio: bool = False,
) -> Figure:
    what = f"order to the upstream's kernel, {what}"
    return Figure("routes", what, value, "ms", promised, "at most", peer, beside, of_ratio=of_ratio)


class Kernel:
    """When each destination first appeared in the upstream's kernel, by this machine's monotonic clock."""

    def __init__(self, namespace: str) -> None:
        self.seen: dict[str, float] = {}
        argv = ["nsenter", f"--net=/run/netns/{namespace}", "ip", "monitor", "route"]
        self.monitor = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        time.sleep(0.3)

    def _read(self) -> None:
        assert self.monitor.stdout is not None
        for line in self.monitor.stdout:
            words = line.split()
            if (words and words[0] in ("blackhole", "unicast")) or (words and words[0][0].isdigit()):
                self.seen.setdefault(words[1] if words[0] == "blackhole" else words[0], time.perf_counter())

    def took(self, prefixes: list[str], order: Callable[[], None]) -> float:
        """Milliseconds from the order until the last of these is there."""
        begun = time.perf_counter()
        order()
        until(lambda: all(prefix in self.seen for prefix in prefixes), pause=0.0005)
        return (max(self.seen[prefix] for prefix in prefixes) - begun) * 1000


def of_driver(host: LinuxHost, kernel: Kernel) -> tuple[float, float]:
    """As an agent does it: see, plan, apply. Then the thousand at once, and their end."""
    single = []
    for number in range(ROUNDS):
        prefix = f"10.1.0.{number}"
        single.append(kernel.took([prefix], lambda p=prefix: make(host, (*PARTS, hole(p)))))  # type: ignore[misc]
    names = [f"10.2.{number >> 8}.{number & 255}" for number in range(MANY)]
    many = kernel.took(names, lambda: make(host, (*PARTS, *map(hole, names))))
    make(host, PARTS)
    return median(single), many


def of_command(host: LinuxHost, kernel: Kernel) -> float:
    """The engine's own command line; the route wears the tag by which the driver's policy lets it out."""
    from kitei.drivers.gobgp.upstreams import tag_of

    tag = tag_of("up", "blackhole")
    target = ["sh", "-c", 'cd "$0" && exec gobgp --target unix://api.sock "$@"', host.state("gobgp")]
    taken = []
    for number in range(ROUNDS):
        prefix = f"10.3.0.{number}"
        words = ["global", "rib", "add", f"{prefix}/32", "large-community", f"64500:{tag.kind}:{tag.number}"]

        def order(argv: list[str] = [*target, *words]) -> None:  # noqa: B006
            done = host.run(argv)
            assert done.code == 0, done.err

        taken.append(kernel.took([prefix], order))
    make(host, PARTS)
    return median(taken)


def of_exabgp(host: LinuxHost, kernel: Kernel, folder: Path) -> tuple[float, float]:
    fifo, config = folder / "orders", folder / "exabgp.conf"
    host.run(["mkfifo", str(fifo)])
    (folder / "forward.py").write_text(FORWARD)
    config.write_text(EXABGP.format(python=sys.executable, folder=folder, fifo=fifo))
    host.keep_running(
        "exabgp", ["env", "exabgp.daemon.user=root", "exabgp.api.ack=false", "exabgp", str(config)]
    )
    with os.fdopen(os.open(fifo, os.O_RDWR), "w") as orders:

        def announce(*prefixes: str) -> None:
            lines = (f"announce route {p}/32 next-hop 192.0.2.1 community [65535:666]\n" for p in prefixes)
            orders.write("".join(lines))
            orders.flush()

        announce("10.4.255.1")
        until(lambda: "10.4.255.1" in kernel.seen)
        single = [kernel.took([p], lambda p=p: announce(p)) for p in (f"10.4.0.{n}" for n in range(ROUNDS))]  # type: ignore[misc]
        names = [f"10.5.{number >> 8}.{number & 255}" for number in range(MANY)]
        return median(single), kernel.took(names, lambda: announce(*names))


def hole(address: str) -> Announcement:
    return Announcement(FOR, "contract-1", f"{address}/32", "blackhole", "", ("up",), None)


def make(host: LinuxHost, parts: tuple[Part, ...]) -> None:
    driver = Gobgp()
    for step in driver.plan(parts, driver.see(host)):
        driver.apply(host, step)


def until(holds: Callable[[], bool], seconds: float = 30.0, pause: float = 0.05) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(pause)


@contextmanager
def wired(folder: Path) -> Iterator[tuple[LinuxHost, LinuxHost, Kernel]]:
    """Two speakers and an upstream on one wire, each in its namespace."""
    names = {each: f"ktb-{each}" for each in ("ours", "theirs", "up")}
    hosts: dict[str, LinuxHost] = {}
    kernel = None
    try:
        for each, name in names.items():
            subprocess.run(["ip", "netns", "add", name], check=True)
            hosts[each] = LinuxHost(name, folder / each, netns=name)
        up = names["up"]
        ip(up, "link", "add", "wire", "type", "bridge")
        ip(up, "address", "add", "10.98.0.2/24", "dev", "wire")
        ip(up, "link", "set", "wire", "up")
        for each, address in (("ours", "10.98.0.1"), ("theirs", "10.98.0.3")):
            ip(up, "link", "add", each, "type", "veth", "peer", "name", "up0", "netns", names[each])
            ip(up, "link", "set", each, "master", "wire", "up")
            ip(names[each], "address", "add", f"{address}/24", "dev", "up0")
            ip(names[each], "link", "set", "up0", "up")
            ip(names[each], "link", "set", "lo", "up")
        (folder / "bird.conf").write_text(BIRD)
        argv = [
            "bird",
            "-f",
            "-c",
            str(folder / "bird.conf"),
            "-s",
            str(folder / "ctl"),
            "-P",
            str(folder / "pid"),
        ]
        hosts["up"].keep_running("bird", argv)
        kernel = Kernel(up)
        yield hosts["ours"], hosts["theirs"], kernel
    finally:
        if kernel is not None:
            kernel.monitor.terminate()
        for host in hosts.values():
            for program in tuple(host.running()):
                host.stop(program)
            host.close()
            subprocess.run(["ip", "netns", "del", host.name], check=False)


def ip(namespace: str, *words: str) -> None:
    subprocess.run(["ip", "-n", namespace, *words], check=True)


if __name__ == "__main__":
    for each in measure():
        print(each)
