"""Longest gap of a 10 ms LAN-to-LAN stream when a device fails, beside the same engines configured by hand."""

from collections.abc import Sequence
from statistics import median

from by_hand.trials import in_room
from figure import Figure
from with_kitei import trials

RUNS = 5
LONGEST = 400.0
"""ms: what is promised of the median."""

PEER = "by hand"


def measure() -> list[Figure]:
    """Hub 1 and edge A of a dual-edge child: links down, silent WAN, `kill -9` of all; five runs each."""
    by_hand, with_kitei = in_room("failover", RUNS), trials.failover(RUNS)
    figures: list[Figure] = []
    for kind, runs in with_kitei.items():
        ours, theirs = _median(runs, "gap"), _median(by_hand[kind], "gap")
        what = f"{kind}, median of {RUNS} longest gaps"
        figures.append(Figure("failover", what, ours, "ms", LONGEST, "at most", PEER, theirs))
        figures.append(Figure("failover", what, ours, "ms", 1.1, "at most", PEER, theirs, of_ratio=True))
        lost = sum(run["mended lost"] for run in runs)
        figures.append(
            Figure("failover", f"{kind}, restored: lost in {RUNS} runs", lost, "datagrams", 0, "at most")
        )
    return figures


def _median(runs: Sequence[dict[str, float]], name: str) -> float:
    return median(run[name] for run in runs)
