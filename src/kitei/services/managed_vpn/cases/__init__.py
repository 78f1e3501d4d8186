"""Decided cases of Managed VPN PRO: their vocabulary as acts and ledger facts."""

from typing import Any

from kitei.clauses.casework import Casework
from kitei.clauses.history import History, Line
from kitei.desk.cases import Sheet
from kitei.services.managed_vpn.application import read_act
from kitei.services.managed_vpn.cases.given import take_given
from kitei.services.managed_vpn.cases.when import Asking, take_when
from kitei.services.managed_vpn.conclusion import conclude
from kitei.services.managed_vpn.contract import fold
from kitei.services.managed_vpn.decision import decide
from kitei.services.managed_vpn.edition import TERMS


def take(given: Sheet, facts: Sheet, when: Sheet, history: History) -> tuple[str, dict[str, Any]]:
    """Record what a case gives; the name and body of its act."""
    take_given(given, facts, when, history)
    return take_when(Asking(when, facts, history))


LINE = Line(TERMS, fold, decide, conclude)
CASEWORK = Casework(LINE, read_act, take)
run, translate = CASEWORK.run, CASEWORK.translate
