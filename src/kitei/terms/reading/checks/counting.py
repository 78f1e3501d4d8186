"""Numbers and lists: gaps, repetitions, paragraphs without a number, lists of one, lists that differ."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kitei.terms.reading.flaws import Confidence, Flaw, flaw, place
from kitei.terms.reading.folding import squeeze
from kitei.terms.reading.passages import Kind, Passage
from kitei.terms.reading.speech import spoken
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_COUNTED: tuple[Kind, ...] = ("article", "paragraph", "item", "section", "schedule", "chapter")
_UNIT = {
    "article": Words("条", "article"),
    "paragraph": Words("項", "paragraph"),
    "item": Words("号", "item"),
    "section": Words("番号", "section"),
    "schedule": Words("別紙", "schedule"),
    "chapter": Words("章", "chapter"),
}
_INCLUDING = re.compile(
    r"(?P<head>[一-龠々ァ-ヶー]{2,12})(?:等)?\((?P<list>[^()]{2,80})の(?P=head)を含[むみ][^()]*\)"
)
_EACH_OF = re.compile(r"それぞれの(?P<what>[一-龠々ァ-ヶーA-Za-z]{2,16})")


def numbers(survey: Survey) -> Iterator[Flaw]:
    """Gaps and repetitions in articles, paragraphs, items, sections and schedules."""
    groups = [survey.document.passages, *(each.children for each in survey.document.walk())]
    for group in groups:
        for kind in _COUNTED:
            yield from _in_order(
                [
                    each
                    for each in group
                    if each.kind == kind and each.number and not each.number.endswith(("節", "款"))
                ]
            )


def _in_order(passages: Sequence[Passage]) -> Iterator[Flaw]:
    """What breaks a sequence, told once: a number that only itself is out of order moves nothing else."""
    numbers = [int(each.number.rstrip("章節編款").split("-")[0]) for each in passages]
    last = 0
    for place_, (passage, number) in enumerate(zip(passages, numbers, strict=True)):
        unit = _UNIT[passage.kind]
        after = numbers[place_ + 1] if place_ + 1 < len(numbers) else None
        if "-" in passage.number:
            last = max(last, number)
        elif number > last + 1 and after is not None and last < after < number:
            gist = Words(f"{unit.ja}番号の順から外れている。", f"This {unit.en} is out of order.")
            yield flaw("numbering", "high", passage, passage.number, gist, at=-1)
        elif number > last + 1:
            lost = f"{last + 1}" if number == last + 2 else f"{last + 1}-{number - 1}"
            gist = Words(f"{unit.ja}番号 {lost} がない。", f"There is no {unit.en} {lost}.")
            yield flaw("numbering", "high", passage, passage.number, gist, at=-1)
            last = number
        elif number <= last and after == last + 2:
            gist = Words(f"{last + 1} と書くところ。", f"It should be {last + 1}.")
            yield flaw("numbering", "high", passage, passage.number, gist, at=-1)
            last += 1
        elif number <= last:
            gist = Words(
                f"{unit.ja}番号 {number} が再び現れる。", f"{unit.en.capitalize()} {number} comes again."
            )
            yield flaw("numbering", "high", passage, passage.number, gist, at=-1)
        else:
            last = number


def unnumbered(survey: Survey) -> Iterator[Flaw]:
    """A paragraph of its own without a number, where the others have one; a supplement that starts at 2."""
    for passage in survey.document.walk():
        if passage.kind != "paragraph":
            continue
        around = survey.index.siblings(passage)
        if passage.id.startswith("suppl:"):
            if passage.is_implied and len(around) > 1:
                gist = Words("2 があるのに 1 の番号がない。", "There is a 2 and no 1.")
                yield flaw("unnumbered", "medium", around[1], around[1].number, gist, at=-1)
            continue
        if len(around) > 1:
            yield from _loose_paragraphs(survey, passage)


def _loose_paragraphs(survey: Survey, passage: Passage) -> Iterator[Flaw]:
    noise = {each.line for each in survey.document.noise}
    listed = {line.at for line in survey.document.raw if re.match(r"\s*[-*+・<※(]", line.raw)}
    for before, piece in pairwise(passage.pieces):
        is_page_end = any(before.line < line < piece.line for line in noise)
        is_own = piece.gap and not is_page_end and piece.line not in listed
        if is_own and before.text.endswith("。") and passage.text.endswith("。"):
            gist = Words(
                "番号のない段落が項の中にある。", "A paragraph without a number stands within this one."
            )
            yield flaw("unnumbered", "medium", passage, piece.text[:12], gist)


def lists_of_one(survey: Survey) -> Iterator[Flaw]:
    """`次の…があります` with one row or item: what is said of several cannot apply."""
    for passage in survey.document.walk():
        if survey.index.holder(passage, "article") is None or not re.search(
            r"次の|以下の|下記", passage.text
        ):
            continue
        for kind in ("item", "row"):
            listed = [child for child in passage.children if child.kind == kind]
            if len(listed) == 1 and "=" not in listed[0].text:
                gist = Words("列挙されているのは一つだけ。", "One thing only is listed.")
                yield flaw(
                    "list-of-one", "low", passage, listed[0].name[:20] or listed[0].text[:20], gist, at=0
                )


def each_of_one(survey: Survey) -> Iterator[Flaw]:
    """`それぞれのオプションサービス` where the list of them has one."""
    for passage in survey.document.walk():
        for match in _EACH_OF.finditer(passage.text):
            group = next((each for each in survey.names.lists if match["what"].startswith(each.what)), None)
            if group is not None and len(group.names) == 1:
                gist = Words(f"「{group.what}」は一つしかない。", f"There is one '{group.what}' only.")
                yield flaw("list-of-one", "low", passage, match[0], gist, at=match.start())


def inclusions(survey: Survey) -> Iterator[Flaw]:
    """`型式(Xの型式を含む)`: the same head with another list elsewhere."""
    found: dict[str, list[tuple[Passage, int, str, frozenset[str]]]] = {}
    for passage in survey.document.walk():
        for match in _INCLUDING.finditer(passage.text):
            names = frozenset(
                squeeze(name) for name in re.split(r"、|及び|又は|並びに", match["list"]) if name
            )
            found.setdefault(match["head"], []).append((passage, match.start(), match[0], names))
    for head, uses in found.items():
        fullest = max(uses, key=lambda use: len(use[3]))
        for passage, at, quote, names in uses:
            if names < fullest[3]:
                right = spoken(fullest[0].id)
                gist = Words(
                    f"「{head}」に含めるものが{right.ja}では多い({fullest[2]})。",
                    f"{right.en} includes more in '{head}' ({fullest[2]}).",
                )
                also = [place(use[0], use[1]) for use in uses if use[3] == fullest[3]]
                yield flaw("list-differs", "medium", passage, quote, gist, at=at, also=also)


def prices(survey: Survey) -> Iterator[Flaw]:
    """A schedule's table that names what no list has, or leaves out some of a list it otherwise has whole."""
    for passage in survey.document.walk():
        if not passage.id.startswith("schedule:") or not passage.columns:
            continue
        rows = [child for child in passage.children if child.kind == "row"]
        priced = [row.cells[0] for row in rows if row.cells]
        for group in survey.names.lists:
            common = [name for name in priced if group.has(name)]
            if len(group.names) < 2 or len(common) * 2 < len(group.names):
                continue
            yield from _against(passage, rows, group.what, group.names, priced)


