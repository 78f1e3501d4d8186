"""What Squid is told, and what the kernel is told for it. No secret and no host is in it: those are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kitei.entrance.asking import ACCOUNTING, AUTHENTICATION
from kitei.entrance.words import PORT
from kitei.network import BrowserGateway, NetworkRelay

TABLE: Final = "inet kitei_browsing"
USER: Final = "proxy"
_REMEMBERED: Final = 60  # seconds for which a password is not asked about again


@dataclass(frozen=True, slots=True)
class Folders:
    """`own` is below the node's state; `run` where Squid, which is not root, may read; `code` is this package's own,
    `python` who runs it; `helpers` is the archive that Squid's user runs them from."""

    own: str
    run: str
    sacks: str
    events: str
    code: str
    python: str
    helpers: str


def squid_config(gateway: BrowserGateway, folders: Folders) -> str:
    """Nothing is cached, opened or changed; whoever has no name is asked for one, and each request for its host."""
    run = folders.run
    papers = f"tls-cert={run}/papers.pem tls-min-version=1.2"
    lines = [
        f"# {gateway.papers}, {folders.helpers}",
        f"visible_hostname {gateway.name}",
        f"cache_effective_user {USER}",
        f"pid_filename {run}/pid",
        f"coredump_dir {run}",
        f"cache_log {run}/squid.log",
        "cache deny all",
        "cache_mem 0",
        "memory_pools off",
        "pinger_enable off",
        "shutdown_lifetime 0 seconds",
        "half_closed_clients off",
        "max_filedescriptors 65536",
        "via off",
        "forwarded_for delete",
        "httpd_suppress_version_string on",
        "hosts_file none",
        f"dns_nameservers {' '.join(gateway.resolvers)}" if gateway.resolvers else "",
        "connect_timeout 10 seconds",
        "forward_timeout 20 seconds",
        f"error_directory {run}/pages",
        *(f"https_port {_place(each)}:{gateway.port} {papers}" for each in gateway.listen),
        f"auth_param basic program {run}/by-radius",
        "auth_param basic children 1 startup=1 idle=1 concurrency=100",
        f"auth_param basic realm {gateway.name}",
        f"auth_param basic credentialsttl {_REMEMBERED} seconds",
        'auth_param basic key_extras "%>a"',
        "auth_param basic casesensitive on",
        "acl signed_in proxy_auth REQUIRED",
        "external_acl_type door ipv4 children-max=1 children-startup=1 children-idle=1 concurrency=500 "
        f"ttl=0 negative_ttl=0 cache=65536 %un %>a %>rd {run}/door",
        "acl designated external door",
        "acl to_link dst 169.254.0.0/16 fe80::/10",
        "acl manager_of_squid url_regex -i ^cache_object: ^[^/]*/squid-internal-mgr/",
        "http_access deny manager_of_squid",
        "http_access deny !signed_in",
        "http_access deny !designated",
        "http_access deny to_localhost",
        "http_access deny to_link",
        "http_access allow all",
        "deny_info ERR_KITEI designated",
        *_records(),
    ]
    return "".join(f"{line}\n" for line in lines if line)


def _place(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _records() -> list[str]:
    """One line of JSON for each request that is over: `got` octets from the user, `sent` to it."""
    told = {
        "at": "%ts.%03tu",
        "user": '%"un',
        "source": "%>a",
        "host": '%">rd',
        "port": "%>rP",
        "status": "%>Hs",
        "got": "%>st",
        "sent": "%<st",
        "why": '%"{why}note',
    }
    shape = ",".join(f'"{key}":"{code}"' for key, code in told.items())
    return [
        f"logformat kitei {{{shape}}}",
        f"access_log tcp://127.0.0.1:{PORT} logformat=kitei on-error=drop",
    ]


def table(
    gateway: BrowserGateway, hosts: Sequence[str], names: Sequence[str], relay: NetworkRelay | None
) -> str:
    """The whole table: the proxy reaches nothing but the designated hosts by the network's port, names and our programs.
    By TCP over loopback it talks with its own helpers; users who ask for that are denied by Squid.

    A host that is designated by name may have any address there is by that port. Answers to browsers are let go; what
    the proxy itself began is judged packet by packet, so a host that is taken back is cut off at once.
    """
    return (
        f"table {TABLE} {{\ncounter elsewhere {{\n}}\n{_set('host', hosts)}{_set('resolver', gateway.resolvers)}"
        "chain leave {\ntype filter hook output priority filter; policy accept;\n"
        f'meta skuid != "{USER}" accept\n'
        "ct direction reply accept\n"
        f'oifname "lo" udp dport {{ {AUTHENTICATION}, {ACCOUNTING}, {PORT} }} accept\n'
        'oifname "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.1 meta l4proto tcp accept\n'
        f"{_names_asked(gateway)}{_onward(relay, bool(names))}"
        "counter name elsewhere reject with icmpx admin-prohibited\n}\n"
        "chain receive {\ntype filter hook input priority filter; policy accept;\n"
        f'iifname != "lo" meta l4proto {{ tcp, udp }} th dport {PORT} drop\n}}\n'
        "}\n"
    )


def _set(name: str, prefixes: Sequence[str]) -> str:
    text = ""
    for family, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        own = sorted(each for each in prefixes if (":" in each) == (family == 6))
        elements = f"elements = {{ {', '.join(own)} }}\n" if own else ""
        text += f"set {name}{family} {{\ntype {kind}\nflags interval\nauto-merge\n{elements}}}\n"
    return text


def _names_asked(gateway: BrowserGateway) -> str:
    if not gateway.resolvers:
        return "meta l4proto { tcp, udp } th dport 53 accept\n"
    return "".join(
        f"{word} daddr @resolver{family} meta l4proto {{ tcp, udp }} th dport 53 accept\n"
        for family, word in ((4, "ip"), (6, "ip6"))
    )


def _onward(relay: NetworkRelay | None, has_names: bool) -> str:
    if relay is None:
        return ""
    way = f'oifname "{relay.port}"'
    if has_names:
        return f"{way} accept\n"
    return f"{way} ip daddr @host4 accept\n{way} ip6 daddr @host6 accept\n"
