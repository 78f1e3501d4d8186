"""Logins as the demo plays them, with real servers, terminals and midnights; and an outage that they make known."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab.lab import open_lab
from kitei.lab.story.logins import let_in
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.lab.story.terminals import NODE, until
from kitei.office import Office
from kitei.values import JST

pytestmark = pytest.mark.lab
CONTRACTS = {"sakura-group-1", "sakura-client-1"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home: Path = tmp_path_factory.mktemp("logins") / "home"
    with open_lab(home) as lab:
        office = Office.open(home)
        try:
            stage = Stage(home, home, office, lab, Telling(Console(quiet=True), "en"))
            stage.set_clock(datetime(2026, 7, 13, 10, 0, tzinfo=JST))
            lab.start_controller(CONTROLLER)
            let_in(stage)
            yield stage
        finally:
            office.close()


def test_every_promise_about_logins_holds(stage: Stage) -> None:
    promises = stage.telling.promises
    assert [(each.promise.en, each.seen) for each in promises if not each.held] == []
    assert len(promises) == 10


def test_requests_that_arrive_nowhere_become_an_outage_of_each_contract(stage: Stage) -> None:
    lost = [
        "table inet lost {",
        " chain in { type filter hook input priority -10;",
        "  udp dport 1812 drop",
        " }",
        "}",
    ]
    file = stage.home / "lost.nft"
    file.write_text("\n".join(lost) + "\n")
    assert stage.lab.run(NODE, ["nft", "-f", str(file)]).code == 0

    def are_out() -> bool:
        return {alarm.contract for alarm in stage.hearing.alarms() if alarm.trouble == "out"} >= CONTRACTS

    assert until(are_out, 60) is not None
    assert stage.lab.run(NODE, ["nft", "delete", "table", "inet", "lost"]).code == 0
    assert until(lambda: not are_out(), 60) is not None
    found = [each for each in stage.hearing.find_outages() if each.contract in CONTRACTS]
    assert {each.contract for each in found} == CONTRACTS
    assert all(each.total and each.restored_at and each.cause is None for each in found)
    recorded = stage.office.contract("sakura-group-1").outages
    assert [each["id"] for each in recorded] == [
        each.id for each in found if each.contract == "sakura-group-1"
    ]
