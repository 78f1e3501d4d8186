"""Schedules and the articles they belong to: each should name the other."""

import re
from collections.abc import Iterator

from kitei.terms.reading.flaws import Flaw, Place, flaw, place
from kitei.terms.reading.passages import Passage
from kitei.terms.reading.references import Reference, cited_in_headings
from kitei.terms.reading.speech import spoken
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_DUE = re.compile(r"([一-龠ァ-ヶー]{1,8}?(?:費用|料金|手数料|使用料|費|金))の支払義務")


def belonging(survey: Survey) -> Iterator[Flaw]:
    """`[第8条関係]`, `第7条第1項関係`: the article named there should be one that names this schedule."""
    for schedule in survey.document.schedules:
        naming = _naming(survey, schedule)
        parts = [child for child in schedule.children if child.kind == "section"]
        claimed = {cited.id for part in parts for cited in cited_in_headings(part)}
        for holder in (schedule, *parts):
            for cited in cited_in_headings(holder):
                yield from _belongs(survey, schedule, holder, cited.text, cited.id, naming, claimed)


def shared(survey: Survey) -> Iterator[Flaw]:
    """Two parts of a schedule that belong to the same paragraph, while another that names it has none."""
    for schedule in survey.document.schedules:
        parts = [child for child in schedule.children if child.kind == "section"]
        cited = [[each for each in cited_in_headings(part)][:1] for part in parts]
        claims = [each[0].id for each in cited if each]
        naming = _naming(survey, schedule)
        if len(claims) != len(parts) or len(naming) != len(parts) or len(set(claims)) == len(claims):
            continue
        for part, claim, right in zip(parts, cited, naming, strict=True):
            if claims.count(claim[0].id) > 1 and claim[0].id != right:
                gist = Words(
                    f"別の部と同じ項を挙げている。ここは{spoken(right).ja}と思われる。",
                    f"Another part names the same paragraph; this one is probably {spoken(right).en}.",
                )
                yield flaw("reference-elsewhere", "high", part, claim[0].text, gist, at=-1)


def _naming(survey: Survey, schedule: Passage) -> tuple[str, ...]:
    """The paragraphs of articles that name a schedule, by id."""
    found = {
        survey.paragraph(each.holder).id: None
        for each in survey.references
        if each.level == "schedule" and not each.other and f"{each.target}.".startswith(f"{schedule.id}.")
        if survey.index.holder(each.holder, "article")
    }
    return tuple(found)


def _belongs(
    survey: Survey,
    schedule: Passage,
    holder: Passage,
    quote: str,
    cited: str,
    naming: tuple[str, ...],
    claimed: set[str],
) -> Iterator[Flaw]:
    if cited not in survey.index.by_id:
        gist = Words(
            f"{spoken(cited).ja}はこの文書にない。", f"There is no {spoken(cited).en} in this document."
        )
        yield flaw("reference-missing", "high", holder, quote, gist)
        return
    if not naming or any(f"{each}.".startswith(f"{cited}.") for each in naming):
        return
    own = {cited.split(".")[0] for cited in claimed} - {cited.split(".")[0]}
    left = [each for each in naming if each not in claimed]
    right = [each for each in left if each.split(".")[0] in own] or left or list(naming)
    if "." not in cited:
        right = [each.split(".")[0] for each in right]
    gist = Words(
        f"{spoken(cited).ja}は別紙{schedule.number}に触れていない。触れているのは{spoken(right[0]).ja}。",
        f"{spoken(cited).en} does not name schedule {schedule.number}; {spoken(right[0]).en} does.",
    )
    yield flaw("reference-elsewhere", "high", holder, quote, gist)


