"""The parts of a gateway of Secure Access: who comes in, what passes, by which address it leaves.

Prefixes are text, IPv4 or IPv6. What a customer set an end for carries `until`, an instant in ISO 8601 with offset:
the node takes it back by its own clock.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from kitei.network.appliance import Appliance
from kitei.network.later import later
from kitei.network.origin import Origin


@dataclass(frozen=True, slots=True)
class Filter:
    """Nothing is forwarded here but what FilterRules allow. `version` is that of the policy, 0: there is none.

    `zones` say from which ports which prefixes come (`'lan0 10.1.0.0/16 2001:db8::/48'`); a zone without prefixes
    has all that are no other's. `guarded` are addresses at which nothing new is let in from `outside` but WireGuard
    on `listen` (0: not even that); `serves` what on the node itself those of other zones may reach (`'tcp/3128'`).
    """

    origin: Origin
    outside: str
    zones: tuple[str, ...]
    guarded: tuple[str, ...]
    listen: int
    serves: tuple[str, ...]
    version: int

    @property
    def key(self) -> str:
        return "filter"


@dataclass(frozen=True, slots=True)
class FilterRule:
    """What happens to flows from `sources` to `destinations` by `services`; the smallest `number` that fits counts.

    Sources and destinations are prefixes, or all of them with `!`: any but these. None: any at all.
    Services are `'tcp/443'`, `'udp/5000-5100'`, `'tcp'`, `'icmp'` (of either family) and `'proto/47'`; none: any.
    What is allowed is looked into by the Appliance of that `profile`'s number; 0: by none.
    """

    origin: Origin
    name: str
    number: int
    action: Literal["allow", "deny"]
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    services: tuple[str, ...]
    until: str | None
    profile: int = later(0)

    @property
    def key(self) -> str:
        return f"filter-rule:{self.name}"


@dataclass(frozen=True, slots=True)
class Egress:
    """What is forwarded out of `port` leaves by these addresses, one a family, and on these ports (`''`: any).

    `dedicated`: nobody else leaves by them. A family without an address does not leave.
    """

    origin: Origin
    port: str
    addresses: tuple[str, ...]
    ports: str
    dedicated: bool

    @property
    def key(self) -> str:
        return "egress"


@dataclass(frozen=True, slots=True)
class RemoteAccess:
    """A WireGuard port of the node, with its own inner `addresses` (with prefix length). The node makes its key."""

    origin: Origin
    name: str
    listen: int
    addresses: tuple[str, ...]
    mtu: int

    @property
    def key(self) -> str:
        return "remote-access"


@dataclass(frozen=True, slots=True)
class RemoteDevice:
    """A device of an account: its WireGuard key (base64) and its inner addresses."""

    origin: Origin
    name: str
    account: str
    public_key: str
    addresses: tuple[str, ...]
    until: str | None

    @property
    def key(self) -> str:
        return f"remote-device:{self.name}"


@dataclass(frozen=True, slots=True)
class BackboneLink:
    """The way to the Private Backbone: `prefixes` by `via`, one next hop a family, at most `megabits` a second
    (of a million bits each, frames counted whole) in either direction."""

    origin: Origin
    port: str
    prefixes: tuple[str, ...]
    via: tuple[str, ...]
    megabits: int

    @property
    def key(self) -> str:
        return "backbone-link"


AccessPart: TypeAlias = Filter | FilterRule | Appliance | Egress | RemoteAccess | RemoteDevice | BackboneLink
