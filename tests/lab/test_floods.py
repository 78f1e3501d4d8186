"""Floods against real contracts: what dies meanwhile, and what is left behind. Nothing may be."""

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kitei.desk import Verdict
from kitei.lab.internet import BOTS, ISP_A, PROVIDERS, Site, control
from kitei.lab.lab import open_lab
from kitei.lab.story.flooded import COLLECTOR, SCRUBBER, SPEAKER, Ground, contract, site, until
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
def ended(ground: Ground) -> Iterator[None]:
    """What a test attacked is attacked no longer after it; all that follows may take its time."""
    yield
    ground.relent()


def at_peace(ground: Ground, name: str) -> Site:
    """A site of which nothing is left of what tests before did to it."""
    found = site(name)
    assert until(lambda: not left(ground, found), 90.0), left(ground, found)
    return found


def besieged(ground: Ground, name: str) -> Site:
    """A site under an attack that is diverted, for as many tests as follow on another until one ends it."""
    found = site(name)
    if f"dns-{name}" not in ground.attacks:
        ground.attack(at_peace(ground, name), "dns", 12_000)
    assert until(lambda: ground.is_diverted(found), 30.0)
    return found


def left(ground: Ground, *sites: Site) -> list[str]:
    return [
        f"{each.name}: {ground.way(each)}"
        for each in sites
        if ground.is_diverted(each)
        or standing_mitigations(ground.stage.contract(contract(each)))
        or any(attack.stands for attack in attacks(ground.stage.contract(contract(each))))
    ]


