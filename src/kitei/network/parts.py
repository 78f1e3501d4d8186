"""The parts a node is made of. Each knows whom it serves and which provisions put it there.

Addresses are text: `'10.1.0.1/24'` for an interface address, `'10.1.0.0/24'` for a prefix,
`'192.0.2.1'` for a host. A part's `key` is unique on its node and stays the same while the thing
stays the same, so that a difference between two intents is a difference of keys and values.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from kitei.network.access import AccessPart
from kitei.network.ddos import DdosPart
from kitei.network.origin import Origin
from kitei.network.radius import (
    HomeServer,
    LoginProbe,
    RadiusCaps,
    RadiusClient,
    RadiusGroup,
    RadiusPeer,
    RadiusProber,
    RadiusProxy,
    RadiusServer,
    RadiusVpdn,
    SyntheticUser,
    TunnelTerminator,
)
from kitei.network.remote import RemotePart
from kitei.network.web import WebPart


@dataclass(frozen=True, slots=True)
class Port:
    """An interface of the machine, with its place in the network. It must exist; it is never created.

    `wan` carries protected traffic only, `lan` is the customer's side, `closed` leads to the
    operator's monitoring place over a closed line, `loopback` is `lo`.
    """

    origin: Origin
    name: str
    role: Literal["wan", "lan", "closed", "loopback"]

    @property
    def key(self) -> str:
        return f"port:{self.name}"


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 address of an interface, with prefix length (RFC 4632)."""

    origin: Origin
    port: str
    address: str

    @property
    def key(self) -> str:
        return f"address:{self.port}:{self.address}"


@dataclass(frozen=True, slots=True)
class Route:
    """A static route. `via` None is a blackhole. A larger `metric` yields to a smaller."""

    origin: Origin
    destination: str
    via: str | None
    metric: int = 0

    @property
    def key(self) -> str:
        return f"route:{self.destination}:{self.metric}"


@dataclass(frozen=True, slots=True)
class Forwarding:
    """IPv4 is forwarded between interfaces and IPv6 is off on all of them, present and future."""

    origin: Origin

    @property
    def key(self) -> str:
        return "forwarding"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this node is to its IKE peers (RFC 7296), in X.509 (RFC 5280).

    `name` is the IKE identity and the certificate's subjectAltName. The node makes the private key
    and never gives it away; `certificate` is None until the authority has signed the node's request.
    `authority` and `revoked` (a CRL) are those of one VPN network. All PEM.
    """

    origin: Origin
    name: str
    authority: str
    certificate: str | None
    revoked: str

    @property
    def key(self) -> str:
        return f"identity:{self.name}"


@dataclass(frozen=True, slots=True)
class SecureLink:
    """An IKEv2 association between two WAN addresses, protecting one inner host address each (ESP, RFC 4303).

    `dials` is true on the side that keeps trying to bring it up.
    """

    origin: Origin
    name: str
    local: str
    remote: str
    local_name: str
    remote_name: str
    local_inner: str
    remote_inner: str
    dials: bool

    @property
    def key(self) -> str:
        return f"secure-link:{self.name}"


@dataclass(frozen=True, slots=True)
class Overlay:
    """A point-to-point VXLAN device (RFC 7348) between the inner addresses of one SecureLink.

    `number` is the VNI, `address` this end's /31 (RFC 3021).
    """

    origin: Origin
    name: str
    number: int
    local_inner: str
    remote_inner: str
    address: str
    mtu: int

    @property
    def key(self) -> str:
        return f"overlay:{self.name}"


@dataclass(frozen=True, slots=True)
class Bgp:
    """This node speaks BGP-4 (RFC 4271) with this number; `announces` are its own site's prefixes."""

    origin: Origin
    asn: int
    router_id: str
    announces: tuple[str, ...]

    @property
    def key(self) -> str:
        return "bgp"


@dataclass(frozen=True, slots=True)
class BgpNeighbour:
    """One BGP session, guarded by BFD (RFC 5880) 100 ms x 3.

    Only `accepts` is taken in (smaller `metric` preferred by this node, sent as MED to the other).
    """

    origin: Origin
    address: str
    asn: int
    name: str
    accepts: tuple[str, ...]
    metric: int

    @property
    def key(self) -> str:
        return f"bgp-neighbour:{self.address}"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A virtual LAN gateway address kept by VRRPv3 (RFC 9568); the larger `priority` holds it.

    A node that has no route by BGP gives it up.
    """

    origin: Origin
    port: str
    address: str
    group: int
    priority: int

    @property
    def key(self) -> str:
        return f"gateway:{self.port}:{self.group}:{self.address}"


@dataclass(frozen=True, slots=True)
class Guard:
    """On this port only IKE and ESP pass (UDP 500, UDP 4500, protocol 50), only with `peers`."""

    origin: Origin
    port: str
    peers: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"guard:{self.port}"


@dataclass(frozen=True, slots=True)
class Allow:
    """Packets from `sources` in by `inbound` may leave by `outbound` to `destinations`, and back.

    What no Allow names is dropped. `inbound` and `outbound` are interface names.
    """

    origin: Origin
    name: str
    inbound: str
    sources: tuple[str, ...]
    outbound: str
    destinations: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"allow:{self.name}"


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask `target` from `source` by ICMP echo every `interval` ms; `contract` is whose state it tells.

    `path` names what is measured: `end-to-end` (LAN to LAN through the tunnels), `closed` (over the
    closed monitoring line) or `tunnel` (a ReturnTunnel from one end to the other).
    """

    origin: Origin
    name: str
    source: str
    target: str
    interval: int
    path: Literal["end-to-end", "closed", "tunnel"]

    @property
    def key(self) -> str:
        return f"probe:{self.name}"


Part: TypeAlias = (
    Port
    | Address
    | Route
    | Forwarding
    | Identity
    | SecureLink
    | Overlay
    | Bgp
    | BgpNeighbour
    | Gateway
    | Guard
    | Allow
    | Probe
    | RadiusServer
    | RadiusClient
    | RadiusGroup
    | RadiusProxy
    | HomeServer
    | RadiusVpdn
    | TunnelTerminator
    | RadiusCaps
    | RadiusPeer
    | RadiusProber
    | SyntheticUser
    | LoginProbe
    | DdosPart
    | AccessPart
    | WebPart
    | RemotePart
)
