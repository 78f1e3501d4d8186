"""Spoil a text as scanners, converters and word processors do, the same way for the same seed."""

import random
import re
from collections.abc import Callable

_WIDE = {ord(c): ord(c) + 0xFEE0 for c in "0123456789()"}
_JA = re.compile(r"(?<=[ぁ-んァ-ヶ一-龠])(?=[ぁ-んァ-ヶ一-龠])")


def _is_prose(line: str) -> bool:
    return bool(line.strip()) and "\t" not in line and "|" not in line


def mix_widths(text: str, chance: random.Random) -> str:
    """Figures and brackets wide in some lines."""
    lines = text.split("\n")
    return "\n".join(line.translate(_WIDE) if chance.random() < 0.5 else line for line in lines)


def scatter_spaces(text: str, chance: random.Random) -> str:
    """Spaces inside words, as narrow kerning is read."""

    def spoil(line: str) -> str:
        return _JA.sub(lambda _: " " if chance.random() < 0.03 else "", line) if _is_prose(line) else line

    return "\n".join(spoil(line) for line in text.split("\n"))


def drop_spaces(text: str, chance: random.Random) -> str:
    """No spaces at all between figures and words, but the one behind a paragraph's number."""
    return "\n".join(re.sub(r"(?<=\S) (?=\S)(?<!^\d )", "", line) for line in text.split("\n"))


def wrap(text: str, chance: random.Random) -> str:
    """Lines cut at a page's width, without regard to what they hold."""
    width = chance.randrange(34, 46)
    cut = []
    for line in text.split("\n"):
        if _is_prose(line):
            cut += [line[at : at + width] for at in range(0, len(line), width)]
        else:
            cut.append(line)
    return "\n".join(cut)


def number_pages(text: str, chance: random.Random) -> str:
    """A page number, and the title again, every so many lines: within a sentence too."""
    lines = text.split("\n")
    title = next(line for line in lines if line.strip()).lstrip("# ")
    spoiled: list[str] = []
    for at, line in enumerate(lines):
        if at and at % 37 == 0 and _is_prose(line):
            spoiled += [f"- {at // 37} -", "", title]
        spoiled.append(line)
    return "\n".join(spoiled)


def drop_blanks(text: str, chance: random.Random) -> str:
    """No blank lines."""
    return "\n".join(line for line in text.split("\n") if line.strip())


def mark_up(text: str, chance: random.Random) -> str:
    """Headings marked up, some of them."""
    heading = re.compile(r"^(第 ?\d+ ?条[(（].*|別紙 ?\d+ .*|附則)$")
    return "\n".join(
        chance.choice(["## ", "#### **", ""]) + line if heading.match(line) else line
        for line in text.split("\n")
    )


def count_in_chinese(text: str, chance: random.Random) -> str:
    """第十二条第二項, as older terms count."""

    def chinese(found: re.Match[str]) -> str:
        ten, one = divmod(int(found[2]), 10)
        figures = "〇一二三四五六七八九"
        tens = "" if ten == 0 else ("" if ten == 1 else figures[ten]) + "十"
        return f"{found[1]}{tens}{figures[one] if one else ''}{found[3]}"

    return re.sub(r"(第) ?(\d+) ?(条|項|号)", chinese, text)


def circle_items(text: str, chance: random.Random) -> str:
    """`(1)` at the start of a line as ①."""
    return re.sub(r"(?m)^(\s*(?:[-#*]+ )*)\((\d)\) ", lambda m: m[1] + chr(0x245F + int(m[2])), text)


def feed_forms(text: str, chance: random.Random) -> str:
    """A form feed before every fiftieth line, and the ends of lines that Windows writes."""
    lines = text.split("\n")
    return "\r\n".join("\f" + line if at % 50 == 49 else line for at, line in enumerate(lines))


SPOILERS: dict[str, Callable[[str, random.Random], str]] = {
    "widths": mix_widths,
    "spaces": scatter_spaces,
    "no spaces": drop_spaces,
    "wraps": wrap,
    "pages": number_pages,
    "no blanks": drop_blanks,
    "marks": mark_up,
    "numerals": count_in_chinese,
    "circles": circle_items,
    "form feeds": feed_forms,
}


def spoil(text: str, *kinds: str, seed: int = 1) -> str:
    chance = random.Random(seed)
    for kind in kinds:
        text = SPOILERS[kind](text, chance)
    return text


def numbers_off(text: str, seed: int = 1) -> list[tuple[int, str]]:
    """The text once for each number of a reference in it, that one off by one; with the line it stands in.

    Headings of articles and schedules, and references to another document, are left alone.
    """
    chance = random.Random(seed)
    lines = text.split("\n")
    spoiled = []
    for at, line in enumerate(lines):
        bare = re.sub(r"[#*\s]", "", line)
        if "一般規程" in bare or re.match(r"第\d+条[(（][^)）]*[)）]$", bare):
            continue
        for found in re.finditer(r"(?:第 ?(\d+) ?[条項号]|(?<!^)別紙 ?(\d+))", line):
            group = 1 if found[1] else 2
            if group == 2 and re.match(r"^[#*\s]*$", line[: found.start()]):
                continue
            number = int(found[group])
            off = number + 1 if number == 1 else number + chance.choice((-1, 1))
            changed = line[: found.start(group)] + str(off) + line[found.end(group) :]
            spoiled.append((at + 1, "\n".join([*lines[:at], changed, *lines[at + 1 :]])))
    return spoiled
