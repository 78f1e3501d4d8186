"""From a flood's first packet to the diversion at the border: real routers, exports, controller, BGP; and how many
visits real users lose while it lasts.

Both borders are flooded side by side, an address at a time at each. Forty addresses take turns, so that each has been
let go of long before it is flooded again.
"""

import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path

from figure import Figure
from rich.console import Console

from kitei.lab.attacks import stop_attack
from kitei.lab.internet import Site
from kitei.lab.lab import open_lab
from kitei.lab.story.flooded import Ground, site
from kitei.lab.story.floods import BOOK
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.values import JST

RUNS, TARGETS, COUNTED = 100, 40, 10
WAYS = (("kaede", "NetFlow v9, 1 s export", 3.0), ("tsubaki", "sFlow v5, 1 in 10", 2.0))
BEGINS = datetime(2026, 6, 10, 10, 0, tzinfo=JST)


def measure() -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory(dir="/var/lib") as folder, open_lab(Path(folder) / "lab") as lab:
        office = Office.open(lab.home)
        stage = Stage(lab.home, BOOK, office, lab, Telling(Console(quiet=True), "en"))
        stage.set_clock(BEGINS)
        office.publish_editions()
        for _ in take_book(office, read_book(BOOK, office)):
            pass
        lab.start_controller(CONTROLLER)
        ground = Ground(stage)
        ground.bring_up()
        found: dict[str, list[Run]] = {name: [] for name, _, _ in WAYS}
        going = [floods(ground, site(name), runs) for name, runs in found.items()]
        while going:
            going = [each for each in going if next(each, False)]
            time.sleep(0.02)
        for name, exported, most in WAYS:
            runs, took = found[name], sorted(each.took for each in found[name])
            what = f"first packet to route, {exported}"
            last = f"99th percentile of {RUNS} (worst {took[-1]:.2f} s)"
            figures.append(
                Figure("stopping", f"{what}, {last}", took[RUNS * 99 // 100 - 1], "s", most, "at most")
            )
            figures.append(Figure("stopping", f"{what}, median", took[RUNS // 2], "s", most, "at most"))
            made, lost = sum(each.made for each in runs), sum(each.lost for each in runs)
            what = f"visits of real users lost while it is diverted, {exported} ({made:,} tried)"
            figures.append(Figure("stopping", what, 100 * lost / made, "%", 1.0, "at most"))
        office.close()
    return figures


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds until the border sends what is for a newly flooded address to the scrubber, infinite after 20; and visits
    of the site made and lost while it does so."""

    took: float
    made: int
    lost: int


def floods(ground: Ground, of: Site, found: list[Run]) -> Generator[bool, None, None]:
    """One flood after the other; gives the word to the other border whenever it waits.

    Users are counted in every tenth run, for two seconds from the second after the diversion on.
    """
    places = ip_network(of.prefix)
    for number in range(RUNS):
        target = str(places[20 + number % TARGETS])
        if not (yield from awaited(lambda to=target: not ground.is_diverted(of, to), 60.0)):
            raise TimeoutError(f"{target} is diverted a minute longer than {TARGETS} floods have lasted")
        began = time.monotonic()
        ground.attack(of, "dns", 12_000, target)
        seen = yield from awaited(lambda to=target: ground.is_diverted(of, to), 20.0)
        took = time.monotonic() - began
        made = lost = 0
        if seen and number % COUNTED == 0:
            yield from awaited(lambda: False, 4.0)
            end = time.time() - 1.0  # those begun by then have fared one way or the other
            fared = ground.visits(of, end - 2.0, end)
            made, lost = fared.made, fared.lost
        stop_attack(ground.lab, ground.attacks.pop(f"dns-{of.name}"))
        found.append(Run(took if seen else float("inf"), made, lost))
        yield from awaited(lambda: False, 0.1 * (number % 10))  # not in step with anybody's seconds


def awaited(holds: Callable[[], bool], within: float) -> Generator[bool, None, bool]:
    """Whether it comes to hold within so many seconds."""
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            return False
        yield True
    return True


if __name__ == "__main__":
    print(*measure(), sep="\n")
