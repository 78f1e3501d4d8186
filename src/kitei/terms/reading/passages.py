"""A document as read: passages in a tree, each with its lines, and the lines that belong to none."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

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
class Sentence:
    """One sentence of a passage; `id` is `art:4.2.s2`, the first has that of its passage; `at` its offset."""

    id: str
    text: str
    at: int
    line: int


@dataclass(frozen=True, slots=True)
class Passage:
    """One provision as it stands: `id` such as `art:9.2`, `number` as counted, its own text without children's.

    `text` is its pieces as one, each beginning at its offset in `starts`; `sentences` the same in sentences.
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
    text: str = ""
    starts: tuple[int, ...] = ()
    sentences: tuple["Sentence", ...] = ()

    @property
    def line(self) -> int:
        """Where it begins."""
        own = (*self.lines, *(piece.line for piece in self.pieces))
        return min(own, default=min((child.line for child in self.children), default=1))

    def line_at(self, offset: int) -> int:
        """The line that holds the character `offset` of `text`."""
        if not self.pieces:
            return self.line
        return self.pieces[max(0, bisect_right(self.starts, offset) - 1)].line

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
