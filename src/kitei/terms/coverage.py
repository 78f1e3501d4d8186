"""Which provisions of an edition are honoured, given what the code speaks for."""

from collections.abc import Mapping
from dataclasses import dataclass

from kitei.terms.editions import Edition
from kitei.terms.provisions import BY, By, Honoured, Provision
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Spoken:
    """Which provisions (paths) a service's code speaks for, by way.

    `rules` are those of registered rules and handlers; `network` those that parts of nodes cite; `deadlines`
    those whose last day is tracked. `to_come` names what will prove the network's side where there is none
    yet: what waits for it is told apart and never counted as proven.
    """

    rules: frozenset[str] = frozenset()
    network: frozenset[str] = frozenset()
    deadlines: frozenset[str] = frozenset()
    to_come: Words | None = None

    def on(self, way: By) -> frozenset[str]:
        """The paths spoken for by a way that code can speak by; none for a value or a note."""
        return {"rule": self.rules, "network": self.network, "deadline": self.deadlines}.get(way, frozenset())


@dataclass(frozen=True, slots=True)
class Open:
    """A provision that is not honoured: what it promises and nothing speaks for."""

    provision: Provision
    lacking: tuple[Honoured, ...]

    def __str__(self) -> str:
        lacks = ", ".join(f"{each.by} {each.what}" for each in self.lacking) or "any way to be honoured"
        return f"{self.provision.cite} lacks {lacks}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many provisions of a class are honoured and open."""

    honoured: int
    open: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The account of an edition.

    `awaiting` are those of the honoured whose network's side is still to come. `stray` are (by, path) that
    code speaks for and the edition does not have.
    """

    honoured: tuple[Provision, ...]
    open: tuple[Open, ...]
    awaiting: tuple[Provision, ...]
    stray: tuple[tuple[str, str], ...]

    @property
    def is_complete(self) -> bool:
        return not self.open and not self.stray

    def by_class(self) -> Mapping[str, Tally]:
        """The tally of every class that occurs, by name."""
        kinds = sorted({each.kind for each in self.honoured} | {each.provision.kind for each in self.open})
        return {
            kind: Tally(
                sum(each.kind == kind for each in self.honoured),
                sum(each.provision.kind == kind for each in self.open),
            )
            for kind in kinds
        }


def coverage(edition: Edition, spoken: Spoken) -> Coverage:
    """Weigh an edition against the code.

    A provision is honoured when every way it names is there: a rule, a part of the network or a deadline
    when code speaks for it, a `value` when the edition has it, a `note` always.
    """
    honoured, open_, awaiting = [], [], []
    for provision in edition.provisions.values():
        lacking = [each for each in provision.honoured if not _is_there(each, provision, edition, spoken)]
        if spoken.to_come is not None and any(each.by == "network" for each in lacking):
            awaiting.append(provision)
            lacking = [each for each in lacking if each.by != "network"]
        if provision.honoured and not lacking:
            honoured.append(provision)
        else:
            open_.append(Open(provision, tuple(lacking)))
    stray = tuple((by, path) for by in BY for path in sorted(spoken.on(by)) if path not in edition.provisions)
    ready = {provision.path for provision in honoured}
    return Coverage(
        tuple(honoured), tuple(open_), tuple(each for each in awaiting if each.path in ready), stray
    )


def _is_there(way: Honoured, provision: Provision, edition: Edition, spoken: Spoken) -> bool:
    match way.by:
        case "note":
            return True
        case "value":
            return way.what in edition.values
        case "rule":
            return way.what in spoken.rules
        case "network" | "deadline":
            return provision.path in spoken.on(way.by)
