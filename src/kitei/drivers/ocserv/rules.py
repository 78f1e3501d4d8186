"""What may come out of tunnels, as one nft table: only from the designated addresses, only to the designated hosts."""

from collections.abc import Sequence
from typing import Final

from kitei.drivers.ocserv.config import TUNNELS
from kitei.network import NetworkRelay, TunnelGateway

TABLE: Final = "inet kitei_remote"


def table(gateway: TunnelGateway, hosts: Sequence[str], relay: NetworkRelay | None) -> str:
    """The whole table. Nothing else is forwarded on the node, and the node itself is reached by no tunnel.

    An address of another's tunnel comes by the wrong device, and is dropped as one of no pool (`fib`).
    """
    return (
        f"table {TABLE} {{\n"
        "counter strangers {\n}\ncounter elsewhere {\n}\n"
        f"{_set('pool', gateway.pools)}{_set('host', hosts)}{_set('resolver', gateway.resolvers)}"
        "chain arrive {\ntype filter hook prerouting priority raw; policy accept;\n"
        f'iifname != "{TUNNELS}*" return\n'
        "ip saddr @pool4 fib saddr . iif oif exists return\n"
        "ip6 saddr @pool6 fib saddr . iif oif exists return\n"
        "counter name strangers drop\n}\n"
        "chain pass {\ntype filter hook forward priority filter; policy drop;\n"
        "ct state established,related accept\n"
        f"{_onward(relay, bool(gateway.resolvers))}"
        f'iifname "{TUNNELS}*" counter name elsewhere reject with icmpx admin-prohibited\n}}\n'
        "chain receive {\ntype filter hook input priority filter; policy accept;\n"
        f'iifname "{TUNNELS}*" counter name elsewhere reject with icmpx admin-prohibited\n'
        f"{_kept_to(gateway)}}}\n"
        "}\n"
    )


def _set(name: str, prefixes: Sequence[str]) -> str:
    text = ""
    for family, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        own = sorted(each for each in prefixes if (":" in each) == (family == 6))
        elements = f"elements = {{ {', '.join(own)} }}\n" if own else ""
        text += f"set {name}{family} {{\ntype {kind}\nflags interval\nauto-merge\n{elements}}}\n"
    return text


def _kept_to(gateway: TunnelGateway) -> str:
    """Users come in at the gateway's own addresses; its node asks it by loopback too."""
    text = ""
    for family, word in ((4, "ip"), (6, "ip6")):
        own = [each for each in gateway.listen if (":" in each) == (family == 6)]
        at = f"{word} daddr != {{ {', '.join(own)} }} " if own else f"meta nfproto ipv{family} "
        text += f'iifname != "lo" meta l4proto {{ tcp, udp }} {at}th dport {gateway.port} drop\n'
    return text


def _onward(relay: NetworkRelay | None, has_resolvers: bool) -> str:
    if relay is None:
        return ""
    way = f'iifname "{TUNNELS}*" oifname "{relay.port}"'
    asks = "meta l4proto { tcp, udp } th dport 53 accept"
    names = f"{way} ip daddr @resolver4 {asks}\n{way} ip6 daddr @resolver6 {asks}\n"
    return f"{way} ip daddr @host4 accept\n{way} ip6 daddr @host6 accept\n{names if has_resolvers else ''}"
