"""Acts that most services know: one dataclass an act. It is the file's keys, the flags, the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias, TypeVar

from kitei.desk.reading import Fault, Listed, Unreadable, read
from kitei.terms import Edition
from kitei.values import Words, day_of

KindName = Annotated[str, Listed("kinds")]
ItemName = Annotated[str, Listed("items")]
OptionName = Annotated[str, Listed("options")]

Ground: TypeAlias = Literal[
    "customer-notice",
    "general-rules-28-1",
    "general-rules-28-2",
    "general-rules-28-3",
    "operator-breach",
]
NOTICES: tuple[Ground, ...] = ("customer-notice", "general-rules-28-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the operator's staff has established about an act. Only the operator may state it.

    `accepted_on` is the day of acceptance (else the day of the act); `ready` says of each preparation (its
    slug) whether it is made; `needed` whether the service needs what is asked.
    """

    accepted_on: date | None = None
    consent: bool | None = None
    instruction: str | None = None
    ready: Mapping[str, bool] = field(default_factory=dict)
    needed: bool | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Every act: who asks, when it reached the operator, and the number it goes by."""

    by: str
    at: datetime
    id: str = ""
    known: Known = NOTHING_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBilling(Act):
    """Billing of a contract, or of one of its options, starts."""

    contract: str
    billing_start: date
    option: OptionName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopOption(Act):
    """Give notice that an option stops. `arrived` is the day it came (else the day of the act)."""

    contract: str
    option: OptionName
    form: str = "prescribed"
    arrived: date | None = None
    designated: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Act):
    """Give notice of termination. `effective` is for grounds of the general rules with their own day."""

    contract: str
    form: str = "prescribed"
    ground: Ground = "customer-notice"
    arrived: date | None = None
    designated: date | None = None
    effective: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTerminate(Act):
    """The operator ends a contract."""

    contract: str
    effective: date
    ground: str = "operator-breach"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCredit(Act):
    """Claim a reduction for an outage; without `outage`, for all not claimed yet."""

    contract: str
    outage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReadiness(Act):
    """What the customer has to prepare."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision(Act):
    """Begin to provide a contract; `known.ready` says of each preparation whether it is made."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTerm(Act):
    """When a minimum term runs out: of a contract, or of one of its options."""

    contract: str
    option: OptionName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthClose(Act):
    """What the month of `at` costs: of one contract, or of all a customer owes for."""

    contract: str | None = None
    customer: str | None = None


Some = TypeVar("Some", bound=Act)


def read_act(acts: Mapping[str, type[Some]], name: str, written: object, edition: Edition) -> Some:
    """Read an act by its name. Raises Unreadable with every fault and its place (`apply.sites[2].kind`)."""
    kind = acts.get(name)
    if kind is None:
        known = ", ".join(acts)
        wrong = Words(
            f"{name!r} という行為はありません。あるのは {known}", f"{name!r} is no act; there are {known}"
        )
        raise Unreadable((Fault("act", wrong),))
    return read(kind, written, name, edition)


def accepted_on(asked: Act) -> date:
    """The day the operator accepted: as recorded, else the day of the act."""
    return asked.known.accepted_on or day_of(asked.at)
