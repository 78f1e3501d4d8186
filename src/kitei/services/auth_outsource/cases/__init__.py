"""Decided cases of Authentication Outsource: their vocabulary as acts and ledger facts, decided like any act."""

from datetime import datetime

from kitei.clauses.acts import Act
from kitei.clauses.history import History, Line
from kitei.desk import Decision, Situation
from kitei.desk.cases import Case, Sheet, close_all
from kitei.services.auth_outsource.application import read_act
from kitei.services.auth_outsource.cases.asking import Asking
from kitei.services.auth_outsource.cases.given import take_given
from kitei.services.auth_outsource.cases.when import take_when
from kitei.services.auth_outsource.conclusion import conclude
from kitei.services.auth_outsource.contract import fold
from kitei.services.auth_outsource.decision import decide
from kitei.services.auth_outsource.edition import TERMS
from kitei.values import day_of

LINE = Line(TERMS, fold, decide, conclude)


def run(case: Case) -> Decision:
    """Decide a case. Raises Unreadable naming every word that nobody knows."""
    asked, situation = translate(case)
    return decide(asked, situation, asked.at)


def translate(case: Case) -> tuple[Act, Situation]:
    """A case as an act and the situation it is decided in."""
    at = datetime.fromisoformat(case.when["at"])
    given, when = Sheet(case.given, f"{case.id}.given"), Sheet(case.when, f"{case.id}.when")
    facts = given.sheet("facts")
    history = History(LINE, day_of(at))
    counts = take_given(given, facts, when, history)
    name, body = take_when(Asking(when, facts, history, counts))
    close_all(facts, given, when)
    return read_act(name, body, TERMS.editions[-1]), history.situation()
