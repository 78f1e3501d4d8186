"""Outages as terms define them: total, unbroken, from the operator's knowledge on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal

from kitei.values import JST, Words
from kitei.watch.availability import Availability, Stretch, stretches
from kitei.watch.intervals import ZERO, Interval, union, without
from kitei.watch.observations import History

Party = Literal["operator", "customer", "third-party", "force-majeure"]


@dataclass(frozen=True, slots=True)
class Report:
    """A ticket or a customer's report, by when it reached the operator (`at`).

    `unconfirmed`: it only dates the knowledge of an outage that monitoring saw. `total`: the operator
    confirmed that nothing could be used, from `at` to `restored_at`; seen usability still breaks it.
    `equally-bad`: a recorded finding that the state was as bad as none; it holds beside what was seen.
    """

    contract: str
    kind: Literal["ticket", "customer-report"]
    at: datetime
    state: Literal["unconfirmed", "total", "equally-bad"] = "unconfirmed"
    restored_at: datetime | None = None
    reference: str = ""

    @property
    def interval(self) -> Interval:
        return Interval(self.at, self.restored_at)


@dataclass(frozen=True, slots=True)
class Cause:
    """The operator's finding of who caused the outage that a contract had at `at`."""

    contract: str
    at: datetime
    party: Party
    why: Words


