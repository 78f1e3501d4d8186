"""Two scrubbers: the order in which routes and cleaning come and go, and one that is lost in the middle of an attack."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab.internet import Stand
from kitei.lab.lab import open_lab
from kitei.lab.story.flooded import SCRUBBER, SPEAKER, Ground, contract, site, until
from kitei.lab.story.floods import BOOK
from kitei.lab.story.play import BEGINS
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.floods.sequence import cleanings
from kitei.office.orderbook import read_book, take_book
from kitei.services.ddos.defence import Mitigation, standing_mitigations

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
        for node in (SCRUBBER.node, SECOND.node):
            count(made, node)
        yield made
        office.close()


def count(ground: Ground, node: str) -> None:
    """From now on count what a scrubber lets through of a flood of reflected DNS answers."""
    rules = (
        "add table inet watch; add counter inet watch passed;"
        " add chain inet watch in { type filter hook prerouting priority -300; };"
        " add rule inet watch in udp sport 53 counter name passed"
    )
    done = ground.lab.run(node, ["nft", rules])
    assert done.code == 0, done.err


def passed(ground: Ground, node: str) -> int:
    told = ground.lab.run(node, ["nft", "list", "counter", "inet", "watch", "passed"])
    assert told.code == 0, told.err
    return int(told.out.split("packets")[1].split()[0])


def received(ground: Ground, node: str) -> int:
    told = json.loads(ground.lab.run(node, ["ip", "-j", "-s", "link", "show", "ix0"]).out)
    return int(told[0]["stats64"]["rx"]["packets"])


@pytest.fixture
def ended(ground: Ground) -> Iterator[None]:
    """What a test attacked is attacked no longer after it."""
    yield
    ground.relent()


@contextmanager
def halted(ground: Ground, node: str) -> Iterator[None]:
    """The node's agent does nothing meanwhile, as on a machine that is too busy; all else on it goes on."""
    agent = str(ground.lab.status()["running"][node])
    assert ground.lab.run(node, ["kill", "-STOP", agent]).code == 0
    try:
        yield
    finally:
        ground.lab.run(node, ["kill", "-CONT", agent])


def steps(ground: Ground, target: str) -> list[Mitigation]:
    standing = standing_mitigations(ground.stage.contract(contract(site("kaede"))))
    return [each for each in standing if each.target == f"{target}/32"]


def cleaned(ground: Ground, node: str) -> list[str]:
    """What a scrubber is told to clean."""
    return [part.prefix for part in cleanings(ground.stage.publishing.published_intent().nodes[node])]


def test_no_packet_of_a_flood_comes_through_a_scrubber_that_does_not_clean_yet_or_any_more(
    ground: Ground, ended: None
) -> None:
    kaede, target = site("kaede"), "198.51.100.20"
    with halted(ground, SCRUBBER.node):
        ground.attack(kaede, "dns", 12_000, target)
        assert until(lambda: bool(steps(ground, target)), 60.0)
        time.sleep(3.0)
        assert ground.way(kaede, target) != FIRST_HOP, "no scrubber has said yet that it cleans"
    assert until(lambda: ground.way(kaede, target) == FIRST_HOP, 60.0)
    before = received(ground, SCRUBBER.node)
    assert until(lambda: received(ground, SCRUBBER.node) - before > 2_000, 20.0), "the flood goes through it"
    assert passed(ground, SCRUBBER.node) == 0
    (step,) = steps(ground, target)
    with halted(ground, SPEAKER.node):
        told = {"by": "operator", "contract": contract(kaede), "mitigation": step.id, "why": "as a test"}
        ground.stage.office.apply("release", told, service="ddos-protection")
        assert until(lambda: not steps(ground, target), 10.0)
        time.sleep(1.5)
        assert ground.way(kaede, target) == FIRST_HOP, "the route is there still"
    assert until(lambda: ground.way(kaede, target) != FIRST_HOP, 20.0)
    assert until(lambda: f"{target}/32" not in cleaned(ground, SCRUBBER.node), 30.0)
    assert passed(ground, SCRUBBER.node) == 0


def test_a_scrubber_that_is_lost_under_attack_is_replaced_by_the_other_and_users_are_served(
    ground: Ground, ended: None
) -> None:
    kaede = site("kaede")

    def is_served() -> bool:
        """Whether nobody who came lately was lost; who waits longest has been told of by then."""
        fared = ground.visits(kaede, time.time() - 3.0, time.time() - 1.5)
        return fared.made > 20 and fared.lost == 0

    ground.attack(kaede, "dns", 12_000)
    assert until(lambda: ground.way(kaede) == FIRST_HOP, 60.0)
    assert until(is_served, 30.0)
    failed = time.time()
    assert ground.lab.run(SCRUBBER.node, ["ip", "link", "del", "ix0"]).code == 0  # its card is broken
    assert until(lambda: ground.visits(kaede, failed + 0.1, failed + 2.0).lost > 0, 20.0), (
        "nobody else cleans yet"
    )
    assert until(lambda: ground.way(kaede) == SECOND_HOP, 90.0)
    assert until(is_served, 30.0)
    before = received(ground, SECOND.node)
    assert until(lambda: received(ground, SECOND.node) - before > 2_000, 20.0), "the flood goes through it"
    assert passed(ground, SECOND.node) == 0
