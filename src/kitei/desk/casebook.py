"""A file of decided cases, read case by case: what is wrong with one is told with its line, and spares the rest."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from kitei.desk.cases import THEN_KEYS, THEN_VERDICTS, Case
from kitei.desk.reading import Fault
from kitei.values import Words

_KEYS: Final[Mapping[str, type]] = {"id": str, "service": str, "given": dict, "when": dict, "then": dict}
_DECISIONS: Final = ("accept", "refuse", "n/a")
_NAMES: Final = ("id", "customer", "contract", "action", "by", "kind", "item", "option", "service", "name")
_SPACE: Final = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Page:
    """One case as it stands in a file, from `line` (1 is the first). With faults, `case` is None."""

    id: str
    line: int
    case: Case | None
    faults: tuple[Fault, ...] = ()


class NoCasebook(ValueError):
    """A text that holds no cases at all; `words` say where it goes wrong and what would be right."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


def read_casebook(text: str) -> tuple[Page, ...]:
    """The cases of a JSON list, or of one case alone. Raises NoCasebook where the text is no such thing."""
    pages: list[Page] = []
    first: dict[str, int] = {}
    for line, written in _elements(text):
        page = _page(line, written)
        before = first.setdefault(page.id, line)
        if page.id and before != line:
            wrong = Words(
                f"{before} 行目と同じ id です", f"is the id of line {before} as well; ids are single"
            )
            page = Page(page.id, line, None, (*page.faults, Fault("id", wrong)))
        pages.append(page)
    return tuple(pages)


def _elements(text: str) -> Iterator[tuple[int, object]]:
    """What a JSON list holds, each with the line it begins on."""
    decoder, at = json.JSONDecoder(), 0
    at = _after_space(text, at)
    if text[at : at + 1] not in ("[", "{"):
        wanted = Words("JSON のリスト [ … ] が要ります", "write a JSON list of cases, [ ... ]")
        raise NoCasebook(Words(f"{_place(text, at)}: {wanted.ja}", f"{_place(text, at)}: {wanted.en}"))
    several = text[at] == "["
    at = _after_space(text, at + 1) if several else at
    while text[at : at + 1] != "]":
        try:
            written, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            told = f"line {error.lineno}, column {error.colno}: {error.msg}"
            raise NoCasebook(Words(f"JSON ではありません({told})", f"is not JSON ({told})")) from None
        yield text.count("\n", 0, at) + 1, written
        at = _after_space(text, end)
        if not several:
            break
    if text[at:].strip("] \r\n\t"):
        wrong = Words("余分な文字があります", "something stands behind the last case; a file is one list")
        raise NoCasebook(Words(f"{_place(text, at)}: {wrong.ja}", f"{_place(text, at)}: {wrong.en}"))


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _place(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}"


def _page(line: int, written: object) -> Page:
    if not isinstance(written, Mapping):
        wrong = Words("表ではありません", "is not a table {id, service, given, when, then}")
        return Page("", line, None, (Fault("", wrong),))
    id = written.get("id")
    faults = tuple([*_shape(written), *_spelled(written), *_then(written.get("then"))])
    name = id if isinstance(id, str) else ""
    if faults:
        return Page(name, line, None, faults)
    case = Case(name, written["service"], written["given"], written["when"], written["then"])
    return Page(name, line, case)


def _shape(written: Mapping[str, Any]) -> Iterator[Fault]:
    for key in written:
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            yield Fault(
                key, Words(f"知らない項目です。書けるのは {known}", f"is not known; known are {known}")
            )
    for key, kind in _KEYS.items():
        wanted = Words("文字列", "a text") if kind is str else Words("表({…})", "a table {...}")
        if key not in written:
            yield Fault(
                key, Words(f"ありません。{wanted.ja}を書いてください", f"is missing; write {wanted.en}")
            )
        elif not isinstance(written[key], kind) or written[key] == "":
            yield _not(key, written[key], wanted)
    when = written.get("when")
    if isinstance(when, Mapping):
        yield from _when(when)


def _spelled(written: Mapping[str, Any]) -> Iterator[Fault]:
    """What every vocabulary writes alike, at any depth: a name is no number, an amount is whole yen."""
    for name in ("given", "when"):
        for place, key, value in _values(written.get(name), name):
            if value is None:
                continue
            if key in _NAMES and isinstance(value, bool | int | float):
                yield _not(place, value, Words("名前", "a name"))
            elif key.endswith("_jpy") and isinstance(value, bool | float | str):
                yield _not(place, value, Words("円の整数", "whole yen"))


def _values(within: object, place: str) -> Iterator[tuple[str, str, object]]:
    """(place, key, value) of every key of a table and of the tables in it."""
    if isinstance(within, Mapping):
        for key, value in within.items():
            yield f"{place}.{key}", key, value
            yield from _values(value, f"{place}.{key}")
    elif isinstance(within, list):
        for at, each in enumerate(within):
            yield from _values(each, f"{place}[{at}]")


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _when(when: Mapping[str, Any]) -> Iterator[Fault]:
    if not isinstance(when.get("action"), str):
        yield _not(
            "when.action", when.get("action"), Words("行為の名前", "the name of an act such as 'apply'")
        )
    at = when.get("at")
    if not _is_instant(at):
        wanted = Words("時差の付いた日時", "an instant with its time zone such as 2026-04-01T10:00:00+09:00")
        yield _not("when.at", at, wanted)


def _then(then: object) -> Iterator[Fault]:
    """What is wrong with what must come of a case: a word that nobody compares would pass unseen."""
    if not isinstance(then, Mapping):
        return
    for key, value in then.items():
        kind = THEN_KEYS.get(key)
        if kind is None:
            known = ", ".join(THEN_KEYS)
            yield Fault(
                f"then.{key}", Words(f"知らない項目です。{known}", f"is not known; known are {known}")
            )
        elif wanted := _wanted(kind, value):
            yield _not(f"then.{key}", value, wanted)
    if "decision" not in then:
        named = ", ".join(_DECISIONS)
        yield Fault(
            "then.decision", Words(f"ありません。{named} のどれか", f"is missing; write one of {named}")
        )


def _wanted(kind: str, value: Any) -> Words | None:
    """What would be right instead of a value, None where it is right."""
    texts = _are_texts(value)
    verdicts = ", ".join(THEN_VERDICTS)
    match kind:
        case "decision" if value not in _DECISIONS:
            named = ", ".join(_DECISIONS)
            return Words(f"{named} のどれか", f"one of {named}")
        case "verdict" if value not in THEN_VERDICTS:
            return Words(f"{verdicts} のどれか", f"one of {verdicts}")
        case "verdicts" if not texts or any(each not in THEN_VERDICTS for each in value):
            return Words(f"{verdicts} のリスト", f"a list of {verdicts}")
        case "paths" if not texts:
            return Words("条項の番号のリスト", "a list of provisions such as ['art:9.2']")
        case "day" if not _is_day(value):
            return Words("2026-04-01 のような日付", "a day such as 2026-04-01")
        case "yen" if value is not None and type(value) is not int:
            return Words("円の整数か null(計算できない)", "whole yen, or null for what cannot be computed")
        case "text" if not isinstance(value, str):
            return Words("文字列", "a text")
    return None


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _not(place: str, written: object, wanted: Words) -> Fault:
    return Fault(place, Words(f"{written!r} は{wanted.ja}ではありません", f"{written!r} is not {wanted.en}"))
