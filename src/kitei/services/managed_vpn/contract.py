"""Managed VPN PRO's contracts: sites of VPN networks, read out of the common contract."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from kitei.ledger.contracts import Contract, Device

Kind = Literal["parent", "child"]
Item = Literal["single-star-single-edge", "dual-star-single-edge", "dual-star-dual-edge", "closed-monitoring"]


@dataclass(frozen=True, slots=True)
class Lan:
    """A customer LAN prefix at a site, the gateway its hosts use, and who designated it (art. 7.2).

    `cites` are the provisions and `since` the day (a work order may add one later).
    """

    prefix: str
    gateway: str
    designated_by: Literal["customer", "operator"]
    since: date
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A site in force: a parent or a child of one VPN network.

    `number` is 0 for the parent and 1, 2, ... for children, never used again in its network; the
    network's numbering plan hangs on it. `devices` are those in service, by slot (`a`, `b`).
    `monitored` are the slots of devices under closed monitoring.
    """

    contract: str
    customer: str
    kind: Kind
    network: str
    item: Item
    name: str
    number: int
    lans: tuple[Lan, ...]
    devices: tuple[Device, ...]
    monitored: tuple[str, ...]
    options: tuple[str, ...]
    cites: tuple[str, ...]


def site(contract: Contract, on: date) -> Site:
    """The site a contract describes on a day. Raises KeyError naming an attribute its body lacks."""
    raise NotImplementedError
