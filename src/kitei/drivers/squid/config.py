"""What Squid is told, and what the kernel is told for it."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from kitei.drivers.squid.native import adapter
from kitei.network import WebGateway, WebPolicy
from kitei.proxy.policy import Sandbox
from kitei.proxy.written import policy_of

SLOTS: Final = 2  # two instances take turns: what cannot be changed in one that runs is in the next
TABLE: Final = "inet kitei_web"
MARK: Final = 0x6B77  # of packets that are taken to the proxy, and of the routing table that does it
RECORDS: Final = 13140  # where Squid tells what it did, on the node itself
_FIRST: Final = (13100, 13110)
_GRACE: Final = 3  # seconds after which nobody is waited for who should have given up
_TLS: Final = (443, 8443)


@dataclass(frozen=True, slots=True)
class Folders:
    """`run` is where Squid, which is not root, may read; `code` is this package's own, `python` who runs it, and
    `helpers` what of it Squid runs itself."""

    run: str
    code: str
    python: str
    helpers: str


def ports_of(slot: int) -> tuple[int, int, int]:
    """Where an instance listens: as a proxy, and for HTTP and TLS that was taken."""
    first = _FIRST[slot]
    return first, first + 1, first + 2


def squid_config(gateway: WebGateway, policy: WebPolicy, folders: Folders, slot: int) -> str:
    """The configuration of one instance. What the customer's policy says is not in it: that is asked for."""
    proxy, http, tls = ports_of(slot)
    run = folders.run
    bump = f"ssl-bump tls-cert={run}/authority.pem generate-host-certificates=on dynamic_cert_mem_cache_size=16MB"
    own = f" cafile={run}/own.pem" if gateway.authority else ""
    # Squid counts whole seconds: with 0 an answer still serves the second in which it was given.
    ask = "children-max=2 children-startup=1 children-idle=1 concurrency=500 ttl=0 negative_ttl=0 cache=65536"
    lines = [
        f"visible_hostname {gateway.name.replace(' ', '-')}",
        "cache_effective_user proxy",
        "pid_filename none",
        f"coredump_dir {run}",
        f"cache_log {run}/squid-{slot}.log",
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
        f"error_directory {run}/pages",
        f"http_port {proxy} {bump}",
        f"http_port {http} tproxy",
        f"https_port {tls} tproxy {bump}",
        f"sslcrtd_program /usr/lib/squid/security_file_certgen -s {run}/certificates-{slot} -M 16MB",
        "sslcrtd_children 4 startup=1 idle=1",
        f"tls_outgoing_options min-version=1.2{own}",
        *_sign_in(gateway, policy, run),
        f"external_acl_type judge {ask} %un %>a %>rm %ssl::>sni %>rd %>rp {run}/judge",
        "acl passes external judge http",
        "acl unopened external judge splice",
        "acl opened external judge bump",
        "acl first at_step SslBump1",
        f"acl taken myportname {tls}",
        f"acl proxied myportname {proxy}",
        f"acl tls port {' '.join(map(str, _TLS))}",
        "acl to_link dst 169.254.0.0/16 fe80::/10",
        "acl manager_of_squid url_regex -i ^cache_object: ^[^/]*/squid-internal-mgr/",
        "http_access deny manager_of_squid",
        "http_access deny proxied to_localhost",  # what is taken was dialled by address, and not to this node
        "http_access deny proxied to_link",
        "http_access allow CONNECT taken first",  # its name is not known yet
        "http_access deny CONNECT !tls",
        "acl own_visitor src 127.0.0.1/32",  # the judge lets it pass: whether it does is what is asked
        *(["http_access deny proxied !own_visitor !signed_in"] if policy.sign_in else []),
        "http_access deny !passes",
        "http_access allow all",
        "deny_info ERR_KITEI passes",
        "ssl_bump peek first",
        "ssl_bump splice unopened",
        "ssl_bump bump opened",
        "ssl_bump terminate all",
        "spoof_client_ip deny all",
        "host_verify_strict off",
        f"acl own_networks dst {' '.join(gateway.spares)}" if gateway.spares else "",
        *(
            f"tcp_outgoing_address {each}{' !own_networks' if gateway.spares else ''}"
            for each in gateway.egress
        ),
        *(_holding(policy_of(policy.text).policy.sandbox, run) if gateway.holds else ()),
        *_records(slot),
    ]
    return "".join(f"{line}\n" for line in lines if line)


