"""What a customer may ask of GIO Remote Access: one dataclass an act. It is the file's keys, the flags, the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal

from kitei.clauses import acts
from kitei.clauses.acts import ItemName, KindName, OptionName
from kitei.services.gio_remote import operation
from kitei.services.gio_remote.act import Act, Matter, Prefix, Reached, ServerName


@dataclass(frozen=True, slots=True, kw_only=True)
class Designated:
    """Addresses in use (art. 5.2), and who designated them."""

    prefix: Prefix
    designated_by: Literal["customer", "operator"] = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignatedHost:
    """A host that users reach (art. 1.1): an address, a prefix or a name, and who designated it."""

    host: Reached
    designated_by: Literal["customer", "operator"] = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWanted:
    """An option asked for with a gateway. `server_name` is what its users are to connect to (art. 9.2(1))."""

    option: OptionName
    form: str = "prescribed"
    billing_start: date | None = None
    server_name: ServerName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the customer reaches the network through (art. 7.3(3)). `operator`: who runs it, `'operator'` when we do."""

    operator: str
    settings_disclosed: bool = True
    changed_on: date | None = None
    change_notified: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One application of a batch. A contract holds one kind; more are refused by their article.

    A gateway needs an `item`; a network may have one. `sessions` are a type A's, `accounts` a type B's.
    `l2tp` asks for connections by L2TP; `browser` is whose browser a type B is used with.
    """

    kind: tuple[KindName, ...]
    item: ItemName | None = None
    sessions: int | None = None
    accounts: int | None = None
    l2tp: bool = False
    browser: str | None = None
    browser_terms_accepted: bool = False
    hosts: tuple[DesignatedHost, ...] = ()
    addresses: tuple[Designated, ...] = ()
    environment: Environment | None = None
    options: tuple[OptionWanted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Another of our services that is applied for at the same time (art. 6.1)."""

    service: str
    kind: str = ""
    item: str = ""
    first: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Act):
    """Apply for gateways and networks, decided as one (art. 7.1). `name` sets a customer's services apart."""

    services: tuple[Wanted, ...]
    name: str | None = None
    billing_start: date | None = None
    beside: tuple[Beside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOption(Act):
    """Apply for an option (art. 9). `server_name` is for the certificate, `work` what is to be done out of hours."""

    contract: str
    option: OptionName
    form: str = "prescribed"
    billing_start: date | None = None
    server_name: ServerName | None = None
    work: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Act):
    """Ask for a change of contract (art. 8): a matter, and its new `number` or, of what is no number, `to`.

    A number holds from `change_on`, or from the day of acceptance if that is later.
    """

    contract: str
    matter: Matter
    number: int | None = None
    to: str | None = None
    change_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseL2tp(Act):
    """Ask for connections by L2TP on a gateway there is, or give them up (art. 6)."""

    contract: str
    use: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Designate(Act):
    """Designate hosts and addresses of a gateway, or take them back, or its own name (art. 1.1, 5.2, 9.2(1))."""

    contract: str
    add_hosts: tuple[Reached, ...] = ()
    remove_hosts: tuple[Reached, ...] = ()
    add_addresses: tuple[Prefix, ...] = ()
    remove_addresses: tuple[Prefix, ...] = ()
    server_name: ServerName | None = None
    designated_by: Literal["customer", "operator"] = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscloseEnvironment(Act):
    """Tell the settings of what the network is reached through, or that they changed (art. 7.4)."""

    contract: str
    operator: str
    changed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSoftware(Act):
    """Ask for the operator's software (art. 10). `licence_accepted` None: not said yet."""

    contract: str
    licence_accepted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSupport(Act):
    """Ask for a change of gateway settings, or something else (art. 9.2(2) and (4))."""

    contract: str
    matter: Literal["gateway-setting-change", "enquiry"]
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTowards(Act):
    """Ask whether a contract of this service serves as what another service requires."""

    service: str
    contract: str | None = None


ACTS: Mapping[str, type[acts.Act]] = {
    "apply": Apply,
    "start-billing": acts.StartBilling,
    "add-option": AddOption,
    "stop-option": acts.StopOption,
    "change": Change,
    "use-l2tp": UseL2tp,
    "designate": Designate,
    "disclose-environment": DiscloseEnvironment,
    "cancel": acts.Cancel,
    "operator-terminate": acts.OperatorTerminate,
    "third-party-ends": operation.ThirdPartyEnds,
    "claim-credit": acts.ClaimCredit,
    "explain-outage": operation.ExplainOutage,
    "get-software": GetSoftware,
    "request-support": RequestSupport,
    "provision": acts.Provision,
    "check-readiness": acts.CheckReadiness,
    "read-term": acts.ReadTerm,
    "evaluate": operation.Evaluate,
    "count-towards": CountTowards,
    "day-check": operation.DayCheck,
    "month-close": acts.MonthClose,
    "capacity-observed": operation.CapacityObserved,
    "change-settings": operation.ChangeSettings,
    "network-event": operation.NetworkEvent,
}

read_act = partial(acts.read_act, ACTS)
