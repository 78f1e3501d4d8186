"""Application to decision: rules, findings, verdicts."""

from kitei.desk.decision import Decision, Finding, Rule, Verdict, decide

__all__ = ["Decision", "Finding", "Rule", "Verdict", "decide"]
