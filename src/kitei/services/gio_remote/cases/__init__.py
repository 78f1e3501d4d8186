"""Decided cases of GIO Remote Access: their vocabulary as acts and ledger facts."""

from typing import Any

from kitei.clauses.casework import Casework
from kitei.clauses.history import History, Line
from kitei.desk.cases import Sheet
from kitei.services.gio_remote.application import read_act
from kitei.services.gio_remote.cases.asking import Asking
from kitei.services.gio_remote.cases.given import take_given
from kitei.services.gio_remote.cases.when import take_when
from kitei.services.gio_remote.conclusion import conclude
from kitei.services.gio_remote.contract import fold
from kitei.services.gio_remote.decision import decide
from kitei.services.gio_remote.edition import TERMS


def take(given: Sheet, facts: Sheet, when: Sheet, history: History) -> tuple[str, dict[str, Any]]:
    """Record what a case gives; the name and body of its act."""
    counts = take_given(given, facts, when, history)
    return take_when(Asking(when, facts, history, counts))


LINE = Line(TERMS, fold, decide, conclude)
CASEWORK = Casework(LINE, read_act, take)
run, translate = CASEWORK.run, CASEWORK.translate
