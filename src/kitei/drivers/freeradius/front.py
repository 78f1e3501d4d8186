"""The configuration of the server that faces the clients: it changes only with the node's own addresses and papers.

What changes daily is not in it: clients are files of their own, looked up when they ask, and all else is the
policy that the engine (`kitei.radius.engine`) holds in memory.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from kitei.drivers.freeradius.inner import CERTIFIED, INNER
from kitei.network import RadiusServer

SLOTS = 4  # relays that can stand beside each other while one takes another's place
FIRST_SLOT = 18200  # loopback ports, two for each slot: authentication and accounting


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things are on this node: ours, the sacks, and what the server loads: Python's code, our module in C."""

    own: str
    sacks: str
    code: str
    module: str


def slot_port(slot: int) -> int:
    return FIRST_SLOT + 2 * slot


def threads(cores: int) -> int:
    """Nothing that answers waits for anything but a core, and each thread more costs others' turns."""
    return max(4, 2 * cores)


def server_config(part: RadiusServer, folders: Folders, has_authorities: bool, cores: int) -> str:
    """radiusd.conf of the front. The relays' shared secret is in `relay.conf`, beside it."""
    has_eap = part.papers is not None
    own = folders.own
    return "".join(
        (
            _HEAD.format(own=own, module=folders.module, threads=threads(cores)),
            _modules(folders, part.papers, has_authorities),
            _CLIENTS.format(own=own),
            *(_RELAY.format(slot=slot, port=slot_port(slot)) for slot in range(SLOTS)),
            _server(_listeners(part), has_eap),
            INNER if has_eap else "",
            CERTIFIED if has_eap else "",
        )
    )


def _listeners(part: RadiusServer) -> str:
    return "".join(
        _LISTEN.format(kind=kind, family=f"ipv{ip_address(address).version}addr", address=address, port=port)
        for address in part.addresses
        for kind, port in (("auth", part.auth_port), ("acct", part.acct_port))
    )


def _modules(folders: Folders, papers: str | None, has_authorities: bool) -> str:
    eap = ""
    if papers is not None:
        where = os.path.join(folders.sacks, papers)
        authorities = f'ca_path = "{folders.own}/authorities"' if has_authorities else ""
        eap = _EAP.format(papers=where, authorities=authorities)
    calls = "".join(
        _CALL.format(name=name, section=section, function=function, code=folders.code)
        for name, section, function in _CALLS
    )
    return _MODULES.format(own=folders.own, eap=eap, calls=calls)


def _server(listeners: str, has_eap: bool) -> str:
    return _SERVER.format(
        listeners=listeners,
        eap_goes_on=_EAP_GOES_ON if has_eap else "",
        eap_authorize=_EAP_AUTHORIZE if has_eap else "",
        eap_authenticate="Auth-Type eap {\n      eap\n    }\n" if has_eap else "",
    )


def quoted(secret: str) -> str:
    """A secret as the server's configuration files write one. ValueError for control characters."""
    if any(ord(char) < 32 or ord(char) == 127 for char in secret) or not secret:
        raise ValueError("a secret is empty or holds control characters; printable text is right")
    return '"' + secret.replace("\\", "\\\\").replace('"', '\\"') + '"'


_CALLS: Sequence[tuple[str, str, str]] = (
    ("kitei", "authorize", "authorize"),
    ("kitei_inner", "authorize", "authorize_inner"),
    ("kitei_certified", "authorize", "certified"),
    ("kitei_account", "accounting", "account"),
)

