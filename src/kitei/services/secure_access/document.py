"""A document that a customer writes (TOML), read whole: every fault with its place and what would be right."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from kitei.values import Words

Read = TypeVar("Read")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a document: where, and what would be right."""

    place: str
    words: Words


class Unreadable(ValueError):
    """The document cannot be used; all its faults."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{each.place}: {each.words.en}" for each in self.faults))


class Reader:
    """Reads one document and gathers its faults; what it returns is used only where there are none."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, place: str, ja: str, en: str) -> None:
        self.faults.append(Fault(place, Words(ja, en)))

    def document(self, text: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        try:
            return self.table("file", tomllib.loads(text), known)
        except tomllib.TOMLDecodeError as error:
            self.fault("file", f"TOML ではありません: {error}", f"is not TOML: {error}")
            return {}

    def table(self, place: str, written: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(written, Mapping):
            self.fault(place, f"{written!r} は表ではありません", f"{written!r} is not a table")
            return {}
        for key in written:
            if key not in known:
                right = (get_close_matches(key, known, n=1) or [", ".join(known)])[0]
                self.fault(place, f"{key} という項目はありません: {right}", f"there is no {key!r}: {right}")
        return written

    def tables(self, place: str, written: Any, known: tuple[str, ...]) -> list[tuple[str, Mapping[str, Any]]]:
        """`[[rule]]`s with their places, which count from 1."""
        if not isinstance(written, list):
            self.fault(place, f"[[{place}]] と書きます", f"is written [[{place}]]")
            return []
        return [
            (f"{place} {n}", self.table(f"{place} {n}", each, known)) for n, each in enumerate(written, 1)
        ]

    def name(self, place: str, written: Any, known: set[str]) -> str:
        """An id that stays: lower case, digits and hyphens; `known` are those before it, to which it is added."""
        if not isinstance(written, str) or not _ID.fullmatch(written):
            ja = f"{written!r} は id ではありません(例 r-games。小文字・数字・ハイフン、40 字まで)"
            self.fault(
                place, ja, f"{written!r} is no id such as r-games (lower case, digits, hyphens; 40 at most)"
            )
            return ""
        if written in known:
            self.fault(place, f"{written} はすでにあります", f"{written!r} is there already")
        known.add(written)
        return written

    def one_of(self, place: str, written: Any, known: tuple[str, ...]) -> str:
        if not isinstance(written, str) or written not in known:
            right = " | ".join(known)
            self.fault(
                place, f"{written!r} ではなく {right} のどれかです", f"is one of {right}, not {written!r}"
            )
            return known[0]
        return written

    def truth(self, place: str, written: Any) -> bool:
        if not isinstance(written, bool):
            self.fault(
                place, f"{written!r} ではなく true か false です", f"is true or false, not {written!r}"
            )
        return written is True

    def number(self, place: str, written: Any, least: int, most: int) -> int:
        if isinstance(written, bool) or not isinstance(written, int) or not least <= written <= most:
            ja = f"{written!r} ではなく {least} 以上 {most} 以下の整数です"
            self.fault(place, ja, f"is a whole number from {least} to {most}, not {written!r}")
            return least
        return written

    def day(self, place: str, written: Any) -> date | None:
        if not isinstance(written, date) or isinstance(written, datetime):
            self.fault(
                place,
                f"{written!r} は日ではありません(例 2026-12-31)",
                f"{written!r} is no day such as 2026-12-31",
            )
            return None
        return written

    def words(self, place: str, written: Any, most: int = 200) -> Words:
        """A text, or one in each language."""
        table = (
            {"ja": written, "en": written}
            if isinstance(written, str)
            else self.table(place, written, ("ja", "en"))
        )
        found = {}
        for language in ("ja", "en"):
            told = table.get(language, "")
            if not isinstance(told, str) or len(told) > most or any(ord(each) < 32 for each in told):
                ja = f"{most} 字までの一行の文字列です"
                self.fault(f"{place}.{language}", ja, f"is one line of text, of {most} characters at most")
                told = ""
            found[language] = told
        return Words(found["ja"] or found["en"], found["en"] or found["ja"])

    def several(self, place: str, written: Any, read: Callable[[str, Any], Read | None]) -> tuple[Read, ...]:
        """A list, each read by `read`, which tells a fault and returns None; what stands twice is a fault."""
        if not isinstance(written, list):
            self.fault(place, f"{written!r} は列ではありません", f"{written!r} is not a list")
            return ()
        found: list[Read] = []
        for n, each in enumerate(written):
            one = read(f"{place}[{n}]", each)
            if one is None:
                continue
            if one in found:
                self.fault(f"{place}[{n}]", f"{each!r} が二度あります", f"{each!r} stands twice")
            found.append(one)
        return tuple(found)
