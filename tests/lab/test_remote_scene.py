"""Ways in as the demo plays them: real tunnels with a matrix, real browsers' requests, real refusals."""

from pathlib import Path

import pytest
from rich.console import Console

from kitei.lab.lab import open_lab
from kitei.lab.story.entrances import come_in
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.office.closing import preview
from kitei.office.orderbook import read_book, take_book
from kitei.values import Month

pytestmark = pytest.mark.lab
PROVIDER = Path(__file__).parents[2] / "examples" / "order-book" / "00-provider.toml"


def test_every_promise_about_ways_in_holds(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("ways") / "home"
    with open_lab(home) as lab:
        office = Office.open(home)
        try:
            stage = Stage(home, home, office, lab, Telling(Console(quiet=True), "en"))
            list(take_book(office, read_book(PROVIDER, office)))
            lab.start_controller(CONTROLLER)
            come_in(stage)
            bills = [bill for month in (6, 7) for bill in preview(office, Month(2026, month))]
        finally:
            office.close()
    promises = stage.telling.promises
    assert [(each.promise.en, each.seen) for each in promises if not each.held] == []
    assert len(promises) == 5
    assert {bill.customer for bill in bills} == {"kaede", "momiji"}
    assert len(bills) == 4 and all(bill.invoice is not None for bill in bills)
