"""The ground that gateways are played on: two customers' offices with the same addresses, a laptop of each somewhere
on the Internet, and a site with TLS. The laptops dial by WireGuard's own client.

Only for the room: the site's certificate is what it trusts (`/etc/ssl/certs`), its name server is a stand-in, and
the inspector knows the one signature of the trial file.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kitei.lab.cabling import Cable, End, Way
from kitei.lab.lab import Lab, LabError
from kitei.lab.website import trial_file
from kitei.network.driver import Ran

NET, SITE, SERVER = "access-net", "far-site", "192.0.2.130"
NAMES: Final = ("files.example", "games.example")
OFFICE: Final = "10.1.0.2"
_PROGRAM: Final = ("-m", "kitei.lab.website")


@dataclass(frozen=True, slots=True)
class Premises:
    """A customer's gateway, a server in its office, a person's laptop; `line` is the last byte of the gateway's own
    address outside, followed by the other end's, then both of the laptop's line."""

    lab: Lab
    customer: str
    line: int
    leaves_by: str

    @property
    def gateway(self) -> str:
        return f"gw-{self.customer}"

    @property
    def office(self) -> str:
        return f"{self.customer}-office"

    @property
    def laptop(self) -> str:
        return f"{self.customer}-laptop"

    def contract(self, kind: str) -> str:
        return f"{self.customer}-{kind}-1"

    def cables(self) -> list[Cable]:
        near, far, laptop, other = (f"192.0.2.{self.line + each}/30" for each in (0, 1, 4, 5))
        return [
            Cable(End(self.gateway, "wan0", (near,)), End(NET, self.gateway, (far,))),
            Cable(End(self.laptop, "eth0", (laptop,)), End(NET, self.laptop, (other,))),
            Cable(End(self.office, "eth0", (f"{OFFICE}/24",)), End(self.gateway, "lan0", ("10.1.0.1/24",))),
        ]

    def ways(self) -> list[Way]:
        return [
            Way(self.gateway, "default", f"192.0.2.{self.line + 1}"),
            Way(self.laptop, f"192.0.2.{self.line}/32", f"192.0.2.{self.line + 5}"),
            Way(self.office, "default", "10.1.0.1"),
            Way(NET, f"{self.leaves_by}/32", f"192.0.2.{self.line}"),
        ]

    def dial(self, configuration: str) -> None:
        """As WireGuard's own tools are told, in the kernel where it has it, else by wireguard-go."""
        tunnel = f"wg-{self.customer}"
        if self._run(["ip", "link", "add", tunnel, "type", "wireguard"]).code != 0:
            self.lab.begin(tunnel, self.laptop, ["wireguard-go", "-f", tunnel])
        own = [line for line in configuration.splitlines() if not line.startswith(("Address", "MTU"))]
        addresses = next(line for line in configuration.splitlines() if line.startswith("Address"))
        file = self.lab.home / f"{tunnel}.conf"
        file.touch(0o600)
        file.write_text("\n".join(own) + "\n")
        dial = 'for n in $(seq 100); do wg show "$1" >/dev/null 2>&1 && break; sleep 0.05; done; wg setconf "$1" "$2"'
        self._done(["sh", "-c", dial, "sh", tunnel, str(file)])
        for address in addresses.partition("=")[2].split(","):
            self._done(["ip", "address", "add", address.strip(), "dev", tunnel])
        self._done(["ip", "link", "set", tunnel, "mtu", "1420", "up"])
        self._done(["ip", "route", "add", "default", "dev", tunnel])

    def ask(self, address: str, port: int) -> tuple[str, ...]:
        """Who answered, and the address and port it saw; nothing where nobody did."""
        ran = self._run([sys.executable, *_PROGRAM, "ask", address, str(port)])
        return tuple(ran.out.split())

    def visit(self) -> tuple[str, ...]:
        """The same of the server in the customer's own office, by HTTP."""
        return tuple(self.browse(f"http://{OFFICE}/", None).split())

    def stay(self, port: int) -> str:
        """A conversation that goes on until it is cut; what it is called."""
        name = f"{self.laptop}-{port}"
        self.lab.begin(name, self.laptop, [sys.executable, *_PROGRAM, "stay", SERVER, str(port)])
        return name

    def browse(self, url: str, trusted: Path | None) -> str:
        """The page that a browser shows, by IPv4; `trusted` is the authority it was given."""
        there = [
            word for name in NAMES for port in (80, 443) for word in ("--resolve", f"{name}:{port}:{SERVER}")
        ]
        trust = ["--cacert", str(trusted)] if trusted else []
        return self._run(["curl", "-sS", "--max-time", "10", *there, *trust, url]).out

    def _run(self, command: Sequence[str]) -> Ran:
        return self.lab.run(self.laptop, command)

    def _done(self, command: Sequence[str]) -> str:
        return done(self.lab, self.laptop, command)


