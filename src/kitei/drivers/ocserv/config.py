"""What ocserv is told: its configuration, and that of its RADIUS client. No secret is in it.

ocserv listens on every address, since it can be told one only; the filter keeps it to those of the gateway. A new
process is needed for another port alone: all else it reads anew while tunnels stay open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from kitei.network import TunnelGateway

TUNNELS: Final = "kr"
"""Devices of tunnels are called so, with a number."""
INTERIM: Final = 60  # seconds between interim accounting (RFC 2866)
_SPARE: Final = 64  # connections beside sessions: who is refused has to be let in as far as the refusal
_PRIORITIES: Final = "NORMAL:%SERVER_PRECEDENCE:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things are on a node: ours, the sockets (a path of theirs has 107 bytes at most), the sacks, what is told
    to the office; `code` is this package's own, `python` who runs it."""

    own: str
    sockets: str
    sacks: str
    events: str
    code: str
    python: str


def server_config(
    gateway: TunnelGateway, hosts: Sequence[str], names: Sequence[str], folders: Folders
) -> str:
    """ocserv.conf. Sessions are counted by RADIUS, which refuses with a word, and again by who gives out the last place
    (`kitei.entrance.places`): at `max-clients` ocserv lets a client hang."""
    lines = [
        f"# {gateway.papers}",
        f'auth = "radius[config={folders.own}/radius.conf,groupconfig=false]"',
        f'acct = "radius[config={folders.own}/radius.conf]"',
        f"stats-report-time = {INTERIM}",
        f"tcp-port = {gateway.port}",
        f"udp-port = {gateway.port}",
        "run-as-user = nobody",
        "run-as-group = nogroup",
        f"socket-file = {folders.sockets}/ocserv",
        f"occtl-socket-file = {folders.sockets}/occtl",
        "use-occtl = true",
        f"connect-script = {folders.own}/enter",
        "isolate-workers = true",
        f"server-cert = {folders.own}/papers.pem",  # under one name: what it did not begin with it never finds
        f"server-key = {folders.own}/papers.pem",
        f'tls-priorities = "{_PRIORITIES}"',
        "max-same-clients = 0",
        f"max-clients = {_room(gateway.pools) + _SPARE}",
        "auth-timeout = 240",
        "cookie-timeout = 300",
        "persistent-cookies = false",
        "deny-roaming = false",
        "min-reauth-time = 5",
        "max-ban-score = 80",
        "ban-reset-time = 300",
        "rate-limit-ms = 0",
        "keepalive = 300",
        "dpd = 30",
        "mobile-dpd = 300",
        "try-mtu-discovery = true",
        "compression = false",
        f"device = {TUNNELS}",
        "predictable-ips = true",
        "ping-leases = false",
        "cisco-client-compat = true",
        "log-level = 2",
        *(_pool(each) for each in gateway.pools),
        *(f"route = {each}" for each in sorted({*hosts, *map(_alone, gateway.resolvers)})),
        *(f"dns = {each}" for each in gateway.resolvers),
        *(f"split-dns = {each}" for each in names if gateway.resolvers),
    ]
    return "\n".join(lines) + "\n"


def _alone(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"


def _pool(prefix: str) -> str:
    return (
        f"ipv6-network = {prefix}\nipv6-subnet-prefix = 128" if ":" in prefix else f"ipv4-network = {prefix}"
    )


def _room(pools: Sequence[str]) -> int:
    return min(65536, *(ip_network(pool).num_addresses for pool in pools))


def client_config(gateway: TunnelGateway, folders: Folders) -> str:
    """radcli's: the server is the node's own, over loopback; its secret is in `servers`. It asks from the gateway's
    address, by which sessions of one gateway are told from another's."""
    return (
        "nas-identifier kitei\nauthserver 127.0.0.1:1812\nacctserver 127.0.0.1:1813\n"
        f"servers {folders.own}/servers\ndictionary /etc/radcli/dictionary\ndefault_realm\n"
        f"radius_timeout 5\nradius_retries 2\nbindaddr {gateway.asks_from}\n"
    )


def enter_script(folders: Folders) -> str:
    """What ocserv asks before it opens a tunnel."""
    argv = f"{folders.python} -m kitei.entrance.places {folders.own} {folders.events}"
    return f"#!/bin/sh\nPYTHONPATH={folders.code} exec {argv}\n"


def start_script(gateway: TunnelGateway, folders: Folders) -> str:
    """What ocserv is started by: whatever sessions were open in the process before are over (RFC 2866, 5.1)."""
    at = gateway.asks_from
    over = f"Packet-Src-IP-Address = {at}, NAS-IP-Address = {at}, Acct-Status-Type = Accounting-On, Acct-Session-Id = 0"
    return (
        f"rm -rf {folders.own}/held\n"
        f"echo '{over}' | radclient -r 2 -t 1 -S {folders.own}/secret 127.0.0.1:1813 acct\n"
        f"exec /usr/sbin/ocserv --foreground --config {folders.own}/ocserv.conf --pid-file {folders.own}/pid\n"
    )
