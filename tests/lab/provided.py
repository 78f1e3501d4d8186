"""A provider in a lab, as tests order it about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import estate

from kitei.lab.ground import SERVE, reports, segments_of, wait_for_states, write_ground
from kitei.lab.lab import Lab
from kitei.lab.plan import Host
from kitei.network import Machine
from kitei.services.managed_vpn.contract import Site


@dataclass(slots=True)
class Provider:
    """Sites that a lab's agents have made so."""

    lab: Lab
    sites: list[Site]
    machines: list[Machine] = field(default_factory=list)

    def begin(self) -> None:
        self.machines = estate.machines_of(self.sites)
        self.publish(self.sites)
        self.lab.start_controller(SERVE)
        self.lab.start_nodes([machine.node for machine in self.machines])

    def publish(self, sites: Sequence[Site], may_cut: Sequence[str] = ()) -> None:
        """These sites from now on; wires for what is new among them."""
        self.sites = list(sites)
        write_ground(self.lab.home, self.sites, self.machines, estate.DAY, may_cut)
        self.lab.lay(self.machines, segments_of(self.sites, self.machines))

    def host(self, site: str) -> Host:
        return self.lab.hosts_at(site)[0]

    def pairs(self) -> list[tuple[Host, Host]]:
        """Every child's hosts with every host of its own parent."""
        return [
            (child, parent)
            for site in self.sites
            if site.kind == "child"
            for child in self.lab.hosts_at(site.contract)
            for parent in self.lab.hosts_at(f"{site.network}-0")
        ]

    def wait_until_settled(self) -> None:
        """All children reach their parents, and every routing session is up."""
        left = self.lab.wait_until_whole(self.pairs(), 60)
        assert left == [], [f"{one.name} > {other.name}" for one, other in left]
        try:
            wait_for_states(self.lab.home, "bfd", self.sessions())
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.down()}") from error

    def down(self) -> str:
        """What is not up, of every kind, with what the charons there know of it."""
        words = []
        for node, report in self.reports().items():
            if lost := [name for name, up in report["up"].items() if not up]:
                socket = self.lab.home / "nodes" / node / "strongswan" / "charon.vici"
                told = self.lab.run(node, ["swanctl", "--list-sas", "--uri", f"unix://{socket}"])
                words.append(f"{node}: {', '.join(lost)}\n{told.out}{told.err}")
        return "\n".join(words)

    def sessions(self) -> int:
        """How many BFD session ends there are: two a link, and two a pair of devices."""
        found = 0
        for site in self.sites:
            if site.item.startswith("dual-star"):
                hubs = next(s for s in self.sites if s.network == site.network and s.kind == "parent")
                found += 2 * len(site.devices) * len(hubs.devices) if site.kind == "child" else 0
                found += 2 if len(site.devices) > 1 else 0
        return found

    def reports(self) -> dict[str, Any]:
        return reports(self.lab.home)
