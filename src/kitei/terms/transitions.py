"""What an edition does to contracts already in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kitei.terms.cites import Cite

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Transition:
    """One transitional provision.

    From `on`, a contract made on or before `made_until` (None: whenever) whose attributes match all of
    `where` has them set as in `sets`, and keeps what `keeps` names (`maintenance-price`, `terms` ...).
    `withdraws` are attribute values that nobody can newly have from `on`. Where one that is an exception
    bites, those at the paths `exception_to` are silent.
    """

    cite: Cite
    on: date
    where: Attributes
    sets: Attributes
    keeps: tuple[str, ...]
    withdraws: Attributes
    made_until: date | None
    exception_to: tuple[str, ...]

    def is_about(self, attributes: Attributes, made: date) -> bool:
        """Whether a contract with these attributes, made on that day, falls under it."""
        return (self.made_until is None or made <= self.made_until) and all(
            attributes.get(name) == value for name, value in (*self.where.items(), *self.withdraws.items())
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """A contract's attributes after transitions: what it `keeps` from before, and the provisions why."""

    attributes: Attributes
    keeps: tuple[str, ...]
    cites: tuple[Cite, ...]


def carry_over(transitions: Sequence[Transition], attributes: Attributes, made: date, on: date) -> Standing:
    """What a contract made on `made` has become by the end of `on`: day by day, each transition up to then."""
    standing = Standing(attributes, (), ())
    for day in sorted({each.on for each in transitions if made < each.on <= on}):
        today = [each for each in transitions if each.on == day]
        biting = [each for each in today if each.is_about(standing.attributes, made)]
        silent = {path for each in biting for path in each.exception_to}
        for each in biting:
            if each.cite.path not in silent:
                standing = Standing(
                    attributes={**standing.attributes, **each.sets},
                    keeps=tuple(dict.fromkeys((*standing.keeps, *each.keeps))),
                    cites=(*standing.cites, each.cite),
                )
    return standing


def withdrawn(transitions: Sequence[Transition], attributes: Attributes, on: date) -> tuple[Transition, ...]:
    """The transitions that forbid a new contract with these attributes on that day."""
    return tuple(
        each
        for each in transitions
        if each.withdraws and each.on <= on and each.is_about(attributes, made=on)
    )
