"""The configuration of a relay: the server that passes requests on to customers' own servers.

It listens on the loopback only. A change of home servers makes a second relay in another slot; the policy then
names the new one, and the old one ends what it has in hand. So nothing is lost by a change.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from kitei.drivers.freeradius.front import Folders, slot_port
from kitei.network import HomeServer, Part, PermanentError, RadiusProxy


@dataclass(frozen=True, slots=True)
class Pool:
    """One realm's servers, in the order to try or, spread, each as often as its weight."""

    realm: str
    spread: bool
    servers: tuple[str, ...]


def server_name(part: HomeServer) -> str:
    """The name of a home server is its address: realms that share a server share what is known of it."""
    return re.sub("[.:]", "_", f"{part.transport}_{part.address}_{part.port}")


def pools_of(parts: Sequence[Part]) -> tuple[Pool, ...]:
    proxies = {part.realm: part for part in parts if isinstance(part, RadiusProxy)}
    pools = []
    for realm, proxy in sorted(proxies.items()):
        servers = sorted(
            (part for part in parts if isinstance(part, HomeServer) and part.realm == realm),
            key=lambda part: (part.preference, part.key),
        )
        if not servers:
            continue
        if proxy.spread:
            best = [part for part in servers if part.preference == servers[0].preference]
            names = tuple(server_name(part) for part in best for _ in range(max(1, part.weight)))
        else:
            names = tuple(server_name(part) for part in servers)
        pools.append(Pool(realm, proxy.spread, names))
    return tuple(pools)


def shared_with(part: HomeServer) -> tuple[str, str, str | None]:
    """What realms that share a server have to have alike: it knows us by our address, so by one secret only."""
    return part.sack, part.authority, part.papers


def servers_of(parts: Sequence[Part]) -> Mapping[str, HomeServer]:
    """By name. PermanentError: one address with two secrets, which no server can tell apart."""
    found: dict[str, HomeServer] = {}
    for part in sorted((part for part in parts if isinstance(part, HomeServer)), key=lambda part: part.key):
        other = found.setdefault(server_name(part), part)
        if shared_with(other) != shared_with(part):
            raise PermanentError(
                f"{part.key} and {other.key} are one server with two secrets; give it one, or two addresses"
            )
    return found


def relay_config(parts: Sequence[Part], folders: Folders) -> str:
    """What a relay is told, the same in any slot; empty when there is nothing to pass on.

    `${slot...}` are filled when it is started. Secrets are included from files of their own.
    """
    pools = pools_of(parts)
    used = {name for pool in pools for name in pool.servers}
    servers = {name: part for name, part in servers_of(parts).items() if name in used}
    if not pools:
        return ""
    return "".join(
        (
            _HEAD,
            *(_home(name, part, folders, use) for name, part in servers.items() for use in _uses(part)),
            *(_pool(pool, use, servers) for pool in pools for use in ("auth", "acct")),
            _SERVER,
        )
    )


def fill(config: str, slot: int, folders: Folders) -> str:
    """A relay's configuration for one slot."""
    port = slot_port(slot)
    told = {"@own@": folders.own, "@slot@": str(slot), "@auth@": str(port), "@acct@": str(port + 1)}
    for mark, value in told.items():
        config = config.replace(mark, value)
    return config


def _uses(part: HomeServer) -> tuple[str, ...]:
    """Over UDP accounting has a port of its own; over TLS all goes through one connection."""
    return ("auth", "acct") if part.transport == "udp" else ("auth+acct",)


def _home(name: str, part: HomeServer, folders: Folders, use: str) -> str:
    tls = ""
    if part.transport == "radsec":
        tls = _TLS.format(papers=f"{folders.sacks}/{part.papers}", name=name)
    return _HOME.format(
        title=_title(name, part, use),
        name=name,
        kind=use,
        family=f"ipv{ip_address(part.address).version}addr",
        address=part.address,
        port=part.port + (use == "acct"),
        proto="tcp" if part.transport == "radsec" else "udp",
        signed="require_message_authenticator = yes\n  " if use == "auth" else "",
        tls=tls,
        sack=part.sack,
    )