_HEAD = """\
prefix = /usr
libdir = {module}:/usr/lib/freeradius
raddbdir = {own}
run_dir = {own}
name = radius
max_request_time = 60
cleanup_delay = 5
max_requests = 65536
hostname_lookups = no
log {{
  destination = stdout
  auth = no
}}
security {{
  max_attributes = 200
  reject_delay = 0
  status_server = yes
  allow_vulnerable_openssl = no
  require_message_authenticator = yes
  limit_proxy_state = yes
}}
thread pool {{
  start_servers = {threads}
  max_servers = {threads}
  min_spare_servers = 1
  max_spare_servers = {threads}
  max_queue_size = 65536
  max_requests_per_server = 0
}}
proxy_requests = yes
proxy server {{
  default_fallback = no
}}
$INCLUDE {own}/relay.conf
"""
_CALL = """\
  python3 {name} {{
    module = kitei.radius.gate
    python_path = "{code}:/usr/lib/python3.11:/usr/lib/python3.11/lib-dynload"
    mod_instantiate = kitei.radius.gate
    func_instantiate = instantiate
    mod_{section} = kitei.radius.gate
    func_{section} = {function}
  }}
"""
_MODULES = """\
modules {{
  kitei live {{
    folder = "{own}"
  }}
{calls}  pap {{
    normalise = no
  }}
  chap {{
  }}
  mschap {{
    use_mppe = yes
    require_encryption = no
    require_strong = no
  }}
  always ok {{
    rcode = ok
  }}
  always reject {{
    rcode = reject
  }}
  always handled {{
    rcode = handled
  }}
  dynamic_clients {{
  }}
  attr_filter refused {{
    key = "%{{User-Name}}"
    filename = {own}/refused
  }}
{eap}}}
"""
_EAP = """\
  eap {{
    default_eap_type = peap
    timer_expire = 60
    ignore_unknown_eap_types = no
    max_sessions = 65536
    tls-config ours {{
      private_key_file = "{papers}"
      certificate_file = "{papers}"
      {authorities}
      # EAP over TLS 1.3 (RFC 9190) is not yet done alike by all supplicants
      tls_min_version = "1.2"
      tls_max_version = "1.2"
      cipher_list = "HIGH:!aNULL:!SHA1"
      ecdh_curve = ""
      # a resumed session would pass by the policy
      cache {{
        enable = no
      }}
    }}
    mschapv2 {{
    }}
    tls {{
      tls = ours
      virtual_server = certified
    }}
    ttls {{
      tls = ours
      default_eap_type = mschapv2
      copy_request_to_tunnel = no
      use_tunneled_reply = yes
      virtual_server = inner
    }}
    peap {{
      tls = ours
      default_eap_type = mschapv2
      copy_request_to_tunnel = no
      use_tunneled_reply = yes
      virtual_server = inner
    }}
  }}
"""
_CLIENTS = """\
client any4 {{
  ipaddr = 0.0.0.0/0
  dynamic_clients = clients
  directory = {own}/clients4/
  lifetime = 1
  rate_limit = no
}}
client any6 {{
  ipv6addr = ::/0
  dynamic_clients = clients
  directory = {own}/clients6/
  lifetime = 1
  rate_limit = no
}}
server clients {{
  authorize {{
    live.session
    if (ok) {{
      dynamic_clients
    }}
  }}
}}
"""
_RELAY = """\
home_server relay-{slot} {{
  type = auth+acct
  ipaddr = 127.0.0.1
  port = {port}
  secret = ${{relay_secret}}
  require_message_authenticator = yes
  response_window = 30
  response_timeouts = 1000
  revive_interval = 10
  status_check = none
  max_outstanding = 65536
}}
"""
_LISTEN = """\
  listen {{
    type = {kind}
    {family} = {address}
    port = {port}
    # room for some 8,000 requests, which wait where access servers begin anew all at once
    recv_buff = 4194304
  }}
"""
_EAP_GOES_ON = """\
    if (ok) {
      eap
      if (&control:Auth-Type) {
        return
      }
    }
"""
_EAP_AUTHORIZE = """\
    if (noop) {
      live.authenticate
      eap {
        ok = return
      }
    }
"""
_SERVER = """\
server default {{
{listeners}  authorize {{
    # what the policy answered before and would again
    live {{
      updated = return
    }}
{eap_goes_on}    # Python takes UTF-8 only: what is not is put aside, and back when others are asked
    live.pre-proxy
    kitei {{
      reject = 1
    }}
    if (reject) {{
      update control {{
        &Tmp-Integer-3 := 1
      }}
      reject
    }}
    if (handled) {{
      handled
    }}
    if (&control:Home-Server-Name) {{
      # whatever goes wrong, silence: only an answer takes this away
      update control {{
        &Response-Packet-Type := Do-Not-Respond
      }}
      live.post-proxy
      return
    }}
    if (&control:Auth-Type) {{
      live.authenticate
      return
    }}
{eap_authorize}    live.post-proxy
    mschap
    chap
  }}
  authenticate {{
    Auth-Type CHAP {{
      chap
    }}
    Auth-Type MS-CHAP {{
      mschap
    }}
    {eap_authenticate}  }}
  accounting {{
    live {{
      ok = return
    }}
    if (!handled) {{
      live.pre-proxy
      kitei_account
      live.preacct
      live.post-proxy
    }}
  }}
  pre-proxy {{
    update proxy-request {{
      &Kitei-Pool := &control:Tmp-String-2
      &Kitei-Caller := "%{{%{{Calling-Station-Id}}:-%{{User-Name}}}}"
    }}
    if (&control:Tmp-String-1) {{
      update proxy-request {{
        &User-Name := &control:Tmp-String-1
      }}
    }}
  }}
  post-proxy {{
    update control {{
      &Response-Packet-Type !* ANY
    }}
    Post-Proxy-Type Fail {{
      update control {{
        &Response-Packet-Type := Do-Not-Respond
      }}
      handled
    }}
  }}
  post-auth {{
    if (&control:Auth-Type != Accept) {{
      live
    }}
    Post-Auth-Type REJECT {{
      refused
      live
    }}
  }}
}}
"""
