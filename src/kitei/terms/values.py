"""Figures and closed lists of an edition, each with the provision it stands in."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from kitei.terms.cites import Cite
from kitei.values import Words

Scalar: TypeAlias = int | str | date
SCALARS = (int, str, date)


@lru_cache(8192)
def plain_name(text: str) -> str:
    """A name as the terms match it: NFKC, without any space, lower case (`'タイプ ２'` is `'タイプ2'`)."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a closed list: our slug, its official names, its provision.

    `attributes` are further figures of the same row (`devices_at_parent` of an item ...). `called` are all
    its names, plain.
    """

    slug: str
    name: Words
    cite: Cite
    aliases: tuple[str, ...] = ()
    attributes: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    called: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {plain_name(each) for each in (self.slug, self.name.ja, self.name.en, *self.aliases)}
        names |= {each.removesuffix("オプション") for each in names}  # that it is one goes without saying
        object.__setattr__(self, "called", frozenset(names - {""}))

    def is_called(self, text: str) -> bool:
        """Whether `text` names this entry, by slug, official name or alias, whatever its width and spaces."""
        return plain_name(text) in self.called

    def has(self, attribute: str) -> bool:
        return attribute in self.attributes

    def number(self, attribute: str) -> int:
        """An attribute that is a whole number. Raises LookupError naming those there are."""
        found = self.attributes.get(attribute)
        if isinstance(found, int):
            return found
        raise LookupError(f"{self.slug} has no number {attribute!r}; it has {_listed(self.attributes)}")

    def text(self, attribute: str) -> str:
        """An attribute that is text. Raises LookupError naming those there are."""
        found = self.attributes.get(attribute)
        if isinstance(found, str):
            return found
        raise LookupError(f"{self.slug} has no text {attribute!r}; it has {_listed(self.attributes)}")


@dataclass(frozen=True, slots=True)
class Value:
    """A figure or closed list read by name, with the provision it stands in.

    Read `value.number`, `.text`, `.day`, `.texts`, `.numbers`, `.days` or `.choices`, whichever it is; another
    raises TypeError.
    """

    name: str
    value: Scalar | tuple[int, ...] | tuple[str, ...] | tuple[date, ...] | tuple[Choice, ...]
    cite: Cite
    title: Words

    @property
    def number(self) -> int:
        if isinstance(self.value, int):
            return self.value
        raise self._is_not("a whole number")

    @property
    def text(self) -> str:
        if isinstance(self.value, str):
            return self.value
        raise self._is_not("a text")

    @property
    def day(self) -> date:
        if isinstance(self.value, date):
            return self.value
        raise self._is_not("a day")

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(each for each in self._all() if isinstance(each, int)) or self._never("whole numbers")

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(each for each in self._all() if isinstance(each, str)) or self._never("texts")

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(each for each in self._all() if isinstance(each, date)) or self._never("days")

    @property
    def choices(self) -> tuple[Choice, ...]:
        return tuple(each for each in self._all() if isinstance(each, Choice)) or self._never("a closed list")

    @property
    def slugs(self) -> tuple[str, ...]:
        return tuple(choice.slug for choice in self.choices)

    def choose(self, text: str) -> Choice | None:
        """The entry of the closed list that `text` names (see `Choice.is_called`), None when none is."""
        return next((choice for choice in self.choices if choice.is_called(text)), None)

    def __getitem__(self, slug: str) -> Choice:
        """The entry with this slug. Raises LookupError naming the slugs there are."""
        for choice in self.choices:
            if choice.slug == slug:
                return choice
        raise LookupError(f"{slug!r} is not in {self.name!r} of {self.cite}; it has {', '.join(self.slugs)}")

    def _all(self) -> tuple[object, ...]:
        return self.value if isinstance(self.value, tuple) else ()

    def _is_not(self, wanted: str) -> TypeError:
        return TypeError(f"value {self.name!r} of {self.cite} is {self.value!r}, not {wanted}")

    def _never(self, wanted: str) -> "tuple[()]":
        raise self._is_not(wanted)


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(names) or "none"
