"""The parts of a gateway of GIO Remote Access: where tunnels end or browsers come in, which hosts their users reach,
by which port.

Prefixes are text, IPv4 or IPv6. Who may log in, and how many at once, is told by the parts of `kitei.network.radius`
on the same node.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from kitei.network.later import later
from kitei.network.origin import Origin


@dataclass(frozen=True, slots=True)
class TunnelGateway:
    """VPN tunnels of users end here: TLS on TCP `port` and DTLS on UDP `port` of `listen`: one IPv4 address, and one
    IPv6 address where there is any.

    Users get addresses of `pools`, one prefix a family, and nothing comes out of a tunnel from any other. `papers` is
    the sack with the certificate and private key (PEM), `sack` the secret shared with the RADIUS server of the node;
    `name` is what clients call it. No more than `sessions` are let in at once; 0: any number. Clients ask `resolvers`
    for the names among the reached hosts, and for no other.
    """

    origin: Origin
    name: str
    listen: tuple[str, ...]
    port: int
    pools: tuple[str, ...]
    papers: str
    sack: str
    sessions: int = later(0)
    resolvers: tuple[str, ...] = later(())

    @property
    def key(self) -> str:
        return "tunnel-gateway"

    @property
    def asks_from(self) -> str:
        """Its IPv4 address, from which it asks the RADIUS server."""
        return next(each for each in self.listen if ":" not in each)


@dataclass(frozen=True, slots=True)
class BrowserGateway:
    """A proxy for browsers: TLS on TCP `port` of `listen`, as a TunnelGateway's. What a browser asks is passed on as
    it is; TLS to a host is not opened. Names are asked of `resolvers`, where there are none of the machine's own.

    `papers`, `sack` and `name` are as a TunnelGateway's.
    """

    origin: Origin
    name: str
    listen: tuple[str, ...]
    port: int
    resolvers: tuple[str, ...]
    papers: str
    sack: str

    @property
    def key(self) -> str:
        return "browser-gateway"

    @property
    def asks_from(self) -> str:
        """Its IPv4 address, from which it asks the RADIUS server."""
        return next(each for each in self.listen if ":" not in each)


@dataclass(frozen=True, slots=True)
class ReachedHosts:
    """What users may reach, as prefixes, and for browsers as host names too; nothing else is passed on. Through a tunnel
    names are asked for, and what they lead to is reached where the prefixes hold it."""

    origin: Origin
    prefixes: tuple[str, ...]
    names: tuple[str, ...] = later(())

    @property
    def key(self) -> str:
        return "reached-hosts"


@dataclass(frozen=True, slots=True)
class NetworkRelay:
    """The port by which what users ask goes on, to where the operator connects networks."""

    origin: Origin
    port: str

    @property
    def key(self) -> str:
        return "network-relay"


@dataclass(frozen=True, slots=True)
class EntranceProbe:
    """Look from here, as users see it, whether a gateway asks who they are: by TLS at `address` and `port`, under the
    name `server`. `interval` in milliseconds; `name` is what the look is called."""

    origin: Origin
    name: str
    address: str
    port: int
    server: str
    leads: Literal["tunnels", "browsers"]
    interval: int

    @property
    def key(self) -> str:
        return f"entrance-probe:{self.name}"


RemotePart: TypeAlias = TunnelGateway | BrowserGateway | ReachedHosts | NetworkRelay | EntranceProbe
