"""Two scrubbers, and one of them is lost in the middle of an attack; and the order in which routes and cleaning come."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab.internet import Stand
from kitei.lab.lab import open_lab
from kitei.lab.story.flooded import SCRUBBER, Ground, contract, site, until
from kitei.lab.story.floods import BOOK
from kitei.lab.story.play import BEGINS
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.services.ddos.defence import standing_mitigations

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


def count(ground: Ground, node: str, target: str) -> None:
    """From now on count what a scrubber lets through of a flood of reflected DNS answers."""
    rules = (
        "add table inet watch; add counter inet watch passed;"
        " add chain inet watch in { type filter hook prerouting priority -300; };"
        f" add rule inet watch in ip daddr {target} udp sport 53 counter name passed"
    )
    done = ground.lab.run(node, ["nft", rules])
    assert done.code == 0, done.err


def passed(ground: Ground, node: str) -> int:
    told = ground.lab.run(node, ["nft", "list", "counter", "inet", "watch", "passed"])
    assert told.code == 0, told.err
    return int(told.out.split("packets")[1].split()[0])


def received(ground: Ground, node: str, port: str) -> int:
    told = json.loads(ground.lab.run(node, ["ip", "-j", "-s", "link", "show", port]).out)
    return int(told[0]["stats64"]["rx"]["packets"])


def test_a_scrubber_that_is_lost_under_attack_is_replaced_by_the_other_and_users_are_served(
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
    began = time.time()
    flood = ground.carried(kaede, 2.0)[1]
    assert flood < 20, flood
    time.sleep(0.5)
    fared = ground.visits(kaede, began, began + 1.5)
    assert fared.made > 20 and fared.lost == 0
    ground.relent()


def test_no_packet_of_a_flood_comes_through_a_scrubber_that_does_not_clean_yet_or_any_more(
    ground: Ground,
) -> None:
    kaede, target = site("kaede"), "198.51.100.20"
    nodes = {FIRST_HOP: SCRUBBER.node, SECOND_HOP: SECOND.node}
    for node in nodes.values():
        count(ground, node, target)
    ground.attack(kaede, "dns", 12_000, target)
    assert until(lambda: ground.way(kaede, target) in nodes, 60.0)
    node = nodes[ground.way(kaede, target)]
    before = received(ground, node, "ix0")
    time.sleep(2.0)
    assert received(ground, node, "ix0") - before > 2_000, "the flood does go through the scrubber"
    assert passed(ground, node) == 0
    (step,) = (
        each
        for each in standing_mitigations(ground.stage.contract(contract(kaede)))
        if each.target == f"{target}/32"
    )
    told = {"by": "operator", "contract": contract(kaede), "mitigation": step.id, "why": "as a test"}
    ground.stage.office.apply("release", told, service="ddos-protection")
    assert until(lambda: ground.way(kaede, target) not in nodes, 20.0)
    time.sleep(8.0)
    assert passed(ground, node) == 0
    ground.relent()
