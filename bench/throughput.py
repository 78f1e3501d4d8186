"""TCP through one tunnel, LAN host to LAN host, beside the same strongSwan configured by hand."""

from statistics import median

from by_hand.trials import in_room
from figure import Figure
from with_kitei import trials

ROUNDS, SECONDS = 3, 4


def measure() -> list[Figure]:
    """The median of rounds that take turns, so that a busy machine slows both."""
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        theirs += in_room("throughput", SECONDS, 1)
        ours += trials.throughput(SECONDS, 1)
    what = f"one TCP stream, median of {ROUNDS} x {SECONDS} s"
    peer = "strongSwan by hand"
    return [
        Figure(
            "throughput", what, median(ours), "Mbit/s", 0.95, "at least", peer, median(theirs), of_ratio=True
        )
    ]
