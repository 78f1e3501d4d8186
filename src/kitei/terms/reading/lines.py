"""One physical line: what it could be by its own looks. Whether it is, depends on where it stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from kitei.terms.reading.folding import DATE, fold, narrow

Form: TypeAlias = Literal[
    "chapter",
    "article",
    "supplement",
    "edition",
    "schedule",
    "relation",
    "item",
    "subitem",
    "number",
    "row",
    "plain",
]


@dataclass(frozen=True, slots=True)
class Line:
    """`text` is folded; `gap` says that a blank line (or the start) lies above; `at` counts from 1."""

    at: int
    raw: str
    text: str
    gap: bool
    loose: str
    indent: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether a sentence, a heading or a list could end here."""
        return bool(re.search(r"[。」)\]:】]$|(?:こと|もの|場合)$", self.text))


@dataclass(frozen=True, slots=True)
class Mark:
    """What a line could open: `number` as counted (sub-items: i, ii ...), `rest` the text behind it.

    `is_amount` where it could as well be an amount: `2 月極` is none, `2 月分` is one.
    """

    form: Form
    number: str = ""
    rest: str = ""
    spaced: bool = False
    dotted: bool = False
    is_amount: bool = False


_SPACES = re.compile(r"\s+")
_DRESS = re.compile(r"^\s*(?:#{1,6}\s*|[-*+>・●○■□◆◇]\s+|[-*・●](?=[(（]|\d{1,2} ?[^\d\s\-–—=~.]))+")
_STARS = re.compile(r"\*\*|__")

_BRANCH = r"(?:の(\d+))?"
_ARTICLE = re.compile(rf"^第(\d+)条{_BRANCH}\s*[:.]?(?:[(\[【〔](.*?)[)\]】〕]\s*(.*)|(.*))$")
_CHAPTER = re.compile(r"^第(\d+)([章節編款])(?!の|に|及び|又は)(.{0,30})$")
_SUPPLEMENT = re.compile(r"^附則\s*(.*)$")
_EDITION = re.compile(
    rf"^[(\[<【]?({DATE.pattern})\s*(?:施行|変更|改定|改正|改訂|制定|実施|適用|一部改正|一部改定)[)\]>】]?$"
)
_SCHEDULE = re.compile(r"^別[紙表](?:第)?(\d+)?(.*)$")
_RELATION = re.compile(r"^(?:.{1,20}?)?\(?第\d+条(?:の\d+)?(?:\(.*?\))?(?:第?\d+項)?関係\)?$")
_PARTICLE = re.compile(
    r"^(?:[、。,.]|に|の(?!り)|を|は(?!じ)|で|と|が|から|まで|より|及び|又は|並びに|記載の|記載さ|のとおり)"
)
_ITEM = re.compile(r"^\s*[(]\s*(\d{1,2}|[ivxIVX]{1,4}|[a-zア-ン])\s*[)]\s*(.*)$")
_KANJI_ITEM = re.compile(r"^([一二三四五六七八九十]{1,3})[ 、.]\s*(.+)$")
_KANA_ITEM = re.compile(r"^([アイウエオカキクケコロハニホヘトチリヌ])[ 、.]\s*(.+)$")
_NUMBER = re.compile(r"^(\d{1,2})([ .、)]+\s*|(?=[^\d.,:/~\-]))(.+)$")
# A figure before one of these may be an amount in a sentence that was wrapped, and no paragraph's number.
_UNIT = re.compile(
    r"^(?:年(?![次額])|月(?![額次例])|日(?![本割数中])|時(?!間外|[刻点期])|分(?![割担類析散])|秒|条(?!件)|項(?!目)|号"
    r"|件(?![名数])|台(?![帳数])|個(?![別人])|回(?![線数])|円(?!滑)|%|パーセント|[ヶケかカ箇]月|週|名(?![称前義])|倍"
    r"|番(?!号)|種(?![類別])|以[上下内降前]|未満|メガ|ギガ|つ|度|等)"
)
# Before one of these it is one.
_GOES_ON = re.compile(r"^(?:の|を|に|で|は|から|まで|とし|と(?=[しす、])|及び|又は|[、。,)\]~/]|[(]\d)")


