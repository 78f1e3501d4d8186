"""Decided cases of Secure Access: their vocabulary as acts and ledger facts."""

from typing import Any

from kitei.clauses.casework import Casework
from kitei.clauses.history import History, Line
from kitei.desk.cases import Sheet
from kitei.services.secure_access.application import read_act
from kitei.services.secure_access.cases.asking import Asking
from kitei.services.secure_access.cases.given import take_given
from kitei.services.secure_access.cases.when import take_when
from kitei.services.secure_access.conclusion import conclude
from kitei.services.secure_access.contract import fold
from kitei.services.secure_access.decision import decide
from kitei.services.secure_access.edition import TERMS


def take(given: Sheet, facts: Sheet, when: Sheet, history: History) -> tuple[str, dict[str, Any]]:
    """Record what a case gives; the name and body of its act."""
    take_given(given, facts, when, history)
    return take_when(Asking(when, facts, history))


LINE = Line(TERMS, fold, decide, conclude)
CASEWORK = Casework(LINE, read_act, take)
run, translate = CASEWORK.run, CASEWORK.translate
