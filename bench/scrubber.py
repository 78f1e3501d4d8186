"""The scrubber at a flood with lists of 100,000, beside a bare XDP drop with the same look-up; and what users lose.

Frames are live (BPF_PROG_TEST_RUN): they leave one end of a veth as fast as a core can send them and meet the
program in the other end's own thread. What is compared is packets for each second of that thread's processor time,
the programs taking turns of some 50 ms, so that whatever slows the machine slows both.
"""

import ctypes
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from statistics import median

import pyroute2.netns
from figure import Figure

from kitei.drivers.host import LinuxHost
from kitei.drivers.scrubber import Scrubber as Driver
from kitei.drivers.scrubber import bpf, port, program
from kitei.drivers.scrubber.seen import Attached
from kitei.drivers.scrubber.tallies import read_tallies
from kitei.network import Origin, Part
from kitei.network.ddos import Scrubber, Scrubbing

BESIDE = Path(__file__).parent / "scrubber_beside"
ENTRIES, SECONDS = 100_000, 8.0
PLACEMENTS, PAIRS, SLICE = 4, 50, 100_000
FOR = Origin("acme", ())
PREFIXES = tuple(f"21.{n >> 8}.{n & 255}.0/24" for n in range(1000))
SERVER, USER = "203.0.113.9", "198.51.100.7"
ADDRESSES = {
    "users": (f"{USER}/24", "eth0", "198.51.100.1"),
    "server": (f"{SERVER}/24", "eth0", "203.0.113.1"),
}


def measure() -> list[Figure]:
    if os.geteuid() != 0:
        raise SystemExit("bench scrubber needs root: it loads XDP programs")
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as nodes:
        listed = addresses(ENTRIES)
        return [*beside(nodes, listed, Path(folder)), lost(nodes, listed)]


def addresses(count: int, seed: int = 7) -> list[str]:
    chance = random.Random(seed)
    return [str(ip_address(20 << 24 | n)) for n in chance.sample(range(1 << 24), count)]


def cleaning(listed: Sequence[str], **more: object) -> tuple[Part, ...]:
    """All that can be asked for at once."""
    told: dict[str, object] = {"clean_bps": 500_000_000, "source_pps": 1000, "syn_proof": True}
    deny = tuple(f"{each}/32" for each in listed)
    told |= {"reflectors": (19, 53, 123, 389, 1900, 11211), "fragments": "drop", "deny": deny}
    part = Scrubbing(FOR, "acme", "203.0.113.0/24", allow=PREFIXES, until=None, **(told | more))  # type: ignore[arg-type]
    return (Scrubber(FOR, "dirty", "xdp"), part)


def beside(nodes: "Nodes", listed: Sequence[str], folder: Path) -> list[Figure]:
    """Sources that are denied; and others amid them, which the look-up does not find and a later check drops.

    Both programs look into the very same maps, so that where entries come to lie favours neither; and the maps are made
    anew several times, so that no single placement decides.
    """
    denied = set(listed)
    others = [each for each in addresses(ENTRIES, 8) if each not in denied]
    pairs: dict[str, list[list[Pair]]] = {"denied": [], "amplified": []}
    for _ in range(PLACEMENTS):
        renew(nodes.scrub, cleaning(listed))
        (ours,) = port.attached(nodes.scrub)
        with running(ours) as scrub, bare(scrub, folder) as theirs:
            for reason, sources in (("denied", listed), ("amplified", others)):
                with feeder(nodes, folder, udp(sources[0], 53), sources) as feed:
                    pairs[reason].append(paired(nodes, feed, scrub, theirs, ours, reason))
    return [
        compared("denied sources", pairs["denied"]),
        compared("reflecting sources amid them", pairs["amplified"]),
    ]


