"""The filter of return tunnels: segments that fit, and no tunnel packet from elsewhere than its other end.

The way back need not be the way there: a client's segments come through the tunnel, while the MSS they obey was
told in an answer that the customer sent by another way. So the end that carries nothing into the tunnel, the
customer's, clamps every SYN that it forwards.
"""

from collections import defaultdict
from collections.abc import Sequence
from ipaddress import ip_address

from kitei.drivers.tunnels.seen import PORT, device_of
from kitei.network import ReturnTunnel

TABLE = "inet kitei_return"
_HEADERS = (("ipv4", 40), ("ipv6", 60))  # IP and TCP without options


def clamp_text(tunnels: Sequence[ReturnTunnel]) -> str:
    """As `nft -f` takes it; the kernel lowers an MSS by such a rule and never raises it."""
    clamps = [line for part in tunnels for line in _clamps(part)]
    return "\n".join(
        (
            f"table {TABLE} {{",
            "chain clamp {",
            "type filter hook forward priority mangle; policy accept;",
            *clamps,
            "}",
            "chain guard {",
            "type filter hook input priority filter; policy accept;",
            *_guards(tunnels),
            "}",
            "}\n",
        )
    )


def _clamps(part: ReturnTunnel) -> list[str]:
    device = device_of(part)
    ways = [f'oifname "{device}"', f'iifname "{device}"'] if part.carries else [""]
    return [
        f"meta nfproto {family} {way} tcp flags & (syn | rst) == syn tcp option maxseg size set {part.mtu - headers}"
        for way in ways
        for family, headers in _HEADERS
    ]


def _guards(tunnels: Sequence[ReturnTunnel]) -> list[str]:
    """GRE devices look at the source themselves, VXLAN's take what comes to their port."""
    remotes: dict[str, set[str]] = defaultdict(set)
    for part in tunnels:
        remotes[part.local].add(part.remote)
    rules = []
    for local in sorted(remotes):
        family = "ip" if ip_address(local).version == 4 else "ip6"
        known = ", ".join(sorted(remotes[local]))
        rules.append(f"{family} daddr {local} udp dport {PORT} {family} saddr != {{ {known} }} counter drop")
    return rules
