"""The whole story, from an empty folder to invoices."""

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from kitei.lab.lab import open_lab
from kitei.lab.story.changes import cancel, fail_for_49_hours, order_work
from kitei.lab.story.closing import ask_why, close_the_month
from kitei.lab.story.entrances import come_in
from kitei.lab.story.floods import stop_floods
from kitei.lab.story.gateways import guard
from kitei.lab.story.logins import let_in
from kitei.lab.story.opening import bring_up, publish_terms, take_orders
from kitei.lab.story.proofs import isolate, survive
from kitei.lab.story.stage import Stage
from kitei.lab.story.telling import Telling
from kitei.office import Office
from kitei.values import JST

BEGINS: Final = datetime(2026, 6, 10, 10, 0, tzinfo=JST)
_MARK: Final = "demo"

Scene = Callable[[Stage], None]
SCENES: Final[Sequence[Scene]] = (
    publish_terms,
    take_orders,
    bring_up,
    isolate,
    survive,
    stop_floods,
    order_work,
    cancel,
    fail_for_49_hours,
    let_in,
    come_in,
    guard,
    close_the_month,
    ask_why,
)


def clear(home: Path) -> None:
    """An empty folder for the story. Raises FileExistsError where the folder holds anything but an earlier story."""
    if home.exists() and any(home.iterdir()):
        if not (home / _MARK).exists():
            raise FileExistsError(f"{home} holds something that is not a demo; name another with --home")
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / _MARK).write_text("a demo's folder; the next demo clears it\n")


def play(home: Path, book: Path, telling: Telling, stay: Callable[[Stage], None] | None = None) -> bool:
    """Play it. True when every promise held. `stay` is called at the end, while the provider is still up."""
    clear(home)
    with open_lab(home) as lab:
        office = Office.open(home)
        stage = Stage(home, book, office, lab, telling)
        try:
            stage.set_clock(BEGINS)
            for scene in SCENES:
                scene(stage)
            telling.close()
            if stay is not None:
                stay(stage)
        finally:
            office.close()
    return telling.all_held
