"""What a page did to the text: sentences and tables cut, widths and spaces mixed, marks uneven."""

import re
from collections import Counter
from collections.abc import Iterator

from kitei.terms.reading.flaws import Flaw, Place, flaw
from kitei.terms.reading.passages import Passage
from kitei.terms.reading.references import Reference
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_TEXT = ("paragraph", "item", "subitem", "section", "schedule")
_ENDS = re.compile(r"[。」):：]$")
# The two spellings of a pair mean the same; the first is the one that terms should keep to.
_PAIRS = (
    ("又は", "または"),
    ("及び", "および"),
    ("並びに", "ならびに"),
    ("若しくは", "もしくは"),
    ("生じる", "生ずる"),
    ("あって", "あつて"),
    ("といいます", "という。"),
)
# A large つ here is a small one that was lost, whether or not another kept it.
_OLD = (("あって", "あつて"),)
_WIDE, _NARROW = re.compile(r"[\uff08\uff09\uff10-\uff19]"), re.compile(r"[()0-9]")
_SPACED = re.compile(r"[ぁ-んァ-ヶー一-龠々、。]{1,6} +[ぁ-んァ-ヶー一-龠々]{1,6}")
_APART, _CLOSE = re.compile(r"第 +\d+ +[条項号]"), re.compile(r"第\d+[条項号]")
_SHOWN_APART = re.compile(r"別途[^。、]{0,14}(?:示す|定める|通知する|提示する)(?:金額|額|料金)")
_ROMAN = re.compile(r"[Ⅰ-Ⅿ]")

_MIXED = (
    ((_WIDE, _NARROW), Words("全角と半角が混じる。", "Wide and narrow characters are mixed.")),
    ((_APART, _CLOSE), Words("数字の前後の空白が揃っていない。", "Figures are spaced unevenly.")),
)


def cut_sentences(survey: Survey) -> Iterator[Flaw]:
    """A sentence that a page's end cut in two."""
    for passage in survey.document.walk():
        if passage.kind not in _TEXT:
            continue
        for before, after in zip(passage.pieces, passage.pieces[1:], strict=False):
            if after.gap and len(before.text) > 20 and not _ENDS.search(before.text):
                gist = Words("文が途中で切れ、次へ続いている。", "The sentence is cut and goes on below.")
                quote = f"{before.text[-8:]}/{after.text[:8]}"
                at = passage.text.find(before.text) + len(before.text) - 1
                yield flaw("sentence-cut", "low", passage, quote, gist, at=at)


def cut_tables(survey: Survey) -> Iterator[Flaw]:
    """Rows of a table that are spread over several lines, told once for each table."""
    for passage in survey.document.walk():
        torn = [child for child in passage.children if child.kind == "row" and len(child.pieces) > 1]
        if torn:
            gist = Words("行が何行かに分かれた。", "The row was torn into several lines.")
            also = [Place(each.line, each.id) for each in torn[1:]]
            yield flaw("table-cut", "low", torn[0], torn[0].name[:20], gist, at=-1, also=also)


def spellings(survey: Survey) -> Iterator[Flaw]:
    """Two spellings of a word: the places of the rarer."""
    texts = [(each, each.text) for each in survey.document.walk()]
    for pair in _PAIRS:
        counts = Counter({spelling: sum(text.count(spelling) for _, text in texts) for spelling in pair})
        rare, often = (pair[1], pair[0]) if counts[pair[1]] <= counts[pair[0]] or pair in _OLD else pair
        if not counts[rare] or (not counts[often] and pair not in _OLD):
            continue
        uses = [(passage, text) for passage, text in texts if rare in text]
        gist = Words(f"「{often}」に揃える。", f"Make it '{often}' everywhere.")
        also = [Place(passage.line_at(text.find(rare)), passage.id) for passage, text in uses[1:]]
        yield flaw("style", "low", uses[0][0], rare, gist, also=also)


def widths(survey: Survey) -> Iterator[Flaw]:
    """Wide and narrow brackets and figures side by side, and spaces inside words: once each."""
    raw = {line.at: line.raw for line in survey.document.raw}
    body = [
        (passage, line)
        for passage in survey.document.walk()
        for line in passage.lines
        if passage.kind != "front"
    ]
    for (one, other), gist in _MIXED:
        mixed = [[(p, line) for p, line in body if form.search(raw[line])] for form in (one, other)]
        if all(mixed):
            passage, line = min(mixed, key=len)[0]
            yield Flaw("style", "low", Place(line, passage.id), raw[line].strip()[:12], gist)
    inside = [
        (p, piece.line) for p in survey.document.walk() if p.kind in (*_TEXT, "row") for piece in p.pieces
    ]
    spaced = [(p, line, m[0]) for p, line in inside if (m := _SPACED.search(raw[line]))]
    if spaced:
        passage, line, quote = spaced[0]
        gist = Words("語の途中に空白がある。", "There are spaces inside words.")
        also = tuple(Place(line, p.id) for p, line, _ in spaced[1:])
        yield Flaw("style", "low", Place(line, passage.id), quote, gist, also)