def paired(
    nodes: "Nodes", feed: "Feed", scrub: bpf.Program, theirs: bpf.Program, ours: Attached, reason: str
) -> list["Pair"]:
    """Short slices right after each other, and the other one first in every other pair."""
    (before,) = read_tallies(nodes.scrub)
    found = []
    for number in range(PAIRS):
        took = {}
        for each in (scrub, theirs) if number % 2 else (theirs, scrub):
            port.attach(nodes.scrub, "dirty", each, ours)
            took[each] = nodes.cost(feed)
        found.append(Pair(took[scrub], took[theirs]))
    port.attach(nodes.scrub, "dirty", scrub, ours)
    (after,) = read_tallies(nodes.scrub)
    dropped = after.dropped[reason].packets - before.dropped[reason].packets
    assert dropped > 0.99 * (after.offered.packets - before.offered.packets) > 0, after
    return found


def compared(sources: str, placements: Sequence[Sequence["Pair"]]) -> Figure:
    """The worst placement's median of the pairs' ratios."""
    ratios = sorted(median(each.bare / each.ours for each in pairs) for pairs in placements)
    every = [each for pairs in placements for each in pairs]
    ours, theirs = median(each.ours for each in every), median(each.bare for each in every)
    what = (
        f"live frames from {sources}, list of {ENTRIES:,}, a CPU-second (frames {ours:.0f} ns, bare {theirs:.0f};"
        f" medians of {PAIRS} pairs at each of {PLACEMENTS} placements {' '.join(f'{each:.3f}' for each in ratios)};"
        " the worst counts)"
    )
    return Figure(
        "scrubber", what, ratios[0], "x", 0.8, "at least", "bare XDP look-up and drop", 1.0, of_ratio=True
    )


@contextmanager
def bare(scrub: bpf.Program, folder: Path) -> Iterator[bpf.Program]:
    """The least program there can be, with the scrubber's own maps of what is listed."""
    lib = bpf.libbpf()
    place, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    lib.bpf_object__find_map_by_name.restype = place
    lib.bpf_object__find_map_by_name.argtypes = [place, text]
    lib.bpf_map__reuse_fd.argtypes = [place, number]
    object_ = program.build(BESIDE / "bare.bpf.c", folder / "bare.bpf.o")
    opened = lib.bpf_object__open_file(str(object_).encode(), None)
    with ExitStack() as ends:
        ends.callback(lib.bpf_object__close, opened)
        for name in ("hosts4", "listed4"):
            found = lib.bpf_object__find_map_by_name(opened, name.encode())
            assert not lib.bpf_map__reuse_fd(found, scrub.maps[name].handle), name
        assert not lib.bpf_object__load(opened)
        handle = lib.bpf_program__fd(lib.bpf_object__find_program_by_name(opened, b"bare"))
        yield bpf.Program(handle, {}, ExitStack())


def lost(nodes: "Nodes", listed: Sequence[str]) -> Figure:
    """Real connections of eight users at once beside forged SYNs, in percent that fail within three seconds.

    The flood comes in bursts: a veth's ring holds 256 frames, and what it loses no scrubber ever sees.
    """
    make_right(nodes.scrub, cleaning(listed, source_pps=100_000))
    over, said = threading.Event(), list[bool]()
    with tempfile.TemporaryDirectory() as folder, feeder(nodes, Path(folder), syn(), ()) as feed:
        flood = feed.stream()
        users = [threading.Thread(target=nodes.use, args=(over, said)) for _ in range(8)]
        for each in users:
            each.start()
        time.sleep(SECONDS)
        over.set()
        for each in users:
            each.join()
        os.kill(flood, signal.SIGKILL)
        os.waitpid(flood, 0)
    (tally,) = read_tallies(nodes.scrub)
    rate = tally.dropped["unproven"].packets / SECONDS
    assert rate > 10_000 and len(said) > 100, (rate, len(said))
    what = f"connections lost beside {rate / 1000:,.0f} kpps of forged SYN ({len(said):,} tried)"
    return Figure("scrubber", what, 100 * said.count(False) / len(said), "%", 1.0, "at most")


@dataclass(frozen=True, slots=True)
class Pair:
    """What a frame took with each program, ns."""

    ours: float
    bare: float


