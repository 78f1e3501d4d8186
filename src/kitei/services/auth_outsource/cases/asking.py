"""A case's act as it is being read, and how its keys are taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kitei.clauses.history import History
from kitei.desk.cases import Sheet
from kitei.services.auth_outsource.cases.given import Counts

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """The act of a case, the facts beside it, what happened before, and how many use each contract."""

    when: Sheet
    facts: Sheet
    history: History
    counts: Mapping[str, Counts]

    def told(self, *keys: str) -> Any:
        """What the act or the facts say under one of these keys."""
        found = [sheet.take(key) for key in keys for sheet in (self.when, self.facts)]
        return next((each for each in found if each is not None), None)


def several(value: Any) -> list[Any]:
    """A value as a list; one thing alone stands for a list of one."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def first_of(sheet: Sheet, *keys: str) -> Any:
    """What stands under the first of these keys that is there; all are known."""
    found = [sheet.take(key) for key in keys]
    return next((each for each in found if each is not None), None)


def attributes(sheet: Sheet) -> Body:
    """What is said of another service: its plan, or the class of its lines."""
    body = taken(sheet, "item", "item_class", "network_type_class")
    body["item"] = body["item"] or sheet.take("plan")
    if (both := sheet.take("class")) is not None:
        body["item_class"] = body["item_class"] or both
        body["network_type_class"] = body["network_type_class"] or both
    return body


def taken(sheet: Sheet, *same: str, **renamed: str) -> Body:
    """Keys taken under their own names or others."""
    return {key: sheet.take(key) for key in same} | {key: sheet.take(old) for key, old in renamed.items()}
