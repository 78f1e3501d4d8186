"""What the operator has: machines, where they stand on the wire, and the papers that identify them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Machine:
    """One VPN device as a node. Addresses with prefix length; `closed_*` only with a closed line."""

    serial: str
    model: str
    node: str
    wan_port: str
    wan_address: str
    wan_gateway: str
    lan_port: str
    closed_port: str | None = None
    closed_address: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorityPapers:
    """The public half of one VPN network's certificate authority: its certificate and its CRL, PEM."""

    certificate: str
    revoked: str


@dataclass(frozen=True, slots=True)
class RadiusPlace:
    """A node that answers RADIUS, on these addresses. `papers` is the sack with its certificate, None: no EAP."""

    node: str
    addresses: tuple[str, ...]
    auth_port: int = 1812
    acct_port: int = 1813
    papers: str | None = None


@dataclass(frozen=True, slots=True)
class Concentrator:
    """Where a mobile network asks for VPDN, for lines of one type. `sack` names the secret shared with it."""

    address: str
    carries: Literal["D", "K", "I"]
    sack: str


@dataclass(frozen=True, slots=True)
class Estate:
    """Facts of the operator's that intent needs beside contracts.

    `machines` and `certificates` (PEM) are by serial, `authorities` by VPN network. `monitor` is the
    node at the operator's monitoring place, with its address on the closed network (`'203.0.113.1/24'`).
    `radius` are the nodes that answer RADIUS, each for all contracts, and `caps` what the operator has
    published as the most of anything (`max-sessions-per-realm` ...).
    """

    machines: Mapping[str, Machine] = field(default_factory=dict)
    authorities: Mapping[str, AuthorityPapers] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)
    monitor: str | None = None
    monitor_port: str = "cls0"
    monitor_address: str | None = None
    radius: tuple[RadiusPlace, ...] = ()
    concentrators: tuple[Concentrator, ...] = ()
    caps: Mapping[str, int] = field(default_factory=dict)
