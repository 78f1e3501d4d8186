"""From a flood's first packet to the diversion at the border: real routers, exports, controller, BGP; and how many
visits real users lose while it lasts.
"""

import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path

from figure import Figure
from rich.console import Console

from kitei.lab.internet import Site
from kitei.lab.lab import open_lab
from kitei.lab.story.flooded import Ground, site, until
from kitei.lab.story.floods import BOOK
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.values import JST

RUNS = 12
WAYS = (("kaede", "NetFlow v9, 1 s export", 3.0), ("tsubaki", "sFlow v5, 1 in 10", 2.0))
BEGINS = datetime(2026, 6, 10, 10, 0, tzinfo=JST)


def measure() -> list[Figure]:
    """Every run floods another address, so that none waits for an earlier one's calm."""
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
        for name, exported, most in WAYS:
            runs = [one(ground, site(name), number) for number in range(RUNS)]
            took = sorted(each.took for each in runs)
            what = f"first packet to route, {exported}"
            figures.append(Figure("stopping", f"{what}, worst of {RUNS}", took[-1], "s", most, "at most"))
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


def one(ground: Ground, of: Site, number: int) -> Run:
    """Users are counted in every fourth run, for two seconds from the second after the diversion on."""
    target = str(ip_network(of.prefix)[20 + number])
    began = time.monotonic()
    ground.attack(of, "dns", 12_000, target)
    seen = until(lambda: ground.is_diverted(of, target), 20.0)
    took = time.monotonic() - began
    made = lost = 0
    if seen and number % 4 == 0:
        time.sleep(4.0)
        end = time.time() - 1.0  # those begun by then have fared one way or the other
        fared = ground.visits(of, end - 2.0, end)
        made, lost = fared.made, fared.lost
    ground.relent()
    time.sleep(0.1 * (number % 10))  # not in step with anybody's seconds
    return Run(took if seen else float("inf"), made, lost)


if __name__ == "__main__":
    print(*measure(), sep="\n")
