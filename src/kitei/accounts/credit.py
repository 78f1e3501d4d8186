"""Credit for outages: how much an outage earns, from when it can be claimed, and until when.

The same in every service; the figures (24 hours, a thirtieth, three months) come from the caller's edition.
Conventions: `credit.hours`, `credit.continuity`, `credit.total`, `credit.base`, `credit.claimable-from`,
`credit.lapse`, `money.rounding`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from kitei.accounts.tax import rounded
from kitei.terms import Reading, months_after
from kitei.values import Month, Yen, day_of
from kitei.watch import Outage

Read = Callable[[str], Reading]


@dataclass(frozen=True, slots=True)
class CreditTerms:
    """The figures of an edition: hours that qualify, hours in a unit, a unit's part of the fee, months to claim."""

    threshold: int
    hours: int
    divisor: int
    months: int


@dataclass(frozen=True, slots=True)
class Earned:
    """What one outage earns. `amount` None: no fee is known, so it cannot be computed.

    `claimable` is the day the claim first could be made, `until` the last day it may arrive; `strictly`
    is that last day by the strict reading, where it differs (None: it does not). While the outage lasts
    `claimable` and `until` are None, because nothing lapses.
    """

    outage: Outage
    hours: Fraction
    units: int
    fraction: Fraction
    amount: Yen | None
    claimable: date | None
    until: date | None
    strictly: date | None
    conventions: tuple[tuple[str, str], ...]
    review: bool


def join_outages(outages: Sequence[Outage], gap: timedelta, way: str = "union") -> tuple[Outage, ...]:
    """Records of one unbroken state as one. `gap` is the shortest usable time that breaks it.

    `way` is of the convention `credit.continuity`: under `per-ticket` each stays by itself, under `sum` all
    add up, as if each began when the one before was restored. Only outages of the same cause and kind
    join; the joined one goes by the first one's id.
    """
    if way == "per-ticket":
        return tuple(sorted(outages, key=lambda each: each.known_at))
    joined: list[Outage] = []
    for outage in sorted(outages, key=lambda each: each.known_at):
        last = joined[-1] if joined else None
        together = last is not None and (way == "sum" or _touches(last, outage, gap))
        if last is None or not together or not _is_same_state(last, outage):
            joined.append(outage)
            continue
        restored = None
        if last.restored_at is not None and outage.restored_at is not None:
            restored = max(last.restored_at, outage.restored_at)
            if way == "sum":
                restored = last.restored_at + (outage.restored_at - max(outage.known_at, last.restored_at))
                restored = max(restored, last.restored_at)
        joined[-1] = replace(
            last,
            began_at=min(last.began_at, outage.began_at),
            restored_at=restored,
            evidence=(*last.evidence, *outage.evidence),
        )
    return tuple(joined)


def earn(outage: Outage, fee: Yen | None, terms: CreditTerms, upto: datetime, reading: Read) -> Earned:
    """What one outage earns, as far as it has come by `upto`. Whose fault it was is not asked here."""
    hours_read = reading("credit.hours")
    claimable_read, lapse = reading("credit.claimable-from"), reading("credit.lapse")
    base, rounding = reading("credit.base"), reading("money.rounding")
    hours = _hours(outage, upto, hours_read.value)
    units = int(hours // terms.hours) if hours >= terms.threshold else 0
    divisor = terms.divisor
    if base.value == "actual-month":
        divisor = len(list(Month.of(day_of(outage.known_at)).days()))
    fraction = Fraction(units, divisor)
    if base.value == "capped":
        fraction = min(fraction, Fraction(1))
    exact = None if fee is None else fraction * fee
    threshold_day = day_of(outage.known_at + timedelta(hours=terms.threshold))
    claimable: date | None = None
    if outage.restored_at is not None:
        claimable = {
            "restoration-day": day_of(outage.restored_at),
            "threshold-day": threshold_day,
            "invoice-day": Month.of(day_of(outage.restored_at)).plus(1).first,
        }[claimable_read.value]
    until = months_after(claimable, terms.months, lapse.value) if claimable else None
    strict = None if claimable == threshold_day else months_after(threshold_day, terms.months, lapse.value)
    used = [hours_read, reading("credit.continuity"), base, claimable_read, lapse]
    return Earned(
        outage,
        hours,
        units,
        fraction,
        None if exact is None else rounded(exact, rounding.value),
        claimable,
        until,
        strict if until is not None and strict != until else None,
        tuple(each.pair for each in used),
        # No cap is written; only an outage longer than the month it is paid back from makes that matter.
        review=fraction > 1 and base.review,
    )


def _hours(outage: Outage, upto: datetime, way: str) -> Fraction:
    end = outage.restored_at or upto
    match way:
        case "from-knowledge":
            return outage.hours(upto)
        case "from-failure":
            return Fraction((end - outage.began_at) // timedelta(microseconds=1), 3_600_000_000)
        case "calendar-days":
            return Fraction(24 * (day_of(end) - day_of(outage.known_at)).days)
        case _:
            raise ValueError(f"{way!r} is not a reading of credit.hours")


def _is_same_state(one: Outage, other: Outage) -> bool:
    return (one.contract, one.cause, one.total, one.equally_bad) == (
        other.contract,
        other.cause,
        other.total,
        other.equally_bad,
    )


def _touches(one: Outage, other: Outage, gap: timedelta) -> bool:
    if one.restored_at is None:
        return True
    between = other.began_at - one.restored_at
    return between <= timedelta(0) or between < gap
