"""Two scrubbers, and one of them is lost in the middle of an attack."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab.internet import Stand
from kitei.lab.lab import open_lab
from kitei.lab.story.flooded import SCRUBBER, Ground, site, until
from kitei.lab.story.floods import BOOK
from kitei.lab.story.play import BEGINS
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book

pytestmark = pytest.mark.lab
SECOND = Stand("scr-2", "ix0", "100.64.9.6/24", ("cl0", "100.64.11.2/30", "100.64.11.1/30"))
FIRST_HOP, SECOND_HOP = "100.64.9.3", "100.64.9.6"


# A scrubber more than the scene has, and a way back from it.
MORE = f"""
[[scrubber]]
node = "{SECOND.node}"
dirty_port = "{SECOND.port}"
next_hops = ["{SECOND_HOP}"]
from = 2026-04-01

[[return_tunnel]]
contract = "kaede-ddos-1"
scrubber = "{SECOND.node}"
local = "100.64.11.2"
remote = "100.64.2.2"
number = 201
address = "10.255.11.1/30"
peer = "10.255.11.2"
encapsulation = "vxlan"
mtu = 1400
far_node = "edge-kaede"
from = 2026-04-01
"""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = Path(tmp_path_factory.mktemp("failover"))
    home, book = folder / "home", folder / "book"
    shutil.copytree(BOOK, book)
    with (book / "00-operator.toml").open("a") as operator:
        operator.write(MORE)
    with open_lab(home) as lab:
        office = Office.open(home)
        stage = Stage(home, book, office, lab, Telling(Console(quiet=True), "en"))
        stage.set_clock(BEGINS)
        office.publish_editions()
        assert all(outcome.is_expected for outcome in take_book(office, read_book(book, office)))
        lab.start_controller(CONTROLLER)
        made = Ground(stage, more=(SECOND,))
        made.bring_up()
        yield made
        office.close()


def test_a_scrubber_that_is_lost_under_attack_is_replaced_by_the_other_and_the_flood_is_held_again(
    ground: Ground,
) -> None:
    kaede = site("kaede")
    ground.attack(kaede, "dns", 12_000)
    assert until(lambda: ground.way(kaede) == FIRST_HOP, 60.0)
    assert until(lambda: ground.visits(kaede, time.time() - 2.0, time.time() - 0.5).lost == 0, 30.0)
    ground.lab.stop(SCRUBBER.node)  # as from a power cut: it says nothing more, and nothing comes through it
    assert ground.lab.run(SCRUBBER.node, ["ip", "link", "set", "ix0", "down"]).code == 0
    time.sleep(4.0)
    lost = ground.visits(kaede, time.time() - 3.5, time.time() - 2.5)
    assert lost.lost > 0, "nobody else cleans yet"
    assert until(lambda: ground.way(kaede) == SECOND_HOP, 90.0)
    time.sleep(2.0)
    flood = ground.carried(kaede, 2.0)[1]
    assert flood < 20, flood
    ground.relent()
