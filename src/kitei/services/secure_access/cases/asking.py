"""The act of a case as it is written, and how its keys are taken."""

from dataclasses import dataclass
from typing import Any

from kitei.clauses.history import History
from kitei.desk.cases import Sheet

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """The act of a case, the facts beside it, and what happened before."""

    when: Sheet
    facts: Sheet
    history: History

    def told(self, *keys: str) -> Any:
        """What the act or the facts say under one of these keys."""
        found = [sheet.take(key) for key in keys for sheet in (self.when, self.facts)]
        return next((each for each in found if each is not None), None)


def said(body: Body) -> Body:
    return {key: value for key, value in body.items() if value is not None and value != []}


def taken(sheet: Sheet, *same: str, **renamed: str) -> Body:
    """Keys taken under their own names or others."""
    return {key: sheet.take(key) for key in same} | {key: sheet.take(old) for key, old in renamed.items()}
