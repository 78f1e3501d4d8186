"""Re-aging: learn anew from history, and say what present and recommended thresholds would each have raised."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kitei.collect.baseline import Baseline, Learning, learn
from kitei.collect.counters import METRICS, Second
from kitei.collect.detection import Decision, judge_all
from kitei.collect.minutes import Past, judged_seconds, usual_seconds
from kitei.collect.policy import Book, Policy, Scope, book_of


@dataclass(frozen=True, slots=True)
class Line:
    """One threshold: as it is (0: none), as recommended, and the alarms of the history that it caused."""

    policy: str
    scope: Scope
    metric: str
    present: int
    recommended: int
    usual_high: int
    peak: int
    present_alarms: int
    recommended_alarms: int


@dataclass(frozen=True, slots=True)
class Reaging:
    """The report of a re-aging: the lines, all alarms of the history under both, and the book as recommended.

    Nothing is changed by it: the recommended book is put in force when it has been approved.
    """

    baseline: Baseline
    lines: tuple[Line, ...]
    present: tuple[Decision, ...]
    recommended: tuple[Decision, ...]
    book: Book


def reage(book: Book, history: Sequence[Second], learning: Learning | None = None) -> Reaging:
    """Judge the history as the book stands, learn from what was not in alarm, and judge it again as learned.

    Only metrics that have a threshold get another; static overrides stay as they are.
    """
    present = tuple(judge_all(book, iter(history)))
    baseline = learn(book, history, _alarmed(book, present, history), learning)
    relearned = book_of(tuple(_with(policy, baseline) for policy in book.policies))
    return _compared(book, relearned, baseline, present, tuple(judge_all(relearned, iter(history))))


def relearn(book: Book, past: Past, learning: Learning | None = None) -> Reaging:
    """The same from what is kept by the minute: learned from every minute's fullest second, but for those in which
    an alarm was given; `baseline` counts minutes. Alarms are as many as there can have been."""
    baseline = learn(book, usual_seconds(past), past.alarmed_minutes(), learning)
    relearned = book_of(tuple(_with(policy, baseline) for policy in book.policies))
    present, recommended = (
        tuple(judge_all(each, judged_seconds(past, book, relearned))) for each in (book, relearned)
    )
    return _compared(book, relearned, baseline, present, recommended)


def _compared(
    book: Book,
    relearned: Book,
    baseline: Baseline,
    present: tuple[Decision, ...],
    recommended: tuple[Decision, ...],
) -> Reaging:
    lines = tuple(
        _line(policy, after, scope, metric, baseline, present, recommended)
        for policy, after in zip(book.policies, relearned.policies, strict=True)
        for scope in ("host", "prefix")
        for metric in METRICS
        if (policy.host if scope == "host" else policy.prefix).get(metric)
    )
    return Reaging(baseline, lines, present, recommended, relearned)


def _alarmed(
    book: Book, decisions: Iterable[Decision], history: Sequence[Second]
) -> dict[str, frozenset[int]]:
    """The seconds in which each policy was in alarm, from the first excess to the release."""
    found: dict[str, set[int]] = {policy.name: set() for policy in book.policies}
    open_since: dict[tuple[str, str, object], int] = {}
    last = history[-1].at if history else 0
    for each in decisions:
        key = (each.policy, each.scope, each.target)
        if each.kind == "alarm":
            open_since[key] = each.since
        elif each.kind == "release" and key in open_since:
            found[each.policy] |= set(range(open_since.pop(key), each.at + 1))
    for (policy, *_), since in open_since.items():
        found[policy] |= set(range(since, last + 1))
    return {policy: frozenset(seconds) for policy, seconds in found.items()}


def _with(policy: Policy, baseline: Baseline) -> Policy:
    def learned(scope: Scope) -> dict[str, int]:
        old = policy.host if scope == "host" else policy.prefix
        return {
            metric: (baseline.recommended(policy.name, scope, metric) or value) if value else 0
            for metric, value in old.items()
        }

    return replace(policy, host=learned("host"), prefix=learned("prefix"))


def _line(
    policy: Policy,
    after: Policy,
    scope: Scope,
    metric: str,
    baseline: Baseline,
    present: Sequence[Decision],
    recommended: Sequence[Decision],
) -> Line:
    def alarms(decisions: Sequence[Decision]) -> int:
        return sum(
            each.kind == "alarm" and (each.policy, each.scope, each.metric) == (policy.name, scope, metric)
            for each in decisions
        )

    usual = baseline.usual.get((policy.name, scope, metric))
    return Line(
        policy.name,
        scope,
        metric,
        (policy.host if scope == "host" else policy.prefix)[metric],
        (after.host if scope == "host" else after.prefix)[metric],
        usual.high if usual else 0,
        usual.peak if usual else 0,
        alarms(present),
        alarms(recommended),
    )
