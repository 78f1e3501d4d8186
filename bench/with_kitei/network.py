"""A layout as sites and machines, in a lab whose controller serves them straight (`kitei.lab.ground`)."""

import json
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from by_hand.layout import Layout, lan_of

from kitei.lab.ground import SERVE, segments_of, write_ground
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

    def states(self) -> dict[str, Mapping[str, bool]]:
        """What each node reported last: `end-to-end NAME`, `bfd NAME`, ... up or not."""
        return {node: report["up"] for node, report in _reports(self.lab.home).items()}

    def wait_for(self, what: str, wanted: int, within: float = 60.0) -> None:
        """Until as many things of a kind are up, and none of them down. Raises TimeoutError with the rest."""
        until = time.monotonic() + within
        while True:
            told = [
                up
                for states in self.states().values()
                for name, up in states.items()
                if name.startswith(f"{what} ")
            ]
            if len(told) >= wanted and all(told):
                return
            if time.monotonic() > until:
                raise TimeoutError(
                    f"{what}: {sum(told)} of {wanted} up after {within:.0f} s; {_reports(self.lab.home)}"
                )
            time.sleep(0.05)


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
    item: Item = "dual-star-dual-edge" if layout.routed else "single-star-single-edge"
    machines = {machine.node: machine for machine in layout.machines()}
    numbers = sorted({device.site for device in layout.devices})
    sites = [
        Site(
            contract=f"s{number}",
            customer="bench",
            kind="child" if number else "parent",
            network="bench",
            item=item,
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


def _reports(home: Path) -> dict[str, Any]:
    """The ground's own account of its nodes; nothing while it is starting."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(home / "controller.sock"))
        except OSError:
            return {}
        line.sendall(b"GET /v1/ground HTTP/1.1\r\nHost: ground\r\nConnection: close\r\n\r\n")
        told = b"".join(iter(lambda: line.recv(1 << 16), b""))
    found: dict[str, Any] = json.loads(told.partition(b"\r\n\r\n")[2])
    return found
