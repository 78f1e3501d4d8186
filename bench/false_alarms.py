"""False alarms on condensed ordinary days: Kitei's collector beside FastNetMon, as it comes and as its maker advises.

All are fed the same datagrams at the same moments, each on its own port: see `ordinary_day`. Six days of six
networks run at once. The first is the one that the collector was made with; the others are held out: nothing was
ever set by them. Kitei and FastNetMon as it comes have the same two thresholds (20,000 packets and 1 Gbit a second
for each host); Kitei has further ones besides that FastNetMon leaves off: for SYN, UDP, ICMP and fragments. The
other FastNetMon has learned the first day, as the documentation of its larger sister advises: its highest averages
times two (packets) and three (bits). Every alarm of ours counts, of FastNetMon's one a host: it does not alarm again
of a host that it has banned. What counts as an alarm before the floods begin is false; a flood without an alarm is
missed.

Then what is real: captures of ordinary traffic, of routers of many makers (see `captured`), played once to Kitei and
to FastNetMon as it comes, with the same thresholds for all networks in them, and one flood behind it, that shows that
both are awake.

`hours SECONDS` judges the held-out days at length by the clock written in them, ours alone; `real` is the captures
alone.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import captured
from figure import Figure
from ordinary_day import FLOODED, NETWORK, RATE, datagram, floods, streams, tenth, told

from collect import SETTINGS, theirs
from kitei.collect.detection import PARTS, judge_all
from kitei.collect.meter import Meter
from kitei.collect.policies import policies_of
from kitei.spool import Taking

OURS, SHIPPED, ADVISED, SHIPPED_NETFLOW = 20_170, 20_171, 20_172, 20_173
SEEDS = (11, 601, 709, 811, 907, 1013)
PREFIXES = [f"10.1.{n}.0/24" for n in range(len(SEEDS))]
POLICY = {
    "name": "day",
    "prefixes": PREFIXES,
    "host": {
        "bps": "1G", "pps": "20k", "syn-pps": "10k", "udp-bps": "500M", "udp-pps": "15k", "icmp-pps": "5k",
        "fragment-pps": "10k",
    },
}  # fmt: skip
Alarms = list[tuple[int, str]]  # when, and of whom


@dataclass(frozen=True)
class Result:
    """Of one day: false alarms, and floods that were found."""

    false: int
    found: int


def play(seconds: int, flooded: int, ports: tuple[int, ...]) -> float:
    """Send all days in real time; the instant at which the floods begin."""
    draws = [random.Random(seed * 7 + 5) for seed in SEEDS]
    running = [[*streams(seconds, seed), *floods(seconds)] for seed in SEEDS]
    numbers = [0] * len(SEEDS)
    began = time.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for step in range((seconds + flooded) * 10):
            for day, draw in enumerate(draws):
                samples = tenth(step / 10, running[day], seconds, draw, NETWORK + 256 * day)
                for at in range(0, len(samples), 10):
                    numbers[day] += 1
                    made = datagram(samples[at : at + 10], numbers[day], day)
                    for port in ports:
                        sock.sendto(made, ("127.0.0.1", port))
            time.sleep(max(0.0, began + (step + 1) / 10 - time.time()))
    return began + seconds


def peaks(seconds: int) -> tuple[int, int]:
    """The highest averages over five seconds of any host on the first day: packets and megabits a second."""
    draw, running = random.Random(SEEDS[0]), streams(seconds, SEEDS[0])
    packets: dict[tuple[int, int], int] = defaultdict(int)
    octets: dict[tuple[int, int], int] = defaultdict(int)
    for step in range(seconds * 10):
        for sample in tenth(step / 10, running, seconds, draw):
            host, length = told(sample)
            for second in range(step // 10, step // 10 + 5):
                packets[host, second] += RATE
                octets[host, second] += RATE * length
    return max(packets.values()) // 5, max(octets.values()) * 8 // 5 // 10**6


def our_alarms(lanes: Path) -> Alarms:
    due = Taking(lanes / "floods").due(100_000, 1 << 30)
    said = [each["body"]["detection"] for each in due if each["kind"] == "flood.decided"]  # type: ignore[index,call-overload]
    return [(each["at"], each["target"]) for each in said if each["kind"] == "alarm"]  # type: ignore[index,call-overload]


def their_alarms(log: Path) -> Alarms:
    found = []
    for line in log.read_text(errors="replace").splitlines():
        if "Call script for ban client: " in line:
            when = time.mktime(time.strptime(line[:19], "%Y-%m-%d %H:%M:%S"))
            found.append((int(when), line.split()[-1]))
    return found


def start_ours(folder: Path, prefixes: Sequence[str] = PREFIXES) -> subprocess.Popen[bytes]:
    policy = {**POLICY, "prefixes": list(prefixes)}
    (folder / "flows").mkdir()
    written = {"name": "day", "listen": [f"127.0.0.1:{OURS}"], "exporters": [], "policies": [policy]}
    (folder / "flows" / "assignment.json").write_text(json.dumps(written))
    words = [sys.executable, "-m", "kitei.collect.station", str(folder / "flows"), str(folder / "events")]
    return subprocess.Popen(words, env=dict(os.environ))


def start_theirs(
    folder: Path, port: int, prefixes: Sequence[str] = PREFIXES, **settings: str
) -> subprocess.Popen[bytes]:
    folder.mkdir()
    networks = "".join(f"{each}\n" for each in prefixes)
    return theirs(
        "sflow", port, folder, tracking=True, networks=networks, enable_ban="on", notify_script_path="/bin/true",
        mirror_afpacket="off", **settings,
    )()  # fmt: skip


def count(alarms: Alarms, floods_at: float) -> list[Result]:
    """Of each day."""
    results = []
    for day in range(len(SEEDS)):
        hosts = {f"10.1.{day}.{FLOODED + n}" for n in range(5)}
        mine = [(at, target) for at, target in alarms if target.startswith(f"10.1.{day}.")]
        false = sum(target not in hosts for _, target in mine)
        found = {target for at, target in mine if target in hosts and at >= int(floods_at) - 1}
        results.append(Result(false, len(found)))
    return results


def play_captured(told: Sequence[captured.Told], flooded: int, ports: Sequence[tuple[int, int]]) -> None:
    """Send the captures, each exporter from its own address, then a flood of 15 s."""
    sockets: dict[str, socket.socket] = {}
    for each in told:
        if each.source not in sockets:
            sockets[each.source] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sockets[each.source].bind((each.source, 0))
        time.sleep(each.after)
        for netflow, sflow in ports:
            sockets[each.source].sendto(each.datagram, ("127.0.0.1", sflow if each.is_sflow else netflow))
    began, draw, running = time.time(), random.Random(5), floods(0)[1:2]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for step in range(160):
            samples = tenth(step / 10, running, 1, draw, flooded)
            for at in range(0, len(samples), 10):
                for _, port in ports:
                    sock.sendto(datagram(samples[at : at + 10], step + at), ("127.0.0.1", port))
            time.sleep(max(0.0, began + (step + 1) / 10 - time.time()))
    for each_socket in sockets.values():
        each_socket.close()


def real() -> Iterator[Figure]:
    """Alarms of real captures, ours and FastNetMon's; nothing where the captures are not here."""
    told = captured.day()
    if not told:
        print(f"false_alarms: no captures at {captured.PLACE}: no figure of real traffic", file=sys.stderr)
        return
    found = captured.networks(told)
    prefixes = [str(each) for each in found]
    network = next(each for each in found if isinstance(each, IPv4Network) and each.is_private)
    target = str(network[floods(0)[1].host])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        processes, ports = [start_ours(folder, prefixes)], [(OURS, OURS)]
        if has_peer():
            more = {"netflow": "on", "netflow_port": str(SHIPPED_NETFLOW)}
            processes.append(start_theirs(folder / "shipped", SHIPPED, prefixes, **more))
            ports.append((SHIPPED_NETFLOW, SHIPPED))
        try:
            time.sleep(5)
            play_captured(told, int(network.network_address), ports)
            time.sleep(2)
            said = {"Kitei": our_alarms(folder / "events")}
            if has_peer():
                said["FastNetMon as it comes"] = their_alarms(folder / "shipped" / "log")
        finally:
            for process in processes:
                process.terminate()
                process.wait(20)
    false = {name: sum(of != target for _, of in alarms) for name, alarms in said.items()}
    awake = {name: any(of == target for _, of in alarms) for name, alarms in said.items()}
    flows = sum(1 for _ in captured.flows(told))
    beside = "".join(
        f"; {name}: {false[name]}, the flood {'found' if awake[name] else 'missed'}"
        for name in list(said)[1:]
    )
    what = f"false alarms on real captures, {flows:,} flows to {len(prefixes):,} networks"
    yield Figure("false_alarms", what + beside, false["Kitei"], "alarms", 0, "at most")
    yield Figure("false_alarms", "the flood behind them found", awake["Kitei"], "of 1", 1, "at least")


