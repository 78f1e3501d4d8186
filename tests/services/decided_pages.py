"""Decided cases as pytest parameters: the project's own, and the shared ones where they are."""

from pathlib import Path
from typing import Any

import pytest

from kitei.desk.casebook import read_casebook

OWN = Path(__file__).parents[1] / "cases"
SHARED = Path(__file__).parents[3] / "shared" / "cases"


def pages(*actions: str) -> list[Any]:
    """Every case that reads well, or those of some actions, each under its id."""
    return [
        pytest.param(page, id=page.id)
        for file in (*sorted(OWN.glob("*.json")), *sorted(SHARED.glob("*.json")))
        for page in read_casebook(file.read_text(encoding="utf-8"))
        if page.case is not None and (not actions or page.case.when["action"] in actions)
    ]
