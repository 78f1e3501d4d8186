"""Three VPN networks of two customers for the lab's tests; two of them use equal prefixes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from kitei.ledger.contracts import Device
from kitei.network import Machine
from kitei.services.managed_vpn.contract import Item, Lan, Site

DAY = date(2026, 4, 1)

ALPHA: tuple[str, Item, int] = ("alpha", "single-star-single-edge", 0)
BETA: tuple[str, Item, int] = ("beta", "dual-star-single-edge", 100)
GAMMA: tuple[str, Item, int] = ("gamma", "dual-star-dual-edge", 0)
"""Network, item, and where its prefixes begin: alpha's and gamma's are the same."""

CHILDREN = 3


def lan(prefix: str) -> Lan:
    return Lan(prefix, prefix.partition("/")[0][:-1] + "1", "customer", DAY, ())


def site_of(network: str, item: Item, base: int, number: int) -> Site:
    devices = (1 if item == "single-star-single-edge" else 2) if number == 0 else 1
    if item == "dual-star-dual-edge":
        devices = 2
    return Site(
        contract=f"{network}-{number}",
        customer="one" if network != "gamma" else "other",
        kind="child" if number else "parent",
        network=network,
        item=item,
        name=f"{network} {number}",
        number=number,
        lans=(lan(f"10.{base + number}.0.0/24"),),
        devices=tuple(
            Device(f"{network}-{number}{slot}", "Linux", slot, "installed", DAY) for slot in "ab"[:devices]
        ),
        monitored=(),
        options=(),
        cites=(),
    )


def all_sites() -> list[Site]:
    return [site_of(*network, number) for network in (ALPHA, BETA, GAMMA) for number in range(CHILDREN + 1)]


def machines_of(sites: Sequence[Site]) -> list[Machine]:
    """One a device, named as its serial, on two WAN subnets."""
    serials = [device.serial for site in sites for device in site.devices]
    return [
        Machine(
            serial,
            "Linux",
            serial,
            "wan0",
            f"198.18.{index % 2}.{index + 10}/24",
            f"198.18.{index % 2}.1",
            "lan0",
        )
        for index, serial in enumerate(serials)
    ]


def with_lan(sites: Sequence[Site], contract: str, prefix: str) -> list[Site]:
    """The same sites, one of them with one LAN more."""
    return [replace(s, lans=(*s.lans, lan(prefix))) if s.contract == contract else s for s in sites]


def without(sites: Sequence[Site], contract: str) -> list[Site]:
    return [site for site in sites if site.contract != contract]
