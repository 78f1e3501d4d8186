"""What a customer may ask of Managed VPN PRO: one dataclass an act. It is the file's keys, the flags, the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from kitei.clauses import acts, devices, returns
from kitei.clauses.acts import ItemName, KindName, OptionName
from kitei.desk.reading import Host, HostOrInterface, Months, Prefix
from kitei.services.managed_vpn import operation
from kitei.services.managed_vpn.act import (
    Act,
    DeviceType,
    Maintenance,
    Model,
)
from kitei.terms import Edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Lan:
    """A LAN of a site. Without a `gateway` it is the first host address, designated by the operator."""

    prefix: Prefix
    gateway: Host | None = None
    designated_by: Literal["customer", "operator"] = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWanted:
    """An option asked for with a site. `model` is the switch's own, or the device it is for."""

    option: OptionName
    model: Model | None = None
    form: str = "prescribed"
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The site's Internet access (art. 8.3). `operator` is who runs it, `'operator'` when we do."""

    operator: str
    settings_disclosed: bool = True
    changed_on: date | None = None
    change_notified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWanted:
    """One site of a batch. `network` and `name` hold one thing each; more are refused by their article.

    `devices` is how many VPN devices are asked for, `models` which ones; both may be left to the operator.
    `holder` is whose contract it becomes (else who applies). `watches` names the contract whose devices
    (`slots`) closed monitoring is for, else the parent's; contracts are called `<network>-<number>`.
    """

    kind: KindName
    network: tuple[str, ...]
    item: ItemName
    name: tuple[str, ...] = ()
    device_type: DeviceType = "cisco"
    models: tuple[Model, ...] = ()
    devices: int | None = None
    maintenance: Maintenance = "type-2"
    minimum_term: Months = 12
    lans: tuple[Lan, ...] = ()
    options: tuple[OptionWanted, ...] = ()
    access: Access | None = None
    holder: str | None = None
    watches: str | None = None
    slots: tuple[str, ...] = ("a",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Act):
    """Apply for sites, decided as one (art. 8.1). `agreed_by` are parties whose written consent came along."""

    sites: tuple[SiteWanted, ...]
    billing_start: date | None = None
    agreed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOption(Act):
    """Apply for an option (art. 17). `model` is the switch's own, or the device it is for."""

    contract: str
    option: OptionName
    model: Model | None = None
    form: str = "prescribed"
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChange:
    """From one device model to another."""

    old: Model = field(metadata={"key": "from"})
    new: Model = field(metadata={"key": "to"})
    slot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Act):
    """Ask for a change of contract (art. 9). Only devices can change; `option` says whose (switch, spare)."""

    contract: str
    device: DeviceChange | None = None
    option: OptionName | None = None
    change_on: date | None = None
    billing_start: date | None = None
    kind: KindName | None = None
    item: ItemName | None = None
    maintenance: Maintenance | None = None
    device_type: DeviceType | None = None
    minimum_term: Months | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder(Act):
    """Order a change of settings (art. 10): LANs, the WAN address, tunnels.

    A tunnel is a pair of ends: contracts, serials of their devices, or a name off the service.

    `devices` and `works` are what it is charged by; without `devices`, all of the site's. `outcome`: a try
    that failed by the operator's fault costs nothing, and its repetition no second time.
    """

    contract: str | None = None
    add_lans: tuple[Lan, ...] = ()
    remove_lans: tuple[Prefix, ...] = ()
    wan_address: HostOrInterface | None = None
    tunnels: tuple[tuple[str, ...], ...] = ()
    devices: int | None = None
    works: int = 1
    start: datetime | None = None
    end: datetime | None = None
    outcome: Literal["done", "failed-by-operator", "repeated-after-operator-fault"] = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Install(Act):
    """The customer installs the devices (art. 13)."""

    contract: str
    instructions_followed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestInstallation(Act):
    """The customer asks the operator to install."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepMaintenance(Act):
    """Ask to stay on an abolished maintenance type."""

    contract: str
    maintenance: Maintenance = "type-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOldPrice(Act):
    """Ask for the maintenance price of an earlier edition."""

    contract: str


ACTS: Mapping[str, type[acts.Act]] = {
    "apply": Apply,
    "start-billing": acts.StartBilling,
    "add-option": AddOption,
    "stop-option": acts.StopOption,
    "change": Change,
    "cancel": acts.Cancel,
    "operator-terminate": acts.OperatorTerminate,
    "work-order": WorkOrder,
    "device-event": operation.DeviceEvent,
    "visit": operation.Visit,
    "claim-credit": acts.ClaimCredit,
    "disclose": operation.Disclose,
    "install": Install,
    "request-installation": RequestInstallation,
    "demand-installation": operation.DemandInstallation,
    "provision": operation.Provision,
    "check-readiness": acts.CheckReadiness,
    "claim-refund": devices.ClaimRefund,
    "read-term": acts.ReadTerm,
    "evaluate": operation.Evaluate,
    "keep-maintenance": KeepMaintenance,
    "claim-old-price": ClaimOldPrice,
    "ended": returns.Ended,
    "day-check": returns.DayCheck,
    "month-close": acts.MonthClose,
    "network-event": operation.NetworkEvent,
}


def read_act(name: str, written: object, edition: Edition) -> acts.Act:
    """Read an act by its name. Raises Unreadable with every fault and its place (`apply.sites[2].kind`)."""
    return acts.read_act(ACTS, name, written, edition)
