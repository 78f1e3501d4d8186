"""Cross-references: `第6条(届出の方法)第1項`, `前項第3号`, `別紙1の3.(4)`, and where each leads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from kitei.terms.reading.index import Index
from kitei.terms.reading.passages import Passage

Level: TypeAlias = Literal["article", "paragraph", "item", "schedule"]

_AND = r"(?:及び|又は|並びに|若しくは|もしくは|または|および|ないし|乃至|から|、)"
_ARTICLE = r"第(?P<art>\d+)条(?:の(?P<branch>\d+)(?![項号\d]))?(?:[(](?P<title>[^()]{1,40})[)])?"
_REST = r"(?:の?(?P<pm>第?)(?P<par>\d+)項)?(?:(?P<im>第?)(?P<item>\d+)号)?(?P<each>各号|各項)?"
_ABSOLUTE = re.compile(_ARTICLE + _REST)
_OWN = re.compile(
    r"(?P<pm>第)(?P<par>\d+)項(?:(?P<im>第?)(?P<item>\d+)号)?(?P<each>各号)?|第(?P<only>\d+)号(?![室棟館線])"
)
_RELATIVE = re.compile(
    r"(?P<way>前|次|本|同)(?P<count>\d{1,2}|各)?(?P<unit>条|項|号)(?:第(?P<par>\d+)項)?(?:第(?P<item>\d+)号)?(?P<each>各号)?"
)
_MORE = re.compile(rf"{_AND}(?P<mark>第?)(?P<number>\d+)(?P<unit>項|号)(?P<each>各号)?")
_SCHEDULE = re.compile(
    r"別[紙表](?:第)?(?P<schedule>\d+)?(?:の(?P<section>\d+)\.?(?:\((?P<item>\d+)\))?"
    r"(?P<name>[一-龠ァ-ヶー]{0,10}(?:費用|料金|費|料|金額|金))?(?:\((?P<item2>\d+)\))?)?"
)
_OTHER = re.compile(
    r"(?P<doc>[一-龠ァ-ヶーA-Za-z・]*(?:規程|規定集|約款|法|規約|規則|令|条例|契約書|ガイドライン|基準|仕様書|要領))"
    r"(?:\([^()]*\))?(?:の|、)?$"
)
_NOT_OTHER = re.compile(r"^(?:本|当|この|同|方|文|用)|(?:方法|前項|次項)$")
_NUMBERED_LAW = re.compile(r"(?:法律|政令|省令|告示|条約|規則|通達)$")

# How much of the text behind a reference tells what it is about.
_TAIL = 300


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference in `holder`'s text. `target` is the id it names, None where it names nothing (前項 in a first one).

    `title` is what the reference calls its target; `tail` the text behind it; `other` another document's name.
    """

    holder: Passage
    at: int
    text: str
    level: Level
    target: str | None
    title: str = ""
    tail: str = ""
    other: str = ""
    is_relative: bool = False
    lacks_ordinal: bool = False
    wants_items: bool = False
    count: int = 1

    @property
    def line(self) -> int:
        return self.holder.line_at(self.at)


def references_in(index: Index, passage: Passage) -> Iterator[Reference]:
    """The references in a passage's own text, in order, lists (`第2項又は第3項`) taken apart."""
    text, at, ended = passage.text, 0, 0
    last: Reference | None = None
    while at < len(text):
        found = next(
            (
                (pattern, match)
                for pattern in (_ABSOLUTE, _SCHEDULE, _RELATIVE, _OWN)
                if (match := pattern.match(text, at))
            ),
            None,
        )
        if found is None or (found[0] is _OWN and _NUMBERED_LAW.search(text[max(0, at - 4) : at])):
            at += 1
            continue
        pattern, match = found
        first = _reference(index, passage, pattern, match, last)
        if last and last.other and not first.other and re.fullmatch(rf"{_AND}(?:同法)?", text[ended:at]):
            first = replace(first, other=last.other)
        found_here = list(_with_more(passage, first, match.end()))
        found_here = [replace(each, tail=found_here[-1].tail) for each in found_here]
        yield from found_here
        last = found_here[-1]
        at = ended = max(match.end(), found_here[-1].at + len(found_here[-1].text))


