"""What the operator does, records or asks itself about Managed VPN PRO: one dataclass an act."""

from dataclasses import dataclass
from typing import Literal

from kitei.clauses import devices
from kitei.clauses.acts import ItemName
from kitei.desk.reading import Host, Yens
from kitei.services.managed_vpn.act import NOTHING_KNOWN, Act, Known, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent(devices.DeviceEvent):
    """Something happens to a lent device (art. 12 to 16)."""

    model: Model | None = None
    known: Known = NOTHING_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit(Act):
    """People went to a site (schedule 1.3.1 and 1.3.6). Costs in yen; `distance_km` changes nothing."""

    contract: str
    purpose: Literal["repair", "installation"]
    hard_to_reach: bool = False
    travel: Yens = 0
    special_works: Yens = 0
    cancelled: Yens = 0
    long_hours: Yens = 0
    urgent: Yens = 0
    distance_km: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclose(Act):
    """Show one site's settings to another customer (art. 11). `subject` is a contract, `to` a customer."""

    subject: str
    to: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandInstallation(Act):
    """The operator asks the customer to install."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision(Act):
    """Begin to provide a site, or closed monitoring for a VPN (art. 8)."""

    contract: str | None = None
    item: ItemName | None = None
    network: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Act):
    """What transitional provisions have made of a contract by the day."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet as it arrives from a customer's LAN."""

    src: Host
    dst: Host


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent(Act):
    """Is this packet carried; is this event one to alarm about?"""

    contract: str
    packet: Packet | None = None
    event: str | None = None
