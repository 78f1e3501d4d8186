"""Decided cases of DDoS Protection: their vocabulary as acts and ledger facts."""

from typing import Any

from kitei.clauses.casework import Casework
from kitei.clauses.history import History, Line
from kitei.desk.cases import Sheet
from kitei.services.ddos.application import read_act
from kitei.services.ddos.cases.given import take_given
from kitei.services.ddos.cases.when import Asking, take_when
from kitei.services.ddos.conclusion import conclude
from kitei.services.ddos.contract import fold
from kitei.services.ddos.decision import decide
from kitei.services.ddos.edition import TERMS


def take(given: Sheet, facts: Sheet, when: Sheet, history: History) -> tuple[str, dict[str, Any]]:
    """Record what a case gives; the name and body of its act."""
    who = when.look("by")
    take_given(given, facts, when, history)
    return take_when(Asking(when, facts, history, who))


LINE = Line(TERMS, fold, decide, conclude)
CASEWORK = Casework(LINE, read_act, take)
run, translate = CASEWORK.run, CASEWORK.translate