@dataclass(frozen=True, slots=True)
class Belonging:
    """What a schedule or a part of it says it belongs to: `第7条第2項関係`."""

    text: str
    id: str


def cited_in_headings(passage: Passage) -> tuple[Belonging, ...]:
    """Of a passage's heading, and of a first line that reads like one."""
    found: dict[str, Belonging] = {}
    for line in (passage.heading, *(piece.text for piece in passage.pieces[:1])):
        match = _ABSOLUTE.search(line)
        if match and re.match(r"(?:及び|、|から).{1,30}関係|.{0,4}関係", line[match.end() :]):
            id = _spelled(f"art:{match['art']}", match["par"], match["item"])[0]
            found.setdefault(id, Belonging(match[0], id))
    return tuple(found.values())


def _reference(
    index: Index, passage: Passage, pattern: re.Pattern[str], match: re.Match[str], last: Reference | None
) -> Reference:
    base = Reference(
        passage,
        match.start(),
        match[0],
        "article",
        None,
        tail=passage.text[match.end() : match.end() + _TAIL],
    )
    if pattern is _ABSOLUTE:
        return replace(
            _absolute(base, match),
            other=_other(index, passage.text[max(0, match.start() - 60) : match.start()]),
        )
    if pattern is _SCHEDULE:
        return _schedule(index, base, match)
    if pattern is _RELATIVE:
        return _same(base, match, last) if match["way"] == "同" else _relative(index, base, match)
    return _own(index, base, match, last)


def _other(index: Index, before: str) -> str:
    """The other document a reference is to, by the name before it; this one's own title is no other."""
    found = _OTHER.search(before[-40:])
    if found is None or _NOT_OTHER.search(found["doc"]) or index.document.title.endswith(found["doc"]):
        return ""
    return found["doc"]


def _absolute(base: Reference, match: re.Match[str]) -> Reference:
    article = f"art:{match['art']}" + (f"-{match['branch']}" if match["branch"] else "")
    paragraph, item = match["par"], match["item"]
    lacks = (paragraph is not None and not match["pm"]) or (item is not None and not match["im"])
    target, level = _spelled(article, paragraph, item)
    if match["each"] == "各号" and level == "article":
        target, level = f"{article}.1", "paragraph"
    return replace(
        base,
        target=target,
        level=level,
        title=match["title"] or "",
        lacks_ordinal=lacks,
        wants_items=match["each"] == "各号",
    )


def _spelled(article: str, paragraph: str | None, item: str | None) -> tuple[str, Level]:
    if item is not None:
        return f"{article}.{paragraph or 1}.{item}", "item"
    return (f"{article}.{paragraph}", "paragraph") if paragraph is not None else (article, "article")


def _schedule(index: Index, base: Reference, match: re.Match[str]) -> Reference:
    number = match["schedule"]
    schedules = index.document.schedules
    if number is None:
        number = schedules[0].number if len(schedules) == 1 else None
    if number is None:
        return replace(base, level="schedule", other="別紙")
    parts = [number, match["section"], match["item"] or match["item2"]]
    target = "schedule:" + ".".join(part for part in parts if part)
    return replace(base, level="schedule", target=target, title=match["name"] or "")


