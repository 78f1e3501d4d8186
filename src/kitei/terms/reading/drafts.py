"""A passage while it is being read: open to more lines, frozen when the text is through."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date

from kitei.terms.reading.folding import join
from kitei.terms.reading.lines import Line, is_rule
from kitei.terms.reading.passages import Kind, Passage, Piece, Sentence

ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_KANA = "イロハニホヘトチリヌ"
_AIUEO = "アイウエオカキクケコ"
_HEADING = 30
_OPEN, _CLOSE = "(「『[【〔", ")」』]】〕"
_LEADS_ON = re.compile(r"[、,。のをはがにでと・/(「]$|(?:及び|又は|並びに|若しくは|する|した|及|又)$")


@dataclass(slots=True)
class Draft:
    """`rows` and `columns` are its table's; a wrapped cell adds to the last row."""

    kind: Kind
    id: str
    number: str = ""
    heading: str = ""
    pieces: list[Piece] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    children: list["Draft"] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    cells: list[str] = field(default_factory=list)
    is_implied: bool = False
    day: date | None = None
    in_table: bool = False
    indent: int | None = None
    written: str = ""
    is_dotted: bool = False

    def add(self, line: Line, text: str) -> None:
        self.lines.append(line.at)
        if text:
            self.pieces.append(Piece(line.at, text, line.gap))

    def last(self, *kinds: Kind) -> "Draft | None":
        """The newest child of these kinds."""
        return next((each for each in reversed(self.children) if each.kind in kinds), None)

    def open(
        self, kind: Kind, id: str, number: str = "", heading: str = "", *, implied: bool = False
    ) -> "Draft":
        child = Draft(kind, id, number, heading, is_implied=implied)
        self.children.append(child)
        self.in_table = False
        return child

    def add_row(self, line: Line, cells: tuple[str, ...]) -> None:
        """One line of a table: its head, its rule, a row, or more of the last row."""
        row = self.last("row") if self.in_table else None
        filled = [index for index, cell in enumerate(cells) if cell]
        if is_rule(cells):
            self._take_rule(line)
        elif not self.in_table and _is_head(cells):
            self.columns, self.in_table = cells, True
            self.lines.append(line.at)
        elif (
            row is not None
            and len(cells) > 1
            and filled
            and filled[0] == len(cells) - 1 >= len(row.cells) - 1
        ):
            row.cells[-1] = join(row.cells[-1], cells[-1])
            row.add(line, cells[-1])
        else:
            count = sum(child.kind == "row" for child in self.children) + 1
            child = Draft("row", f"{self.id}.t{count}", str(count), cells=list(cells))
            self.children.append(child)
            child.add(line, "|".join(cell for cell in cells if cell) or "-")
            self.in_table = True

    def _take_rule(self, line: Line) -> None:
        """A rule under what was taken for a first row makes it the head."""
        self.lines.append(line.at)
        rows = [child for child in self.children if child.kind == "row"]
        if len(rows) == 1 and self.in_table and not self.columns:
            self.columns = tuple(rows[0].cells)
            self.lines.extend(rows[0].lines)
            self.children.remove(rows[0])

    def add_to_cell(self, line: Line) -> None:
        """A wrapped line of this row, without the table's marks."""
        self.cells[-1] = join(self.cells[-1], line.text)
        self.add(line, line.text)

    def freeze(self, wide: int) -> Passage:
        """The passage. `wide` is how long a full line of this document is: a short first line is a heading."""
        heading, pieces = self.heading, list(self.pieces)
        if not heading and self.kind in ("item", "section") and _opens_with_heading(self, wide):
            heading = pieces.pop(0).text
        children = tuple(child.freeze(wide) for child in self.children)
        text, starts = _run_together(pieces)
        sentences = _sentences(self.id, text, pieces, starts)
        return Passage(
            self.id, self.kind, self.number, heading, tuple(pieces), tuple(sorted(self.lines)), children,
            self.columns, tuple(self.cells), self.is_implied, self.day, text, starts, sentences,
        )  # fmt: skip


def _run_together(pieces: list[Piece]) -> tuple[str, tuple[int, ...]]:
    """The pieces as one text, and where each begins in it."""
    parts: list[str] = []
    starts: list[int] = []
    length, end = 0, ""
    for piece in pieces:
        more = join(end, piece.text)[len(end) :]
        starts.append(length)
        parts.append(more)
        length, end = length + len(more), more[-1:] or end
    return "".join(parts), tuple(starts)


def _sentences(id: str, text: str, pieces: list[Piece], starts: tuple[int, ...]) -> tuple[Sentence, ...]:
    """The sentences of a text; a full stop inside brackets ends none, unless one is never closed."""
    found: list[Sentence] = []
    start = depth = 0
    is_nested = sum(text.count(each) for each in _OPEN) <= sum(text.count(each) for each in _CLOSE)
    for index, char in enumerate(text):
        depth = max(0, depth + (char in _OPEN) - (char in _CLOSE)) if is_nested else 0
        if (char == "。" and not depth) or index == len(text) - 1:
            if part := text[start : index + 1].strip():
                number = len(found) + 1
                line = pieces[max(0, bisect_right(starts, start) - 1)].line
                found.append(Sentence(id if number == 1 else f"{id}.s{number}", part, start, line))
            start = index + 1
    return tuple(found)


def _is_head(cells: tuple[str, ...]) -> bool:
    return len(cells) > 1 and all(len(cell) <= 12 and "。" not in cell for cell in cells) and bool(cells[-1])


def _opens_with_heading(draft: Draft, wide: int) -> bool:
    if not draft.pieces:
        return False
    first = draft.pieces[0].text
    if len(first) > _HEADING or re.search(r"[。、]", first) or _LEADS_ON.search(first):
        return False
    if len(draft.pieces) == 1:
        return any(child.kind == "row" for child in draft.children) or draft.kind == "section"
    return draft.pieces[1].gap or len(first) < 0.6 * wide


def ordinal(label: str, expected: int) -> int:
    """Which one a label says: `(2)`, `二`, `ロ`, `イ`, `ii`, `b`. Letters that are Roman too follow `expected`."""
    if label.isdecimal():
        return int(label)
    readings = [
        letters.index(label) + 1 for letters in (ROMAN, _KANA, _AIUEO, "abcdefghijklmnop") if label in letters
    ]
    return expected if expected in readings else (readings or [0])[0]
