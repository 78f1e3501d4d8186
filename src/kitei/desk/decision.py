"""Decide what is asked by rules that each speak for one provision. The strictest finding wins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Generic, TypeVar

from kitei.terms import Cite
from kitei.values import Words, Yen

Asked = TypeVar("Asked")
Situation = TypeVar("Situation")


class Verdict(IntEnum):
    """Ordered: the strictest wins."""

    ACCEPT = 0
    REFER = 1
    REFUSE = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What one provision says of what is asked.

    `place` is where in the application it bites (`'applications[2].lan[0]'`), `remedy` what would be
    right; `conventions` are the (key, value) readings it rests on, `review` marks a low-confidence one.
    """

    verdict: Verdict
    cites: tuple[Cite, ...]
    why: Words
    place: str = ""
    remedy: Words | None = None
    conventions: tuple[tuple[str, str], ...] = ()
    defects: tuple[str, ...] = ()
    review: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome. `dates` and `amounts` are named results (`effective`, `term_end`, `settlement` ...)."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    at: datetime
    dates: Mapping[str, date] = field(default_factory=dict)
    amounts: Mapping[str, Yen] = field(default_factory=dict)

    @property
    def cites(self) -> tuple[Cite, ...]:
        return tuple(dict.fromkeys(cite for finding in self.findings for cite in finding.cites))

    @property
    def review(self) -> bool:
        return any(finding.review for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Rule(Generic[Asked, Situation]):
    """One provision as one small function: the findings it has about what is asked, none when silent."""

    path: str
    test: Callable[[Asked, Situation], Sequence[Finding]]
    exception_to: str | None = None


def decide(
    asked: Asked, rules: Sequence[Rule[Asked, Situation]], situation: Situation, at: datetime
) -> Decision:
    """Apply every rule, in order. Pure. An exception silences the rule it is an exception to."""
    found = [(rule, tuple(rule.test(asked, situation))) for rule in rules]
    silenced = {rule.exception_to for rule, findings in found if findings and rule.exception_to}
    findings = tuple(f for rule, fs in found if rule.path not in silenced for f in fs)
    verdict = max((f.verdict for f in findings), default=Verdict.ACCEPT)
    return Decision(verdict, findings, at)
