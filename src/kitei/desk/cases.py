"""Decided cases: situations written down with what must come of them, and how a decision compares.

A case has `given` (contracts in force, facts, quotes, the operator's parameters), `when` (one act at one
instant) and `then`. A service translates the first two into an act and a situation, by their vocabulary
alone; nothing may know a case's id. Everything not given is in order.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from kitei.desk.decision import Decision, Finding, Verdict
from kitei.desk.reading import Fault, Unreadable
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Case:
    """One decided case as written."""

    id: str
    service: str
    given: Mapping[str, Any]
    when: Mapping[str, Any]
    then: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case came to: the decision, and every difference from what it must be (none: passed)."""

    case: Case
    decision: Decision
    differences: tuple[Words, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


Run = Callable[[Case], Decision]

THEN_KEYS: Mapping[str, str] = {
    "decision": "decision",
    "provisions": "paths",
    "amount_jpy": "yen",
    "credit_jpy": "yen",
    "per_application": "verdicts",
    "route_control": "verdict",
    "effective_date": "day",
    "minimum_term_end": "day",
    "deadline": "day",
    "notes": "text",
}
"""What may be said of a case's outcome, and what kind of thing each is."""

_DATES = {"effective_date": "effective", "minimum_term_end": "term_end", "deadline": "deadline"}
THEN_VERDICTS = {"accept": Verdict.ACCEPT, "refuse": Verdict.REFUSE}
_TOPICS = {"route_control": "route-control"}


class Sheet:
    """A table of a case being read: what is taken is ticked off, and what is left over is a fault."""

    def __init__(self, written: Mapping[str, Any], place: str) -> None:
        self._left = dict(written)
        self._known: set[str] = set()
        self.place = place

    def take(self, key: str, otherwise: Any = None) -> Any:
        self._known.add(key)
        return self._left.pop(key, otherwise)

    def look(self, key: str, otherwise: Any = None) -> Any:
        """What stands there, without ticking it off."""
        return self._left.get(key, otherwise)

    def keys(self) -> tuple[str, ...]:
        return tuple(self._left)

    def sheet(self, key: str) -> "Sheet":
        """A table within, empty where there is none. Raises Unreadable for what is no table."""
        return Sheet(_table(self.take(key) or {}, f"{self.place}.{key}"), f"{self.place}.{key}")

    def sheets(self, key: str) -> "list[Sheet]":
        """A list of tables, empty where there is none. Raises Unreadable for what is no such list."""
        found, place = self.take(key) or [], f"{self.place}.{key}"
        if not isinstance(found, list | tuple):
            raise _is_not(place, found, Words("表のリスト([{…}])", "a list of tables [{...}]"))
        return [Sheet(_table(each, f"{place}[{at}]"), f"{place}[{at}]") for at, each in enumerate(found)]

    def close(self) -> None:
        """Raises Unreadable naming every key that nothing took, and those that are known here."""
        close_all(self)

    def left_over(self) -> tuple[Fault, ...]:
        """Every key that nothing took, and those that are known here."""
        known = ", ".join(sorted(self._known))
        return tuple(
            Fault(
                f"{self.place}.{key}",
                Words(f"知らない項目です。知っているのは {known}", f"is not known here; known are {known}"),
            )
            for key in self._left
        )


def close_all(*sheets: Sheet) -> None:
    """Close several sheets at once. Raises Unreadable naming what is left over in any of them."""
    faults = tuple(fault for sheet in sheets for fault in sheet.left_over())
    if faults:
        raise Unreadable(faults)


def case_of(written: Mapping[str, Any]) -> Case:
    """Read one case. Raises Unreadable."""
    sheet = Sheet(written, str(written.get("id", "?")))
    case = Case(
        sheet.take("id", ""),
        sheet.take("service", ""),
        sheet.take("given", {}),
        sheet.take("when", {}),
        sheet.take("then", {}),
    )
    sheet.close()
    return case


def run_case(case: Case, run: Run) -> Outcome:
    """Decide a case and compare. Raises Unreadable for vocabulary that nobody knows."""
    decision = run(case)
    return Outcome(case, decision, tuple(differences(case, decision)))


def differences(case: Case, decision: Decision) -> Sequence[Words]:
    """How a decision differs from what a case says must come of it."""
    then = case.then
    unknown = [key for key in then if key not in THEN_KEYS]
    if unknown:
        known = ", ".join(THEN_KEYS)
        raise Unreadable(
            tuple(
                Fault(
                    f"{case.id}.then.{key}",
                    Words(f"知らない項目です。{known}", f"is not known; known are {known}"),
                )
                for key in unknown
            )
        )
    found: list[Words] = []
    wanted = THEN_VERDICTS.get(then["decision"])
    if wanted is not None and decision.outcome is not wanted:
        _differ(found, "decision", then["decision"], decision.outcome.name.lower())
    parts = [THEN_VERDICTS[each] for each in then.get("per_application", ())]
    for part, verdict in enumerate(parts):
        if decision.of_part(part) is not verdict:
            _differ(found, f"per_application[{part}]", verdict.name, decision.of_part(part).name)
    for key, topic in _TOPICS.items():
        if key in then and (told := decision.on_topic(topic)) is not THEN_VERDICTS[then[key]]:
            _differ(found, key, then[key], told.name.lower() if told is not None else "None")
    cited = {cite.plain for cite in decision.cites}
    missing = [path for path in then.get("provisions", ()) if not _is_cited(plain(path), cited)]
    if missing:
        _differ(found, "provisions", ", ".join(missing), ", ".join(sorted(cited)))
    for key, name in _DATES.items():
        if key in then and decision.dates.get(name) != date.fromisoformat(then[key]):
            _differ(found, key, then[key], str(decision.dates.get(name)))
    if "amount_jpy" in then:
        amount = amount_under(decision.findings, then.get("provisions", ()))
        if amount != then["amount_jpy"]:
            _differ(found, "amount_jpy", str(then["amount_jpy"]), str(amount))
    if "credit_jpy" in then and decision.amounts.get("credit") != then["credit_jpy"]:
        _differ(found, "credit_jpy", str(then["credit_jpy"]), str(decision.amounts.get("credit")))
    return found


def amount_under(findings: Sequence[Finding], provisions: Sequence[str]) -> int | None:
    """What a decision comes to under the provisions named; None where it names no amount.

    An amount counts if what it rests on is named: a schedule or supplementary provision where one is
    among them, else any. Where none is named that an amount rests on, all count.
    """
    named = {plain(path) for path in provisions}
    priced = {path for path in named if path.startswith(("schedule:", "suppl:"))} or named
    amounts = _amounts(
        finding
        for finding in findings
        if {cite.plain for cite in finding.cites} & priced or not _is_schedule(finding)
    ) or _amounts(findings)
    return sum(amounts) if amounts else None


def _amounts(findings: Iterable[Finding]) -> list[int]:
    return [
        amount
        for finding in findings
        for amount in (*(a for _, a in finding.amounts), *(c.amount for c in finding.charges))
        if amount is not None
    ]


def _is_cited(path: str, cited: Collection[str]) -> bool:
    """A provision is cited by itself, or by any of its own items."""
    return path in cited or any(each.startswith(f"{path}.") for each in cited)


def _is_schedule(finding: Finding) -> bool:
    """Whether what a finding yields is priced by a schedule at all; a plain 0 by an article is not."""
    return any(cite.path.startswith(("schedule:", "suppl:")) for cite in finding.cites)


def plain(path: str) -> str:
    """A path without rows, sentences and separable rules."""
    return re.split(r"\.[tsa]\d+", path)[0]


def unknown(place: str, value: object, known: Sequence[str] | Mapping[str, object]) -> Unreadable:
    """The fault of a word that is not in the vocabulary."""
    names = ", ".join(known)
    return Unreadable(
        (
            Fault(
                place, Words(f"{value!r} は知りません。{names} のどれか", f"{value!r} is not one of {names}")
            ),
        )
    )


def _table(found: object, place: str) -> Mapping[str, Any]:
    if isinstance(found, Mapping):
        return found
    raise _is_not(place, found, Words("表({…})", "a table {...}"))


def _is_not(place: str, found: object, wanted: Words) -> Unreadable:
    wrong = Words(f"{found!r} は{wanted.ja}ではありません", f"{found!r} is not {wanted.en}")
    return Unreadable((Fault(place, wrong),))


def _differ(found: list[Words], what: str, wanted: str, got: str) -> None:
    found.append(Words(f"{what}: {wanted} のはずが {got}", f"{what}: {wanted} expected, {got} found"))