def _relative(index: Index, base: Reference, match: re.Match[str]) -> Reference:
    unit, way = match["unit"], match["way"]
    level: Level = {"条": "article", "項": "paragraph", "号": "item"}[unit]  # type: ignore[assignment]
    kinds = {"article": ("article",), "paragraph": ("paragraph",), "item": ("item",)}[level]
    here = index.holder(base.holder, *kinds)
    count = int(match["count"]) if (match["count"] or "").isdecimal() else 1
    target: Passage | None = None
    if match["count"] == "各" and here is None:
        target = _listing(index, base.holder)
    elif here is not None:
        match way:
            case "前":
                target = index.before(here, count)
            case "次":
                target = index.after(here)
            case _:
                target = here
    named = target.id if target else None
    if named and match["par"]:
        named, level = f"{named}.{match['par']}", "paragraph"
    if named and match["item"]:
        named = f"{named}.1" if level == "article" else named
        named, level = f"{named}.{match['item']}", "item"
    return replace(
        base, level=level, target=named, is_relative=True, count=count, wants_items=match["each"] == "各号"
    )


def _listing(index: Index, holder: Passage) -> Passage | None:
    """What `前各号` means outside a list: the nearest list of this paragraph or the one before."""
    own = index.holder(holder, "paragraph")
    near = (own, index.before(own)) if own else ()
    return next((each for each in near if each and _has_items(each)), None)


def _cited_list(index: Index, own: Passage, last: Reference | None) -> Passage | None:
    """`第1項の休暇は、第2号の場合…`: the items of the paragraph cited before, where there are none here."""
    if last is None or last.other or last.target is None or _has_items(own):
        return None
    home = last.target.rsplit(".", 1)[0] if last.level == "item" else last.target
    cited = index.by_id.get(home)
    return cited if cited is not None and _has_items(cited) else None


def _has_items(passage: Passage) -> bool:
    return any(child.kind == "item" for child in passage.children)


def _same(base: Reference, match: re.Match[str], last: Reference | None) -> Reference:
    """`同条第4項`: in the article that was cited last."""
    if last is None or last.other or last.target is None or last.level == "schedule":
        return replace(base, other=last.other if last and last.other else "?")
    depth = ("条", "項", "号").index(match["unit"]) + 1
    parts = last.target.split(".")[:depth]
    if len(parts) < depth:
        return replace(base, other="?")
    if match["par"]:
        parts.append(match["par"])
    if match["item"]:
        parts += ["1", match["item"]] if len(parts) == 1 else [match["item"]]
    level: Level = ("article", "paragraph", "item")[len(parts) - 1]
    return replace(base, target=".".join(parts), level=level, wants_items=match["each"] == "各号")


def _own(index: Index, base: Reference, match: re.Match[str], last: Reference | None) -> Reference:
    article = index.holder(base.holder, "article", "edition")
    paragraph = index.holder(base.holder, "paragraph")
    if match["only"]:
        if paragraph is None:
            return replace(base, level="item", other="?")
        listing = _cited_list(index, paragraph, last) or _listing(index, base.holder) or paragraph
        return replace(base, level="item", target=f"{listing.id}.{match['only']}")
    if article is None:
        return replace(base, level="paragraph", other="?")
    target, level = _spelled(article.id, match["par"], match["item"])
    return replace(base, target=target, level=level, wants_items=match["each"] == "各号")


def _with_more(passage: Passage, first: Reference, at: int) -> Iterator[Reference]:
    """The reference and those that a list adds: the further ones are counted in the same article."""
    yield first
    stem = first.target
    while stem and first.level in ("paragraph", "item") and (match := _MORE.match(passage.text, at)):
        if match["mark"] == "" and re.match(r"[\d.]", passage.text[match.end() :]):
            return
        home = stem.rsplit(".", 1)[0]
        if match["unit"] == "項" and first.level == "item":
            home = home.rsplit(".", 1)[0]
        more = replace(
            first,
            at=match.start("mark"),
            text=match[0].removeprefix(re.match(_AND, match[0])[0]),  # type: ignore[index]
            level="paragraph" if match["unit"] == "項" else "item",
            target=f"{home}.{match['number']}",
            title="",
            tail=passage.text[match.end() : match.end() + _TAIL],
            lacks_ordinal=not match["mark"],
            wants_items=match["each"] == "各号",
            is_relative=False,
        )
        yield more
        at = match.end()
