"""What a machine has of a gateway: the table, egress addresses, ways to the backbone, and whether it forwards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

PROTOCOL: Final = 109  # marks our addresses (IFA_PROTO) and routes (rtm_protocol)
FORWARDING: Final = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
# The end of a flow is told even of one that began before somebody listened.
SWITCHES: Final = (*FORWARDING, "net.netfilter.nf_conntrack_events")


@dataclass(frozen=True, slots=True)
class Way:
    """A route of ours."""

    prefix: str
    via: str
    port: str


@dataclass(frozen=True, slots=True)
class Held:
    """An egress address on a port."""

    port: str
    address: str


@dataclass(frozen=True, slots=True)
class AccessSeen:
    """`loaded` is the digest of the text last loaded, None when unknown or changed by another hand since.

    `owners` are those of the parts that made it; `at` is the host's time; `shaped` a port that was given a
    ceiling, and the megabits a second it is held to now.
    """

    at: datetime
    present: bool = False
    loaded: str | None = None
    owners: tuple[str, ...] = ()
    held: frozenset[Held] = frozenset()
    ways: frozenset[Way] = frozenset()
    forwards: bool = False
    records: bool = False
    shaped: tuple[str, int] | None = None
