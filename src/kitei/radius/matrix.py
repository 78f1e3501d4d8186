"""Matrix authentication: a grid of digits is shown, and the answer is read off at cells that only the user knows.

A grid has 4 rows of 12 cells, A1 to L4. Digits are spread evenly: none stands more than once oftener than another, so
that the digit that is seen most is no better a guess than any. A pattern is cells in their order, and perhaps a phrase
that is typed after them: `'A1 C2 L4 F3 B2 K1'` or `'A1 C2 L4 F3 B2 K1 +phrase'`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kitei.values import Words

ROWS: Final = 4
COLUMNS: Final = 12
CELLS: Final = ROWS * COLUMNS
_SHORTEST, _LONGEST = 6, 16
_PHRASE: Final = 64

Draw = Callable[[int], int]
"""A random number from 0 up to, and without, its argument."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cells by number, row by row from 0, and the phrase after them."""

    cells: tuple[int, ...]
    phrase: str


def read_matrix(text: str) -> Matrix:
    """Raises ValueError for what is no pattern; whether it is weak tells `matrix_fault`."""
    cells, _, phrase = text.partition("+")
    return Matrix(tuple(_cell(each) for each in cells.split()), phrase.strip())


def _cell(text: str) -> int:
    column, row = ord(text[:1].upper() or " ") - ord("A"), text[1:]
    if not (0 <= column < COLUMNS and row in ("1", "2", "3", "4")):
        raise ValueError(f"{text!r} is no cell from A1 to L4")
    return (int(row) - 1) * COLUMNS + column


def matrix_fault(text: str) -> Words | None:
    """What is wrong with a pattern, or makes it one that is guessed first; None: nothing."""
    try:
        found = read_matrix(text)
    except ValueError:
        return Words(
            "A1 から L4 のセルを空白で区切って並べます", "cells from A1 to L4 with spaces between are right"
        )
    if not _SHORTEST <= len(found.cells) <= _LONGEST:
        return Words(
            f"セルは {_SHORTEST} から {_LONGEST} 個です", f"{_SHORTEST} to {_LONGEST} cells are right"
        )
    if len(set(found.cells)) < len(found.cells):
        return Words("同じセルを二度使えません", "no cell may stand twice")
    steps = {(b // COLUMNS - a // COLUMNS, b % COLUMNS - a % COLUMNS) for a, b in pairwise(found.cells)}
    if len(steps) == 1 or len({b - a for a, b in pairwise(found.cells)}) == 1:
        return Words("まっすぐに並んだセルは使えません", "cells in a straight line are guessed first")
    if len(found.cells) <= 2 * ROWS and len({each % COLUMNS for each in found.cells}) <= 2:
        return Words("一つか二つの列だけのセルは使えません", "cells of one or two columns are guessed first")
    if not found.phrase.isprintable() or len(found.phrase) > _PHRASE:
        return Words(f"合言葉は {_PHRASE} 文字までです", f"a phrase has at most {_PHRASE} characters")
    return None


def make_grid(draw: Draw) -> str:
    """A grid as its digits, row by row: each digit four times, and eight of them once more."""
    more = _shuffled(list("0123456789"), draw)[: CELLS % 10]
    return "".join(_shuffled(list("0123456789" * (CELLS // 10)) + more, draw))


def _shuffled(listed: list[str], draw: Draw) -> list[str]:
    """Fisher and Yates: each order as likely as any."""
    for last in range(len(listed) - 1, 0, -1):
        other = draw(last + 1)
        listed[last], listed[other] = listed[other], listed[last]
    return listed


def answer_to(matrix: Matrix, grid: str) -> str:
    return "".join(grid[cell] for cell in matrix.cells) + matrix.phrase


def shown(grid: str) -> str:
    """A grid as a user reads it: in three blocks of four columns, the names of rows and columns beside."""
    lines = ["   " + _blocks("ABCDEFGHIJKL")]
    lines += [f"{row + 1}  {_blocks(grid[row * COLUMNS : (row + 1) * COLUMNS])}" for row in range(ROWS)]
    return "\n".join(lines)


def _blocks(row: str) -> str:
    return "  ".join(" ".join(row[at : at + 4]) for at in range(0, COLUMNS, 4))


def guessed(cells: Sequence[int], seen: Sequence[str], now: str) -> float:
    """How likely an attacker's best guess for the grid `now` is right, who knows the grids and the answers of the logins
    `seen`, but no phrase. Each place of the pattern is taken by itself, which is a little more than it can know."""
    chance = 1.0
    for cell in cells:
        left = [each for each in range(CELLS) if all(grid[each] == grid[cell] for grid in seen)]
        chance *= Counter(now[each] for each in left).most_common(1)[0][1] / len(left)
    return chance


def resistance(cells: int, logins: int, rounds: int, draw: Draw) -> float:
    """The mean of `guessed` over patterns of so many cells after so many logins were watched: measured, not claimed."""
    total = 0.0
    for _ in range(rounds):
        pattern = [int(each) for each in _shuffled([str(n) for n in range(CELLS)], draw)[:cells]]
        grids = [make_grid(draw) for _ in range(logins + 1)]
        total += guessed(pattern, grids[:-1], grids[-1])
    return total / rounds
