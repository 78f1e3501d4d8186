"""What a customer may ask of the managed DNS: one dataclass an act. It is the file's keys and the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from kitei.clauses import acts
from kitei.clauses.acts import Act, ItemName, KindName, OptionName


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(acts.Known):
    """What staff has established: whether the applicant is the registrant of the zone (None: nobody looked)."""

    registrant: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Act):
    """Apply for one zone. `zones` holds one name; more are refused by their article."""

    kind: KindName
    item: ItemName
    zones: tuple[str, ...]
    billing_start: date | None = None
    known: Known = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOption(Act):
    """Apply for the signing option."""

    contract: str
    option: OptionName


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRecords(Act):
    """Ask that so many records more be held."""

    contract: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegated(Act):
    """The zone was seen to be delegated to the provider's servers. Only the operator says so."""

    contract: str


ACTS: Mapping[str, type[Any]] = {
    "apply": Apply,
    "add-option": AddOption,
    "add-records": AddRecords,
    "delegated": Delegated,
    "start-billing": acts.StartBilling,
    "stop-option": acts.StopOption,
    "cancel": acts.Cancel,
    "operator-terminate": acts.OperatorTerminate,
    "claim-credit": acts.ClaimCredit,
    "read-term": acts.ReadTerm,
    "month-close": acts.MonthClose,
}
read_act = partial(acts.read_act, ACTS)
