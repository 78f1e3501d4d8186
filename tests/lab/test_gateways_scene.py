"""Gateways as the demo plays them: real firewalls, WireGuard, proxies and midnights, for two customers."""

from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab.lab import open_lab
from kitei.lab.story.gateways import guard
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book

pytestmark = pytest.mark.lab
PROVIDER = Path(__file__).parents[2] / "examples" / "order-book" / "00-provider.toml"


def test_every_promise_about_gateways_holds(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("gateways") / "home"
    with open_lab(home) as lab:
        office = Office.open(home)
        try:
            stage = Stage(home, home, office, lab, Telling(Console(quiet=True), "en"))
            list(take_book(office, read_book(PROVIDER, office)))
            lab.start_controller(CONTROLLER)
            guard(stage)
        finally:
            office.close()
    promises = stage.telling.promises
    assert [(each.promise.en, each.seen) for each in promises if not each.held] == []
    assert len(promises) == 10
