"""What the words of a case are read from, and how keys are taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kitei.clauses.history import History
from kitei.desk.cases import Sheet
from kitei.services.gio_remote.cases.given import Counts

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """The act of a case, the facts beside it, what happened before, and how many use each gateway."""

    when: Sheet
    facts: Sheet
    history: History
    counts: Mapping[str, Counts]

    def told(self, *keys: str) -> Any:
        """What the act or the facts say under one of these keys."""
        found = [sheet.take(key) for key in keys for sheet in (self.when, self.facts)]
        return next((each for each in found if each is not None), None)


def first(sheet: Sheet, *keys: str) -> Any:
    """What stands under the first of these keys that is there; the others are known too."""
    found = [sheet.take(key) for key in keys]
    return next((each for each in found if each is not None), None)


def taken(sheet: Sheet, *same: str, **renamed: str) -> Body:
    """Keys taken under their own names or others."""
    return {key: sheet.take(key) for key in same} | {key: sheet.take(old) for key, old in renamed.items()}
