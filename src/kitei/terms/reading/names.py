"""The names a document gives: defined terms, kinds and items of its tables, options of its lists."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kitei.terms.reading.folding import squeeze
from kitei.terms.reading.index import Index
from kitei.terms.reading.passages import Passage

_DEFINED = re.compile(
    r"(?:以下[^「」()]{0,40}|それぞれ|、|を|下)「(?P<term>[^「」]{1,40})」(?:と(?:いいます|いう|総称|称|呼|定義|略)|をいい)|「(?P<term2>[^「」]{1,40})」とは"
)
_QUOTED = re.compile(r"「([^「」]{1,40})」")
# Column heads that describe, and name nothing.
_PLAIN_HEADS = (
    "内容",
    "料金",
    "金額",
    "費用",
    "説明",
    "備考",
    "概要",
    "単価",
    "数量",
    "条件",
    "仕様",
    "種別",
    "定義",
    "",
)
_OFFERS = re.compile(r"次の(?P<what>[一-龠ァ-ヶーA-Za-z]{1,20}?)(?:\(|が|を|とし)")


@dataclass(frozen=True, slots=True)
class NameList:
    """A closed list: `what` is counted (`品目`), `names` as written, and the passages that hold each."""

    what: str
    holder: Passage
    names: tuple[str, ...]
    places: tuple[Passage, ...]

    def has(self, name: str) -> bool:
        return squeeze(name) in {squeeze(each) for each in self.names}


@dataclass(frozen=True, slots=True)
class Names:
    """`defined` by term, with the passage that defines it; `quoted` whatever stands in 「」 anywhere."""

    defined: Mapping[str, Passage]
    lists: tuple[NameList, ...]
    quoted: frozenset[str]

    @property
    def known(self) -> tuple[str, ...]:
        """Every name, longest first."""
        every = {*self.defined, *(name for each in self.lists for name in each.names)}
        return tuple(sorted(every, key=lambda name: (-len(name), name)))

    def counted(self, what: str) -> tuple[str, ...]:
        return tuple(name for each in self.lists if each.what == what for name in each.names)


def names_of(index: Index) -> Names:
    defined: dict[str, Passage] = {}
    quoted: set[str] = set()
    lists: list[NameList] = []
    for passage in index.document.walk():
        text = passage.text
        for match in _DEFINED.finditer(text):
            defined.setdefault(match["term"] or match["term2"], passage)
        quoted.update(_QUOTED.findall(text))
        if index.holder(passage, "article") is not None:
            lists += _of_table(passage)
            lists += _of_items(passage)
    return Names(defined, _without_parts(lists), frozenset(quoted))


def _without_parts(lists: list[NameList]) -> tuple[NameList, ...]:
    """A list that only repeats some names of another list of the same thing is no list of its own."""
    return tuple(
        each
        for place, each in enumerate(lists)
        if not any(
            other.what == each.what and all(other.has(name) for name in each.names)
            for at, other in enumerate(lists)
            if at != place and (len(other.names) > len(each.names) or at < place)
        )
    )


def _of_table(passage: Passage) -> list[NameList]:
    """One list for each column that names things; cells a merge left empty are passed over."""
    rows = [child for child in passage.children if child.kind == "row"]
    found = []
    for place, head in enumerate(passage.columns):
        if head in _PLAIN_HEADS:
            continue
        having = [row for row in rows if place < len(row.cells) and row.cells[place]]
        numeric = sum(bool(re.match(r"[\d.,]+", row.cells[place])) for row in having)
        if having and numeric * 2 <= len(having) and all(len(row.cells[place]) <= 40 for row in having):
            found.append(NameList(head, passage, tuple(row.cells[place] for row in having), tuple(having)))
    return found


def _of_items(passage: Passage) -> list[NameList]:
    """The items of `次のオプションサービスがあります`, by their headings."""
    items = [child for child in passage.children if child.kind == "item" and child.heading]
    match = _OFFERS.search(passage.text)
    if not items or match is None:
        return []
    return [NameList(match["what"], passage, tuple(item.heading for item in items), tuple(items))]
