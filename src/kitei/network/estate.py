"""What the operator has: machines, where they stand on the wire, and the papers that identify them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from kitei.network.access_estate import GatewayPlace
from kitei.network.ddos_estate import DefencePlaces
from kitei.network.remote_estate import RemotePlace
from kitei.values import Span

PROBE_SECONDS: Final = 10


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
    """A node that answers RADIUS, on these addresses."""

    node: str
    addresses: tuple[str, ...]
    auth_port: int = 1812
    acct_port: int = 1813


@dataclass(frozen=True, slots=True)
class Concentrator:
    """Where a mobile network asks for VPDN, for lines of one type."""

    address: str
    carries: Literal["D", "K", "I"]


@dataclass(frozen=True, slots=True)
class Prober:
    """A node from which the operator logs in as its synthetic users, and the address it asks from."""

    node: str
    address: str


@dataclass(frozen=True, slots=True)
class UserTables:
    """The sacks of a realm's users: the table, and what changed since it was made, None: nothing."""

    users: str
    changes: str | None = None


@dataclass(frozen=True, slots=True)
class Estate:
    """Facts of the operator's that intent needs beside contracts.

    `machines` and `certificates` (PEM) are by serial, `authorities` by VPN network. `monitor` is the
    node at the operator's monitoring place, with its address on the closed network (`'203.0.113.1/24'`).
    `radius` are the nodes that answer RADIUS, each for all contracts, and `caps` what the operator has
    published as the most of anything (`max-sessions-per-realm` ...). `probers` are the nodes that log in as
    synthetic users each `probe_seconds`; where none is named, those that answer RADIUS ask one another.
    `sacks` are those in force, by what is in them (`client.<contract>`, `home.<contract>`, `papers.<contract>`,
    `tunnel.<contract>`, `probe.<contract>`, `login.<contract>`, `papers.<node>`, `prober.<node>`,
    `concentrator.<address>`); `users` those of a realm's users, `defence` what stands against
    floods. `gateways` are those of Secure Access, `gateway_keys` (base64) what they told of theirs, by node;
    `backbones` the days on which a customer has the Private Backbone. `remote` are gateways of GIO Remote Access.
    """

    machines: Mapping[str, Machine] = field(default_factory=dict)
    authorities: Mapping[str, AuthorityPapers] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)
    monitor: str | None = None
    monitor_port: str = "cls0"
    monitor_address: str | None = None
    radius: tuple[RadiusPlace, ...] = ()
    concentrators: tuple[Concentrator, ...] = ()
    defence: DefencePlaces = field(default_factory=DefencePlaces)
    caps: Mapping[str, int] = field(default_factory=dict)
    probers: tuple[Prober, ...] = ()
    probe_seconds: int = PROBE_SECONDS
    sacks: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, UserTables] = field(default_factory=dict)
    gateways: tuple[GatewayPlace, ...] = ()
    remote: tuple[RemotePlace, ...] = ()
    gateway_keys: Mapping[str, str] = field(default_factory=dict)
    backbones: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