def has_peer() -> bool:
    return shutil.which("fastnetmon") is not None and os.geteuid() == 0 and SETTINGS.exists()


def run(seconds: int, flooded: int = 22) -> Mapping[str, list[Result]]:
    """What each said of each day."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        processes = [start_ours(folder)]
        ports: tuple[int, ...] = (OURS,)
        if has_peer():
            packets, megabits = peaks(seconds)
            advised = {"threshold_pps": str(2 * packets), "threshold_mbps": str(3 * megabits)}
            processes.append(start_theirs(folder / "shipped", SHIPPED))
            processes.append(start_theirs(folder / "advised", ADVISED, **advised))
            ports = (OURS, SHIPPED, ADVISED)
        try:
            time.sleep(5)
            floods_at = play(seconds, flooded, ports)
            time.sleep(2)
            said = {"Kitei": count(our_alarms(folder / "events"), floods_at)}
            if has_peer():
                said["FastNetMon as it comes"] = count(their_alarms(folder / "shipped" / "log"), floods_at)
                name = f"FastNetMon as advised ({2 * packets:,} packets, {3 * megabits:,} Mbit)"
                said[name] = count(their_alarms(folder / "advised" / "log"), floods_at)
            return said
        finally:
            for process in processes:
                process.terminate()
                process.wait(20)


def measure(seconds: int = 240) -> list[Figure]:
    said = run(seconds)
    mine = said["Kitei"]
    what = f"on days of {seconds} s"
    figures = []
    for n, seed in enumerate(SEEDS):
        held = ", held out" if n else ""
        beside = "".join(f"; {name}: {days[n].false}" for name, days in said.items() if name != "Kitei")
        text = f"false alarms {what} (day {seed}{held}{beside})"
        figures.append(Figure("false_alarms", text, mine[n].false, "alarms", 0, "at most"))
    floods_found, of = sum(each.found for each in mine), 5 * len(mine)
    figures.append(Figure("false_alarms", "floods found", floods_found, f"of {of}", of, "at least"))
    false = sum(each.false for each in mine[1:])
    for name, days in said.items():
        if name != "Kitei":
            theirs_false, theirs_found = (
                sum(each.false for each in days[1:]),
                sum(each.found for each in days),
            )
            text = (
                f"false alarms {what}, held out ({name}: {theirs_false}, {theirs_found} of {of} floods found)"
            )
            figures.append(Figure("false_alarms", text, false, "alarms", 0, "at most"))
    return [*figures, *real()]


def hours(seconds: int) -> list[Figure]:
    """Ours alone, by the clock written in the days: how many alarms of days without any flood."""
    figures = []
    for day, seed in enumerate(SEEDS):
        draw, running = random.Random(seed * 13 + 5), streams(seconds, seed)
        book, faults = policies_of([POLICY], "")
        assert not faults
        with Meter(seed=1) as meter:
            meter.protect(book.limits())

            def moments(meter: Meter = meter, draw: random.Random = draw, running: list = running):  # type: ignore[no-untyped-def,type-arg]
                for step in range(seconds * PARTS * 2):
                    samples = tenth(step / 10, running, seconds, draw, NETWORK)
                    meter.feed(datagram(samples, step), "192.0.2.1", 6343, step * 10**8 + 10**18)
                    if step % 10 == 9:
                        yield meter.roll(step // 10)
                    elif step % 2 and (early := meter.peek(step // 10).read()).hosts:
                        yield early

            alarms = [each for each in judge_all(book, moments()) if each.kind == "alarm"]
        for each in alarms:
            print(each.line("en"), file=sys.stderr)
        held = " (held out)" if day else ""
        what = f"false alarms in {seconds:,} s of day {seed}{held}, replayed"
        figures.append(Figure("false_alarms", what, len(alarms), "alarms", 0, "at most"))
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["hours"]:
        print(*hours(int(sys.argv[2])), sep="\n")
    elif sys.argv[1:2] == ["real"]:
        print(*real(), sep="\n")
    else:
        print(*measure(int(sys.argv[1]) if sys.argv[1:] else 240), sep="\n")
