"""Two collectors of one provider, told by one router: one attack, one answer to it, and either may die."""

import json
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab import internet
from kitei.lab.internet import ISP_A, Stand
from kitei.lab.lab import open_lab
from kitei.lab.story.flooded import COLLECTOR, SCRUBBER, SITES, SPEAKER, Ground, contract, site, until
from kitei.lab.story.floods import BOOK
from kitei.lab.story.play import BEGINS
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.services.ddos.defence import Attack, attacks, mitigations, standing_mitigations

pytestmark = pytest.mark.lab

SECOND = Stand("col-2", "ix0", "100.64.9.6/24")
NODES = (COLLECTOR.node, SECOND.node)


class Doubled(Ground):
    """The ground with one more collector; the operator's own border tells both of what it forwards."""

    def lay(self) -> None:
        internet.lay(self.lab, SITES, (COLLECTOR, SPEAKER, SCRUBBER, SECOND))
        super().lay()
        self.lab.finish(f"netflow-{ISP_A.name}")
        first, second = (each.address.partition("/")[0] for each in (COLLECTOR, SECOND))
        internet.start_netflow(self.lab, ISP_A, f"{first}:2055,{second}", 2055)

    def standing(self, node: str) -> list[str]:
        """The targets that a collector has in alarm, by what it keeps on its own disk."""
        try:
            written = json.loads((self._state(node) / "flows" / "remembered.json").read_text())
        except FileNotFoundError:
            return []
        return [each["target"] for each in written["alarms"]]

    def kill_collector(self, node: str) -> None:
        """The agent ends first: it would start what counts flows again."""
        self.lab.stop(node)
        told = json.loads((self._state(node) / "programs" / "flows.json").read_text())
        assert self.lab.run(node, ["kill", "-9", str(told["pid"])]).code == 0

    def of(self, name: str) -> tuple[Attack, ...]:
        return attacks(self.stage.contract(contract(site(name))))

    def _state(self, node: str) -> Path:
        return self.lab.home / "nodes" / node


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubled]:
    home = Path(tmp_path_factory.mktemp("doubled")) / "home"
    with open_lab(home) as lab:
        office = Office.open(home)
        stage = Stage(home, BOOK, office, lab, Telling(Console(quiet=True), "en"))
        stage.set_clock(BEGINS)
        office.publish_editions()
        assert all(outcome.is_expected for outcome in take_book(office, read_book(BOOK, office)))
        more = {"service": "ddos-protection", "collector": [{"node": SECOND.node, "addresses": ["100.64.9.6"], "from": date(2026, 4, 1)}]}  # fmt: skip
        assert all(outcome.is_expected for outcome in take_book(office, read_book(more, office)))
        lab.start_controller(CONTROLLER)
        made = Doubled(stage)
        made.bring_up()
        lab.start_nodes([SECOND.node])
        assert until(lambda: made.is_done(SECOND.node), 60.0)
        yield made
        office.close()


def test_what_two_collectors_see_is_one_attack_and_one_answer(ground: Doubled) -> None:
    kaede = site("kaede")
    ground.attack(kaede, "dns", 12_000)
    assert until(lambda: all(kaede.ip in ground.standing(node) for node in NODES), 30.0)
    assert until(lambda: ground.is_diverted(kaede), 20.0)
    time.sleep(6.0)  # both have told what stands once more by now
    assert [(each.target, each.stands) for each in ground.of("kaede")] == [(f"{kaede.ip}/32", True)]
    assert len(mitigations(ground.stage.contract(contract(kaede)))) == 1


def test_one_collector_is_killed_and_the_alarm_goes_on(ground: Doubled) -> None:
    kaede = site("kaede")
    (attack,) = ground.of("kaede")
    assert attack.stands
    ground.kill_collector(attack.node)
    (mitigation,) = standing_mitigations(ground.stage.contract(contract(kaede)))
    half = mitigation.prolonged_at + (mitigation.until - mitigation.prolonged_at) * 0.6
    ground.stage.set_clock(half)  # and is prolonged by what the other says

    def is_prolonged() -> bool:
        (now,) = standing_mitigations(ground.stage.contract(contract(kaede)))
        return now.id == mitigation.id and now.until > mitigation.until

    assert until(is_prolonged, 20.0)
    assert ground.is_diverted(kaede) and [each.id for each in ground.of("kaede")] == [attack.id]
    (other,) = set(NODES) - {attack.node}
    assert kaede.ip in ground.standing(other)


def test_it_comes_back_to_the_same_attack_and_both_see_its_end(ground: Doubled) -> None:
    kaede = site("kaede")
    (attack,) = ground.of("kaede")
    ground.lab.start_nodes([attack.node])
    assert until(lambda: ground.is_done(attack.node), 60.0)
    assert until(lambda: kaede.ip in ground.standing(attack.node), 20.0)
    ground.relent()
    assert until(lambda: not any(each.stands for each in ground.of("kaede")), 90.0)
    assert [each.id for each in ground.of("kaede")] == [attack.id]
    assert not any(ground.standing(node) for node in NODES)
    assert until(lambda: not ground.is_diverted(kaede), 90.0)
