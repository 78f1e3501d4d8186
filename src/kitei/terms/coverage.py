"""Which provisions of an edition are honoured, given what the code speaks for."""

from collections.abc import Mapping
from dataclasses import dataclass

from kitei.terms.editions import Edition
from kitei.terms.provisions import By, Honoured, Provision


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
    """The account of an edition. `stray` are (by, path) that code speaks for and the edition does not have."""

    honoured: tuple[Provision, ...]
    open: tuple[Open, ...]
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


def coverage(edition: Edition, spoken: Mapping[By, frozenset[str]]) -> Coverage:
    """Weigh an edition against the code.

    `spoken` are the paths that code speaks for, by way: `rule` (registered rules and handlers), `network`
    (cited by parts, or proven in the lab), `deadline` (tracked). A provision is honoured when every way it
    names is there; a `value` is there when the edition has it, a `note` always.
    """
    honoured, open_ = [], []
    for provision in edition.provisions.values():
        lacking = tuple(
            each for each in provision.honoured if not _is_there(each, provision, edition, spoken)
        )
        if provision.honoured and not lacking:
            honoured.append(provision)
        else:
            open_.append(Open(provision, lacking))
    stray = tuple(
        (by, path) for by in spoken for path in sorted(spoken[by]) if path not in edition.provisions
    )
    return Coverage(tuple(honoured), tuple(open_), stray)


def _is_there(
    way: Honoured, provision: Provision, edition: Edition, spoken: Mapping[By, frozenset[str]]
) -> bool:
    match way.by:
        case "note":
            return True
        case "value":
            return way.what in edition.values
        case "rule":
            return way.what in spoken.get("rule", frozenset())
        case "network" | "deadline":
            return provision.path in spoken.get(way.by, frozenset())
