"""Small VPN networks as sites and machines, for tests that need an intent to work on."""

from collections.abc import Sequence
from datetime import date

from kitei.ledger.contracts import Device
from kitei.network import AuthorityPapers, Estate, Machine
from kitei.services.managed_vpn.contract import Item, Kind, Lan, Site

DAY = date(2026, 4, 1)
CITE = "managed-vpn-pro@2024-05-01#art:7.2"


def devices_of(item: Item, kind: Kind) -> int:
    """How many devices an item has at a site of a kind."""
    if kind == "parent":
        return 1 if item == "single-star-single-edge" else 2
    return 2 if item == "dual-star-dual-edge" else 1


def make_site(network: str, item: Item, number: int, prefixes: Sequence[str] | None = None) -> Site:
    """The parent (number 0) or a child, with one prefix of its own unless told otherwise."""
    kind: Kind = "parent" if number == 0 else "child"
    own = f"10.{number}.0.0/16" if number < 200 else f"172.{16 + number // 256}.{number % 256}.0/24"
    lans = prefixes if prefixes is not None else [own]
    return Site(
        contract=f"{network}-{number}",
        customer=f"customer-{network}",
        kind=kind,
        network=network,
        item=item,
        name=f"{network}-site-{number}",
        number=number,
        lans=tuple(
            Lan(prefix, prefix.partition("/")[0][:-1] + "1", "customer", DAY, (CITE,)) for prefix in lans
        ),
        devices=tuple(
            Device(f"{network}-{number}-{slot}", "Kitei Linux Router", slot, "installed", DAY)
            for slot in "ab"[: devices_of(item, kind)]
        ),
        monitored=(),
        options=(),
        cites=(CITE,),
    )


def make_network(network: str, item: Item, children: int) -> list[Site]:
    return [make_site(network, item, number) for number in range(children + 1)]


def make_estate(sites: Sequence[Site]) -> Estate:
    """A machine for every device, all on one WAN, with papers for every network."""
    machines: dict[str, Machine] = {}
    for site in sites:
        for device in site.devices:
            index = len(machines) + 1
            machines[device.serial] = Machine(
                serial=device.serial,
                model=device.model,
                node=f"n{index}",
                wan_port="wan0",
                wan_address=f"198.18.{index // 250}.{index % 250 + 1}/15",
                wan_gateway="198.19.255.254",
                lan_port="lan0",
            )
    return Estate(
        machines=machines,
        authorities={site.network: AuthorityPapers("", "") for site in sites},
        certificates={},
    )
