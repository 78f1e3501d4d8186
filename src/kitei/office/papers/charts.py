"""Charts as papers draw them: where bars, lines and labels stand. The templates make SVG of it.

Coordinates are whole tenths of a millimetre, from the upper left; equal figures give equal drawings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH, HEIGHT = 1760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 150, 60, 20, 50
_UNITS: Final = (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3))


@dataclass(frozen=True, slots=True)
class Mark:
    """A label beside an axis and where it stands."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One value. `known` is false where there is none, and the bar says so instead."""

    x: int
    y: int
    width: int
    height: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars from a base line, marks of the two axes, and points joined by a line where there is one."""

    bars: tuple[Bar, ...]
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]
    line: tuple[tuple[int, int], ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    base: int = HEIGHT - _BOTTOM
    top: int = _TOP

    @property
    def points(self) -> str:
        return " ".join(f"{x},{y}" for x, y in self.line)


def bar_chart(values: Sequence[int | None], labels: Sequence[str], unit: str = "") -> Chart:
    """A bar for each value, None where none is known. A label of '' is left out."""
    most = _round_up(max((each for each in values if each is not None), default=0))
    step = (WIDTH - _LEFT - _RIGHT) // max(1, len(values))
    bars, columns = [], []
    for n, value in enumerate(values):
        x = _LEFT + n * step
        if value is None:
            bars.append(Bar(x + step // 8, _TOP, step * 3 // 4, HEIGHT - _BOTTOM - _TOP, False))
        else:
            height = _length(value, most)
            bars.append(Bar(x + step // 8, HEIGHT - _BOTTOM - height, step * 3 // 4, height))
        if labels[n]:
            columns.append(Mark(x + step // 2, labels[n]))
    return Chart(tuple(bars), _rows(most, unit), tuple(columns))


def line_chart(
    series: Sequence[tuple[int, int]], first: int, last: int, labels: Sequence[tuple[int, str]], unit: str
) -> Chart:
    """Values at their places between `first` and `last`, joined."""
    most = _round_up(max((value for _, value in series), default=0))
    wide = max(1, last - first)

    def x(at: int) -> int:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (at - first) // wide

    points = tuple((x(at), HEIGHT - _BOTTOM - _length(value, most)) for at, value in series)
    return Chart((), _rows(most, unit), tuple(Mark(x(at), text) for at, text in labels), points)


def amount(value: int, unit: str = "") -> str:
    """`1_234_567` → `1.23M`: three figures, with the unit's sign."""
    for sign, size in _UNITS:
        if value >= size:
            whole, part = divmod(value * 100 // size, 100)
            if whole >= 100:
                return f"{whole} {sign}{unit}".rstrip()
            return f"{whole}.{part:02}"[:4].rstrip(".") + f" {sign}{unit}".rstrip()
    return f"{value} {unit}".rstrip()


def _length(value: int, most: int) -> int:
    return (HEIGHT - _BOTTOM - _TOP) * value // most


def _rows(most: int, unit: str) -> tuple[Mark, ...]:
    return tuple(
        Mark(HEIGHT - _BOTTOM - _length(most * part // 4, most), amount(most * part // 4, unit))
        for part in range(5)
    )


def _round_up(value: int) -> int:
    """The next 1, 2, 4 or 8 times a power of ten: four rows of it are round as well."""
    power = 4
    while True:
        for first in (1, 2, 4, 8):
            if first * power >= value:
                return first * power
        power *= 10