def _sign_in(gateway: WebGateway, policy: WebPolicy, run: str) -> list[str]:
    if not policy.sign_in:
        return []
    return [
        f"auth_param basic program {run}/signin",
        "auth_param basic children 1 startup=1 idle=1 concurrency=100",
        f"auth_param basic realm {gateway.name}",
        "auth_param basic credentialsttl 5 minutes",
        "acl signed_in proxy_auth REQUIRED",
    ]


def _holding(sandbox: Sandbox, run: str) -> list[str]:
    """A file is asked for as a whole and as it is: what comes in parts or packed could not be inspected."""
    place = f"spool={run}/held socket={run}/held/ask"
    bounds = f"largest={sandbox.largest} wait={sandbox.seconds + _GRACE} unsure={sandbox.unsure}"
    return [
        f"loadable_modules {adapter()}",
        "ecap_enable on",
        f"ecap_service held respmod_precache uri=ecap://kitei/holding bypass=off {place} {bounds}",
        "adaptation_access held allow all",
        "adaptation_send_client_ip on",
        "adaptation_send_username on",
        *(f"request_header_access {each} deny all" for each in ("Accept-Encoding", "Range", "If-Range")),
    ]


def clamd_config(gateway: WebGateway, folders: Folders) -> str:
    """ClamAV's daemon, which is told everything by its socket and reaches nothing."""
    told = {
        "DatabaseDirectory": gateway.signatures,
        "LocalSocket": f"{folders.run}/held/clamd",
        "LocalSocketMode": "666",
        "User": "proxy",
        "Foreground": "yes",
        "MaxThreads": "4",
        "StreamMaxLength": "600M",
        "MaxScanSize": "600M",
        "MaxFileSize": "600M",
    }
    return "".join(f"{key} {value}\n" for key, value in told.items())


def _records(slot: int) -> list[str]:
    """One line of JSON for each request."""
    told = {
        "at": "%ts.%03tu",
        "ms": "%tr",
        "source": "%>a",
        "user": '%"un',
        "method": '%"rm',
        "url": '%"ru',
        "sni": '%"ssl::>sni',
        "tls": "%ssl::bump_mode",
        "status": "%>Hs",
        "how": "%Ss",
        "sent": "%<st",
        "got": "%>st",
        "to": "%<a",
        "by": "%<la",
        "port": "%<lp",
        **{key: f'%"{{{key}}}note' for key in ("rule", "policy", "contract", "who", "exempt", "action")},
    }
    shape = ",".join(f'"{key}":"{code}"' for key, code in told.items())
    return [
        f"logformat kitei {{{shape}}}",
        f"access_log tcp://127.0.0.1:{RECORDS} logformat=kitei on-error=drop",
    ]


def ruleset(gateway: WebGateway, slot: int) -> str:
    """Takes what comes to the proxy to the instance in use; connections that stand stay where they are."""
    proxy, http, tls = ports_of(slot)
    every = ", ".join(str(port) for each in range(SLOTS) for port in ports_of(each))
    inside = _names(gateway.inside)
    lines = [
        f"table {TABLE} {{",
        "chain proxied {",
        "type nat hook prerouting priority dstnat; policy accept;",
        *(
            f"iifname {inside} tcp dport {gateway.port} fib daddr type local redirect to :{proxy}"
            for _ in inside[:1]
        ),
        "}",
        "chain taken {",
        "type filter hook prerouting priority mangle; policy accept;",
        *_taking(gateway, http, tls),
        "}",
        "chain own {",
        "type filter hook input priority filter - 5; policy accept;",
        'iifname "lo" accept',
        f"meta mark {MARK} accept",
        f"tcp dport {{ {every} }} ct status dnat accept",
        f"tcp dport {{ {every} }} drop",
        "}",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _taking(gateway: WebGateway, http: int, tls: int) -> list[str]:
    names = _names(gateway.intercepts)
    if not names:
        return []
    lines = [
        f"iifname {names} meta l4proto tcp socket transparent 1 socket wildcard 0 meta mark set {MARK} accept"
    ]
    lines.append(
        f"iifname {names} ip daddr 169.254.0.0/16 drop"
    )  # what only this node's own host may be asked
    for prefix in gateway.spares:
        family = "ip6" if ":" in prefix else "ip"
        lines.append(f"{family} daddr {prefix} accept")
    for port, to in ((80, http), (443, tls)):
        lines.append(
            f"iifname {names} tcp dport {port} fib daddr type != local meta mark set {MARK} tproxy to :{to} accept"
        )
    return lines


def _names(ports: tuple[str, ...]) -> str:
    return "{ " + ", ".join(f'"{port}"' for port in ports) + " }" if ports else ""


def one_a_family(addresses: tuple[str, ...]) -> bool:
    return len({ip_address(each).version for each in addresses}) == len(addresses)
