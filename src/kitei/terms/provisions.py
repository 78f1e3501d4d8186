"""A provision: one rule of the terms, with its gist, and how it is honoured."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from kitei.terms.cites import Cite
from kitei.values import Words

By: TypeAlias = Literal["rule", "value", "network", "deadline", "note"]
BY: tuple[By, ...] = get_args(By)

Confidence: TypeAlias = Literal["H", "M", "L"]

CLASSES = (
    "cancellation",
    "change",
    "contract-unit",
    "credit",
    "customer-duty",
    "definition",
    "disclaimer",
    "eligibility",
    "fee",
    "limit",
    "minimum-term",
    "operator-duty",
    "option",
    "precondition",
    "settlement",
    "technical",
    "transition",
)


@dataclass(frozen=True, slots=True)
class Honoured:
    """One way a provision is honoured.

    `what` is: for a `rule` the path it is registered under; for a `value` its name in values.toml; for
    the `network` the kind of part or the proof; for a `deadline` its name; for a `note` why none is needed.
    """

    by: By
    what: str | Words


@dataclass(frozen=True, slots=True)
class Provision:
    """One provision of one edition. `kind` is its class (`definition`, `fee`, `settlement` ...).

    `roles` are the parts it plays in clauses that most terms have (`cancel`, `settle` ...).
    """

    cite: Cite
    heading: Words
    gist: Words
    kind: str
    honoured: tuple[Honoured, ...]
    defects: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return self.cite.path


@dataclass(frozen=True, slots=True)
class Defect:
    """A flaw in the drafting: where it is, how we read it (never repaired silently), and what is done."""

    id: str
    where: tuple[str, ...]
    reading: Words
    confidence: Confidence
    treatment: Words
