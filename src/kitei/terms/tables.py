"""Read a TOML file by what is expected in it, noting every fault with its place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from kitei.values import Words

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_Name = TypeVar("_Name", bound=str)

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one place of a file, and what would be right. `line` is 0 where none is to blame."""

    file: str
    place: str
    wrong: str
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.place}: {self.wrong}" if self.place else f"{where}: {self.wrong}"


class FaultyTerms(ValueError):
    """Terms that cannot be used; `faults` are all that is wrong with them, not only the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


class Table:
    """A TOML table being read. What is not as expected is noted in `faults`, and an empty value returned."""

    __slots__ = ("_read", "content", "faults", "file", "place", "source")

    def __init__(
        self, content: Mapping[str, Any], file: str, place: str, faults: list[Fault], source: str = ""
    ) -> None:
        self.content, self.file, self.place, self.faults, self.source = content, file, place, faults, source
        self._read: set[str] = set()

    def note(self, key: str, wrong: str) -> None:
        """Note a fault at `key` of this table."""
        place = self._at(key)
        self.faults.append(Fault(self.file, place, wrong, line_of(self.source, place)))

    def names(self) -> tuple[str, ...]:
        return tuple(self.content)

    def has(self, key: str) -> bool:
        return key in self.content

    def any(self, key: str) -> Any:
        """Whatever stands there, None where nothing does."""
        self._read.add(key)
        return self.content.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        found = self._get(key, str, default if default is not None else _MISSING, "a text")
        if found is not None and not found.strip() and self.has(key):
            self.note(key, "is empty; write a text")
        return found or ""

    def one_of(self, key: str, allowed: Sequence[_Name], default: _Name) -> _Name:
        """One of the allowed texts, required; `default` only stands in for a fault."""
        found = self._get(key, str, _MISSING, f"one of {', '.join(allowed)}")
        for name in allowed:
            if name == found:
                return name
        if found is not None:
            self.note(key, f"{found!r} is not known; write one of {', '.join(allowed)}")
        return default

    def day(self, key: str) -> date:
        return self._get(key, date, _MISSING, "a day such as 2024-05-01") or date.min

    def day_or_none(self, key: str) -> date | None:
        found: date | None = self._get(key, date, None, "a day such as 2024-05-01")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty where there is none."""
        found = self._get(key, list, [], "a list of texts")
        if not all(isinstance(each, str) and each for each in found or ()):
            self.note(key, "holds something other than texts; write a list of texts")
            return ()
        return tuple(found or ())

    def pairs(self, key: str) -> Mapping[str, str]:
        """A table of texts, empty where there is none."""
        found = self._get(key, dict, {}, "a table of texts")
        if not all(isinstance(each, str) for each in (found or {}).values()):
            self.note(key, "holds something other than texts; write name = 'text'")
            return {}
        return dict(found or {})

    def words(self, key: str) -> Words:
        """A table with the texts `ja` and `en`, nothing else."""
        inner = self.table(key)
        words = Words(inner.text("ja"), inner.text("en"))
        inner.close()
        return words

    def table(self, key: str) -> "Table":
        found = self._get(key, dict, _MISSING, "a table")
        faults = self.faults if found is not None else []
        return Table(found or {}, self.file, self._at(key), faults, self.source)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """A list of tables, empty where there is none."""
        found = self._get(key, list, [], "a list of tables")
        if not all(isinstance(each, dict) for each in found or ()):
            self.note(key, "holds something other than tables; write [[...]] or {...}")
            return ()
        return tuple(
            Table(each, self.file, f"{self._at(key)}[{index}]", self.faults, self.source)
            for index, each in enumerate(found or ())
        )

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.content:
            if key not in self._read:
                known = ", ".join(sorted(self._read))
                self.note(key, f"is not known here; known are {known}")

    def _get(self, key: str, kind: type, default: object, wanted: str) -> Any:
        self._read.add(key)
        found = self.content.get(key, default)
        if found is _MISSING:
            self.note(key, f"is missing; write {wanted}")
            return None
        if found is not default and (type(found) is not kind):
            self.note(key, f"is {found!r}; write {wanted}")
            return None
        return found

    def _at(self, key: str) -> str:
        return ".".join(part for part in (self.place, key) if part)


def open_table(file: "Traversable", name: str, faults: list[Fault]) -> Table:
    """The whole file as a table; a file that is absent or is no TOML is noted and read as empty."""
    import tomllib  # only who loads terms pays for the parser

    text = ""
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError:
        faults.append(Fault(name, "", "is missing; an edition needs it, even if empty"))
        content = {}
    except UnicodeDecodeError as broken:
        faults.append(Fault(name, f"byte {broken.start}", "is not UTF-8; save the file as UTF-8"))
        content = {}
    except tomllib.TOMLDecodeError as broken:
        faults.append(Fault(name, "", f"is not TOML 1.0: {broken}"))
        content = {}
    return Table(content, name, "", faults, text)


_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")


def line_of(text: str, place: str) -> int:
    """The line of a TOML text that a place stands on or below: the deepest of its tables and keys that begin one.

    0 where the text has nothing of it (a file that is missing, a key that ought to be there at the top).
    """
    best, length, above, entry = 0, 0, "", 0
    counts: dict[str, int] = {}
    key = ""
    for number, line in enumerate(text.splitlines(), 1):
        here = ""
        if header := _HEADER.match(line):
            above = key = here = _unquoted(header[2])
            if header[1] == "[[":
                counts[above] = counts.get(above, -1) + 1
                above = key = here = f"{above}[{counts[above]}]"
        elif found := _KEY.match(line):
            key = here = ".".join(part for part in (above, _unquoted(found[1])) if part)
            entry = 0
        elif line.lstrip().startswith("{"):
            here, entry = f"{key}[{entry}]", entry + 1
        if here and len(here) > length and (place == here or place.startswith((f"{here}.", f"{here}["))):
            best, length = number, len(here)
    return best


def _unquoted(name: str) -> str:
    return name[1:-1] if name[:1] in "'\"" and name[-1:] == name[:1] else name
