"""Trials of the hand-made network, each run inside a room of its own; the result is JSON.

`python -m by_hand.trials NAME RESULT ARGUMENT...` is what runs inside; `in_room` calls it from outside.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from by_hand.layout import Layout, lay_out
from by_hand.network import ByHand
from by_hand.sessions import wait_for_bfd
from kitei.lab import reach, stream
from kitei.lab.space import enter

HARMS = ("links down", "silent WAN", "kill -9")
"""What befalls a device, in the words of the figures."""

KINDS = (("h0", 1, "links down"), ("h0", 1, "silent WAN"), ("h0", 1, "kill -9"), ("c3a", 3, "kill -9"))
"""Who suffers what, and from which site's host the stream comes: hub 1, and edge A of the dual-edge child."""

BEFORE, AFTER = 1.2, 1.5
"""Seconds of a stream before and after the harm."""


def in_room(trial: str, *arguments: object) -> Any:
    """Run a trial in a new room and return its result. Raises RuntimeError with what the room printed."""
    with tempfile.TemporaryDirectory(prefix="by-hand-") as folder:
        result, log = Path(folder, "result.json"), Path(folder, "log")
        paths = os.pathsep.join(path for path in sys.path if path)
        argv = [sys.executable, "-m", "by_hand.trials", trial, str(result), *map(str, arguments)]
        space = enter(argv, {**os.environ, "PYTHONPATH": paths}, log)
        try:
            code = space.room.wait(1200)
        finally:
            space.leave()
        if code or not result.exists():
            raise RuntimeError(f"by hand, {trial}: exit {code}: {log.read_text()[-2000:]}")
        return json.loads(result.read_text())


def made(layout: Layout, folder: Path) -> tuple[ByHand, dict[str, float]]:
    """A network whose children all reach their parent, and how many seconds each part of it took."""
    network = ByHand(layout, folder)
    begin = time.monotonic()
    network.lay()
    laid = time.monotonic()
    network.certify()
    certified = time.monotonic()
    network.start()
    children = sorted({device.site for device in layout.devices} - {0})
    pairs = [(network.host(site), network.host(0)) for site in children]
    left = reach.wait_until_whole(pairs, list(network.wires.hosts.values()), 60)
    if left:
        raise TimeoutError(f"by hand, not reachable after 60 s: {[one.name for one, _ in left]}")
    ready = time.monotonic()
    return network, {"wires": laid - begin, "certificates": certified - laid, "engines": ready - certified}


def failover(folder: Path, runs: str) -> dict[str, list[dict[str, float]]]:
    """Longest gap (ms) and loss at each harm of KINDS, and at its undoing."""
    network, _ = made(lay_out(2, [1, 1, 2], True), folder)
    layout = network.layout
    sessions = {d.node: len(layout.links_of(d)) + (layout.mate_of(d) is not None) for d in layout.devices}
    wait_for_bfd(sessions)
    return {
        f"{node}: {harm}": [_harm_once(network, sessions, node, site, harm) for _ in range(int(runs))]
        for node, site, harm in KINDS
    }


def _harm_once(
    network: ByHand, sessions: dict[str, int], node: str, site: int, harm: str
) -> dict[str, float]:
    faults = network.faults
    does: dict[str, Callable[[str], None]] = dict(
        zip(HARMS, (faults.pull, faults.silence, faults.kill), strict=True)
    )
    time.sleep(1.0)
    under_way = stream.start(network.host(site), network.host(0))
    time.sleep(BEFORE)
    does[harm](node)
    time.sleep(AFTER)
    harmed = under_way.finish()
    under_way = stream.start(network.host(site), network.host(0))
    if "processes killed" in faults.mend(node):
        network.start_again(node)
    wait_for_bfd(sessions)
    time.sleep(AFTER)
    mended = under_way.finish()
    return {
        "gap": harmed.longest_gap,
        "lost": harmed.lost,
        "mended gap": mended.longest_gap,
        "mended lost": mended.lost,
    }


def throughput(folder: Path, seconds: str, rounds: str) -> list[float]:
    """Mbit/s of one TCP stream from a child's host to its parent's, through one association."""
    network, _ = made(lay_out(1, [1], False), folder)
    return [
        tcp(network.host(1).name, network.host(0).name, network.host(0).ip, seconds)
        for _ in range(int(rounds))
    ]


def tcp(sender: str, receiver: str, address: str, seconds: str) -> float:
    """What iperf3 measures between two namespaces of this room, in Mbit/s at the receiver."""
    with subprocess.Popen(
        ["nsenter", f"--net=/run/netns/{receiver}", "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL
    ) as server:
        time.sleep(0.3)
        argv = ["nsenter", f"--net=/run/netns/{sender}", "iperf3", "-c", address, "-t", seconds, "-J"]
        told = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
        server.wait(10)
    return float(told["end"]["sum_received"]["bits_per_second"]) / 1e6


def sites(folder: Path, count: str, hubs: str) -> dict[str, float]:
    """Seconds from an empty room to all of `count` children reaching their parent."""
    return made(lay_out(int(hubs), [1] * int(count), hubs == "2"), folder)[1]


TRIALS: dict[str, Callable[..., Any]] = {"failover": failover, "throughput": throughput, "sites": sites}


def main(name: str, result: str, *arguments: str) -> None:
    with tempfile.TemporaryDirectory(prefix="by-hand-") as folder:
        Path(result).write_text(json.dumps(TRIALS[name](Path(folder), *arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
