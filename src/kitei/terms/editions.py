"""Editions of a service's terms, by the day each came into force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from kitei.terms.cites import Cite
from kitei.terms.provisions import Defect, Provision
from kitei.terms.transitions import Transition
from kitei.terms.values import Choice, Value


@dataclass(frozen=True, slots=True)
class Edition:
    """The terms of one service as in force from one day. `digest` (SHA-256, hex) is over all it says.

    `roles` are the paths of the provisions that play a part, by its name; `figures` what values hold, and
    `lists` and `names` the entries of closed lists by slug and by whatever they are called.
    """

    service: str
    in_force: date
    provisions: Mapping[str, Provision]
    values: Mapping[str, Value]
    transitions: tuple[Transition, ...]
    defects: Mapping[str, Defect]
    digest: str
    roles: Mapping[str, str] = field(init=False, repr=False, compare=False)
    figures: Mapping[str, object] = field(init=False, repr=False, compare=False)
    lists: Mapping[str, Mapping[str, Choice]] = field(init=False, repr=False, compare=False)
    names: Mapping[str, Mapping[str, Choice]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        played: dict[str, str] = {}
        for path, provision in self.provisions.items():
            for role in provision.roles:
                played.setdefault(role, path)
        closed = {
            name: tuple(each for each in value.value if isinstance(each, Choice))
            if isinstance(value.value, tuple)
            else ()
            for name, value in self.values.items()
        }
        found: dict[str, Mapping[str, Any]] = {
            "roles": played,
            "figures": {name: value.value for name, value in self.values.items()},
            "lists": {name: {each.slug: each for each in listed} for name, listed in closed.items()},
            "names": {
                name: {called: each for each in listed for called in each.called}
                for name, listed in closed.items()
            },
        }
        for name, made in found.items():
            object.__setattr__(self, name, MappingProxyType(made))

    def cite(self, path: str) -> Cite:
        """The citation of a provision. Raises LookupError naming close ones when the edition has no such."""
        return self.provision(path).cite

    def provision(self, path: str) -> Provision:
        """The provision at a path. Raises LookupError naming close ones when the edition has no such."""
        found = self.provisions.get(path)
        if found is None:
            raise LookupError(f"{self} has no provision {path!r}{_close(path, self.provisions)}")
        return found

    def role(self, name: str) -> str:
        """The path of the provision that plays a part (`cancel`, `settle` ...): the first that says so.

        Raises LookupError naming the parts that are played.
        """
        found = self.roles.get(name)
        if found is None:
            played = ", ".join(sorted(self.roles))
            raise LookupError(f"no provision of {self} plays the part {name!r}; played are {played}")
        return found

    def value(self, name: str) -> Value:
        """A figure or closed list by name. Raises LookupError naming close ones when there is none."""
        found = self.values.get(name)
        if found is None:
            raise LookupError(f"{self} has no value {name!r}{_close(name, self.values)}")
        return found

    def __str__(self) -> str:
        return f"{self.service}@{self.in_force}"


@dataclass(frozen=True, slots=True)
class Terms:
    """All editions of a service's terms, oldest first, at least one."""

    service: str
    editions: tuple[Edition, ...]

    def on(self, day: date) -> Edition:
        """The edition in force on a day: the youngest that has begun.

        Which day that is (of the act, of the contract) is the convention `edition`. Raises LookupError
        before the first edition.
        """
        begun = [edition for edition in self.editions if edition.in_force <= day]
        if not begun:
            raise LookupError(f"no edition of {self.service} is in force on {day}; the first is {self.first}")
        return begun[-1]

    def named(self, in_force: date) -> Edition:
        """The edition that came into force on exactly this day. Raises LookupError naming those there are."""
        for edition in self.editions:
            if edition.in_force == in_force:
                return edition
        raise LookupError(
            f"{self.service} has no edition of {in_force}; it has {', '.join(map(str, self.editions))}"
        )

    @property
    def first(self) -> Edition:
        return self.editions[0]


def _close(wanted: str, names: Mapping[str, object]) -> str:
    close = get_close_matches(wanted, names, n=4, cutoff=0.5)
    return f"; close ones are {', '.join(close)}" if close else f"; it has {len(names)} others, none like it"
