"""False alarms on a condensed ordinary day: Kitei's collector beside FastNetMon at the thresholds it ships with.

Both are fed the same datagrams at the same moments, each on its own port: see `ordinary_day`. Kitei has the same
two thresholds (20,000 packets and 1 Gbit a second for each host) and further ones besides that FastNetMon leaves
off: for SYN, UDP, ICMP and fragments. Every alarm of ours counts, of FastNetMon's one a host: it does not alarm
again of a host that it has banned. What counts as an alarm before the floods begin is false; a flood without an
alarm is missed.
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
from pathlib import Path

from figure import Figure
from ordinary_day import FLOODED, datagram, floods, streams, tenth

from collect import SETTINGS, theirs
from kitei.spool import Taking

OURS, THEIRS = 20_170, 20_171
POLICY = {
    "name": "day",
    "prefixes": ["10.1.0.0/24"],
    "host": {
        "bps": "1G", "pps": "20k", "syn-pps": "10k", "udp-bps": "500M", "udp-pps": "15k", "icmp-pps": "5k",
        "fragment-pps": "10k",
    },
}  # fmt: skip


def play(seconds: int, flooded: int, ports: tuple[int, ...]) -> float:
    """Send it in real time; the instant at which the floods begin."""
    draw, number = random.Random(5), 0
    running = [*streams(seconds), *floods(seconds)]
    began = time.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for step in range((seconds + flooded) * 10):
            samples = tenth(step / 10, running, seconds, draw)
            for at in range(0, len(samples), 10):
                number += 1
                made = datagram(samples[at : at + 10], number)
                for port in ports:
                    sock.sendto(made, ("127.0.0.1", port))
            time.sleep(max(0.0, began + (step + 1) / 10 - time.time()))
    return began + seconds


def our_alarms(lanes: Path) -> list[tuple[int, str]]:
    """When (of the decision's second) and of whom."""
    due = Taking(lanes / "floods").due(100_000, 1 << 30)
    told = [each["body"]["detection"] for each in due if each["kind"] == "flood.decided"]  # type: ignore[index,call-overload]
    return [(each["at"], each["target"]) for each in told if each["kind"] == "alarm"]  # type: ignore[index,call-overload]


def their_alarms(log: Path) -> list[tuple[int, str]]:
    found = []
    for line in log.read_text(errors="replace").splitlines():
        if "Call script for ban client: " in line:
            when = time.mktime(time.strptime(line[:19], "%Y-%m-%d %H:%M:%S"))
            found.append((int(when), line.split()[-1]))
    return found


def start_ours(folder: Path) -> subprocess.Popen[bytes]:
    (folder / "flows").mkdir()
    written = {"name": "day", "listen": [f"127.0.0.1:{OURS}"], "exporters": [], "policies": [POLICY]}
    (folder / "flows" / "assignment.json").write_text(json.dumps(written))
    words = [sys.executable, "-m", "kitei.collect.station", str(folder / "flows"), str(folder / "events")]
    return subprocess.Popen(words, env=dict(os.environ))


def count(alarms: list[tuple[int, str]], floods_at: float) -> tuple[int, int]:
    """False alarms, and floods that were found."""
    hosts = {f"10.1.0.{FLOODED + n}" for n in range(5)}
    false = sum(1 for _, target in alarms if target not in hosts)
    return false, len({target for at, target in alarms if target in hosts and at >= int(floods_at) - 1})


def run(seconds: int, flooded: int = 22) -> dict[str, tuple[int, int]]:
    """False alarms and found floods of each."""
    has_peer = shutil.which("fastnetmon") is not None and os.geteuid() == 0 and SETTINGS.exists()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        processes = [start_ours(folder)]
        if has_peer:
            start = theirs(
                "sflow", THEIRS, folder, tracking=True, networks="10.1.0.0/24\n", enable_ban="on",
                notify_script_path="/bin/true", mirror_afpacket="off",
            )  # fmt: skip
            processes.append(start())
        try:
            time.sleep(5)
            floods_at = play(seconds, flooded, (OURS, THEIRS) if has_peer else (OURS,))
            time.sleep(2)
            found = {"kitei": count(our_alarms(folder / "events"), floods_at)}
            if has_peer:
                found["fastnetmon"] = count(their_alarms(folder / "log"), floods_at)
            return found
        finally:
            for process in processes:
                process.terminate()
                process.wait(20)


def measure(seconds: int = 240) -> list[Figure]:
    found = run(seconds)
    (false, hits), theirs_found = found["kitei"], found.get("fastnetmon")
    figures = [Figure("false_alarms", "floods found at the day's end", hits, "of 5", 5, "at least")]
    what = f"false alarms on an ordinary day in {seconds} s"
    if theirs_found is None:
        figures.append(Figure("false_alarms", what, false, "alarms", 5, "at most"))
    else:
        peer = f"FastNetMon as it comes ({theirs_found[1]} of 5 floods found)"
        least = max(0, theirs_found[0] - 1)
        figures.append(Figure("false_alarms", what, false, "alarms", least, "at most", peer, theirs_found[0]))
    return figures


if __name__ == "__main__":
    print(*measure(int(sys.argv[1]) if sys.argv[1:] else 240), sep="\n")
