"""What the operator has against floods: collectors, scrubbers, route speakers, routers that take routes, tunnels."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["ipv4", "ipv6", "ipv4-flowspec", "ipv6-flowspec"]


@dataclass(frozen=True, slots=True)
class CollectorPlace:
    """A node that hears flow exports on these addresses. `exporters`: whom it hears (empty: anyone). `carrier` is whose
    routers those are; None: the operator's own.
    """

    node: str
    addresses: tuple[str, ...]
    netflow_port: int = 2055
    sflow_port: int = 6343
    exporters: tuple[str, ...] = ()
    carrier: str | None = None


@dataclass(frozen=True, slots=True)
class ScrubberPlace:
    """A node that cleans traffic. `next_hops` are its addresses for diversions, one a family."""

    node: str
    dirty_port: str
    engine: Literal["auto", "xdp", "nftables"] = "auto"
    next_hops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeakerPlace:
    """A node that speaks BGP for the operator. `hold` is in seconds."""

    node: str
    asn: int
    router_id: str
    port: int = 179
    hold: int = 90


@dataclass(frozen=True, slots=True)
class UpstreamPlace:
    """A router that takes routes from a speaker. `carrier` is whose it is; None: the operator's own.

    A `blackhole` community is two numbers or three (RFC 7999 has 65535:666), `none` where it discards nothing;
    `next_hops` are what it discards to. `hops`: it sends with TTL 255 and stands no further away (RFC 5082), 0: it
    does not.
    """

    name: str
    speaker: str
    address: str
    asn: int
    families: tuple[Family, ...]
    most: int = 1000
    blackhole: str = "65535:666"
    next_hops: tuple[str, ...] = ()
    carrier: str | None = None
    hops: int = 0

    @property
    def community(self) -> str:
        """That by which it discards, empty where it does not."""
        return "" if self.blackhole == "none" else self.blackhole


@dataclass(frozen=True, slots=True)
class TunnelPlace:
    """A tunnel that is laid for a contract, as seen from its `scrubber`: outer addresses `local` and `remote`,
    inner ones `address` (with prefix length) and `peer`. `far_node` is the router at its other end, where that is
    a node of ours.
    """

    contract: str
    scrubber: str
    local: str
    remote: str
    number: int
    address: str
    peer: str
    encapsulation: Literal["gre", "vxlan"] = "gre"
    mtu: int = 1400
    far_node: str | None = None


@dataclass(frozen=True, slots=True)
class DefencePlaces:
    """All of it, in order of names. `lost` are nodes of scrubbers that no route should lead to now."""

    collectors: tuple[CollectorPlace, ...] = ()
    scrubbers: tuple[ScrubberPlace, ...] = ()
    speakers: tuple[SpeakerPlace, ...] = ()
    upstreams: tuple[UpstreamPlace, ...] = ()
    tunnels: tuple[TunnelPlace, ...] = ()
    lost: tuple[str, ...] = ()
