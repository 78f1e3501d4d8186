"""The parts of nodes that see floods, stop them, and give the clean traffic back.

Prefixes are text, IPv4 or IPv6 (`'198.51.100.0/24'`). Rates are bits, packets or bytes a second as named.
What is done against an attack carries `until`, an instant in ISO 8601 with offset: the node takes it back by
its own clock when nobody prolonged it, so that a dead controller leaves nothing behind for ever. `None` stands
for what was bought for always.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from kitei.network.later import later
from kitei.network.origin import Origin

RouteAction: TypeAlias = Literal["blackhole", "divert"]


# -- seeing ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FlowCollector:
    """This node receives flow exports on these addresses: NetFlow and IPFIX on one port, sFlow on another.

    `exporters` are the only ones heard, where any are named: `'192.0.2.1'`, `'192.0.2.1=1000'` (whose sampling
    rate is this, whatever they tell), `'192.0.2.1,ingress'` (what they tell of egress is passed over).
    """

    origin: Origin
    addresses: tuple[str, ...]
    netflow_port: int
    sflow_port: int
    exporters: tuple[str, ...]

    @property
    def key(self) -> str:
        return "flow-collector"


@dataclass(frozen=True, slots=True)
class FloodWatch:
    """What is too much for these prefixes. `policy` is one `[[policy]]` of `kitei.collect.policies`, as a line of JSON."""

    origin: Origin
    name: str
    prefixes: tuple[str, ...]
    policy: str

    @property
    def key(self) -> str:
        return f"flood-watch:{self.name}"


# -- route control -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speaker:
    """This node speaks BGP (RFC 4271) for its operator and forwards nothing by it. `hold` is in seconds."""

    origin: Origin
    asn: int
    router_id: str
    port: int
    hold: int

    @property
    def key(self) -> str:
        return "speaker"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A router that takes routes from the speaker: the operator's own border, or another provider's.

    `families` are those it takes; `most` is how many routes it is ever given. `blackhole` is the community by
    which it discards (RFC 7999), `next_hops` the addresses that it discards to, by family, where it wants one.
    `hops` is from how far away at most it speaks (1: from the same wire), by TTL at both ends (RFC 5082); 0: not
    checked. `sack` holds the secret of the session (RFC 2385), None: there is none.
    """

    origin: Origin
    name: str
    address: str
    asn: int
    families: tuple[Literal["ipv4", "ipv6", "ipv4-flowspec", "ipv6-flowspec"], ...]
    most: int
    blackhole: str
    next_hops: tuple[str, ...]
    own: bool
    hops: int = later(0)
    sack: str | None = later(None)

    @property
    def key(self) -> str:
        return f"upstream:{self.name}"


@dataclass(frozen=True, slots=True)
class RouteLeave:
    """What may be announced for a contract, to whom, and how much of it. A speaker announces nothing outside it.

    `longest_ipv4` and `longest_ipv6` are prefix lengths; `most` counts routes and flow rules together.
    """

    origin: Origin
    contract: str
    prefixes: tuple[str, ...]
    actions: tuple[Literal["blackhole", "divert", "filter", "rate-limit"], ...]
    upstreams: tuple[str, ...]
    longest_ipv4: int
    longest_ipv6: int
    most: int

    @property
    def key(self) -> str:
        return f"route-leave:{self.contract}"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A route against an attack: discard all traffic to `prefix` (RFC 5635, 7999), or send it to a scrubber.

    `next_hop` is the scrubber's for a diversion, empty for a blackhole (each upstream has its own).
    """

    origin: Origin
    contract: str
    prefix: str
    action: RouteAction
    next_hop: str
    upstreams: tuple[str, ...]
    until: str | None

    @property
    def key(self) -> str:
        return f"announcement:{self.action}:{self.prefix}"


@dataclass(frozen=True, slots=True)
class FlowRule:
    """A flow specification (RFC 8955, 8956). `rate` is bytes a second, 0 discards.

    `protocol` is an IP protocol number, None any; ports are single ones, empty: any; `fragments`: only those;
    `syn`: TCP with SYN and without ACK.
    """

    origin: Origin
    contract: str
    name: str
    destination: str
    source: str | None
    protocol: int | None
    source_ports: tuple[int, ...]
    destination_ports: tuple[int, ...]
    fragments: bool
    syn: bool
    rate: int
    upstreams: tuple[str, ...]
    until: str | None

    @property
    def key(self) -> str:
        return f"flow-rule:{self.name}"


# -- scrubbing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scrubber:
    """This node takes diverted traffic on `dirty_port`, cleans it, and sends it on by its routes.

    `engine` is `xdp` (in the driver of the port), or `nftables` where there is no XDP; `auto` takes what is there.
    """

    origin: Origin
    dirty_port: str
    engine: Literal["auto", "xdp", "nftables"]

    @property
    def key(self) -> str:
        return "scrubber"


@dataclass(frozen=True, slots=True)
class Scrubbing:
    """How traffic to a prefix is cleaned, for a contract. The most specific prefix decides.

    Order: `deny`, `allow`, what makes no sense, fragments, amplification (UDP from `reflectors` ports), SYN proof
    (cookies), `source_pps` for each source, then the contract's `clean_bps` police for all that is left and all
    that is allowed (shared by all prefixes of the contract; 0: no ceiling). A limit of 0 is none.
    """

    origin: Origin
    contract: str
    prefix: str
    clean_bps: int
    source_pps: int
    syn_proof: bool
    reflectors: tuple[int, ...]
    fragments: Literal["pass", "drop"]
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    until: str | None

    @property
    def key(self) -> str:
        return f"scrubbing:{self.prefix}"


# -- the way back ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReturnTunnel:
    """Clean traffic goes back through this tunnel: its near end on this node. Present on both ends.

    `local` and `remote` are outer addresses; `address` the inner one here with prefix length, `peer` the inner one
    there; `watched` ends are probed. `carries` are the prefixes routed into it here (none on the customer's side).
    GRE is RFC 2784; VXLAN (RFC 7348) stands in where the kernel has no GRE. `mtu` is the inner one.
    """

    origin: Origin
    name: str
    encapsulation: Literal["gre", "vxlan"]
    local: str
    remote: str
    number: int
    address: str
    peer: str
    carries: tuple[str, ...]
    mtu: int

    @property
    def key(self) -> str:
        """A contract's router is the far end of a tunnel from each scrubber."""
        return f"return-tunnel:{self.name}:{self.number}"


DdosPart: TypeAlias = (
    FlowCollector
    | FloodWatch
    | Speaker
    | Upstream
    | RouteLeave
    | Announcement
    | FlowRule
    | Scrubber
    | Scrubbing
    | ReturnTunnel
)
