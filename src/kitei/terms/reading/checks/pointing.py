"""References: to nothing, to the wrong place, by a wrong heading, or not spelled out."""

import difflib
import re
from collections.abc import Iterator, Mapping

from kitei.terms.reading.flaws import Confidence, Flaw, flaw
from kitei.terms.reading.folding import squeeze
from kitei.terms.reading.passages import Passage
from kitei.terms.reading.references import Reference
from kitei.terms.reading.speech import spoken
from kitei.terms.reading.subject import NOUN, speaks_of, weight_of, words_of
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_LINK = r"(?:(?:に(?:定める|規定する|掲げる|いう|基づく|係る|定められた)|の|で定める)+)"
_NAMED = re.compile(rf"^{_LINK}[「『]?(?P<noun>{NOUN}{{2,30}})")
_BY = re.compile(
    rf"^の(?:規定|定め)に(?:基づ(?:き|く|いて)|より|よる|従い|従って)、?(?:[一-龠]{{2,4}}(?:された|される|した|する))?"
    rf"(?P<noun>{NOUN}{{2,30}})"
)
_NOTWITHSTANDING = re.compile(r"^の(?:規定|定め|記載)?にかかわらず、?(?P<rest>[^。]+)")
_OTHERS = re.compile(r"^の(?:他|ほか)|^に(?:定める|掲げる)(?:もの|事項)の(?:他|ほか)")
# Nouns that say how a provision is meant, not what it is about.
_EMPTY = re.compile(
    r"^(?:規定|定め|場合|他|各号|事項|記載|条件|範囲|金額|方法|手続|要件|内容|期間|措置|適用|目的|一部|全部|通り|行為|定義|理由|事由|"
    r"いずれか|各|全て|すべて|項|号|当該|前|次|期日|期限|日|者|費用|料金|額|関係|趣旨|例|とおり)+$"
)


def missing(survey: Survey) -> Iterator[Flaw]:
    """References to an article, paragraph, item or schedule that is not there."""
    for each in survey.references:
        if each.other or _is_among_loose_paragraphs(each):
            continue
        target = survey.target(each)
        if target is None:
            yield flaw(
                "reference-missing", "high", each.holder, each.text, _lacking(survey, each), at=each.at
            )
        elif each.wants_items and not any(child.kind == "item" for child in target.children):
            gist = Words(f"{spoken(target.id).ja}には号がない。", f"{spoken(target.id).en} has no items.")
            yield flaw("reference-missing", "high", each.holder, each.text, gist, at=each.at)


def _is_among_loose_paragraphs(each: Reference) -> bool:
    """`前項` in an article whose paragraphs are lines without numbers: it means the line above."""
    text = each.holder.text
    starts = [start for start in each.holder.starts if 0 < start <= each.at and text[start - 1] == "。"]
    return (
        each.target is None and each.level == "paragraph" and each.holder.kind == "paragraph" and bool(starts)
    )


def _lacking(survey: Survey, each: Reference) -> Words:
    if each.target is None:
        return Words(
            f"「{each.text}」に当たるものがここにはない。",
            f"There is nothing here that '{each.text}' could mean.",
        )
    lacks = spoken(each.target)
    meant = [
        art for art in survey.document.articles if each.title and squeeze(art.heading) == squeeze(each.title)
    ]
    if meant:
        right = spoken(meant[0].id)
        return Words(
            f"{lacks.ja}はない。その見出しは{right.ja}。",
            f"There is no {lacks.en}; that heading is {right.en}.",
        )
    return Words(f"{lacks.ja}はこの文書にない。", f"There is no {lacks.en} in this document.")


def headings(survey: Survey) -> Iterator[Flaw]:
    """`第6条(届出の方法)` where the heading of article 6 is another."""
    for each in survey.references:
        target = survey.target(each)
        if not each.title or target is None:
            continue
        if each.level == "schedule":
            yield from _schedule_heading(survey, each, target)
            continue
        article = survey.index.holder(target, "article")
        if article is None or not article.heading or squeeze(article.heading) == squeeze(each.title):
            continue
        meant = [a for a in survey.document.articles if squeeze(a.heading) == squeeze(each.title)]
        if meant:
            right = spoken(meant[0].id)
            gist = Words(
                f"第{article.number}条の見出しは「{article.heading}」。「{each.title}」は{right.ja}。",
                f"Article {article.number} is '{article.heading}'; '{each.title}' is {right.en}.",
            )
            yield flaw("reference-heading", "high", each.holder, each.text, gist, at=each.at)
        else:
            like = difflib.SequenceMatcher(None, article.heading, each.title).ratio()
            gist = Words(f"見出しは「{article.heading}」。", f"The heading is '{article.heading}'.")
            sure = "medium" if like > 0.5 else "high"
            yield flaw("reference-heading", sure, each.holder, each.text, gist, at=each.at)  # type: ignore[arg-type]


