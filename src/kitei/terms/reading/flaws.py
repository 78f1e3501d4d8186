"""What is amiss in the drafting: where, how sure, and what would be right."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from kitei.terms.reading.passages import Passage
from kitei.values import JsonObject, Words

Confidence: TypeAlias = Literal["high", "medium", "low"]
SURE: tuple[Confidence, ...] = ("high", "medium", "low")

# Every check by its name, and what it looks for.
CHECKS = {
    "reference-missing": Words("参照先がない", "a reference to nothing"),
    "reference-elsewhere": Words("参照先が違う", "a reference to the wrong place"),
    "reference-heading": Words("参照に添えた見出しが違う", "the heading named with a reference differs"),
    "reference-topic": Words("参照先がそのことを言っていない", "the target does not speak of it"),
    "reference-form": Words("参照の書き方が崩れている", "a reference that is not spelled out"),
    "reference-vague": Words("参照が範囲を絞っていない", "a reference that does not say which part"),
    "external": Words("文書の外に頼る", "rests on what is not in the document"),
    "term-undefined": Words("定めのない用語", "a term that is not defined"),
    "name-unknown": Words("一覧にない名前", "a name that no list has"),
    "name-misspelt": Words("名前の綴り違い", "a name misspelt"),
    "name-broken": Words("表の中で壊れた名前", "a name the table broke"),
    "name-varies": Words("呼び名の揺れ", "one thing by two names"),
    "list-differs": Words("同じ括りの列挙が違う", "two lists of the same thing differ"),
    "list-of-one": Words("一つしかない列挙", "a list of one"),
    "fee-without-schedule": Words("別紙にない費用", "a fee the schedule does not have"),
    "numbering": Words("番号の飛びや重複", "a gap or a repetition in numbers"),
    "unnumbered": Words("番号のない項", "a paragraph without its number"),
    "table-cut": Words("切れた表", "a table the page cut"),
    "sentence-cut": Words("切れた文", "a sentence the page cut"),
    "date-impossible": Words("ありえない日付", "a day that cannot be"),
    "date-differs": Words("食い違う日付", "dates that disagree"),
    "deadline-past": Words("実施前に過ぎる期限", "a deadline before the edition takes effect"),
    "brackets": Words("括弧の不釣り合い", "unbalanced brackets"),
    "doubled": Words("重なった語", "words doubled"),
    "dropped": Words("落ちた文字", "a character dropped"),
    "sentence-end": Words("文の結びの崩れ", "a sentence that ends or joins wrongly"),
    "contradiction": Words("肯定と否定の食い違い", "yes and no contradict each other"),
    "style": Words("表記の揺れ", "uneven style"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the text (from 1) and the provision it belongs to."""

    line: int
    id: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw. `quote` are the few words it is about; `also` further places of the same flaw."""

    check: str
    confidence: Confidence
    place: Place
    quote: str
    gist: Words
    also: tuple[Place, ...] = ()

    def json(self) -> JsonObject:
        return {
            "check": self.check,
            "confidence": self.confidence,
            "line": self.place.line,
            "provision": self.place.id,
            "quote": self.quote,
            "gist": {"ja": self.gist.ja, "en": self.gist.en},
            "also": [{"line": each.line, "provision": each.id} for each in self.also],
        }


def flaw(
    check: str,
    confidence: Confidence,
    passage: Passage,
    quote: str,
    gist: Words,
    *,
    at: int | None = None,
    also: Iterable[Place] = (),
) -> Flaw:
    """A flaw in a passage, where the quote stands in its text (or at the offset `at`), or in its heading."""
    assert check in CHECKS, check
    return Flaw(
        check,
        confidence,
        place(passage, passage.text.find(quote) if at is None else at),
        quote,
        gist,
        tuple(also),
    )


def place(passage: Passage, at: int = -1) -> Place:
    """The place of an offset of a passage's text: its line, and its sentence where that is not the first."""
    if at < 0:
        return Place(passage.line, passage.id)
    before = bisect_right(passage.sentences, at, key=lambda each: each.at)
    return Place(passage.line_at(at), passage.sentences[before - 1].id if before else passage.id)
