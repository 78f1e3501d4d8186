"""The parts of a node that is a customer's Web gateway.

Addresses and prefixes are IPv4 or IPv6 as text. Sacks are as in `kitei.network.radius`: names of what reaches the
node beside its orders.
"""

from dataclasses import dataclass
from typing import TypeAlias

from kitei.network.later import later
from kitei.network.origin import Origin


@dataclass(frozen=True, slots=True)
class WebGateway:
    """A proxy on this node. `name` is what its own authority for opened TLS is called; the key is made here.

    From the ports `inside` (a name ending in `*`: all beginning so) it is reached at `port` of the node's own
    addresses; TCP to 80 and 443 that comes in by one of `intercepts` is taken without the client's doing. It asks
    `resolvers` for names and leaves by `egress`, one address a family; none: as routes say. `authority` (PEM, may be
    empty) signs servers of the customer's own, beside those everybody trusts. Where `spares` are, nothing is taken
    and the address to leave by is not changed: the customer's own networks.

    `visits` are pages that the operator knows: whether they come through the gateway tells whether it works.

    `holds`: bodies are held and inspected, within the bounds of the policy; ClamAV's signatures lie in the folder
    `signatures`.
    """

    origin: Origin
    name: str
    port: int
    inside: tuple[str, ...]
    intercepts: tuple[str, ...]
    resolvers: tuple[str, ...]
    egress: tuple[str, ...]
    authority: str
    spares: tuple[str, ...]
    holds: bool
    signatures: str
    visits: tuple[str, ...] = later(())

    @property
    def key(self) -> str:
        return "web-gateway"


@dataclass(frozen=True, slots=True)
class WebPolicy:
    """What the proxy decides by: a text of `kitei.proxy.written`. `sign_in`: who asks at the proxy's port tells a
    name and a password of the sack `users`."""

    origin: Origin
    text: str
    sign_in: bool
    users: str | None

    @property
    def key(self) -> str:
        return "web-policy"


@dataclass(frozen=True, slots=True)
class WebList:
    """A long list of host names that the policy names: one a line, in `sack`."""

    origin: Origin
    name: str
    sack: str

    @property
    def key(self) -> str:
        return f"web-list:{self.name}"


WebPart: TypeAlias = WebGateway | WebPolicy | WebList
