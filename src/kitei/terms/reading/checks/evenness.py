"""What is said of one and not of the other: gaps and slants that only a comparison shows."""

import difflib
import re
from collections.abc import Iterator
from itertools import pairwise

from kitei.terms.reading.flaws import Flaw, flaw, place
from kitei.terms.reading.folding import squeeze
from kitei.terms.reading.names import NameList
from kitei.terms.reading.passages import Passage
from kitei.terms.reading.speech import spoken
from kitei.terms.reading.subject import NOUN
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_BRACKETED = re.compile(r"\([^()]*\)")
_EFFECT = re.compile(
    r"(?P<one>[一-龠]{2,8})の効力が生[じず]る日として[^。]*?(?P<other>[一-龠の]{2,10})の効力が生"
)
_CAN = re.compile(r"(?:し得る|することができる|可能な|可能と|得る)(?:こと)?と?なった(?P<day>日)から")
_HOURS = re.compile(r"営業時間(?!外)")
_CASE = re.compile(
    r"(?P<what>[一-龠々ァ-ヶー]{1,12})を(?P<names>(?:又は|及び|若しくは|、|[^をはがに。、])+?)とする場合"
)
_GIVEN = re.compile(
    r"(?P<what>[一-龠々ァ-ヶー]{1,12})を(?P<names>(?:又は|及び|若しくは|、|[^をはがに。、])+?)とする"
)
_AND = re.compile(r"、|又は|及び|若しくは")
_PER = re.compile(rf"(?P<what>{NOUN}{{2,8}})(?:毎|ごと)に、?次の")
_TERM = re.compile(r"(?:の利用)?における(?P<what>[一-龠]{2,10})は")
_LIMIT = re.compile(r"(?:契約|申込|利用|登録)[一-龠]{0,3}数?の上限は、?\d+")
_UNIT = re.compile(r"一の(?P<what>[一-龠]{2,6})(?:毎|ごと)に一の")
_SEVERAL = re.compile(r"少なくとも|[1一]以上の|複数の")
_JOINED = re.compile(
    rf"(?P<one>[ァ-ヶー一-龠A-Za-z]{{4,20}})(?:の|に関する|に係る)(?P<other>[一-龠ァ-ヶー]{{0,6}}(?:サービス|装置|設備))(?!{NOUN})"
)


def exemptions(survey: Survey) -> Iterator[Flaw]:
    """Two paragraphs that say the same of two things, one with an exception in brackets."""
    for article in survey.document.articles:
        paragraphs = [each for each in article.children if each.kind == "paragraph"]
        for one, other in pairwise(paragraphs):
            bare = [_without_brackets(each.text) for each in (one, other)]
            is_excepted = re.search("除[きく]", one.text) and not re.search("除[きく]", bare[0] + other.text)
            if is_excepted and difflib.SequenceMatcher(None, bare[0], bare[1], autojunk=False).ratio() >= 0.6:
                gist = Words(
                    f"{spoken(one.id).ja}にある除外が、同じ形のこの項にはない。",
                    f"{spoken(one.id).en} has an exception that this paragraph of the same form lacks.",
                )
                yield flaw("list-differs", "low", other, other.text[:16], gist, at=0)


def _without_brackets(text: str) -> str:
    while (bare := _BRACKETED.sub("", text)) != text:
        text = bare
    return text


def effects(survey: Survey) -> Iterator[Flaw]:
    """`解除の効力が生じる日として指定した日…停止の効力が生じる`: one effect is asked for, another comes."""
    for passage in survey.document.walk():
        for match in _EFFECT.finditer(passage.text):
            if match["one"] not in match["other"]:
                gist = Words(
                    f"「{match['one']}」の日を指定させ、「{match['other']}」の効力としている。",
                    f"It lets a day of '{match['one']}' be named and makes it that of '{match['other']}'.",
                )
                yield flaw("name-varies", "low", passage, f"{match['one']}の効力", gist, at=match.start())