@dataclass
class Nodes:
    scrub: LinuxHost
    users: LinuxHost
    thread: int  # the kernel's, which runs the dirty port

    def cost(self, feed: "Feed") -> float:
        """Nanoseconds of the thread's processor time for each frame, over some 50 ms of them."""
        packets, before = self._packets(), self._spent()
        feed(SLICE)
        time.sleep(0.002)  # it comes to rest, and its time is told to the nanosecond
        return (self._spent() - before) / (self._packets() - packets)

    def _packets(self) -> int:
        told = self.scrub.run(["ethtool", "-S", "dirty"]).out
        return sum(int(line.split(":")[1]) for line in told.splitlines() if "_xdp_packets" in line)

    def _spent(self) -> int:
        return int(Path(f"/proc/{self.thread}/schedstat").read_text().split()[0])

    def use(self, over: threading.Event, said: list[bool]) -> None:
        """Connect again and again, and note each time whether the server greeted."""
        pyroute2.netns.setns(self.users.name)
        while not over.wait(0.01):
            try:
                with socket.create_connection((SERVER, 80), 3.0, (USER, 0)) as line:
                    said.append(line.recv(5) == b"hello")
            except OSError:
                said.append(False)


class Feed:
    """Sends a frame many times, each from another source, in a thread in the users' namespace on the first core."""

    def __init__(self, handle: int, netns: str, frame: bytes) -> None:
        self._handle, self._netns, self._frame = handle, netns, frame

    def __call__(self, times: int) -> None:
        """As fast as the core can."""
        faults: list[str] = []

        def send() -> None:
            try:
                self._enter()
                self._send(times)
            except OSError as fault:
                faults.append(str(fault))

        thread = threading.Thread(target=send)
        thread.start()
        thread.join()
        assert not faults, faults

    def stream(self) -> int:
        """A few thousand at a time, until it is killed: a process of its own, which users' threads do not hold up."""
        child = os.fork()
        if child == 0:
            try:
                self._enter()
                while True:
                    self._send(3000)
                    time.sleep(0.0005)
            finally:
                os._exit(1)
        return child

    def _enter(self) -> None:
        pyroute2.netns.setns(self._netns)
        os.sched_setaffinity(0, {0})

    def _send(self, times: int) -> None:
        size = len(self._frame)
        data = ctypes.create_string_buffer(self._frame, size)
        # struct bpf_test_run_opts; flag 2 is BPF_F_TEST_XDP_LIVE_FRAMES
        told = (96, ctypes.addressof(data), 0, size, 0, 0, 0, 0, 0, 0, times, 0, 2, 0, 64)
        options = ctypes.create_string_buffer(struct.pack("=QQQIIQQIIIiIIII", *told), 96)
        if bpf.libbpf().bpf_prog_test_run_opts(self._handle, options):
            raise OSError(ctypes.get_errno(), "no frames can be sent")


@contextmanager
def feeder(nodes: Nodes, folder: Path, frame: bytes, sources: Sequence[str]) -> Iterator[Feed]:
    with bpf.loaded(program.build(BESIDE / "feed.bpf.c", folder / "feed.bpf.o"), "feed") as feed:
        (link,) = json.loads(nodes.users.run(["ip", "-j", "link", "show", "eth0"]).out)
        feed.maps["plans"].put(bytes(4), struct.pack("=II64s", link["ifindex"], len(sources), frame))
        for n, each in enumerate(sources):  # as `feed` writes it: the high half first
            number = int.from_bytes(ip_address(each).packed, "big")
            high, low = (
                struct.unpack("=H", struct.pack(">H", half))[0] for half in (number >> 16, number & 0xFFFF)
            )
            feed.maps["sources"].put(struct.pack("=I", n), struct.pack("=I", high << 16 | low))
        yield Feed(feed.handle, nodes.users.name, frame)


def running(each: Attached) -> bpf.Program:
    found = bpf.running(each.number)
    assert found is not None
    return found


def make_right(host: LinuxHost, wanted: Sequence[Part]) -> None:
    for step in Driver().plan(wanted, Driver().see(host)):
        Driver().apply(host, step)
    assert Driver().plan(wanted, Driver().see(host)) == ()