def _title(name: str, part: HomeServer, use: str) -> str:
    return f"{name}_acct" if use == "acct" and part.transport == "udp" else name


def _pool(pool: Pool, use: str, servers: Mapping[str, HomeServer]) -> str:
    kind = "keyed-balance" if pool.spread else "fail-over"
    titles = "".join(f"  home_server = {_title(name, servers[name], use)}\n" for name in pool.servers)
    return f'home_server_pool "{use} {pool.realm}" {{\n  type = {kind}\n{titles}}}\n'


_HEAD = """\
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = @own@
run_dir = @own@
name = relay-@slot@
max_request_time = 60
# what could not be passed on is forgotten, so that asked again it goes to another; answers are remembered in front
cleanup_delay = 0
max_requests = 65536
hostname_lookups = no
log {
  destination = stdout
  auth = no
}
security {
  max_attributes = 200
  reject_delay = 0
  status_server = no
  allow_vulnerable_openssl = no
  require_message_authenticator = yes
  limit_proxy_state = yes
}
thread pool {
  start_servers = 2
  max_servers = 16
  min_spare_servers = 1
  max_spare_servers = 16
  max_queue_size = 65536
  max_requests_per_server = 0
}
proxy_requests = yes
proxy server {
  default_fallback = no
}
modules {
  always handled {
    rcode = handled
  }
  always ok {
    rcode = ok
  }
}
$INCLUDE @own@/relay.conf
$INCLUDE @own@/home-secrets-@slot@.conf
client front {
  ipaddr = 127.0.0.1
  secret = ${relay_secret}
}
listen {
  type = control
  socket = @own@/relay-@slot@.sock
  mode = rw
}
"""
_HOME = """\
home_server {title} {{
  type = {kind}
  {family} = {address}
  port = {port}
  proto = {proto}
  # {sack}
  secret = ${{secret_{name}}}
  {signed}response_window = 30
  response_timeouts = 1000
  revive_interval = 3600
  status_check = none
  max_outstanding = 65536
{tls}}}
"""
_TLS = """\
  # one customer's server that hangs must not hold up the others'
  nonblock = yes
  tls {{
    connect_timeout = 3
    private_key_file = "{papers}"
    certificate_file = "{papers}"
    ca_file = "@own@/home-{name}-@slot@.pem"
    tls_min_version = "1.2"
    tls_max_version = "1.3"
  }}
"""
_SERVER = """\
server default {
  listen {
    type = auth
    ipv4addr = 127.0.0.1
    port = @auth@
  }
  listen {
    type = acct
    ipv4addr = 127.0.0.1
    port = @acct@
  }
  authorize {
    # a login of the operator's own is answered here: what lies behind is the customer's
    if (&Kitei-Pool == "?") {
      update control {
        &Auth-Type := Accept
      }
      return
    }
    update control {
      &Home-Server-Pool := "auth %{Kitei-Pool}"
      &Load-Balance-Key := &request:Kitei-Caller
      &Auth-Type := nobody
      # whatever goes wrong, silence: only an answer from the home server takes this away
      &Response-Packet-Type := Do-Not-Respond
    }
  }
  authenticate {
    # reached only when no server of the pool lives: no answer, so that the client asks another node
    Auth-Type nobody {
      update control {
        &Response-Packet-Type := Do-Not-Respond
      }
      handled
    }
  }
  preacct {
    update control {
      &Home-Server-Pool := "acct %{Kitei-Pool}"
      &Load-Balance-Key := &request:Kitei-Caller
    }
  }
  accounting {
    # answered only by the customer's own server: with a pool named, the server itself says nothing
    ok
  }
  pre-proxy {
    update proxy-request {
      &Kitei-Pool !* ANY
      &Kitei-Caller !* ANY
    }
    # over TLS the server would leave it out, and whoever stands behind that door may ask for it
    if (&Packet-Type == Access-Request) {
      update proxy-request {
        &Message-Authenticator := 0x00
      }
    }
  }
  post-proxy {
    update control {
      &Response-Packet-Type !* ANY
    }
    Post-Proxy-Type Fail {
      update control {
        &Response-Packet-Type := Do-Not-Respond
      }
      handled
    }
  }
}
"""