def days(survey: Survey) -> Iterator[Flaw]:
    """A period that runs from the day something became possible: which day that is, nothing says."""
    for passage in survey.document.walk():
        for match in _CAN.finditer(passage.text):
            gist = Words(
                "いつからかを決める事実が書かれていない。", "Which fact makes it possible is not said."
            )
            yield flaw("term-undefined", "low", passage, match[0], gist, at=match.start())


def hours(survey: Survey) -> Iterator[Flaw]:
    """Business hours without hours, or without days of the week."""
    uses = [(p, m.start()) for p in survey.document.walk() for m in _HOURS.finditer(p.text)]
    uses += [
        (p, m.start())
        for p in survey.document.walk()
        for m in re.finditer(r"当社の営業時間外", p.text)
        if not uses
    ]
    if not uses:
        return
    whole = "".join(passage.text for passage, _ in uses)
    if not re.search(r"営業時間[^。]{0,20}\d+(?:時|:\d)", whole):
        gist = Words(
            "営業時間が何時から何時までか書かれていない。",
            "From when to when business hours run is not said.",
        )
    elif not re.search(r"曜|平日|営業日|休日|毎日", whole):
        gist = Words(
            "営業時間がどの日のものか書かれていない。", "On which days business hours run is not said."
        )
    else:
        return
    yield flaw(
        "term-undefined",
        "low",
        uses[0][0],
        "営業時間",
        gist,
        at=uses[0][1],
        also=[place(p, n) for p, n in uses[1:]],
    )


def _names(written: str) -> frozenset[str]:
    return frozenset(squeeze(part) for part in _AND.split(written) if part)


def empty_exceptions(survey: Survey) -> Iterator[Flaw]:
    """A rule on what the paragraph before allows to some, except for just those."""
    for passage in survey.document.walk():
        before = survey.index.before(passage) if passage.kind == "paragraph" else None
        if before is None or "前項" not in passage.text:
            continue
        for match in re.finditer(_CASE.pattern + r"を除", passage.text):
            given = [
                _names(each["names"])
                for each in _GIVEN.finditer(before.text)
                if each["what"] == match["what"]
            ]
            if given and _names(match["names"]) == given[0]:
                gist = Words(
                    "前項が挙げるものすべてを除いており、残るものがない。",
                    "It excepts all that the paragraph before names; nothing is left.",
                )
                yield flaw("contradiction", "low", passage, match[0], gist, at=match.start())


def cases(survey: Survey) -> Iterator[Flaw]:
    """A list of cases (`品目をXとする場合`) that leaves out some of what it goes through."""
    for passage in survey.document.walk():
        items = [child for child in passage.children if child.kind == "item"]
        told = [match for item in items if (match := _CASE.search(item.text))]
        if len(told) < 2 or len(told) < len(items):
            continue
        for group in survey.names.lists:
            had = {name for match in told for name in _spelled_out(survey, group, _names(match["names"]))}
            lost = [name for name in group.names if squeeze(name) not in had]
            if len(group.names) > 2 and lost and len(lost) * 2 < len(group.names):
                gist = Words(
                    f"「{'、'.join(lost)}」の場合がない。", f"There is no case for {', '.join(lost)}."
                )
                yield flaw("list-differs", "low", passage, items[0].text[:16], gist, at=0)


def _spelled_out(survey: Survey, group: NameList, names: frozenset[str]) -> set[str]:
    """The names themselves, and those in the rows of a class that is named (`区分をIとする`)."""
    found = {name for name in names if group.has(name)}
    above = ""
    for row in (child for child in group.holder.children if child.kind == "row"):
        above = squeeze(row.cells[0]) or above
        if above in names:
            found |= {squeeze(cell) for cell in row.cells if group.has(cell)}
    return found


def columns(survey: Survey) -> Iterator[Flaw]:
    """`種類毎に次の…` before a table that has no column for it."""
    for passage in survey.document.walk():
        match = _PER.search(passage.text)
        if match and passage.columns and not any(match["what"] in column for column in passage.columns):
            gist = Words(
                f"表に「{match['what']}」の欄がない。", f"The table has no column for '{match['what']}'."
            )
            yield flaw("list-differs", "low", passage, match[0], gist, at=match.start())