def _against(
    passage: Passage, rows: Sequence[Passage], what: str, names: Sequence[str], priced: Sequence[str]
) -> Iterator[Flaw]:
    known, had = {squeeze(name) for name in names}, {squeeze(name) for name in priced}
    for row, name in zip(rows, priced, strict=True):
        if name and squeeze(name) not in known:
            gist = Words(f"「{what}」に「{name}」はない。", f"No {what} is called '{name}'.")
            yield flaw("name-unknown", "high", row, name, gist)
    lost = [name for name in names if squeeze(name) not in had]
    if lost:
        sure: Confidence = "medium" if len(lost) < len(names) else "low"
        gist = Words(f"「{'、'.join(lost)}」の行がない。", f"There is no row for {', '.join(lost)}.")
        yield flaw("list-differs", sure, passage, lost[0], gist, at=-1)


def parallels(survey: Survey) -> Iterator[Flaw]:
    """Sections of a schedule divided alike but for one heading: one thing by two names."""
    for schedule in survey.document.schedules:
        parts = [child for child in schedule.children if child.kind == "section"]
        divided = [[item for item in part.children if item.kind == "item" and item.heading] for part in parts]
        for before, after in pairwise(divided):
            if len(before) != len(after) or len(before) < 2:
                continue
            apart = [
                (a, b) for a, b in zip(before, after, strict=True) if squeeze(a.heading) != squeeze(b.heading)
            ]
            if len(apart) == 1:
                a, b = apart[0]
                gist = Words(
                    f"{spoken(a.id).ja}では「{a.heading}」と呼ばれている。",
                    f"{spoken(a.id).en} calls it '{a.heading}'.",
                )
                yield flaw("name-varies", "low", b, b.heading, gist, at=-1)