def ask(ground: Ground, *words: str, refused: bool = False) -> str:
    """A command of `kitei`, as people call it; what it printed."""
    env = {**os.environ, "KITEI_HOME": str(ground.lab.home), "KITEI_LANG": "en"}
    called = [sys.executable, "-m", "kitei.cli", *words]
    done = subprocess.run(called, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == (1 if refused else 0), done.stdout + done.stderr
    return done.stdout


def held(ground: Ground, of: str, at: int, most: float, least: float = 0.0) -> None:
    """What reaches a site's server (1), or the scrubber (0), comes to be so much in Mbit/s over 2 seconds.

    Senders are irregular by the half second: from that long nothing can be told.
    """
    seen: list[tuple[float, float]] = []

    def comes() -> bool:
        seen.append(ground.carried(site(of), 2.0))
        return least <= seen[-1][at] <= most

    assert until(comes, 20.0), f"{seen}\n{evidence(ground, site(of))}"


def evidence(ground: Ground, of: Site) -> str:
    """Where a site's traffic goes, what its border enforces, and what the attackers send and said."""
    standing = standing_mitigations(ground.stage.contract(contract(of)))
    said = [ground.lab.home / f"{name}.log" for name in ground.attacks]
    return "\n".join(
        (
            f"way: {ground.way(of)}; mitigations: {standing}",
            ground.lab.run(of.provider.name, ["nft", "list", "ruleset"]).out,
            ground.lab.run(BOTS, ["ip", "-s", "link", "show", "eth0"]).out,
            ground.lab.run(BOTS, ["pgrep", "-a", "trafgen"]).out,
            *(f"{file.name}: {file.read_text()[-500:]}" for file in said if file.exists()),
        )
    )


def step(ground: Ground, of: str, target: str, what: str) -> Any:
    """A customer orders a step; the number it has."""
    words = ("mitigate", contract(site(of)), target, "--step", what, "--by", of, "--json")
    return json.loads(ask(ground, "ddos", *words))["application"]


def set_policy(ground: Ground, of: Site, **ladder: str) -> dict[str, Any]:
    """The policy of the order book with another ladder, on the nodes; the ladder of the book."""
    told = tomllib.loads((BOOK / "10-orders.toml").read_text())["set-policy"]
    (policy,) = (each for each in told if each["contract"] == contract(of))
    asked = {key: policy[key] for key in ("by", "contract", "host", "timing")}
    asked |= {"ladder": policy["ladder"] | ladder}
    done = ground.stage.office.apply("set-policy", asked, service="ddos-protection")
    assert done.decision.verdict is Verdict.ACCEPT, done
    ground.stage.publish()
    return dict(policy["ladder"])


def release(ground: Ground, of: str, number: str) -> None:
    ask(ground, "ddos", "release", contract(site(of)), "--mitigation", number, "--by", of)


def test_type_d_is_alarmed_and_never_defended(ground: Ground, ended: None) -> None:
    yuzu = at_peace(ground, "yuzu")
    ground.attack(yuzu, "dns", 12_000)
    assert until(lambda: bool(attacks(ground.stage.contract(contract(yuzu)))), 20.0)
    time.sleep(2.0)
    assert not ground.is_diverted(yuzu)
    assert not standing_mitigations(ground.stage.contract(contract(yuzu)))


def test_a_dead_controller_leaves_what_is_in_force_until_its_time_and_nothing_after(
    ground: Ground,
) -> None:
    kaede = besieged(ground, "kaede")
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


def test_a_session_that_flaps_and_a_speaker_that_is_killed_leave_no_route_behind(
    ground: Ground,
) -> None:
    kaede = besieged(ground, "kaede")
    tell = ["birdc", "-s", str(control(ground.lab.home, ISP_A))]
    ground.lab.run(ISP_A.name, [*tell, "disable", "speaker"])
    assert until(lambda: not ground.is_diverted(kaede), 10.0)
    ground.lab.run(ISP_A.name, [*tell, "enable", "speaker"])
    assert until(lambda: ground.is_diverted(kaede), 30.0)
    told = json.loads((ground.lab.home / "nodes" / SPEAKER.node / "programs" / "gobgp.json").read_text())
    ground.lab.run(SPEAKER.node, ["kill", "-9", str(told["pid"])])
    assert until(lambda: not ground.is_diverted(kaede), 20.0)
    assert until(lambda: ground.is_diverted(kaede), 30.0)


def test_steps_by_hand_are_enforced_by_the_border_as_they_are_told(ground: Ground, ended: None) -> None:
    kaede = besieged(ground, "kaede")
    target = kaede.ip
    # A sender that a busy machine stops for seconds begins another attack: nothing may be automatic here.
    policy = set_policy(ground, kaede, divert="by-hand")
    ask(ground, "ddos", "release", contract(kaede), "--target", target, "--by", "kaede")
    assert until(lambda: not ground.is_diverted(kaede), 10.0)
    held(ground, "kaede", 1, 400, least=20)  # visitors alone are a fifth of one
    number = step(ground, "kaede", target, "filter")
    held(ground, "kaede", 1, 10)
    assert not ground.is_diverted(kaede)
    began = time.time()
    time.sleep(1.5)
    assert ground.visits(kaede, began, began + 1.0).lost == 0
    release(ground, "kaede", number)
    number = step(ground, "kaede", target, "rate-limit")
    held(ground, "kaede", 1, 45, least=25)  # the policy's rate is 40M
    release(ground, "kaede", number)
    step(ground, "kaede", target, "blackhole")
    assert until(lambda: ground.way(kaede) == "blackhole", 10.0)
    assert ground.way(kaede, "198.51.100.11") != "blackhole"
    set_policy(ground, kaede, **policy)


def test_agents_that_die_change_nothing_that_is_in_force(ground: Ground) -> None:
    tsubaki = besieged(ground, "tsubaki")
    held(ground, "tsubaki", 1, 10)
    for node in (SPEAKER.node, COLLECTOR.node, SCRUBBER.node):
        ground.lab.kill_process(node)
    for _ in range(4):
        assert ground.is_diverted(tsubaki)
        assert ground.carried(tsubaki, 0.7)[1] < 20
    assert until(lambda: all(map(ground.hears, PROVIDERS)), 20.0)


def test_a_third_partys_complaint_stops_the_other_carrier_and_not_our_own_border(
    ground: Ground, ended: None
) -> None:
    tsubaki = besieged(ground, "tsubaki")
    assert until(lambda: ground.is_diverted(tsubaki, at=ISP_A), 20.0)
    words = ("contract=tsubaki-ddos-1", "complainant=neighbour", "known.instruction=stop")
    told = ask(ground, "ask", "route-control-complaint", *words)
    assert "10(4)" in told
    assert until(lambda: ground.way(tsubaki) == tsubaki.edge.partition("/")[0], 10.0), ground.way(tsubaki)
    assert ground.is_diverted(tsubaki, at=ISP_A)
    # What comes by the other carrier is cleaned no more. How much of it a busy machine sends is no matter: users alone
    # are a fiftieth of this.
    held(ground, "tsubaki", 1, 1000, least=10)
    held(ground, "tsubaki", 0, 1)


def test_ipv6_floods_on_a_type_x_are_seen_diverted_cleaned_and_returned(ground: Ground, ended: None) -> None:
    sumire = at_peace(ground, "sumire")
    assert sumire.six is not None
    target = sumire.six.ip
    ground.open_by_six(sumire)
    ground.attack(sumire, "dns-by-six", 12_000, target)
    assert until(lambda: ground.is_diverted(sumire, target), 20.0)
    (attack,) = (each for each in attacks(ground.stage.contract(contract(sumire))) if each.stands)
    assert attack.target == f"{target}/128" and attack.metric == "amplified-bps"
    time.sleep(1.0)
    began = time.time()
    dirty, clean = ground.carried(sumire, 2.0)
    assert dirty > 50 > 10 > clean, (dirty, clean)
    fared = ground.visits_by_six(sumire, began, began + 1.5)
    assert fared.made > 50 and fared.loss <= 0.01
    # One step further out, by the customer's order: the border filters it, and the scrubber has nothing to do.
    step(ground, "sumire", target, "filter")
    held(ground, "sumire", 0, 5)
    ground.lab.finish("visits-sumire-six")
    words = ("mitigate", contract(sumire), target, "--step", "blackhole", "--by", "sumire")
    assert "policy forbids" in ask(ground, "ddos", *words, refused=True)


def test_when_all_attacks_are_over_nothing_is_left_of_what_was_done(ground: Ground) -> None:
    for name in ("tsubaki", "sumire", "yuzu", "kaede"):
        at_peace(ground, name)


def test_always_on_cleans_without_an_attack_and_bandwidth_is_more_at_once(
    ground: Ground, ended: None
) -> None:
    kaede = contract(at_peace(ground, "kaede"))
    ask(ground, "ask", "add-option", "--by", "kaede", f"contract={kaede}", "option=always-on")
    ground.stage.publish()
    assert until(lambda: ground.is_diverted(site("kaede"), "198.51.100.50"), 20.0)
    ground.attack(site("kaede"), "bulk", 0)
    held(ground, "kaede", 1, 525, least=200)
    ask(ground, "ask", "add-option", "--by", "kaede", f"contract={kaede}", "option=bandwidth", "mbps=500")
    ground.stage.publish()

    def more() -> bool:
        """More than before passes, of what this machine offers by now."""
        offered, passed = ground.carried(site("kaede"), 2.0)
        return 530 < passed <= 1050 or offered < 560

    assert until(more, 20.0), ground.carried(site("kaede"), 2.0)
