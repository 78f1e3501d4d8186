"""Decide what is asked by rules that each speak for one provision. The strictest finding wins."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Generic, TypeVar

from kitei.ledger.contracts import Charge
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

    `place` is where in the application it bites (`'apply.sites[2].lans[0]'`), `remedy` what would be
    right; `conventions` are the (key, value) readings it rests on, `review` marks a low-confidence one.
    `proposes` is the outcome that a REFER would have without a person. `dates` and `amounts` are what the
    provision yields, by name; `charges` fall due if the whole is accepted; `missing` names quotes without
    which an amount cannot be computed. `part` is which of several applications made at once it is about
    (None: all of them), `topic` a question beside the main one, whose verdict is told apart from it.
    """

    verdict: Verdict
    cites: tuple[Cite, ...]
    why: Words
    place: str = ""
    remedy: Words | None = None
    conventions: tuple[tuple[str, str], ...] = ()
    defects: tuple[str, ...] = ()
    review: bool = False
    proposes: Verdict | None = None
    dates: tuple[tuple[str, date], ...] = ()
    amounts: tuple[tuple[str, Yen], ...] = ()
    charges: tuple[Charge, ...] = ()
    missing: tuple[str, ...] = ()
    part: int | None = None
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome. `dates` and `amounts` are named results (`effective`, `term_end`, `settlement` ...).

    `proposed` is the outcome that a REFER goes with, None for the other verdicts.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    at: datetime
    dates: Mapping[str, date] = field(default_factory=dict)
    amounts: Mapping[str, Yen] = field(default_factory=dict)
    proposed: Verdict | None = None

    @property
    def outcome(self) -> Verdict:
        """Accept or refuse: the verdict, or for REFER what it proposes."""
        return self.verdict if self.proposed is None else self.proposed

    @property
    def cites(self) -> tuple[Cite, ...]:
        return tuple(dict.fromkeys(cite for finding in self.findings for cite in finding.cites))

    @property
    def conventions(self) -> tuple[tuple[str, str], ...]:
        return tuple(dict.fromkeys(pair for finding in self.findings for pair in finding.conventions))

    @property
    def charges(self) -> tuple[Charge, ...]:
        return tuple(charge for finding in self.findings for charge in finding.charges)

    @property
    def missing(self) -> tuple[str, ...]:
        """Quotes without which an amount cannot be computed."""
        return tuple(dict.fromkeys(name for finding in self.findings for name in finding.missing))

    @property
    def total(self) -> Yen | None:
        """All amounts together; None where one cannot be computed or there is none."""
        return None if self.missing or not self.amounts else Yen(sum(self.amounts.values()))

    def of_part(self, part: int) -> Verdict:
        """The outcome for one of several applications made at once."""
        return _outcome(f for f in self.findings if not f.topic and f.part in (None, part))

    @property
    def parts(self) -> Mapping[int, Verdict]:
        """The outcome for each of several applications made at once, in order; empty where there is one question."""
        named = sorted({finding.part for finding in self.findings if finding.part is not None})
        return {part: self.of_part(part) for part in named}

    def granted(self) -> "Decision | None":
        """What is accepted of it, as a decision of its own; None where nothing is.

        Of a refused batch those are the applications that all findings allow. Ask it only where each stands
        for itself by the terms.
        """
        if self.verdict is not _REFUSE:
            return self if self.verdict is _ACCEPT else None
        weighing = [finding for finding in self.findings if not finding.topic]
        barred = {finding.part for finding in weighing if finding.verdict is not _ACCEPT}
        standing = {finding.part for finding in weighing} - barred - {None}
        if None in barred or not standing:
            return None
        return weigh(tuple(f for f in self.findings if f.part is None or f.part in standing), self.at)

    def on_topic(self, topic: str) -> Verdict | None:
        """The outcome of a question beside the main one, None where nothing was said of it."""
        found = [finding for finding in self.findings if finding.topic == topic]
        return _outcome(found) if found else None

    @property
    def review(self) -> bool:
        return any(finding.review for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Rule(Generic[Asked, Situation]):
    """One provision as one small function: the findings it has about what is asked, none when silent.

    `path` is the provision it speaks for, `also` those it cannot be told apart from (a paragraph and the
    schedule row it points at).
    """

    path: str
    test: Callable[[Asked, Situation], Iterable[Finding]]
    exception_to: str | None = None
    also: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path, *self.also)


def decide(
    asked: Asked, rules: Sequence[Rule[Asked, Situation]], situation: Situation, at: datetime
) -> Decision:
    """Apply every rule, in order. Pure. An exception silences the rule it is an exception to."""
    findings: list[Finding] = []
    silenced: set[str] = set()
    for rule in rules:
        before = len(findings)
        findings.extend(rule.test(asked, situation))
        if rule.exception_to is not None and len(findings) > before:
            silenced.add(rule.exception_to)
    if silenced:
        findings = [f for rule in rules if rule.path not in silenced for f in rule.test(asked, situation)]
    return weigh(tuple(findings), at)


# Looking a member up in its class costs more than a rule's whole comparison.
_ACCEPT, _REFUSE = Verdict.ACCEPT, Verdict.REFUSE


def weigh(findings: tuple[Finding, ...], at: datetime) -> Decision:
    """The decision that findings come to: the strictest verdict, all dates, amounts added up by name.

    Of a refusal only what the refusing findings yield counts: nothing else takes effect or falls due.
    """
    verdict, proposed = _ACCEPT, _ACCEPT
    for finding in findings:
        if finding.verdict is not _ACCEPT and not finding.topic:
            verdict = max(verdict, finding.verdict)
            proposed = max(proposed, finding.proposes or _ACCEPT)
    refused = verdict is _REFUSE
    dates: dict[str, date] = {}
    amounts: dict[str, Yen] = {}
    for finding in findings:
        if refused and finding.verdict is not _REFUSE:
            continue
        if finding.dates:
            dates.update(finding.dates)
        for name, amount in finding.amounts:
            amounts[name] = Yen(amounts.get(name, 0) + amount)
        for charge in finding.charges:
            if charge.amount is not None:
                amounts[charge.name] = Yen(amounts.get(charge.name, 0) + charge.amount)
    return Decision(
        verdict, findings, at, dates, amounts, None if refused or verdict is _ACCEPT else proposed
    )


def _outcome(findings: Iterable[Finding]) -> Verdict:
    """Accept or refuse, as the strictest says; a referral counts as what it proposes."""
    outcomes = (
        (finding.proposes or _ACCEPT) if finding.verdict is Verdict.REFER else finding.verdict
        for finding in findings
    )
    return max(outcomes, default=_ACCEPT)
