"""From a text to the tree of its provisions."""

import re
from collections.abc import Mapping, Sequence

from kitei.terms.reading.drafts import Draft
from kitei.terms.reading.folding import DATE, day_of
from kitei.terms.reading.lines import Line, lines_of
from kitei.terms.reading.noise import noise_in
from kitei.terms.reading.openings import UNDATED, Reader
from kitei.terms.reading.passages import Document, Noise, NoiseKind, Piece, RawLine

_FROM = re.compile(rf"{DATE.pattern}(?:から|より)(?:施行|実施|適用|効力)")


def read_terms(text: str) -> Document:
    """Any text as terms. Reading never fails: what has no place in the scheme stays with what stands above it."""
    lines = lines_of(text)
    noise = noise_in(lines)
    reader = Reader([line for line in lines if line.at not in noise])
    reader.read()
    return _document(reader, lines, noise)


def _document(reader: "Reader", lines: Sequence[Line], noise: Mapping[int, NoiseKind]) -> Document:
    lengths = sorted(len(line.text) for line in lines)
    wide = lengths[len(lengths) * 9 // 10] if lengths else 0
    for draft in reader.tops:
        _take_lone_part(draft)
        for edition in draft.children:
            _date_by_text(edition)
    passages = tuple(draft.freeze(wide) for draft in reader.tops)
    front = [line.text for line in lines if passages and line.at in passages[0].lines]
    if not passages or passages[0].kind != "front":
        front = []
    dated = [(text, found) for text in front if (found := DATE.search(text))]
    title = "".join(text for text in front[:1] if not DATE.search(text))
    return Document(
        passages,
        tuple(Noise(line.at, noise[line.at], line.raw.strip()) for line in lines if line.at in noise),
        title,
        day_of(dated[0][1]) if dated else None,
        tuple(RawLine(line.at, line.raw) for line in lines),
    )


def _take_lone_part(schedule: Draft) -> None:
    """A schedule with one unnumbered part is that part: the part's heading stays as a line of its text."""
    if schedule.kind != "schedule" or len(schedule.children) != 1 or not schedule.children[0].is_implied:
        return
    part = schedule.children.pop()
    schedule.pieces += [Piece(part.lines[0], part.heading, True), *part.pieces]
    schedule.lines += part.lines
    schedule.children += part.children
    schedule.columns = schedule.columns or part.columns
    _rename(schedule, part.id, schedule.id)


def _date_by_text(edition: Draft) -> None:
    """An edition without a dated heading has the day its text says it takes effect."""
    if edition.id != UNDATED:
        return
    texts = ["".join(piece.text for piece in each.pieces) for each in edition.children]
    found = next((match for text in texts if (match := _FROM.search(text))), None)
    if found is not None and (day := day_of(found)):
        edition.day, edition.number = day, found[0]
        _rename(edition, UNDATED, f"suppl:{day}")


def _rename(draft: Draft, before: str, after: str) -> None:
    """Change what an id and those below it begin with."""
    draft.id = after + draft.id.removeprefix(before) if draft.id.startswith(before) else draft.id
    for child in draft.children:
        _rename(child, before, after)
