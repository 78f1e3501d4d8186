"""Lines that a page put there and no provision owns: page numbers, running heads, contents, ornaments."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from kitei.terms.reading.lines import Line, cells_of, mark_of
from kitei.terms.reading.passages import NoiseKind

_PAGE = re.compile(
    r"^(?:[-~=<]*\d{1,4}[-~=>]*|(?:[pP]\.?|[pP]age|ページ|頁)\d{1,4}(?:(?:/|of)\d{1,4})?|\d{1,4}(?:/|of)\d{1,4}"
    r"|\d{1,4}(?:ページ|頁)(?:/\d{1,4}(?:ページ|頁)?)?)$",
    re.IGNORECASE,
)
_LEADER = re.compile(r"(?:\.{3,}|・{3,}|…+|_{3,}|-{4,})\d{1,4}$")
_ORNAMENT = re.compile(r"^[^\w()「」\[\]。、]*$")
_OFTEN = 3


def noise_in(lines: Sequence[Line]) -> Mapping[int, NoiseKind]:
    """The lines (by number) that belong to no provision.

    A running head is a line of the title page that comes again, or one that stands next to page numbers three
    times. A bare figure is a page number: a paragraph's number has its text beside it.
    """
    found: dict[int, NoiseKind] = {}
    for line in lines:
        if kind := _by_looks(line):
            found[line.at] = kind
    found.update({at: "running-head" for at in _running_heads(lines, found)})
    return found


def _by_looks(line: Line) -> NoiseKind | None:
    if cells_of(line):
        return None
    text = line.text.replace(" ", "")
    if _ORNAMENT.match(text):
        return "ornament"
    if _PAGE.match(text):
        return "page-number"
    if _LEADER.search(text) or text == "目次":
        return "contents"
    return "end" if text == "以上" else None


def _running_heads(lines: Sequence[Line], noise: Mapping[int, NoiseKind]) -> set[int]:
    text = [line for line in lines if line.at not in noise]
    first = next(
        (i for i, line in enumerate(text) if mark_of(line).form in ("article", "chapter")), len(text)
    )
    front = {line.text.replace(" ", "") for line in text[:first]}
    heads = {line.at for line in text[first:] if line.text.replace(" ", "") in front and not cells_of(line)}
    beside = [
        (near.at, near.text)
        for before, here, after in zip([None, *lines], lines, [*lines[1:], None], strict=False)
        if noise.get(here.at) == "page-number"
        for near in (before, after)
        if near and near.at not in noise and len(near.text) <= 40 and not near.text.endswith("。")
    ]
    often = {words for words, count in Counter(words for _, words in beside).items() if count >= _OFTEN}
    return heads | {at for at, words in beside if words in often}
