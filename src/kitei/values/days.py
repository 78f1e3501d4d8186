"""Civil days of Asia/Tokyo. An instant becomes a day only through `day_of`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


def day_of(instant: datetime) -> date:
    """The civil day in Tokyo of an aware instant (15:00Z is already the next day)."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; write it as {instant.isoformat()}+09:00")
    return instant.astimezone(JST).date()


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Days from `first` to `last`, both included; `last` None means open."""

    first: date
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def overlaps(self, other: "Span") -> bool:
        return (other.last is None or self.first <= other.last) and (
            self.last is None or other.first <= self.last
        )


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month. `Month.of(day)`, `Month.parse('2026-11')`."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        try:
            year, number = (int(part) for part in text.split("-"))
            date(year, number, 1)
        except ValueError:
            raise ValueError(f"{text!r} is not a month such as '2026-11'") from None
        return cls(year, number)

    def plus(self, months: int) -> "Month":
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return self.plus(1).first - timedelta(days=1)

    @property
    def span(self) -> Span:
        return Span(self.first, self.last)

    def days(self) -> Iterator[date]:
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
