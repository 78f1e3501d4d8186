"""The parts of a node that is a customer's Web gateway.

Addresses and prefixes are IPv4 or IPv6 as text. Sacks are as in `kitei.network.radius`: names of what reaches the
node beside its orders.
"""

from dataclasses import dataclass
from typing import TypeAlias

from kitei.network.origin import Origin


@dataclass(frozen=True, slots=True)
class WebGateway:
    """A proxy on this node. `name` is what its own authority for opened TLS is called; the key is made here.

    From the ports `inside` (a name ending in `*`: all beginning so) it is reached at `port` of the node's own
    addresses; TCP to 80 and 443 that comes in by one of `intercepts` is taken without the client's doing. It asks
    `resolvers` for names and leaves by `egress`, one address a family; none: as routes say. `authority` (PEM, may be
    empty) signs servers of the customer's own, beside those everybody trusts.

    `policy` is the text of `kitei.proxy.written`. `sign_in`: at the port, who asks tells a name and a password of
    the sack `users`. Bodies are held where the policy says so; ClamAV's signatures lie in the folder `signatures`.
    """

    origin: Origin
    name: str
    port: int
    inside: tuple[str, ...]
    intercepts: tuple[str, ...]
    resolvers: tuple[str, ...]
    egress: tuple[str, ...]
    authority: str
    policy: str
    sign_in: bool
    users: str | None
    signatures: str

    @property
    def key(self) -> str:
        return "web-gateway"


@dataclass(frozen=True, slots=True)
class WebList:
    """A long list of host names that the policy names: one a line, in `sack`."""

    origin: Origin
    name: str
    sack: str

    @property
    def key(self) -> str:
        return f"web-list:{self.name}"


WebPart: TypeAlias = WebGateway | WebList