@dataclass(frozen=True, slots=True)
class Outage:
    """A contract that could not be used at all. Hours count from `known_at` to `restored_at` (None: lasts).

    `began_at` is when it was broken, `known_at` when the operator knew, first of alarm, ticket and
    customer report. Either `total`, or `equally_bad` by a recorded finding. `cause` None: not found yet,
    and so nobody's.
    """

    id: str
    contract: str
    began_at: datetime
    known_at: datetime
    restored_at: datetime | None
    total: bool
    cause: Party | None
    evidence: tuple[Words, ...]
    equally_bad: bool = False

    def hours(self, upto: datetime | None = None) -> Fraction:
        """Exact hours from knowledge to restoration, or to `upto` while it lasts."""
        end = self.restored_at if self.restored_at is not None else upto
        if end is None:
            raise ValueError(f"outage {self.id} still lasts; say up to when its hours are wanted")
        return Fraction((end - self.known_at) // timedelta(microseconds=1), 3_600_000_000)

    @property
    def interval(self) -> Interval:
        return Interval(self.began_at, self.restored_at)


def find_outages(
    availability: Availability,
    history: History,
    *,
    reports: Sequence[Report] = (),
    causes: Sequence[Cause] = (),
    minimum_usable: timedelta = ZERO,
) -> tuple[Outage, ...]:
    """The outages of one contract, in order of time. Pure.

    Records that overlap or touch are one outage; so are those that a usable time shorter than
    `minimum_usable` parts. Any longer usable time begins a new one; outages are never added up.
    """
    seen = stretches(availability.paths, history, availability.before, availability.needs)
    mine = [report for report in reports if report.contract == availability.contract]
    usable = _usable(seen, minimum_usable)
    down = [stretch.interval for stretch in seen if not stretch.up]
    told = [piece for report in mine if report.state == "total" for piece in without(report.interval, usable)]
    bad = [report.interval for report in mine if report.state == "equally-bad"]
    beside = union((piece for one in bad for piece in without(one, (*down, *told))), minimum_usable)
    return tuple(
        replace(outage, total=not worse, equally_bad=worse)
        for whole in union((*down, *told, *bad), minimum_usable)
        for outage in (_outage(availability, whole, seen, mine, causes),)
        for worse in (any(_overlap(piece, whole) for piece in beside),)
    )


def recognise(found: Sequence[Outage], recorded: Sequence[Outage]) -> tuple[Outage, ...]:
    """Found outages under the id they were first recorded by, so that a late report renames nothing, and with the
    cause that is on record where none was found: an explanation is not forgotten by looking again.

    Where late news parts a recorded outage, its first piece keeps the id; where it joins two, the first id stays.
    """
    left = sorted(recorded, key=lambda old: old.began_at)
    known: list[Outage] = []
    for outage in found:
        old = next((each for each in left if each.interval.meets(outage.interval)), None)
        if old is not None:
            left.remove(old)
            outage = replace(outage, id=old.id, cause=outage.cause or old.cause)
        known.append(outage)
    return tuple(known)


def joined(found: Sequence[Outage], recorded: Sequence[Outage]) -> tuple[Outage, ...]:
    """Recorded outages that turned out to be part of another: what they were is told under its id."""
    ids = {outage.id for outage in found}
    return tuple(
        old
        for old in recorded
        if old.id not in ids and any(old.interval.meets(outage.interval) for outage in found)
    )


def baseless(
    found: Sequence[Outage], recorded: Sequence[Outage], withdrawn: Sequence[Report]
) -> tuple[Outage, ...]:
    """Recorded outages of which nothing is found any more, since what they were known by was taken back."""
    return tuple(
        old
        for old in recorded
        if not any(old.id == each.id or old.interval.meets(each.interval) for each in found)
        and any(old.interval.meets(each.interval) for each in withdrawn)
    )


def _usable(seen: Sequence[Stretch], minimum: timedelta) -> list[Interval]:
    return [
        stretch.interval
        for stretch in seen
        if stretch.up
        and (stretch.interval.end is None or stretch.interval.end - stretch.interval.start >= minimum)
    ]


def _outage(
    availability: Availability,
    whole: Interval,
    seen: Sequence[Stretch],
    reports: Sequence[Report],
    causes: Sequence[Cause],
) -> Outage:
    contract = availability.contract
    down = [s for s in seen if not s.up and s.interval.start in whole]
    about = [r for r in reports if r.at in whole or _covers(r, whole.start)]
    knowledge = [s.known_at for s in down] + [max(r.at, whole.start) for r in about]
    known_at = min(knowledge)
    if whole.end is not None:
        known_at = min(known_at, whole.end)
    found = [c for c in causes if c.contract == contract and _within(c.at, whole)]
    return Outage(
        id=f"{contract}-{whole.start.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        contract=contract,
        began_at=whole.start,
        known_at=known_at,
        restored_at=whole.end,
        total=True,
        cause=found[-1].party if found else None,
        evidence=(
            *(_seen(stretch) for stretch in down),
            *(_told(report) for report in about),
            *(cause.why for cause in found),
        ),
    )


def _covers(report: Report, instant: datetime) -> bool:
    return report.state != "unconfirmed" and instant in report.interval


def _within(instant: datetime, whole: Interval) -> bool:
    """A cause may be dated at the very moment of restoration too."""
    return instant in whole or instant == whole.end


def _overlap(one: Interval, other: Interval) -> bool:
    return (one.end is None or other.start < one.end) and (other.end is None or one.start < other.end)


def _seen(stretch: Stretch) -> Words:
    paths = stretch.ways
    start, end = clock_text(stretch.interval.start), stretch.interval.end
    until = clock_text(end) if end else None
    return Words(
        ja=f"監視: 全 {paths} 経路が {start} から{f' {until} まで' if until else ''}不通、"
        f"当社の認識は {clock_text(stretch.known_at)}",
        en=f"monitoring: all {paths} path(s) down from {start}{f' to {until}' if until else ''}, "
        f"known to the operator at {clock_text(stretch.known_at)}",
    )


def _told(report: Report) -> Words:
    kind = (
        Words("チケット", "ticket") if report.kind == "ticket" else Words("お客様の申告", "customer report")
    )
    reference = f" {report.reference}" if report.reference else ""
    return Words(
        ja=f"{kind.ja}{reference}: {clock_text(report.at)} 受付",
        en=f"{kind.en}{reference}: received {clock_text(report.at)}",
    )


def clock_text(instant: datetime) -> str:
    """An instant as people read it, in Tokyo: `'2026-11-02 09:00:00'`."""
    return f"{instant.astimezone(JST):%Y-%m-%d %H:%M:%S}"
