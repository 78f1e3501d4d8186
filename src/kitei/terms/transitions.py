"""What an edition does to contracts already in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kitei.terms.cites import Cite

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Transition:
    """One transitional provision.

    From `on`, a contract made on or before `made_until` (None: whenever) whose attributes match all of
    `where` has them set as in `sets`, and keeps what `keeps` names (`maintenance-price`, `terms` ...). When
    one that is an exception matches, the one it is an exception to is silent. `withdraws` are attribute
    values nobody can newly have from `on`.
    """

    cite: Cite
    on: date
    where: Attributes
    sets: Attributes
    keeps: tuple[str, ...]
    withdraws: Attributes
    made_until: date | None
    exception_to: str | None

    def is_about(self, attributes: Attributes, made: date) -> bool:
        """Whether a contract with these attributes, made on that day, falls under it."""
        return (self.made_until is None or made <= self.made_until) and all(
            attributes.get(name) == value for name, value in self.where.items()
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """A contract's attributes after transitions: what it `keeps` from before, and the provisions why."""

    attributes: Attributes
    keeps: tuple[str, ...]
    cites: tuple[Cite, ...]


def carry_over(transitions: Sequence[Transition], attributes: Attributes, made: date, on: date) -> Standing:
    """What a contract made on `made` has become by `on`: every transition up to that day, in order of days."""
    standing = Standing(attributes, (), ())
    for day in sorted({each.on for each in transitions if each.on <= on}):
        biting = [
            each
            for each in transitions
            if each.on == day and not each.withdraws and each.is_about(standing.attributes, made)
        ]
        silent = {each.exception_to for each in biting}
        for each in biting:
            if each.cite.path not in silent:
                standing = replace(
                    standing,
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
        if each.on <= on
        and each.withdraws
        and all(attributes.get(name) == value for name, value in each.withdraws.items())
        and each.is_about(attributes, on)
    )