def mutual(survey: Survey) -> Iterator[Flaw]:
    """An article points into a schedule; what stands there should cite that article, if it cites any."""
    for each in survey.references:
        target = survey.target(each)
        article = survey.index.holder(each.holder, "article")
        if each.level != "schedule" or target is None or target.kind != "item" or article is None:
            continue
        cited = _cited_by(survey, target)
        if any(f"{one.target}.".startswith(f"{article.id}.") for one in cited):
            yield from _paragraph_apart(survey, each, target, article, cited)
            continue
        if not cited:
            continue
        better = [other for other in survey.index.siblings(target) if _cites(survey, other, article)]
        if better:
            right = spoken(better[0].id)
            gist = Words(
                f"{spoken(target.id).ja}は{spoken(cited[0].target or '').ja}のもの。ここに応じるのは{right.ja}。",
                f"{spoken(target.id).en} is about {spoken(cited[0].target or '').en}; {right.en} answers to this.",
            )
            yield flaw("reference-elsewhere", "high", each.holder, each.text, gist, at=each.at)


def _paragraph_apart(
    survey: Survey, each: Reference, target: Passage, article: Passage, cited: list[Reference]
) -> Iterator[Flaw]:
    """Paragraph 3 points here, and here paragraph 2 of the same article is cited."""
    own = survey.paragraph(each.holder).id
    within = [one for one in cited if (one.target or "").startswith(f"{article.id}.")]
    if within and not any(f"{one.target}.".startswith(f"{own}.") for one in within):
        gist = Words(
            f"ここを指しているのは{spoken(own).ja}である。", f"It is {spoken(own).en} that points here."
        )
        one = within[0]
        yield flaw("reference-elsewhere", "medium", target, one.text, gist, at=one.at)


def _cited_by(survey: Survey, passage: Passage) -> list[Reference]:
    return [
        each
        for each in survey.references
        if each.holder is passage and not each.other and (each.target or "").startswith("art:")
    ]


def _cites(survey: Survey, passage: Passage, article: Passage) -> bool:
    return any(f"{each.target}.".startswith(f"{article.id}.") for each in _cited_by(survey, passage))


def uncited(survey: Survey) -> Iterator[Flaw]:
    """A schedule that no article names."""
    for schedule in survey.document.schedules:
        if survey.document.articles and not _naming(survey, schedule):
            gist = Words("この別紙を参照する条がない。", "No article names this schedule.")
            yield flaw("reference-missing", "medium", schedule, schedule.heading[:30], gist)


def fees(survey: Survey) -> Iterator[Flaw]:
    """An article that says when a fee falls due, and a schedule that has no such fee."""
    for passage in survey.document.walk():
        due = list(dict.fromkeys(_DUE.findall(passage.text)))
        named = [
            target
            for each in survey.references
            if each.holder is passage and each.level == "schedule" and (target := survey.target(each))
        ]
        schedules = [each for each in named if each.kind == "schedule"]
        headings = [part.heading for each in schedules for part in each.children if part.heading]
        if not due or not headings or not any(fee in heading for fee in due for heading in headings):
            continue
        for fee in due:
            if not any(fee in each.whole for each in schedules):
                gist = Words(
                    f"{spoken(schedules[0].id).ja}に「{fee}」がない。",
                    f"{spoken(schedules[0].id).en} has no '{fee}'.",
                )
                yield flaw("fee-without-schedule", "high", passage, fee, gist)


def vague(survey: Survey) -> Iterator[Flaw]:
    """Two parts of a schedule that cite the same section though it is divided: what each counts stays open."""
    for schedule in survey.document.schedules:
        parts = [child for child in schedule.children if child.kind == "section"]
        cited: dict[str, list[Reference]] = {}
        for each in survey.references:
            target = survey.target(each)
            is_part = any(each.holder is part for part in parts)
            if is_part and target and sum(child.kind == "item" for child in target.children) > 1:
                cited.setdefault(target.id, []).append(each)
        for id, group in cited.items():
            if len({each.holder.id for each in group}) > 1:
                gist = Words(
                    f"どちらも{spoken(id).ja}の全体を指す。(1)(2)のいずれかが書かれていない。",
                    f"Both cite all of {spoken(id).en}; which of its items each means is not said.",
                )
                also: list[Place] = [place(each.holder, each.at) for each in group[1:]]
                yield flaw(
                    "reference-vague", "low", group[0].holder, group[0].text, gist, at=group[0].at, also=also
                )
