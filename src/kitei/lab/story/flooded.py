"""The ground that floods are played on: four customers' sites, who attacks and visits them, and what is seen there."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kitei.lab import internet
from kitei.lab.attacks import Attack, Kind, start_attack, stop_attack
from kitei.lab.internet import ISP_A, ISP_B, Site, Six, Stand
from kitei.lab.lab import Lab
from kitei.lab.story.stage import Stage
from kitei.lab.visitors import Visits, visits

SITES: Final = (
    Site("kaede", ISP_A, "198.51.100.0/26", "100.64.2.1/30", "100.64.2.2/30", 800),
    Site(
        "sumire",
        ISP_A,
        "198.51.100.64/26",
        "100.64.2.5/30",
        "100.64.2.6/30",
        100,
        Six("2001:db8:64::/64", "2001:db8:e::1/64", "2001:db8:e::2/64"),
    ),
    Site("yuzu", ISP_A, "198.51.100.128/26", "100.64.2.9/30", "100.64.2.10/30", 100),
    Site("tsubaki", ISP_B, "203.0.113.0/26", "100.64.2.13/30", "100.64.2.14/30", 100),
)
COLLECTOR: Final = Stand("col-1", "ix0", "100.64.9.5/24")
SPEAKER: Final = Stand("spk-1", "ix0", "100.64.9.4/24")
SCRUBBER: Final = Stand(
    "scr-1", "ix0", "100.64.9.3/24", ("cl0", "100.64.10.2/30", "100.64.10.1/30"), "2001:db8:9::3/64"
)
SCRUBBERS: Final = tuple(each.partition("/")[0] for each in SCRUBBER.addresses)
SPEAKER_ASN: Final = 64500
SFLOW_RATE: Final = 10


def site(name: str) -> Site:
    return next(each for each in SITES if each.name == name)


def contract(of: Site) -> str:
    return f"{of.name}-ddos-1"


@dataclass(slots=True)
class Ground:
    """The world around the provider, and the provider's nodes in it, from the first cable on. `more` are further nodes
    of the operator's on the exchange segment."""

    stage: Stage
    attacks: dict[str, Attack] = field(default_factory=dict)
    more: tuple[Stand, ...] = ()

    @property
    def lab(self) -> Lab:
        return self.stage.lab

    @property
    def stands(self) -> tuple[Stand, ...]:
        return (COLLECTOR, SPEAKER, SCRUBBER, *self.more)

    def bring_up(self, within: float = 60.0) -> list[str]:
        """Lay everything, publish what the contracts want, start their nodes; the nodes. TimeoutError says what lacks."""
        around = {*(each.node for each in self.stands), *(each.router for each in SITES)}
        nodes = [name for name in self.stage.publishing.plan().nodes if name in around]
        self.lay()
        self.stage.publish()
        self.lab.start_nodes(nodes)
        if not until(lambda: all(map(self.is_done, nodes)), within):
            raise TimeoutError(f"not done: {', '.join(node for node in nodes if not self.is_done(node))}")
        if not until(lambda: all(map(self.hears, internet.PROVIDERS)), within):
            raise TimeoutError("no BGP session of the speaker with every provider")
        return nodes

    def is_done(self, node: str) -> bool:
        """Whether a node reports its orders done."""
        orders, heard = self.stage.office.shelf.orders(node), self.stage.hearing.reports().get(node)
        return (
            orders is not None
            and heard is not None
            and heard.body.get("generation") == orders.generation
            and heard.body.get("applied") is True
        )

    def lay(self) -> None:
        """Cables, routers, flow exports, web servers and their visitors."""
        internet.lay(self.lab, SITES, self.stands)
        for provider in internet.PROVIDERS:
            internet.start_router(self.lab, provider, SITES, _ip(SPEAKER.address), SPEAKER_ASN)
        internet.start_enforcement(self.lab, ISP_A)
        internet.start_netflow(self.lab, ISP_A, _ip(COLLECTOR.address), 2055)
        internet.start_sflow(self.lab, ISP_B, _ip(COLLECTOR.address), 6343, SFLOW_RATE)
        users = [_ip(each) for each in internet.USER_ADDRESSES]
        for each in SITES:
            self._run(each.server, each.server, "serve", each.ip)
        for each in SITES:
            self._run(f"visits-{each.name}", internet.USERS, "visit", each.ip, str(self._log(each)), *users)

    def open_by_six(self, of: Site) -> None:
        """The site is served and visited by IPv6 as well, from now on."""
        assert of.six is not None, of
        users = [_ip(each) for each in internet.USER_SIX]
        self._run(f"{of.server}-six", of.server, "serve", of.six.ip)
        log = str(self.lab.home / f"visits-{of.name}-six.txt")
        self._run(f"visits-{of.name}-six", internet.USERS, "visit", of.six.ip, log, *users)

    def visits_by_six(self, of: Site, begin: float, end: float) -> Visits:
        return visits(self.lab.home / f"visits-{of.name}-six.txt", begin, end)

    def attack(self, of: Site, kind: Kind, pps: int, target: str | None = None) -> None:
        """A flood towards a site's server, or another address of its prefix."""
        name = f"{kind}-{of.name}"
        attack = Attack(name, kind, target or of.ip, pps)
        start_attack(self.lab, attack, internet.BOTS, (internet.CORE, "bots"))
        self.attacks[name] = attack

    def widen(self, of: Site, mbit: int) -> None:
        """The site's access line carries so much: the contract is what limits from now on."""
        internet.set_line(self.lab, of, mbit)

    def relent(self) -> None:
        """All attacks end."""
        for name in list(self.attacks):
            stop_attack(self.lab, self.attacks.pop(name))

    def send_home(self) -> None:
        """No more visitors."""
        for each in SITES:
            self.lab.finish(f"visits-{each.name}")

    def visits(self, of: Site, begin: float, end: float) -> Visits:
        """How the visits begun from `begin` and before `end` (Unix time) fared."""
        return visits(self._log(of), begin, end)

    def hears(self, provider: internet.Provider) -> bool:
        """Whether a provider's router has a BGP session with the speaker."""
        command = [
            "birdc",
            "-s",
            str(internet.control(self.lab.home, provider)),
            "show",
            "protocols",
            "speaker",
        ]
        return "Established" in self.lab.run(provider.name, command).out

    def way(self, of: Site, target: str | None = None, at: internet.Provider | None = None) -> str:
        """Where the site's border, or another, sends what is for its server: a next hop, or `blackhole`."""
        border = (at or of.provider).name
        told = self.lab.run(border, ["ip", "-j", "route", "get", target or of.ip])
        if told.code:
            return "blackhole"
        found: str = json.loads(told.out)[0].get("gateway", "")
        return found

    def is_diverted(self, of: Site, target: str | None = None, at: internet.Provider | None = None) -> bool:
        return self.way(of, target, at) in SCRUBBERS

    def carried(self, of: Site, seconds: float) -> tuple[float, float]:
        """Mbit/s over so many seconds, frames whole: what reached the scrubber, and what reached a site's server."""
        ports = ((SCRUBBER.node, SCRUBBER.port), (of.server, "eth0"))
        before, began = [self._octets(*port) for port in ports], time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        dirty, clean = (
            (self._octets(*port) - octets) * 8e-6 / took for port, octets in zip(ports, before, strict=True)
        )
        return dirty, clean

    def _octets(self, place: str, port: str) -> int:
        told = json.loads(self.lab.run(place, ["ip", "-j", "-s", "link", "show", port]).out)
        octets: int = told[0]["stats64"]["rx"]["bytes"]
        return octets

    def _log(self, of: Site) -> Path:
        return self.lab.home / f"visits-{of.name}.txt"

    def _run(self, name: str, place: str, *arguments: str) -> None:
        self.lab.begin(name, place, [sys.executable, "-m", "kitei.lab.visitors", *arguments])


def until(holds: Callable[[], bool], within: float) -> bool:
    """Ask again every 50 ms until it holds (True), or the time in seconds is over."""
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _ip(address: str) -> str:
    return address.partition("/")[0]