def done(lab: Lab, place: str, command: Sequence[str]) -> str:
    """What a command that must not fail printed. Raises LabError."""
    ran = lab.run(place, command)
    if ran.code != 0:
        raise LabError(f"{place}: {' '.join(command)}: {ran.err.strip()}")
    return ran.out.strip()


def lay(lab: Lab, premises: Sequence[Premises]) -> None:
    """The cables, the offices' servers, and the site with its name server and what it is trusted by."""
    cables = [cable for each in premises for cable in each.cables()]
    cables.append(Cable(End(SITE, "eth0", (f"{SERVER}/30",)), End(NET, SITE, ("192.0.2.129/30",))))
    ways = [way for each in premises for way in each.ways()]
    lab.cable(cables, [*ways, Way(SITE, "default", "192.0.2.129")], [NET])
    _furnish(lab)
    program = [sys.executable, *_PROGRAM]
    lab.begin(SITE, SITE, [*program, "serve", SITE, SERVER, str(lab.home / "site" / "server.pem")])
    lab.begin("name-server", SITE, [*program, "names", SERVER])
    for each in premises:
        lab.begin(each.office, each.office, [*program, "serve", each.office, OFFICE])


def _furnish(lab: Lab) -> None:
    """What the room has in place of the machine's own: whom it trusts, who knows names, what the inspector knows."""
    folder = lab.home / "site"
    trusted, signatures = folder / "trusted", folder / "signatures"
    for each in (folder, trusted, signatures):
        each.mkdir()
    (signatures / "trial.ndb").write_text(f"Eicar-Test-File:0:*:{trial_file().hex()}\n")
    (folder / "resolv.conf").write_text(f"nameserver {SERVER}\n")
    names = ",".join(f"DNS:{name}" for name in NAMES)
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    new += ["-days", "2", "-subj", f"/CN={SITE}", "-addext", f"subjectAltName={names}"]
    done(lab, SITE, [*new, "-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"])
    certificate = (folder / "certificate.pem").read_text()
    (folder / "server.pem").touch(0o600)
    (folder / "server.pem").write_text((folder / "key.pem").read_text() + certificate)
    digest = done(lab, SITE, ["openssl", "x509", "-noout", "-hash", "-in", f"{folder}/certificate.pem"])
    (trusted / f"{digest}.0").write_text(certificate)
    for each in (trusted, signatures):
        each.chmod(0o755)
    for each in (folder / "resolv.conf", trusted / f"{digest}.0", signatures / "trial.ndb"):
        each.chmod(0o644)
    for ours, machines in ((trusted, "/etc/ssl/certs"), (signatures, "/var/lib/clamav")):
        done(lab, SITE, ["mount", "--bind", str(ours), machines])
    names_of = 'f=$(readlink -m /etc/resolv.conf); mkdir -p "${f%/*}"; [ -e "$f" ] || : > "$f"; mount --bind "$1" "$f"'
    done(lab, SITE, ["sh", "-c", names_of, "sh", f"{folder}/resolv.conf"])