def _schedule_heading(survey: Survey, each: Reference, target: Passage) -> Iterator[Flaw]:
    section = survey.index.holder(target, "section")
    if section is None or not section.heading or squeeze(each.title) in squeeze(section.heading):
        return
    others = [
        other for other in survey.index.siblings(section) if squeeze(each.title) in squeeze(other.heading)
    ]
    right = spoken(others[0].id) if others else None
    gist = Words(
        f"{spoken(section.id).ja}は「{section.heading}」。"
        + (f"「{each.title}」は{right.ja}。" if right else ""),
        f"{spoken(section.id).en} is '{section.heading}'"
        + (f"; '{each.title}' is {right.en}." if right else "."),
    )
    yield flaw("reference-heading", "high" if others else "medium", each.holder, each.text, gist, at=each.at)


def named_items(survey: Survey) -> Iterator[Flaw]:
    """`第1項第4号に定めるX` where X is the heading of another item beside it."""
    for each in survey.references:
        target = survey.target(each)
        if each.level != "item" or target is None:
            continue
        tail = squeeze(re.sub(rf"^{_LINK}[「『]?", "", each.tail))
        named = [
            beside
            for beside in sorted(survey.index.siblings(target), key=lambda item: -len(item.heading))
            if beside.heading and tail.startswith(squeeze(beside.heading))
        ]
        if named and named[0] is not target:
            right = spoken(named[0].id)
            gist = Words(
                f"「{named[0].heading}」は{right.ja}。{spoken(target.id).ja}は「{target.heading or target.text[:20]}」。",
                f"'{named[0].heading}' is {right.en}; {spoken(target.id).en} is '{target.heading or target.text[:20]}'.",
            )
            yield flaw("reference-elsewhere", "high", each.holder, each.text, gist, at=each.at)


def topics(survey: Survey) -> Iterator[Flaw]:
    """`前項のX`, `第2項に定めるX` where the target does not speak of X and a neighbour does."""
    for each in survey.references:
        target = survey.target(each)
        match = _BY.match(each.tail) or _NAMED.match(each.tail)
        if target is None or each.level not in ("paragraph", "item") or match is None or each.wants_items:
            continue
        beside = survey.index.siblings(target)
        noun = match["noun"]
        if _EMPTY.match(noun) or any(noun.startswith(other.heading) for other in beside if other.heading):
            continue
        noun = next((term for term in survey.names.defined if noun.startswith(term)), "") or noun
        own = survey.index.holder(each.holder, target.kind)
        others = [other for other in beside if other is not target and other is not own]
        better = _introducing(target, others, noun) or _speaking(survey, target, others, noun)
        is_strong = not each.tail.startswith("の") or _BY.match(each.tail) is not None
        if better and (len(better) <= 2 or is_strong):
            right = spoken(better[0].id)
            gist = Words(
                f"{spoken(target.id).ja}は「{noun}」に触れていない。{right.ja}が触れている。",
                f"{spoken(target.id).en} does not speak of '{noun}'; {right.en} does.",
            )
            sure: Confidence = "high" if len(better) == 1 else "medium"
            yield flaw("reference-topic", sure, each.holder, each.text, gist, at=each.at)


def _introducing(target: Passage, others: list[Passage], noun: str) -> list[Passage]:
    """The one neighbour that brings X up (`Xとして請求する`), where the target itself does not name it."""
    found = [other for other in others if f"{noun}として" in other.text]
    return (
        found if len(found) == 1 and noun not in target.text and f"{noun}として" not in target.whole else []
    )


def _speaking(survey: Survey, target: Passage, others: list[Passage], noun: str) -> list[Passage]:
    """The neighbours that speak of X, where the target does not."""
    scope = _scope(survey, target)
    speaks = noun in scope if noun in survey.names.defined else speaks_of(scope, noun)
    return [] if speaks else [other for other in others if noun in other.whole]


def afar(survey: Survey) -> Iterator[Flaw]:
    """`第6条第1項に規定するX` where article 6 does not know X and the article headed by X does."""
    for each in survey.references:
        target = survey.target(each)
        match = re.match(
            r"^に(?:定める|規定する|掲げる)[「『]?(?P<noun>[ァ-ヶー]{4,}|[一-龠]{3,})", each.tail
        )
        if target is None or match is None or each.level == "schedule" or _EMPTY.match(match["noun"]):
            continue
        article = survey.index.holder(target, "article")
        if article is None or match["noun"] in article.whole or speaks_of(article.whole, match["noun"]):
            continue
        better = [other for other in survey.document.articles if match["noun"] in other.heading]
        if len(better) == 1:
            right = spoken(better[0].id)
            gist = Words(
                f"{spoken(article.id).ja}に「{match['noun']}」はない。{right.ja}の見出しにある。",
                f"{spoken(article.id).en} does not know '{match['noun']}'; it is in the heading of {right.en}.",
            )
            yield flaw("reference-topic", "medium", each.holder, each.text, gist, at=each.at)


