"""A decided case, translated by a service's vocabulary and decided like a customer's act."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kitei.clauses.acts import Act
from kitei.clauses.history import History, Line
from kitei.desk import Decision, Situation
from kitei.desk.cases import Case, Sheet, close_all
from kitei.terms import Edition
from kitei.values import day_of

Taking = Callable[[Sheet, Sheet, Sheet, History], tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Casework:
    """How a service's cases are run. `take` records what is given (sheets of `given`, its `facts`, `when`)
    and yields the act's name and body; a key that it does not take is a fault."""

    line: Line
    read: Callable[[str, object, Edition], Act]
    take: Taking

    def run(self, case: Case) -> Decision:
        """Decide a case. Raises Unreadable naming every word that nobody knows."""
        asked, situation = self.translate(case)
        return self.line.decide(asked, situation, asked.at)

    def translate(self, case: Case) -> tuple[Act, Situation]:
        """A case as an act and the situation it is decided in."""
        given, when = Sheet(case.given, f"{case.id}.given"), Sheet(case.when, f"{case.id}.when")
        facts = given.sheet("facts")
        history = History(self.line, day_of(datetime.fromisoformat(case.when["at"])))
        name, body = self.take(given, facts, when, history)
        close_all(facts, given, when)
        return self.read(name, body, self.line.terms.editions[-1]), history.situation()
