"""A layout as sites and machines, in a lab whose controller serves them straight (`kitei.lab.ground`)."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from by_hand.layout import Layout, lan_of

from kitei.lab.ground import SERVE, segments_of, wait_for_states, write_ground
from kitei.lab.lab import Lab, open_lab
from kitei.lab.plan import Host
from kitei.ledger.contracts import Device
from kitei.network import Machine
from kitei.services.managed_vpn.contract import Item, Lan, Site

DAY = date(2026, 4, 1)


class WithKitei:
    """A network that Kitei keeps, while its room is open."""

    def __init__(self, lab: Lab, layout: Layout) -> None:
        self.lab, self.layout = lab, layout

    def host(self, site: int) -> Host:
        return self.lab.hosts_at(f"s{site}")[0]

    def wait_for(self, what: str, wanted: int) -> None:
        """Until as many probes or sessions are up. Raises TimeoutError."""
        wait_for_states(self.lab.home, what, wanted)


@contextmanager
def begun(layout: Layout) -> Iterator[WithKitei]:
    """Wires laid, controller and agents started; what they make of it is for the caller to await."""
    sites, machines = sites_of(layout)
    with tempfile.TemporaryDirectory(prefix="with-kitei-") as folder:
        home = Path(folder)
        write_ground(home, sites, machines, DAY)
        with open_lab(home) as lab:
            lab.lay(machines, segments_of(sites, machines))
            lab.start_controller(SERVE)
            lab.start_nodes([machine.node for machine in machines])
            yield WithKitei(lab, layout)


def sites_of(layout: Layout) -> tuple[list[Site], list[Machine]]:
    """The same devices, addresses and LANs as by hand, as Managed VPN PRO would have them."""
    machines = {machine.node: machine for machine in layout.machines()}
    numbers = sorted({device.site for device in layout.devices})
    sites = [
        Site(
            contract=f"s{number}",
            customer="bench",
            kind="child" if number else "parent",
            network="bench",
            item=_item(layout, number),
            name=f"site {number}",
            number=number,
            lans=(Lan(lan_of(number), f"10.{number}.0.1", "customer", DAY, ()),),
            devices=tuple(
                Device(device.node, "by-hand", "ab"[device.slot], "installed", DAY)
                for device in layout.devices
                if device.site == number
            ),
            monitored=(),
            options=(),
            cites=(),
        )
        for number in numbers
    ]
    return sites, list(machines.values())


def _item(layout: Layout, number: int) -> Item:
    if not layout.routed:
        return "single-star-single-edge"
    edges = sum(device.site == number for device in layout.devices)
    return "dual-star-dual-edge" if edges == 2 else "dual-star-single-edge"
