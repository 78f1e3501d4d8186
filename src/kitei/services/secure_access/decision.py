"""Application to decision: every rule of the provisions that speak on an act, the strictest finding wins."""

from datetime import datetime

from kitei.clauses.acts import Act
from kitei.desk import Decision, Situation
from kitei.desk import decide as decide_by
from kitei.services.secure_access.rules import RULES


def decide(asked: Act, situation: Situation, at: datetime) -> Decision:
    """What the terms say of an act. Pure.

    Raises LookupError for a contract that does not exist: that is no matter of the terms.
    """
    return decide_by(asked, RULES[type(asked)], situation, at)
