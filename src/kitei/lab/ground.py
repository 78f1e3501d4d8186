"""A proving ground's controller: it serves a few sites straight from a file, without ledger, office or terms.

`ground.json` in the home folder holds sites, machines and whose traffic may be cut; what it says is
compiled, certified and handed to the nodes, again each time it changes. It speaks the nodes' protocol on
`controller.sock`, and answers `GET /v1/ground` with what the nodes reported last.
"""

import http.server
import json
import os
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kitei.clock import wall_clock
from kitei.drivers.x509 import Authority, name_in, serial_of
from kitei.lab.plan import Lan as PlannedLan
from kitei.lab.plan import Segment
from kitei.ledger.contracts import Device
from kitei.network import AuthorityPapers, Estate, Machine, NodeIntent, Orders
from kitei.network.codec import node_intent, orders_json
from kitei.services.managed_vpn.contract import Lan, Site
from kitei.services.managed_vpn.intent import Compiler

FILE = "ground.json"
MEMORY = "ground-memory.json"
REPORTS = "ground-reports.json"
SERVE = "kitei.lab.ground:serve"


@dataclass(slots=True)
class Ground:
    """What the file says, the authorities' papers, and each node's newest orders and word."""

    home: Path
    changed: threading.Condition = field(default_factory=threading.Condition)
    authorities: dict[str, Authority] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    ended: dict[str, set[int]] = field(default_factory=dict)
    orders: dict[str, Orders] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    compiler: Compiler = field(default_factory=Compiler)
    sites: list[Site] = field(default_factory=list)
    machines: dict[str, Machine] = field(default_factory=dict)
    on: date = date.min
    may_cut: tuple[str, ...] = ()
    to_write: set[str] = field(default_factory=set)
    generation: int = 0
    published: dict[str, tuple[int, str]] = field(default_factory=dict)

    def remember(self) -> None:
        """Write down, if it is news, what a controller killed afterwards would have to know."""
        if MEMORY in self.to_write:
            told = {
                "authorities": {
                    name: [each.certificate, each.key] for name, each in self.authorities.items()
                },
                "certificates": self.certificates,
                "lists": self.lists,
                "ended": {network: sorted(serials) for network, serials in self.ended.items()},
                "generation": self.generation,
                "published": self.published,
            }
            _write(self.home / MEMORY, told)
        if REPORTS in self.to_write:
            _write(self.home / REPORTS, self.reports)
        self.to_write.clear()

    def recall(self) -> None:
        """Be who was killed; nothing to recall is fine."""
        if (self.home / REPORTS).exists():
            self.reports = json.loads((self.home / REPORTS).read_text())
        if not (self.home / MEMORY).exists():
            return
        told = json.loads((self.home / MEMORY).read_text())
        self.authorities = {name: Authority(*papers) for name, papers in told["authorities"].items()}
        self.certificates, self.lists, self.generation = (
            told["certificates"],
            told["lists"],
            told["generation"],
        )
        self.ended = {network: set(serials) for network, serials in told["ended"].items()}
        self.published = {
            node: (generation, digest) for node, (generation, digest) in told["published"].items()
        }

    def look(self) -> None:
        """Read the file and make it so; called with the lock held."""
        written = json.loads((self.home / FILE).read_text())
        self.sites = [_site(each) for each in written["sites"]]
        self.machines = {each["serial"]: Machine(**each) for each in written["machines"]}
        self.on, self.may_cut = date.fromisoformat(written["on"]), tuple(written["may_cut"])
        now = wall_clock()
        for network in {site.network for site in self.sites}:
            if network not in self.authorities:
                self.authorities[network] = Authority.create(network, now)
                self.lists[network] = self.authorities[network].crl((), now)
        self._revoke({device.serial for site in self.sites for device in site.devices})
        self._compile()

    def _compile(self) -> None:
        papers = {
            network: AuthorityPapers(mine.certificate, self.lists[network])
            for network, mine in self.authorities.items()
        }
        estate = Estate(self.machines, papers, dict(self.certificates))
        self._publish(self.compiler.compile(self.sites, estate, self.on))

    def _revoke(self, serials: set[str]) -> None:
        for serial in [known for known in self.certificates if known not in serials]:
            paper = self.certificates.pop(serial)
            for network, authority in self.authorities.items():
                if authority.has_signed(paper):
                    ended = self.ended.setdefault(network, set())
                    ended.add(serial_of(paper))
                    self.lists[network] = authority.crl(ended, wall_clock())

    def _publish(self, nodes: Sequence[NodeIntent]) -> None:
        wanted = {node.node: node for node in nodes}
        for gone in self.published.keys() - wanted.keys():
            wanted[gone] = node_intent(gone, ())
        news = [
            name for name, intent in wanted.items() if self.published.get(name, (0, ""))[1] != intent.digest
        ]
        for name in news:
            self.generation += 1
            self.published[name] = (self.generation, wanted[name].digest)
        if news:
            self.to_write.add(MEMORY)
        for name, intent in wanted.items():
            generation = self.published[name][0]
            if name not in self.orders or self.orders[name].generation != generation:
                self.orders[name] = Orders(generation, intent, self.may_cut)
        self.changed.notify_all()

    def wait_for(self, node: str, after: int, wait: float) -> Orders | None:
        until = time.monotonic() + wait
        with self.changed:
            while True:
                known = self.orders.get(node)
                if known is not None and known.generation > after:
                    return known
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self.changed.wait(left)

    def certify(self, node: str, csr: str) -> None:
        """Sign a node's request by its network's authority, once it asks by the name its orders gave it."""
        with self.changed:
            name = name_in(csr)
            serial = next(serial for serial, machine in self.machines.items() if machine.node == node)
            network = name.partition(".")[2]
            self.certificates[serial] = self.authorities[network].issue(csr, 30, wall_clock())
            self._compile()


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ground: Ground

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/v1/ground":
            with self.ground.changed:
                self._say(200, self.ground.reports)
            return
        asked = parse_qs(url.query)
        node = url.path.split("/")[3]
        found = self.ground.wait_for(node, int(asked["after"][0]), float(asked["wait"][0]))
        self._say(200, orders_json(found)) if found else self._say(204, None)

    def do_POST(self) -> None:
        _, _, _, node, what = self.path.split("/")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if what == "request":
            self.ground.certify(node, body["csr"])
        else:
            self._hear(node, body)
        self._say(204, None)

    def _hear(self, node: str, body: dict[str, Any]) -> None:
        with self.ground.changed:
            known = self.ground.reports.get(node, {}).get("up", {})
            states = {f"{state['what']} {state['subject']}": state["up"] for state in body["states"]}
            body["up"] = states if body["whole"] else known | states
            self.ground.reports[node] = body
            self.ground.to_write.add(REPORTS)

    def _say(self, status: int, body: Any) -> None:
        told = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def address_string(self) -> str:
        return "node"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the reports are the record."""


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 256


def serve(home: Path) -> int:
    """Serve until SIGTERM. The file is looked at ten times a second."""
    ground = Ground(home)
    with ground.changed:
        ground.recall()
        ground.look()
    place = home / "controller.sock"
    place.unlink(missing_ok=True)
    server = _Server(str(place), type("_Answer", (_Answer,), {"ground": ground}))
    os.chmod(place, 0o600)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    seen = (home / FILE).stat().st_mtime_ns
    while not ending.wait(0.1):
        now = (home / FILE).stat().st_mtime_ns
        with ground.changed:
            if now != seen:
                seen = now
                ground.look()
            ground.remember()
    return 0


def write_ground(
    home: Path, sites: Sequence[Site], machines: Sequence[Machine], on: date, may_cut: Sequence[str] = ()
) -> None:
    """Say what the ground is to be, as a whole."""
    told = {
        "on": on.isoformat(),
        "sites": [asdict(site) for site in sites],
        "machines": [asdict(machine) for machine in machines],
        "may_cut": list(may_cut),
    }
    _write(home / FILE, told)


def reports(home: Path) -> dict[str, Any]:
    """Each node's last report, with `up`: every state it told, as `end-to-end NAME`, `bfd NAME`, ... true or not.

    Nothing while the controller is starting.
    """
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(home / "controller.sock"))
        except OSError:
            return {}
        line.sendall(b"GET /v1/ground HTTP/1.1\r\nHost: ground\r\nConnection: close\r\n\r\n")
        told = b"".join(iter(lambda: line.recv(1 << 16), b""))
    found: dict[str, Any] = json.loads(told.partition(b"\r\n\r\n")[2] or b"{}")
    return found


def wait_for_states(home: Path, what: str, wanted: int, within: float = 60.0) -> None:
    """Until as many things of a kind are up, and none is down. Raises TimeoutError with what is not."""
    until = time.monotonic() + within
    while True:
        told = {
            f"{node}: {name}": up
            for node, report in reports(home).items()
            for name, up in report["up"].items()
            if name.startswith(f"{what} ")
        }
        if len(told) >= wanted and all(told.values()):
            return
        if time.monotonic() > until:
            down = [name for name, up in told.items() if not up]
            faults = [fault for report in reports(home).values() for fault in report["faults"]]
            raise TimeoutError(
                f"{what}: {len(told) - len(down)} of {wanted} up after {within:.0f} s; down {down}; faults {faults}"
            )
        time.sleep(0.05)


def segments_of(sites: Sequence[Site], machines: Sequence[Machine]) -> list[Segment]:
    """Each site's LAN, named by its contract: its devices that have a machine, and its prefixes."""
    by_serial = {machine.serial: machine for machine in machines}
    return [
        Segment(
            site.contract,
            tuple(
                (by_serial[device.serial].node, by_serial[device.serial].lan_port)
                for device in site.devices
                if device.serial in by_serial
            ),
            tuple(PlannedLan(lan.prefix, lan.gateway) for lan in site.lans),
        )
        for site in sites
    ]


def _write(place: Path, told: Any) -> None:
    """As a whole, readable by its owner alone: an authority's key may be in it."""
    draft = place.with_name(f"{place.name}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(told, file, default=str)
    draft.replace(place)


def _site(told: dict[str, Any]) -> Site:
    lans = tuple(
        Lan(
            each["prefix"],
            each["gateway"],
            each["designated_by"],
            date.fromisoformat(each["since"]),
            tuple(each["cites"]),
        )
        for each in told["lans"]
    )
    devices = tuple(
        Device(each["serial"], each["model"], each["slot"], each["state"], date.fromisoformat(each["since"]))
        for each in told["devices"]
    )
    listed = {name: tuple(told[name]) for name in ("monitored", "options", "cites")}
    return Site(**{**told, **listed, "lans": lans, "devices": devices})