def lines_of(text: str) -> tuple[Line, ...]:
    """The lines that are not blank; a form feed leaves a gap, as a page's end does."""
    lines, gap = [], True
    for at, raw in enumerate(re.split(r"\r\n|\r|\n|\v|\x85|\u2028|\u2029", text), start=1):
        bare = _STARS.sub("", _DRESS.sub("", raw.replace("\f", " ")))
        if raw.strip():
            loose = _SPACES.sub(" ", narrow(bare)).strip()
            indent = len(raw.expandtabs(4)) - len(raw.expandtabs(4).lstrip())
            lines.append(Line(at, raw, fold(bare), gap or "\f" in raw, loose, indent))
        gap = not raw.strip()
    return tuple(lines)


def cells_of(line: Line) -> tuple[str, ...]:
    """The cells of a table's row (bars or tabs), or none. A rule of a table has cells of dashes."""
    raw = line.raw.strip("\r\n")
    bare = raw.strip()
    if bare.count("|") + bare.count("│") >= 2 and bare[0] in "|│":
        return tuple(fold(cell) for cell in re.split(r"[|│]", bare.strip("|│").replace("\\|", "/")))
    if "\t" in raw.rstrip():
        return tuple(fold(cell) for cell in raw.rstrip().split("\t"))
    return ()


def wide_cells(line: Line) -> tuple[str, ...]:
    """Cells set apart by two spaces or more, as a table keeps when its tabs were lost."""
    if line.raw != line.raw.lstrip() and not line.raw.startswith(("  ", "\u3000")):
        return ()
    parts = re.split(r"[ \u3000]{2,}|\t", line.raw.rstrip())
    return tuple(fold(part) for part in parts) if len(parts) >= 2 else ()


def is_rule(cells: Sequence[str]) -> bool:
    return bool(cells) and all(re.fullmatch(r":?[-=]*:?", cell) for cell in cells)


def mark_of(line: Line) -> Mark:
    """What the line opens by its looks; `plain` where nothing."""
    text = line.text
    if found := _ARTICLE.match(text):
        number = (found[1].lstrip("0") or "0") + (f"-{found[2]}" if found[2] else "")
        if found[3] is not None and not _PARTICLE.match(found[4]) and not re.match(r"第?\d+[項号]", found[4]):
            return Mark("article", number, f"{found[3]}\n{found[4]}")
        if (
            found[3] is None
            and not _PARTICLE.match(found[5])
            and not re.match(r"第?\d*[項号]|[条各]|関係", found[5])
        ):
            is_title = _is_title(found[5], line)
            return Mark("article", number, f"{found[5]}\n" if is_title else f"\n{found[5]}")
    if found := _CHAPTER.match(text):
        return Mark("chapter", f"{found[1]}{found[2]}", found[3])
    if (found := _SUPPLEMENT.match(text)) and not _PARTICLE.match(found[1]) and len(found[1]) <= 30:
        return Mark("supplement", "", found[1])
    if found := _EDITION.match(text):
        return Mark("edition", found[1])
    if found := _SCHEDULE.match(text):
        rest = found[2].strip()
        if not _PARTICLE.match(rest) and not rest.endswith("。") and not re.match(r"[\d.]|\(\d", rest):
            return Mark("schedule", found[1] or "", rest)
    return _numbered(line)


def _is_title(text: str, line: Line) -> bool:
    """Whether what stands beside an article's number is its heading, or the text begins there."""
    if "。" in text or len(text) > 45:
        return False
    if line.raw.lstrip().startswith(("#", "**")):
        return True
    return "、" not in text if len(text) <= 30 else not re.search(r"[はがを]、|[はがを][^、]*$", text)


def _numbered(line: Line) -> Mark:
    loose = line.loose
    if found := _ITEM.match(loose):
        rest = fold(found[2])
        if not _PARTICLE.match(rest) or not rest:
            form: Form = "item" if found[1].isdecimal() else "subitem"
            return Mark(form, found[1].lower(), rest, True)
    for pattern, form in ((_KANJI_ITEM, "item"), (_KANA_ITEM, "subitem")):
        if found := pattern.match(loose):
            return Mark(form, found[1], fold(found[2]), False)
    if found := _NUMBER.match(loose):
        rest = fold(found[3])
        is_listed = found[2].startswith(". ")
        if not _GOES_ON.match(rest) or is_listed:
            is_amount = bool(_UNIT.match(rest)) and not is_listed
            return Mark("number", str(int(found[1])), rest, bool(found[2]), "." in found[2], is_amount)
    if _RELATION.match(line.text):
        return Mark("relation", "", line.text)
    return Mark("plain", "", line.text)