def numerals(survey: Survey) -> Iterator[Flaw]:
    """Roman numerals as one character here and as letters there."""
    for line in survey.document.raw:
        if match := _ROMAN.search(line.raw):
            holder = next((p for p in survey.document.walk() if line.at in p.lines), None)
            if holder is not None:
                gist = Words(
                    "一文字のローマ数字。ほかは英字。", "A Roman numeral as one character; elsewhere letters."
                )
                yield flaw("style", "low", holder, match[0], gist, at=-1)


def marks(survey: Survey) -> Iterator[Flaw]:
    """Headings of articles marked up in several ways, and parts of a schedule without numbers."""
    raw = {line.at: line.raw.strip() for line in survey.document.raw}
    forms: dict[str, Passage] = {}
    for article in survey.document.articles:
        form = re.match(r"[#*\s]*", raw[article.line])
        forms.setdefault((form[0] if form else "").replace(" ", ""), article)
    if len(forms) > 1:
        odd = list(forms.values())[-1]
        gist = Words("条の見出しの印が揃っていない。", "The articles' headings are marked unevenly.")
        yield flaw("style", "low", odd, odd.heading, gist, at=-1)
    for schedule in survey.document.schedules:
        parts = [child for child in schedule.children if child.kind == "section" and child.is_implied]
        if len(parts) > 1:
            gist = Words("別紙の各部に番号がない。", "The parts of the schedule have no numbers.")
            yield flaw("unnumbered", "low", parts[0], parts[0].heading, gist, at=-1)


def designations(survey: Survey) -> Iterator[Flaw]:
    """`この個別規程` here and `この契約約款` there, for one and the same document."""
    pattern = re.compile(r"この([一-龠]{0,6}(?:規程|規定|規約|約款|規則|細則|要領))")
    found: dict[str, list[tuple[Passage, int]]] = {}
    for passage in survey.document.walk():
        for match in pattern.finditer(passage.text):
            if passage.text[match.end() :].startswith("(以下"):
                continue
            found.setdefault(match[1], []).append((passage, match.start()))
    if len(found) < 2:
        return
    often = max(found, key=lambda word: sum(not p.id.startswith("suppl") for p, _ in found[word]))
    for word, uses in found.items():
        if word != often:
            gist = Words(f"本文では「{often}」と称する。", f"The body calls itself '{often}'.")
            also = [Place(passage.line_at(at), passage.id) for passage, at in uses[1:]]
            yield flaw("name-varies", "low", uses[0][0], f"この{word}", gist, at=uses[0][1], also=also)


def outside(survey: Survey) -> Iterator[Flaw]:
    """Another document that this one rests on, told once: what it says is not to be found here."""
    told: dict[str, list[Place]] = {}
    first: dict[str, Reference] = {}
    for each in survey.references:
        if each.other and each.other not in ("?", "別紙") and not re.search(r"法$|令$", each.other):
            told.setdefault(each.other, []).append(Place(each.line, each.holder.id))
            first.setdefault(each.other, each)
    for other, places in told.items():
        gist = Words(f"「{other}」はこの文書に含まれない。", f"'{other}' is not part of this document.")
        each = first[other]
        yield flaw("external", "low", each.holder, f"{other}{each.text}", gist, at=each.at, also=places[1:])


def alternatives(survey: Survey) -> Iterator[Flaw]:
    """若しくは joins within what 又は joins; alone it has nothing to lie within. Told once."""
    alone = [
        (passage, sentence)
        for passage in survey.document.walk()
        for sentence in passage.sentences
        if "若しくは" in sentence.text and not re.search(r"又は|または", sentence.text)
    ]
    if alone:
        first, sentence = alone[0]
        gist = Words("「又は」がないのに「若しくは」がある。", "'若しくは' without '又は'.")
        at = sentence.at + sentence.text.find("若しくは")
        also = [Place(each.line, each.id) for _, each in alone[1:]]
        yield flaw("style", "low", first, "若しくは", gist, at=at, also=also)


def amounts(survey: Survey) -> Iterator[Flaw]:
    """Amounts that a schedule leaves to be shown apart, told once: without them nothing can be computed."""
    uses = [
        (passage, match)
        for schedule in survey.document.schedules
        for passage in schedule.walk()
        if (match := _SHOWN_APART.search(passage.text))
    ]
    if uses:
        first, match = uses[0]
        gist = Words(
            "金額はこの文書になく、別に示される。",
            "The amounts are not in this document; they are shown apart.",
        )
        also = [Place(passage.line_at(each.start()), passage.id) for passage, each in uses[1:]]
        yield flaw("external", "low", first, match[0], gist, at=match.start(), also=also)