def twice(survey: Survey) -> Iterator[Flaw]:
    """`第2項及び前項` in paragraph 3: the number and the word are the same paragraph, so one is wrong."""
    for each in survey.references:
        if (
            not each.is_relative
            or each.target is None
            or each.count != 1
            or not re.match(r"前[項号]$", each.text)
        ):
            continue
        same = [
            other
            for other in survey.references
            if other.holder is each.holder and other.target == each.target
            if other.at < each.at and not other.is_relative
        ]
        for other in same:
            gist = Words(
                f"「{other.text}」は「{each.text}」と同じところを指す。",
                f"'{other.text}' is the same as '{each.text}'.",
            )
            yield flaw("reference-elsewhere", "medium", other.holder, other.text, gist, at=other.at)


def _scope(survey: Survey, target: Passage) -> str:
    """What a reference to a passage may count on: all of it, and the lines that lead to it."""
    above = [f"{each.heading}\n{each.text}" for each in survey.index.above(target)]
    return "\n".join([target.whole, *above])


def notwithstanding(survey: Survey) -> Iterator[Flaw]:
    """`前項の規定にかかわらず` before a rule on something that only another paragraph regulates."""
    weights = weight_of(each.whole for each in survey.document.walk() if each.kind == "paragraph")
    for each in survey.references:
        match = _NOTWITHSTANDING.match(each.tail)
        target = survey.target(each)
        if match is None or target is None or each.level != "paragraph":
            continue
        about = words_of(match["rest"])
        own = survey.paragraph(each.holder)
        earlier = [
            other
            for other in survey.index.siblings(target)
            if other.line < own.line and other is not own and other is not target
        ]
        theme = [word for word in about if len(word) >= 4 and not speaks_of(target.whole, word)]
        better = [other for other in earlier if any(word in other.whole for word in theme)]
        gain = {other.id: _weigh(about, other, weights) for other in [*better, target]}
        if better and max(gain[o.id] for o in better) > gain[target.id]:
            right = max(better, key=lambda other: gain[other.id])
            word = max((w for w in theme if w in right.whole), key=len)
            gist = Words(
                f"{spoken(target.id).ja}は「{word}」を定めていない。定めているのは{spoken(right.id).ja}。",
                f"{spoken(target.id).en} sets no '{word}'; {spoken(right.id).en} does.",
            )
            yield flaw("reference-topic", "medium", each.holder, each.text, gist, at=each.at)


def _weigh(about: frozenset[str], passage: Passage, weights: Mapping[str, float]) -> float:
    return sum(weights.get(word, 0.0) for word in about if word in passage.whole)


def forms(survey: Survey) -> Iterator[Flaw]:
    """`第6条2項`, `第1項及び4項`: an ordinal without 第; `前2号の他` in item 4; a paragraph citing itself."""
    for each in survey.references:
        if each.other:
            continue
        if each.lacks_ordinal:
            right = re.sub(r"(?<![第\d])(\d+[項号])", r"第\1", each.text)
            gist = Words(f"「{right}」と書くところ。", f"It should read '{right}'.")
            yield flaw("reference-form", "high", each.holder, each.text, gist, at=each.at)
        item = survey.index.holder(each.holder, "item")
        if item and each.text.startswith("前") and each.level == "item" and _OTHERS.match(each.tail):
            yield from _remainder(survey, each, item)
        own = survey.index.holder(each.holder, "paragraph")
        if own and each.target == own.id and not each.is_relative and each.holder is own:
            gist = Words("項が自らを参照している。", "The paragraph cites itself.")
            yield flaw("reference-elsewhere", "medium", own, each.text, gist, at=each.at)


def heading_forms(survey: Survey) -> Iterator[Flaw]:
    """`第6条2項関係` in a heading."""
    for passage in survey.document.walk():
        if match := re.search(r"第\d+条(?:\([^()]*\))?\d+項", passage.heading):
            right = re.sub(r"(?<![第\d])(\d+項)", r"第\1", match[0])
            gist = Words(f"「{right}」と書くところ。", f"It should read '{right}'.")
            yield flaw("reference-form", "high", passage, match[0], gist, at=-1)


def _remainder(survey: Survey, each: Reference, item: Passage) -> Iterator[Flaw]:
    ahead = int(item.number) - 1
    is_last = survey.index.after(item) is None
    if is_last and re.match(r"前\d", each.text) and each.count != ahead:
        gist = Words(f"前にある号は {ahead}。", f"There are {ahead} items before it.")
        yield flaw("reference-elsewhere", "medium", each.holder, each.text, gist, at=each.at)