def terms(survey: Survey) -> Iterator[Flaw]:
    """A minimum term that is set, or said not to be, for some options of a list and not for others."""
    for group in survey.names.lists:
        if group.places[0].kind != "item":
            continue
        found: dict[str, tuple[Passage, set[str]]] = {}
        for passage in survey.document.walk():
            for sentence in passage.sentences:
                starts = list(_TERM.finditer(sentence.text))
                named = {name for name in group.names if name in sentence.text}
                if starts and named and survey.index.holder(passage, "article") is not None:
                    found.setdefault(starts[0]["what"], (passage, set()))[1].update(named)
        for what, (passage, named) in found.items():
            lost = [name for name in group.names if name not in named]
            if lost and len(group.names) > 1:
                gist = Words(
                    f"「{'、'.join(lost)}」の{what}の有無が書かれていない。",
                    f"Whether {', '.join(lost)} have a {what} is not said.",
                )
                yield flaw("list-differs", "low", passage, what, gist)


def limits(survey: Survey) -> Iterator[Flaw]:
    """A limit in numbers that does not say for whom it is counted."""
    for article in survey.document.articles:
        for passage in article.walk():
            match = _LIMIT.search(passage.text)
            if match and not re.search(
                r"者[^。]{0,12}(?:ごと|毎|につき|あたり|が締結|が登録|一人)|一の契約者", passage.text
            ):
                gist = Words(
                    "誰についての上限かが書かれていない。", "For whom the limit is counted is not said."
                )
                yield flaw("reference-vague", "low", passage, match[0], gist, at=match.start())


def units(survey: Survey) -> Iterator[Flaw]:
    """`一の種類毎に一の契約` here and `1以上の…の申込` there: the unit, or a cap?"""
    for passage in survey.document.walk():
        match = _UNIT.search(passage.text)
        names = [] if match is None else list(survey.names.counted(match["what"]))
        if match is None or not names:
            continue
        for other in survey.document.walk():
            about = re.search(rf"{match['what']}(?:毎|ごと)に", other.text) or any(
                name in other.text for name in names
            )
            several = _SEVERAL.search(other.text)
            if (
                other is not passage
                and other.kind == "paragraph"
                and about
                and several
                and "申込" in other.text
            ):
                gist = Words(
                    f"{spoken(other.id).ja}は「{several[0]}」とする。一つまでか、単位か。",
                    f"{spoken(other.id).en} says '{several[0]}': is one the most, or the unit?",
                )
                yield flaw("contradiction", "low", passage, match[0], gist, at=match.start())
                break


def bare_families(survey: Survey) -> Iterator[Flaw]:
    """`X:甲` and `X:乙` are listed, and the text says only X."""
    for group in survey.names.lists:
        stems = [name.split(":")[0] for name in group.names if ":" in name]
        for stem in {stem for stem in stems if stems.count(stem) > 1}:
            pattern = re.compile(rf"(?<!{NOUN}){re.escape(stem)}(?![:{NOUN[1:-1]}])")
            for passage in survey.document.walk():
                if match := pattern.search(passage.text):
                    gist = Words(
                        f"「{stem}」のどれか、すべてかが書かれていない。",
                        f"Which '{stem}', or all of them, is not said.",
                    )
                    yield flaw("name-varies", "low", passage, stem, gist, at=match.start())


def wordings(survey: Survey) -> Iterator[Flaw]:
    """`電話転送サービス` and `電話の転送サービス`: one thing with and without a particle."""
    texts = [(each, each.text) for each in survey.document.walk()]
    for passage, text in texts:
        for match in _JOINED.finditer(text):
            close = match["one"] + match["other"]
            if any(
                re.search(rf"(?<!{NOUN}){re.escape(close)}(?![ァ-ヶーA-Za-z])", other) for _, other in texts
            ):
                gist = Words(f"ほかでは「{close}」。", f"Elsewhere '{close}'.")
                yield flaw("name-varies", "low", passage, match[0], gist, at=match.start())
