"""The scene of logins as the demo plays it: every promise of it holds, with real servers, terminals and midnights."""

from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab.lab import open_lab
from kitei.lab.story.logins import let_in
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.values import JST

pytestmark = pytest.mark.lab


def test_every_promise_about_logins_holds(tmp_path: Path) -> None:
    telling = Telling(Console(quiet=True), "en")
    with open_lab(tmp_path / "home") as lab:
        office = Office.open(tmp_path / "home")
        try:
            stage = Stage(tmp_path / "home", tmp_path, office, lab, telling)
            stage.set_clock(datetime(2026, 7, 13, 10, 0, tzinfo=JST))
            lab.start_controller(CONTROLLER)
            let_in(stage)
        finally:
            office.close()
    assert [(each.promise.en, each.seen) for each in telling.promises if not each.held] == []
    assert len(telling.promises) == 10
