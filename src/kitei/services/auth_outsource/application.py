"""What a customer may ask of Authentication Outsource: one dataclass an act. It is the file's keys, the flags, the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Literal, TypeAlias

from kitei.clauses import acts
from kitei.clauses.acts import ItemName, KindName, OptionName
from kitei.desk.reading import Host
from kitei.services.auth_outsource import operation
from kitei.services.auth_outsource.act import Act, Matter, TerminalAddress, Warranty

Method: TypeAlias = Literal["pap", "chap", "mschapv2", "peap", "ttls", "tls"]


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
class HomeServerWanted:
    """A proxy's authentication device. The smaller `preference` goes first, equal ones share by `weight`.

    `silent`: it knows no Status-Server (RFC 5997). `authority` (PEM) is who signed its certificate, for RadSec.
    """

    address: Host
    port: int | None = None
    transport: Literal["udp", "radsec"] = "udp"
    preference: int = 0
    weight: int = 1
    silent: bool = False
    authority: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminatorWanted:
    """A device that ends a VPDN's tunnels. `weight` 0 takes no sessions of its own while another lives."""

    address: Host
    preference: int = 0
    weight: int = 1
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare(Act):
    """Do what art. 5.6 asks of a contract's customer: its realm, devices, users.

    `users` is how many there are in a table handed over, `methods` those they may log in by, `authority` (PEM)
    who signs their certificates. `new_secret`: the secret shared with the terminal or devices is a new one;
    `transition`: the terminal may go on without Message-Authenticator for now. `probe_user`: a user of a proxy's
    own servers whom we may log in as, to watch them.
    """

    contract: str
    realm: str | None = None
    home_servers: tuple[HomeServerWanted, ...] = ()
    strips_realm: bool | None = None
    terminators: tuple[TerminatorWanted, ...] = ()
    users: int | None = None
    methods: tuple[Method, ...] = ()
    authority: str | None = None
    new_secret: bool = False
    transition: bool | None = None
    probe_user: str | None = None


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
    "prepare": Prepare,
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
    "provision": acts.Provision,
    "check-readiness": acts.CheckReadiness,
    "read-term": acts.ReadTerm,
    "day-check": operation.DayCheck,
    "month-close": acts.MonthClose,
    "network-event": operation.NetworkEvent,
}

read_act = partial(acts.read_act, ACTS)
