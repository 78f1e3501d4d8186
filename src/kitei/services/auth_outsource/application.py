"""What a customer may ask of Authentication Outsource: one dataclass an act. It is the file's keys, the flags, the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from kitei.clauses import acts
from kitei.clauses.acts import ItemName, KindName, OptionName
from kitei.services.auth_outsource import operation
from kitei.services.auth_outsource.act import Act, Matter, TerminalAddress, Warranty


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWanted:
    """An option asked for with a VPDN."""

    option: OptionName
    form: str = "prescribed"
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One application of a batch. A contract holds one kind; more are refused by their article.

    `ip` is a client's terminal; `item` and `terminators` (weight and preference are set later) a VPDN's;
    `accounts` a group's; `forward_to` are a proxy's. `first` and `last` are the days of use wished for.
    """

    kind: tuple[KindName, ...]
    item: ItemName | None = None
    ip: tuple[TerminalAddress, ...] = ()
    accounts: int | None = None
    realm: str | None = None
    forward_to: tuple[str, ...] = ()
    terminators: tuple[str, ...] = ()
    options: tuple[OptionWanted, ...] = ()
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Another of our services that is applied for at the same time, and what is said of it (art. 5.3 to 5.5)."""

    service: str
    item: str | None = None
    item_class: str | None = None
    network_type_class: str | None = None
    first: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Act):
    """Apply for contracts, decided as one (art. 5.1)."""

    services: tuple[Wanted, ...]
    billing_start: date | None = None
    beside: tuple[Beside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOption(Act):
    """Apply for an option (art. 8)."""

    contract: str
    option: OptionName
    form: str = "prescribed"
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Act):
    """Ask for a change of contract (art. 7): a matter, and its new `number` or, of what is no number, `to`."""

    contract: str
    matter: Matter
    number: int | None = None
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeService(Act):
    """Take another of our services beside this one (art. 14). What is said of it is as of `Beside`."""

    service: str
    item: str | None = None
    item_class: str | None = None
    network_type_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimWarranty(Act):
    """Hold the operator to something it does not warrant (art. 13)."""

    contract: str
    of: Warranty = field(metadata={"key": "warranty"})


ACTS: Mapping[str, type[acts.Act]] = {
    "apply": Apply,
    "start-billing": acts.StartBilling,
    "add-option": AddOption,
    "stop-option": acts.StopOption,
    "change": Change,
    "take-service": TakeService,
    "lose-service": operation.LoseService,
    "cancel": acts.Cancel,
    "operator-terminate": acts.OperatorTerminate,
    "claim-credit": acts.ClaimCredit,
    "claim-warranty": ClaimWarranty,
    "explain-outage": operation.ExplainOutage,
    "limit-function": operation.LimitFunction,
    "provision": operation.Provision,
    "check-readiness": acts.CheckReadiness,
    "read-term": acts.ReadTerm,
    "day-check": operation.DayCheck,
    "month-close": acts.MonthClose,
    "network-event": operation.NetworkEvent,
}

read_act = partial(acts.read_act, ACTS)
