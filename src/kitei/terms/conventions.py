"""Conventions: named readings of what the terms leave open, with defaults that an operator may set from a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from kitei.terms.provisions import Confidence
from kitei.terms.tables import Fault, FaultyTerms, Table, open_table
from kitei.values import Words

Effect: TypeAlias = Literal["dates", "money", "decision"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read an open point: its value and what it means."""

    value: str
    gist: Words


@dataclass(frozen=True, slots=True)
class Convention:
    """An open point of the terms and the ways to read it; `default` is what ships.

    `confidence` is how sure we are that a careful practitioner would choose the default (H, M, L); L is
    decided all the same, but marked for review. `number` is its place in the list of open points; one
    point may hold several keys. `concerns` is a service, or `common`.
    """

    key: str
    number: int
    concerns: str
    gist: Words
    why: Words
    ways: tuple[Way, ...]
    default: str
    confidence: Confidence
    affects: Effect

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(way.value for way in self.ways)


@dataclass(frozen=True, slots=True)
class Setting:
    """An operator's choice: this convention is read this way for acts from `since` on."""

    key: str
    value: str
    since: date


@dataclass(frozen=True, slots=True)
class Reading:
    """How a convention is read on a day. `review` is true where the default rests on low confidence."""

    key: str
    value: str
    confidence: Confidence
    review: bool

    @property
    def pair(self) -> tuple[str, str]:
        """What a finding, charge or credit carries."""
        return self.key, self.value


class Conventions:
    """The conventions as one operator reads them. Among settings, the one with the latest day up to then
    counts; of two for the same day, the one given later.

    Raises ValueError naming every setting whose key or value is unknown, and what is allowed.
    """

    __slots__ = ("_known", "settings")

    def __init__(self, settings: Sequence[Setting] = ()) -> None:
        self._known = known_conventions()
        self.settings = tuple(settings)
        wrong = [fault for each in self.settings if (fault := self._fault(each))]
        if wrong:
            raise ValueError("; ".join(wrong))

    def read(self, key: str, on: date) -> Reading:
        """The reading in force on a day. Raises LookupError naming close keys when there is no such convention."""
        convention = self._known.get(key)
        if convention is None:
            raise LookupError(_no_such(key, self._known))
        begun = [each for each in self.settings if each.key == key and each.since <= on]
        value = sorted(begun, key=lambda each: each.since)[-1].value if begun else convention.default
        return Reading(key, value, convention.confidence, convention.confidence == "L")

    def _fault(self, setting: Setting) -> str | None:
        convention = self._known.get(setting.key)
        if convention is None:
            return _no_such(setting.key, self._known)
        if setting.value not in convention.values:
            return (
                f"{setting.value!r} is not a reading of {setting.key!r}; "
                f"it is one of {', '.join(convention.values)}"
            )
        return None


@cache
def known_conventions() -> Mapping[str, Convention]:
    """Every convention by key, in order of its number. Read from conventions.toml once."""
    from importlib.resources import files  # with its temporary files, dear to import; only reading needs it

    faults: list[Fault] = []
    file = open_table(files("kitei.terms") / "conventions.toml", "conventions.toml", faults)
    found = {key: _convention(key, file.table(key)) for key in file.names()}
    if faults:
        raise FaultyTerms(faults)
    return MappingProxyType(found)


def _convention(key: str, table: Table) -> Convention:
    ways = tuple(_way(each) for each in table.tables("ways"))
    number = table.any("number")
    if type(number) is not int:
        table.note("number", f"is {number!r}; write a whole number")
    convention = Convention(
        key=key,
        number=number if type(number) is int else 0,
        concerns=table.text("concerns"),
        gist=table.words("gist"),
        why=table.words("why"),
        ways=ways,
        default=ways[0].value if ways else "",
        confidence=table.one_of("confidence", get_args(Confidence), "L"),
        affects=table.one_of("affects", get_args(Effect), "decision"),
    )
    if not ways or len(set(convention.values)) < len(ways):
        table.note("ways", "needs one or more different values, the default first")
    table.close()
    return convention


def _way(table: Table) -> Way:
    way = Way(table.text("value"), Words(table.text("ja"), table.text("en")))
    table.close()
    return way


def _no_such(key: str, known: Mapping[str, Convention]) -> str:
    close = get_close_matches(key, known, n=4, cutoff=0.4) or list(known)
    return f"{key!r} is not a convention; there are {', '.join(close)}"
