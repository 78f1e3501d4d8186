"""Floods against real contracts: what dies meanwhile, and what is left behind. Nothing may be."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab.internet import ISP_A, PROVIDERS, control
from kitei.lab.lab import open_lab
from kitei.lab.story.flooded import COLLECTOR, SPEAKER, Ground, contract, site, until
from kitei.lab.story.floods import BOOK
from kitei.lab.story.play import BEGINS
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.services.ddos.defence import attacks, standing_mitigations

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Four customers, their sites, two providers' routers, and the operator's collector, speaker and scrubber."""
    home = Path(tmp_path_factory.mktemp("floods")) / "home"
    with open_lab(home) as lab:
        office = Office.open(home)
        stage = Stage(home, BOOK, office, lab, Telling(Console(quiet=True), "en"))
        stage.set_clock(BEGINS)
        office.publish_editions()
        assert all(outcome.is_expected for outcome in take_book(office, read_book(BOOK, office)))
        lab.start_controller(CONTROLLER)
        made = Ground(stage)
        made.bring_up()
        yield made
        office.close()


@pytest.fixture
def peace(ground: Ground) -> Iterator[None]:
    """Whatever a test attacked is at peace after it, and everything taken back."""
    yield
    ground.relent()
    assert until(lambda: is_taken_back(ground), 90.0), left(ground)


def left(ground: Ground) -> list[str]:
    return [
        f"{each.name}: {ground.way(each)}"
        for each in map(site, ("kaede", "sumire", "yuzu", "tsubaki"))
        if ground.is_diverted(each) or standing_mitigations(ground.stage.contract(contract(each)))
    ]


def is_taken_back(ground: Ground) -> bool:
    return not left(ground)


def test_type_d_is_alarmed_and_never_defended(ground: Ground, peace: None) -> None:
    yuzu = site("yuzu")
    ground.attack(yuzu, "dns", 12_000)
    assert until(lambda: bool(attacks(ground.stage.contract(contract(yuzu)))), 20.0)
    time.sleep(2.0)
    assert not ground.is_diverted(yuzu)
    assert not standing_mitigations(ground.stage.contract(contract(yuzu)))


def test_a_dead_controller_leaves_what_is_in_force_until_its_time_and_nothing_after(
    ground: Ground, peace: None
) -> None:
    kaede = site("kaede")
    ground.attack(kaede, "dns", 12_000)
    assert until(lambda: ground.is_diverted(kaede), 20.0)
    (mitigation,) = standing_mitigations(ground.stage.contract(contract(kaede)))
    ground.lab.stop("controller")
    try:
        time.sleep(3.0)
        assert ground.is_diverted(kaede)
        ground.stage.set_clock(mitigation.until)  # nobody prolonged it: its nodes take it back by themselves
        assert until(lambda: not ground.is_diverted(kaede), 20.0)
    finally:
        ground.lab.start_controller(CONTROLLER)
    assert until(lambda: ground.is_diverted(kaede), 30.0)  # the attack goes on, and is answered again


def test_a_session_that_flaps_leaves_no_route_behind(ground: Ground, peace: None) -> None:
    kaede = site("kaede")
    ground.attack(kaede, "dns", 12_000)
    assert until(lambda: ground.is_diverted(kaede), 20.0)
    tell = ["birdc", "-s", str(control(ground.lab.home, ISP_A))]
    ground.lab.run(ISP_A.name, [*tell, "disable", "speaker"])
    assert until(lambda: not ground.is_diverted(kaede), 10.0)
    ground.lab.run(ISP_A.name, [*tell, "enable", "speaker"])
    assert until(lambda: ground.is_diverted(kaede), 30.0)


def test_agents_that_die_change_nothing_that_is_in_force(ground: Ground, peace: None) -> None:
    tsubaki = site("tsubaki")
    ground.attack(tsubaki, "dns", 12_000)
    assert until(lambda: ground.is_diverted(tsubaki), 20.0)
    for node in (SPEAKER.node, COLLECTOR.node):
        ground.lab.kill_process(node)
    for _ in range(30):
        assert ground.is_diverted(tsubaki)
        time.sleep(0.1)
    assert until(lambda: all(map(ground.hears, PROVIDERS)), 20.0)
