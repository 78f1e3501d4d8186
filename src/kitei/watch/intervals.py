"""Intervals of time: joined, cut, measured. Starts are included, ends are not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` up to but not at `end`; `end` None means it still lasts."""

    start: datetime
    end: datetime | None = None

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant and (self.end is None or instant < self.end)

    def meets(self, other: "Interval", gap: timedelta = ZERO) -> bool:
        """They overlap or touch, or what lies between is shorter than `gap`."""
        first, second = (self, other) if self.start <= other.start else (other, self)
        if first.end is None or second.start <= first.end:
            return True
        return second.start - first.end < gap


def union(intervals: Iterable[Interval], gap: timedelta = ZERO) -> tuple[Interval, ...]:
    """What any of them covers, in order; pieces less than `gap` apart become one."""
    joined: list[Interval] = []
    for interval in sorted(intervals, key=lambda i: i.start):
        if joined and joined[-1].meets(interval, gap):
            last = joined[-1]
            end = None if last.end is None or interval.end is None else max(last.end, interval.end)
            joined[-1] = Interval(last.start, end)
        else:
            joined.append(interval)
    return tuple(joined)


def without(interval: Interval, cuts: Iterable[Interval]) -> tuple[Interval, ...]:
    """What is left of an interval outside all the cuts; nothing of no length."""
    left: list[Interval] = []
    start = interval.start
    for cut in union(cuts):
        if cut.end is not None and cut.end <= start:
            continue
        if interval.end is not None and cut.start >= interval.end:
            break
        if cut.start > start:
            left.append(Interval(start, cut.start))
        if cut.end is None:
            return tuple(left)
        start = cut.end
    if interval.end is None or start < interval.end:
        left.append(Interval(start, interval.end))
    return tuple(left)
