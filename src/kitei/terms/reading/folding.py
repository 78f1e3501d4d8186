"""One spelling for text that came through scanners, word processors and page layouts."""

import re
import unicodedata
from datetime import date

_NUMERALS = "一二三四五六七八九"
_COUNTED = re.compile(
    r"(?:第|前|別[紙表]第?)\s*([〇一二三四五六七八九十百]+)(?=\s*(?:条|項|号|章|節|\s|の|に|$))"
)
_MISREAD = re.compile(r"(?<=第)\s*([0-9OoIl|]{1,3})\s*(?=条|項|号)")
_GAP = re.compile(r"\s+")
_CIRCLED = {chr(0x2460 + n): f"({n + 1})" for n in range(20)}

# A space between two words in Latin letters means something; any other is the layout's.
_LATIN = re.compile(r"[!-~]")
_WORD = re.compile(r"[0-9A-Za-z.,]")

ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
# The first day of each era that terms of today can still name, and the day after its last.
_ERA_DAYS = {
    "昭和": (date(1926, 12, 25), date(1989, 1, 8)),
    "平成": (date(1989, 1, 8), date(2019, 5, 1)),
    "令和": (date(2019, 5, 1), date.max),
}
DATE = re.compile(r"(?:(明治|大正|昭和|平成|令和)(元|\d{1,2})|(\d{4}))年(\d{1,2})月(\d{1,2})日")


def narrow(text: str) -> str:
    """NFKC, with circled figures in brackets: `①` is `(1)`."""
    return unicodedata.normalize("NFKC", "".join(_CIRCLED.get(c, c) for c in text))


def fold(text: str) -> str:
    """NFKC, no spaces but those between Latin words, Chinese numerals of articles in figures.

    `第 十二 条（料 金）` becomes `第12条(料金)`.
    """
    text = narrow(text).translate(_ALIKE)
    text = _GAP.sub(" ", text).strip()
    kept = []
    for index, char in enumerate(text):
        if char == " ":
            before, after = text[index - 1], text[index + 1]
            if not (_WORD.match(before) and _LATIN.match(after) and after not in ".,)]}:;/"):
                continue
        kept.append(char)
    text = _COUNTED.sub(lambda m: m[0].replace(m[1], str(figure(m[1]))), "".join(kept))
    return _MISREAD.sub(lambda m: m[1].translate(_FIGURES), text)


def squeeze(text: str) -> str:
    """A folded text with no space at all and no case: for comparing names."""
    return fold(text).replace(" ", "").casefold()


def join(before: str, after: str) -> str:
    """Two folded lines as one text: a wrap is no space, except between Latin words."""
    if not before or not after:
        return before + after
    latin = re.match(r"[A-Za-z]", before[-1]) and re.match(r"[0-9A-Za-z]", after[0])
    return f"{before} {after}" if latin else before + after


def figure(numeral: str) -> int:
    """`十二` is 12, `二十` 20, `〇` 0; figures are themselves."""
    if numeral.isdecimal():
        return int(numeral)
    total, held = 0, 0
    for char in numeral:
        match char:
            case "百":
                total, held = total + (held or 1) * 100, 0
            case "十":
                total, held = total + (held or 1) * 10, 0
            case "〇":
                held = held * 10
            case _:
                held = held * 10 + _NUMERALS.index(char) + 1
    return total + held


def day_of(match: re.Match[str]) -> date | None:
    """The day a DATE names, or None where no such day exists."""
    era, in_era, year, month, day = match.groups()
    full = ERAS[era] + (1 if in_era == "元" else int(in_era)) if era else int(year)
    try:
        return date(full, int(month), int(day))
    except ValueError:
        return None


def is_in_its_era(match: re.Match[str]) -> bool:
    """Whether the era a DATE counts in was the era of that day (平成35年 was not)."""
    day, era = day_of(match), match[1]
    if day is None or era not in _ERA_DAYS:
        return True
    first, end = _ERA_DAYS[era]
    return first <= day < end or (era == "令和" and day >= first)


_FIGURES = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1"})
# Marks that NFKC leaves apart and terms use for one another.
_ALIKE = str.maketrans(
    {"−": "-", "–": "-", "‐": "-", "‑": "-", "⼀": "一", "\u200b": "", "\ufeff": "", "〜": "~"}
)
