"""Decided cases of Authentication Outsource: their vocabulary as acts and ledger facts."""

from typing import Any

from kitei.clauses.casework import Casework
from kitei.clauses.history import History, Line
from kitei.desk.cases import Sheet
from kitei.services.auth_outsource.application import read_act
from kitei.services.auth_outsource.cases.asking import Asking
from kitei.services.auth_outsource.cases.given import take_given
from kitei.services.auth_outsource.cases.when import take_when
from kitei.services.auth_outsource.conclusion import conclude
from kitei.services.auth_outsource.contract import fold
from kitei.services.auth_outsource.decision import decide
from kitei.services.auth_outsource.edition import TERMS


def take(given: Sheet, facts: Sheet, when: Sheet, history: History) -> tuple[str, dict[str, Any]]:
    """Record what a case gives; the name and body of its act."""
    counts = take_given(given, facts, when, history)
    return take_when(Asking(when, facts, history, counts))


LINE = Line(TERMS, fold, decide, conclude)
CASEWORK = Casework(LINE, read_act, take)
run, translate = CASEWORK.run, CASEWORK.translate
