"""The parts of a node that answers RADIUS (RFC 2865, 2866, 5176).

No part holds a secret. A `sack` is the name of something that reaches the node beside its orders, as a file
that only the engine may read: `'client.c-17@3'`, a name and a version, never made from what is inside. So a
changed secret is a changed part, and a plan shows it without telling it.

Addresses are IPv4 or IPv6 hosts as text. Realms are lower case; none is two of group, proxy and VPDN. One that a
mobile network asks for ends with its type, `acme.example/d`: a group of the same customer may be `acme.example`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from kitei.network.ddos import Upstream
from kitei.network.later import later
from kitei.network.origin import Origin
from kitei.network.remote import BrowserGateway, TunnelGateway
from kitei.network.appliance import Appliance
from kitei.network.web import WebList, WebPolicy


@dataclass(frozen=True, slots=True)
class RadiusServer:
    """This node answers on these addresses: authentication and accounting, over UDP.

    `papers` is the sack with its certificate and private key (PEM) for EAP and RadSec; None: no EAP.
    """

    origin: Origin
    addresses: tuple[str, ...]
    auth_port: int
    acct_port: int
    papers: str | None

    @property
    def key(self) -> str:
        return "radius-server"


@dataclass(frozen=True, slots=True)
class RadiusClient:
    """One address that may ask, with its own secret, and only for users of `realms`. Anyone else gets no answer.

    `carries` is empty for a customer's terminal; a mobile network's concentrator asks for VPDN of that type.
    `transition`: requests without Message-Authenticator are taken too (CVE-2024-3596), until its owner is ready.
    `rate` is how many requests a second it may ask, so that one cannot starve others; 0: no limit.
    """

    origin: Origin
    address: str
    sack: str
    realms: tuple[str, ...]
    carries: Literal["", "D", "K", "I"]
    transition: bool
    rate: int

    @property
    def key(self) -> str:
        return f"radius-client:{self.address}"


@dataclass(frozen=True, slots=True)
class RadiusGroup:
    """A realm whose users we keep. `accounts` is how many of them the contract covers.

    `users` is the sack with their table; `changes` one with what changed since, None: nothing. `methods` are
    those the customer enabled. `authority` (PEM, may be empty) signs the users' certificates for EAP-TLS.
    """

    origin: Origin
    realm: str
    users: str
    changes: str | None
    methods: tuple[str, ...]
    accounts: int
    authority: str

    @property
    def key(self) -> str:
        return f"radius-group:{self.realm}"


@dataclass(frozen=True, slots=True)
class RadiusProxy:
    """A realm whose requests go to the customer's own servers, which are HomeServers of this realm.

    `spread` False: the living one of the smallest preference; True: spread by weight among those.
    `strips`: the servers see `alice`, not `alice@realm`.
    """

    origin: Origin
    realm: str
    spread: bool
    strips: bool

    @property
    def key(self) -> str:
        return f"radius-proxy:{self.realm}"


@dataclass(frozen=True, slots=True)
class HomeServer:
    """A customer's own RADIUS server, over UDP (`port` + 1 for accounting) or RadSec (RFC 6614).

    It is asked for its health by Status-Server (RFC 5997) unless `silent`: some servers know no such question.
    `authority` (PEM) is what its certificate must be signed by; `papers` the sack we show. Both for RadSec.
    """

    origin: Origin
    realm: str
    address: str
    port: int
    transport: Literal["udp", "radsec"]
    sack: str
    preference: int
    weight: int
    silent: bool
    authority: str
    papers: str | None

    @property
    def key(self) -> str:
        return f"home-server:{self.realm}:{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class RadiusVpdn:
    """A realm whose sessions are tunnelled to the customer's TunnelTerminators (RFC 2868), for one type.

    `spread` is the load balancing option: by preference, then by weight; without it only the first is named.
    """

    origin: Origin
    realm: str
    item: Literal["D", "K", "I"]
    spread: bool

    @property
    def key(self) -> str:
        return f"radius-vpdn:{self.realm}"


@dataclass(frozen=True, slots=True)
class TunnelTerminator:
    """A customer's L2TP network server (RFC 2661). Its tunnel's secret is in `sack`; None: no secret.

    A smaller `preference` is taken first. `weight` 0 takes no sessions of its own while another lives.
    """

    origin: Origin
    realm: str
    address: str
    sack: str | None
    preference: int
    weight: int

    @property
    def key(self) -> str:
        return f"tunnel-terminator:{self.realm}:{self.address}"


@dataclass(frozen=True, slots=True)
class RadiusCaps:
    """What a realm's sessions may come to; 0: no limit. `octets` counts both ways, each month of JST."""

    origin: Origin
    realm: str
    sessions: int
    sessions_each: int
    octets: int
    octets_each: int

    @property
    def key(self) -> str:
        return f"radius-caps:{self.realm}"


@dataclass(frozen=True, slots=True)
class RadiusPeer:
    """A node that shares the book of sessions, this one too (`is_self`): where it listens for what others heard.

    All know one key, which is in `sack`.
    """

    origin: Origin
    name: str
    address: str
    port: int
    sack: str
    is_self: bool

    @property
    def key(self) -> str:
        return f"radius-peer:{self.name}"


@dataclass(frozen=True, slots=True)
class RadiusProber:
    """An address of the operator's own that may ask here, as the synthetic user of any realm and as no one else."""

    origin: Origin
    address: str
    sack: str

    @property
    def key(self) -> str:
        return f"radius-prober:{self.address}"


@dataclass(frozen=True, slots=True)
class SyntheticUser:
    """The one user of a group whom only the operator's probers can log in: no account, and in no table of users."""

    origin: Origin
    realm: str
    sack: str

    @property
    def key(self) -> str:
        return f"synthetic-user:{self.realm}"


@dataclass(frozen=True, slots=True)
class LoginProbe:
    """Log in from `source` at a server each `interval` milliseconds, and tell whether it answers as it should.

    `sack` is the secret shared with the server, `password` the sack with the user's. `path` is `login` for the
    synthetic user, `home` for a user whom the customer designated, where the answer is its own server's. `way` is
    the method; by `tunnel` the answer has to name a terminator, by EAP the server's papers have to be of today.
    """

    origin: Origin
    name: str
    source: str
    server: str
    port: int
    user: str
    sack: str
    password: str
    path: Literal["login", "home"]
    interval: int
    way: Literal["pap", "tunnel", "ttls", "peap"] = later("pap")

    @property
    def key(self) -> str:
        return f"login-probe:{self.path}:{self.name}"


def sacks_of(parts: Iterable[object]) -> dict[str, str]:
    """The sacks that parts need, each with the key of a part that does."""
    found: dict[str, str] = {}
    for part in parts:
        if isinstance(part, _WITH_SACKS):
            for name in ("sack", "users", "changes", "papers", "password"):
                value = getattr(part, name, None)
                if value:
                    found.setdefault(value, part.key)
    return found


_WITH_SACKS: Final = (
    RadiusServer,
    RadiusClient,
    RadiusGroup,
    HomeServer,
    TunnelTerminator,
    RadiusPeer,
    RadiusProber,
    SyntheticUser,
    LoginProbe,
    Upstream,
    WebPolicy,
    WebList,
    Appliance,
    TunnelGateway,
    BrowserGateway,
)
