"""What the story plays on: an office, a lab, a clock that can be set, and who tells it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from kitei.clock import wall_clock
from kitei.lab.ground import segments_of
from kitei.lab.lab import Lab
from kitei.lab.plan import Host
from kitei.lab.story.telling import Telling
from kitei.ledger.contracts import Contract
from kitei.network.plan import Plan
from kitei.office import Office
from kitei.office.desk import MANAGED_VPN
from kitei.office.hearing import Hearing
from kitei.office.publishing import Publishing
from kitei.services.managed_vpn.contract import Site, is_site, site
from kitei.terms import Cite

CONTROLLER: Final = "kitei.web.run:run"


@dataclass(slots=True)
class Stage:
    """One playing of the story."""

    home: Path
    book: Path
    office: Office
    lab: Lab
    telling: Telling

    @property
    def publishing(self) -> Publishing:
        return Publishing.of(self.office)

    @property
    def hearing(self) -> Hearing:
        return Hearing.of(self.office)

    def sites(self) -> list[Site]:
        """The sites in force now."""
        today = self.office.today()
        return [
            site(each, today)
            for each in self.office.contracts().values()
            if each.service == MANAGED_VPN and is_site(each) and each.is_in_force(today)
        ]

    def parent(self, network: str) -> Site:
        return next(each for each in self.sites() if each.network == network and each.kind == "parent")

    def children(self, network: str) -> list[Site]:
        return [each for each in self.sites() if each.network == network and each.kind == "child"]

    def network_of(self, item: str) -> str:
        """The first VPN network of an item."""
        return next(each.network for each in self.sites() if each.item == item)

    def node(self, site_: Site, slot: str = "a") -> str:
        """The node that is a site's device."""
        serial = next(device.serial for device in site_.devices if device.slot == slot)
        return self.publishing.estate().machines[serial].node

    def host(self, site_: Site, prefix: str | None = None) -> Host:
        """A LAN host at a site: the first, or the one of a prefix."""
        return next(each for each in self.lab.hosts_at(site_.contract) if prefix in (None, each.prefix))

    def pairs(self) -> list[tuple[Host, Host]]:
        """Every child's hosts with every host of its own parent."""
        return [
            (one, other)
            for child in self.sites()
            if child.kind == "child"
            for one in self.lab.hosts_at(child.contract)
            for other in self.lab.hosts_at(self.parent(child.network).contract)
        ]

    def lay(self) -> None:
        """Wires and LAN hosts for what is contracted."""
        estate = self.publishing.estate()
        monitor = (estate.monitor, estate.monitor_port) if estate.monitor else None
        self.lab.lay(
            estate.machines.values(), segments_of(self.sites(), list(estate.machines.values())), monitor
        )

    def publish(self, approve: bool = False) -> Plan:
        """Plan, and tell the nodes."""
        return self.publishing.apply_plan(approve=approve)

    def wait_until_whole(self, within: float = 60.0) -> list[tuple[Host, Host]]:
        """Until every child reaches its parent; says which pairs do not."""
        return self.lab.wait_until_whole(self.pairs(), within)

    def wait_until_green(self, within: float = 60.0) -> bool:
        """Until every node reports its orders done, nothing waiting, and all paths and associations up."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            published, reports = self.office.shelf.in_force(), self.hearing.reports()
            told = all(
                name in reports
                and reports[name].body.get("generation") == orders.generation
                and reports[name].body.get("applied") is True
                for name, orders in published.items()
            )
            if told and not self.hearing.alarms():
                return True
            time.sleep(0.3)
        return False

    def set_clock(self, moment: datetime) -> None:
        """From now on it is that moment, for office, controller and agents."""
        ahead = round((moment - wall_clock()).total_seconds())
        self.office.home.clock.write_text(f"{ahead}\n")

    def advance(self, by: timedelta) -> None:
        self.set_clock(self.office.clock() + by)

    def contract(self, name: str) -> Contract:
        return self.office.contract(name)

    def articles(self, cites: Sequence[str]) -> str:
        """Citations as people write them."""
        return ", ".join(dict.fromkeys(Cite.parse(cite).words.to(self.telling.language) for cite in cites))
