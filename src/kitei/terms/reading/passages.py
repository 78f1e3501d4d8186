"""A document as read: passages in a tree, each with its lines, and the lines that belong to none."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from kitei.terms.reading.folding import join

Kind: TypeAlias = Literal[
    "front",
    "chapter",
    "article",
    "paragraph",
    "item",
    "subitem",
    "row",
    "supplement",
    "edition",
    "schedule",
    "section",
]


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a passage that one line holds; `gap` where a blank line lies above it."""

    line: int
    text: str
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """One provision as it stands: `id` such as `art:9.2`, `number` as counted, its own text without children's.

    `lines` are the lines that are this passage's own: heading, text and a table's frame. `is_implied` where
    the text gives no number and its place does.
    """

    id: str
    kind: Kind
    number: str
    heading: str
    pieces: tuple[Piece, ...]
    lines: tuple[int, ...]
    children: tuple["Passage", ...] = ()
    columns: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    is_implied: bool = False
    day: date | None = None

    @property
    def text(self) -> str:
        whole = ""
        for piece in self.pieces:
            whole = join(whole, piece.text)
        return whole

    @property
    def line(self) -> int:
        """Where it begins."""
        own = (*self.lines, *(piece.line for piece in self.pieces))
        return min(own, default=min((child.line for child in self.children), default=1))

    def line_at(self, offset: int) -> int:
        """The line that holds the character `offset` of `text`."""
        whole = ""
        for piece in self.pieces:
            whole = join(whole, piece.text)
            if offset < len(whole):
                return piece.line
        return self.pieces[-1].line if self.pieces else self.line

    def walk(self) -> Iterator["Passage"]:
        """This passage and all below it, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def name(self) -> str:
        """What it is called: its heading, or the first cell of a row that has text."""
        return self.heading or next((cell for cell in self.cells if cell), "")

    @property
    def whole(self) -> str:
        """Heading, text and all below, one after another."""
        own = "\n".join(part for part in (self.heading, self.text) if part)
        return "\n".join([own, *(child.whole for child in self.children)])


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a passage; `id` is `art:10.5.s2`, the first has that of its passage; `at` its offset."""

    id: str
    text: str
    at: int
    line: int


NoiseKind: TypeAlias = Literal["page-number", "running-head", "ornament", "contents", "end"]


@dataclass(frozen=True, slots=True)
class Noise:
    """A line that belongs to no provision, and why."""

    line: int
    kind: NoiseKind
    text: str


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as it came, for what only its raw form shows (widths, spaces, marks)."""

    at: int
    raw: str


@dataclass(frozen=True, slots=True)
class Document:
    """Terms as read. `passages` in the order of the text; every line that is not blank is in one or in `noise`."""

    passages: tuple[Passage, ...]
    noise: tuple[Noise, ...]
    title: str = ""
    as_of: date | None = None
    raw: tuple[RawLine, ...] = field(default=(), repr=False)

    def walk(self) -> Iterator[Passage]:
        for passage in self.passages:
            yield from passage.walk()

    def find(self, id: str) -> Passage | None:
        return next((each for each in self.walk() if each.id == id), None)

    @property
    def articles(self) -> tuple[Passage, ...]:
        return tuple(each for each in self.passages if each.kind == "article")

    @property
    def schedules(self) -> tuple[Passage, ...]:
        return tuple(each for each in self.passages if each.kind == "schedule")

    @property
    def editions(self) -> tuple[Passage, ...]:
        return tuple(each for each in self.walk() if each.kind == "edition")

    def parent(self, passage: Passage) -> Passage | None:
        return next((each for each in self.walk() if passage in each.children), None)


def sentences_of(passage: Passage) -> tuple[Sentence, ...]:
    """The sentences of a passage's own text; a full stop inside brackets ends none."""
    found: list[Sentence] = []
    text, start, depth = passage.text, 0, 0
    for index, char in enumerate(text):
        depth = max(0, depth + (char in "(「『[【〔") - (char in ")」』]】〕"))
        if (char == "。" and not depth) or index == len(text) - 1:
            if part := text[start : index + 1].strip():
                number = len(found) + 1
                id = passage.id if number == 1 else f"{passage.id}.s{number}"
                found.append(Sentence(id, part, start, passage.line_at(start)))
            start, depth = index + 1, 0 if char == "。" else depth
    return tuple(found)
