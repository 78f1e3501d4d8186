"""What a BGP speaker has, as values: itself, its neighbours, who may be told what, and the routes it holds."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

Family: TypeAlias = Literal["ipv4", "ipv6", "ipv4-flowspec", "ipv6-flowspec"]
Kind: TypeAlias = Literal["blackhole", "divert", "flow"]

FAMILIES: Final[Mapping[Family, tuple[int, int]]] = {  # AFI and SAFI (RFC 4760, 8955, 8956)
    "ipv4": (1, 1),
    "ipv6": (2, 1),
    "ipv4-flowspec": (1, 133),
    "ipv6-flowspec": (2, 133),
}
NO_EXPORT: Final = "65535:65281"  # RFC 1997
MOST_HEARD: Final = 1000
"""Routes that an upstream may announce to the speaker, which takes none of them but has to hold a copy."""
KINDS: Final[Mapping[Kind, int]] = {"blackhole": 1, "divert": 2, "flow": 3}


def digest_of_secret(secret: str) -> str:
    """What stands for a secret where it does not belong itself: 16 hex digits; empty for none."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16] if secret else ""


@dataclass(frozen=True, slots=True)
class Self:
    """The speaker itself."""

    asn: int
    router_id: str
    port: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A session the speaker keeps. `hold` is in seconds; 0 is of one that the speaker has shut by itself.

    `ttl` is the least with which its packets may arrive (RFC 5082), 0: any; `secret` the digest of the session's
    (RFC 2385), empty: none; `most` how many routes it may announce in each family before the session is broken off.
    """

    address: str
    asn: int
    families: frozenset[Family]
    hold: int
    ttl: int = 0
    secret: str = ""
    most: int = MOST_HEARD


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """That a route of the speaker's may go to one neighbour, as a large community (RFC 8092): `asn:kind:number`.

    It never leaves the speaker.
    """

    kind: int
    number: int


@dataclass(frozen=True, slots=True)
class Permit:
    """What is tagged so goes to this neighbour, in this dress: all communities and the next hop replaced.

    `next_hop` is an address, `'self'`, or empty for the route's own.
    """

    neighbour: str
    tag: Tag
    family: Family
    communities: tuple[str, ...]
    large_communities: tuple[str, ...]
    next_hop: str


Component: TypeAlias = tuple[int, tuple[tuple[int, int], ...]]
"""A component of a flow specification but its prefixes: type, and pairs of operator and value (RFC 8955, 4.2)."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which packets a flow specification means."""

    destination: str
    source: str | None
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A route in the speaker's table. Of one `family` and `of` there is one at most.

    `next_hop` is empty where the neighbour's dress decides; `rate` (bytes a second) is None for unicast routes.
    """

    family: Family
    of: str | Match
    next_hop: str
    rate: float | None
    tags: frozenset[Tag]


@dataclass(frozen=True, slots=True)
class SpeakerSeen:
    """`program` is the running engine's process, None: it does not run; `itself` None: it knows nothing yet.
    `present`: something of ours is on the machine.

    `guarded`: no route goes in or out but by a Permit. `strange`: what it holds and we cannot read. `secrets` are
    digests of the secrets that have arrived, by sack.
    """

    at: datetime
    program: int | None = None
    itself: Self | None = None
    guarded: bool = False
    neighbours: frozenset[Neighbour] = frozenset()
    permits: frozenset[Permit] = frozenset()
    routes: frozenset[Held] = frozenset()
    strange: tuple[str, ...] = ()
    present: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)
