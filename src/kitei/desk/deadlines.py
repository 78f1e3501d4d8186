"""A last day: of what, whose it is, and whether a right is lost when it passes."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from kitei.values import Words

Loses: TypeAlias = Literal["", "right", "duty"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of something (that day included), and the provisions it comes of.

    `kind` is a slug (`claim`, `device-return`, `term` ...), `about` what of the contract it is about (an
    outage, a serial, an option). Once it has passed the customer `loses` a right, or answers for a duty, or
    nothing is lost: of rights and duties the customer is reminded. `contract` is '' where it is about none.
    """

    on: date
    kind: str
    contract: str
    customer: str
    what: Words
    cites: tuple[str, ...] = ()
    about: str = ""
    loses: Loses = ""

    @property
    def key(self) -> str:
        """What it is, the same every day it is looked up: a reminder of it is sent once."""
        return f"{self.kind}:{self.contract or self.customer}:{self.about}:{self.on}"
