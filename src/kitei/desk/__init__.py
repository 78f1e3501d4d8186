"""Application to decision: rules, findings, verdicts, and what they are made against."""

from kitei.desk.deadlines import Deadline
from kitei.desk.decision import Decision, Finding, Rule, Verdict, decide, weigh
from kitei.desk.operator import Holding, Operator, operator_of, quote_json, quote_of, quoted
from kitei.desk.reading import Fault, Unreadable, read
from kitei.desk.situation import Situation

__all__ = [
    "Deadline",
    "Decision",
    "Fault",
    "Finding",
    "Holding",
    "Operator",
    "Rule",
    "Situation",
    "Unreadable",
    "Verdict",
    "decide",
    "operator_of",
    "quote_json",
    "quote_of",
    "quoted",
    "read",
    "weigh",
]
