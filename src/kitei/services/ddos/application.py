"""What a customer may ask of DDoS Protection: one dataclass an act. It is the file's keys, the flags, the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from kitei.clauses import acts, devices, returns
from kitei.clauses.acts import ItemName, OptionName
from kitei.services.ddos import defending, operation
from kitei.services.ddos.act import Act, Condition, OptionWanted, Prefix, RouterItem, Variant
from kitei.terms import Edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One contract asked for. `name` is what it will be called (else the operator numbers it).

    `base` is the contract a type M is added to, or the `name` of one asked for at the same time; `rests_on`
    the id of the designated service it rests on. Left out, the one there is is meant. `policies` are what a
    type M adds for watching, by name.
    """

    item: ItemName
    name: str | None = None
    base: str | None = None
    rests_on: str | None = None
    addresses: tuple[Prefix, ...] = ()
    policies: tuple[str, ...] = ()
    options: tuple[OptionWanted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Act):
    """Apply for contracts, decided as one."""

    services: tuple[Wanted, ...]
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOption(Act):
    """Apply for an option (art. 10). Its fields are those of an option asked for with a contract."""

    contract: str
    option: OptionName
    form: str = "prescribed"
    billing_start: date | None = None
    item: RouterItem | None = None
    model: str | None = None
    variant: Variant | None = None
    mbps: int | None = None
    routers: int | None = None
    multihomed_with: str | None = None
    route_control: bool = False
    accepts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChange:
    """From one device type to another."""

    old: str = field(metadata={"key": "from"})
    new: str = field(metadata={"key": "to"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Act):
    """Ask for a change of contract (art. 6, 10.5): the item, the lent device, or a designated matter.

    `base` is what a contract that becomes a type M is added to; `billing_start` the new device's.
    """

    contract: str
    item: ItemName | None = None
    base: str | None = None
    matter: str | None = None
    to: str | None = None
    option: OptionName | None = None
    device: DeviceChange | None = None
    routers: int | None = None
    mbps: int | None = None
    option_item: RouterItem | None = None
    change_on: date | None = None
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignateAddresses(Act):
    """Designate protected addresses (art. 5). They are added to those there are; `remove` takes some away."""

    contract: str
    prefixes: tuple[Prefix, ...]
    remove: tuple[Prefix, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRouteControl(Act):
    """Ask the operator to do the route control of a multi-ISP option that is there already (art. 10.4)."""

    contract: str
    accepts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSupport(Act):
    """Ask for support of operations at the instant of the act."""

    contract: str


ACTS: Mapping[str, type[acts.Act]] = {
    "apply": Apply,
    "start-billing": acts.StartBilling,
    "designate-addresses": DesignateAddresses,
    "add-option": AddOption,
    "stop-option": acts.StopOption,
    "change": Change,
    "cancel": acts.Cancel,
    "operator-terminate": acts.OperatorTerminate,
    "request-route-control": RequestRouteControl,
    "route-control-complaint": operation.Complaint,
    "device-event": operation.DeviceEvent,
    "claim-refund": devices.ClaimRefund,
    "work": operation.Work,
    "provision": operation.Provision,
    "check-readiness": acts.CheckReadiness,
    "external-ended": operation.ExternalEnded,
    "ended": returns.Ended,
    "option-ended": operation.OptionEnded,
    "day-check": returns.DayCheck,
    "read-term": acts.ReadTerm,
    "claim-credit": acts.ClaimCredit,
    "support": AskSupport,
    "network-event": operation.NetworkEvent,
    "month-close": acts.MonthClose,
    "set-policy": defending.SetPolicy,
    "reage": defending.Reage,
    "attack-detected": defending.AttackDetected,
    "attack-over": defending.AttackOver,
    "mitigate": defending.Mitigate,
    "prolong": defending.Prolong,
    "release": defending.Release,
    "incident-step": defending.IncidentStep,
}


def read_act(name: str, written: object, edition: Edition) -> acts.Act:
    """Read an act by its name. Raises Unreadable with every fault and its place (`apply.services[1].item`)."""
    return acts.read_act(ACTS, name, written, edition)