def renew(host: LinuxHost, wanted: Sequence[Part]) -> None:
    """As after an upgrade: another program with maps of its own takes the running one's place."""
    seen = Driver().see(host)
    stale = replace(seen, attached=tuple(replace(each, is_current=False) for each in seen.attached))
    for step in Driver().plan(wanted, stale):
        Driver().apply(host, step)


def packet(protocol: int, payload: bytes, source: str) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 60, protocol, 0)
    addresses = ip_address(source).packed + ip_address(SERVER).packed
    return (b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + head + addresses + payload).ljust(64, b"\0")


def udp(source: str, sport: int) -> bytes:
    return packet(17, struct.pack(">HHHH", sport, 9, 16, 0) + bytes(8), source)


def syn() -> bytes:
    return packet(6, struct.pack(">HHIIBBHHH", 40000, 80, 1, 0, 0x50, 2, 1024, 0, 0), "192.0.2.1")


@contextmanager
def site(folder: Path) -> Iterator[Nodes]:
    """users -- dirty -- scrub -- clean -- server, and a server that greets."""
    prefix = f"ktb{os.getpid() % 100000}"
    hosts = {
        name: LinuxHost(f"{prefix}{name}", folder / name, netns=f"{prefix}{name}")
        for name in ("scrub", *ADDRESSES)
    }
    listening = None
    try:
        for host in hosts.values():
            sh("ip", "netns", "add", host.name)
            sh("ip", "-n", host.name, "link", "set", "lo", "up")
        for name, near in (("users", "dirty"), ("server", "clean")):
            address, link, via = ADDRESSES[name]
            here, there = hosts["scrub"].name, hosts[name].name
            sh("ip", "-n", here, "link", "add", near, "type", "veth", "peer", "name", link, "netns", there)
            sh("ip", "-n", here, "address", "add", f"{via}/24", "dev", near)
            sh("ip", "-n", there, "address", "add", address, "dev", link)
            sh("ip", "-n", here, "link", "set", near, "up")
            sh("ip", "-n", there, "link", "set", link, "up")
            sh("ip", "-n", there, "route", "add", "default", "via", via)
        assert hosts["users"].run(["ethtool", "-K", "eth0", "gro", "on"]).code == 0
        assert hosts["scrub"].run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]).code == 0
        make_right(hosts["scrub"], (Scrubber(FOR, "dirty", "xdp"),))  # the port's thread comes with a program
        listening = serve(hosts["server"].name)
        yield Nodes(hosts["scrub"], hosts["users"], own_thread(hosts["scrub"].name))
    finally:
        if listening is not None:
            listening.close()
        for host in hosts.values():
            host.close()
            subprocess.run(["ip", "netns", "del", host.name], check=False, capture_output=True)


def own_thread(netns: str) -> int:
    """Have the dirty port served by a thread of its own on the second core; its process id."""
    before = napi_threads()
    sh("ip", "netns", "exec", netns, "sh", "-c", "echo 1 > /sys/class/net/dirty/threaded")
    (thread,) = napi_threads() - before
    os.sched_setaffinity(thread, {1 % (os.cpu_count() or 1)})
    return thread


def napi_threads() -> set[int]:
    names = {int(each.name): each / "comm" for each in Path("/proc").iterdir() if each.name.isdigit()}
    found = set()
    for pid, name in names.items():
        try:
            if name.read_text().startswith("napi/dirty"):
                found.add(pid)
        except OSError:
            continue  # it has ended meanwhile
    return found


def serve(netns: str) -> socket.socket:
    made: list[socket.socket] = []

    def work() -> None:
        pyroute2.netns.setns(netns)
        made.append(socket.create_server((SERVER, 80), backlog=512))
        while True:
            try:
                line, _ = made[0].accept()
                with line:
                    line.sendall(b"hello")
            except OSError:
                return

    threading.Thread(target=work, daemon=True).start()
    until = time.monotonic() + 5
    while not made and time.monotonic() < until:
        time.sleep(0.01)
    return made[0]


def sh(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)


if __name__ == "__main__":
    print(*measure(), sep="\n", file=sys.stdout)
