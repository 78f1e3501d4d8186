"""From what a charon has to what it must have: pure.

Each connection bears its link's name, and its child the owner's: so every association tells whom it serves.
Certificates stand outside connections, so that a renewed one changes no connection.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from kitei.drivers import x509
from kitei.drivers.strongswan.seen import IkeSeen
from kitei.network import Identity, Part, Risk, SecureLink, Step

NAME = "strongswan"
_IKE, _ESP = "aes256gcm16-prfsha256-ecp256", "aes256gcm16-ecp256"
_IKE_LIFE, _CHILD_LIFE = 14400, 3600  # seconds; the side that dials rekeys

_CONFIG = """\
charon-systemd {{
  load = {plugins}
  retransmit_timeout = 1.0
  retransmit_base = 1.0
  retransmit_tries = 4
  make_before_break = yes
  cookie_threshold = 200
  ikesa_table_size = 256
  ikesa_table_segments = 16
  install_virtual_ip = no
  filelog {{
    stderr {{
      default = 0
      cfg = 1
      time_format = %Y-%m-%dT%H:%M:%S
    }}
  }}
  plugins {{
    vici {{
      socket = unix://charon.vici
    }}
    kernel-libipsec {{
      allow_peer_ts = no
    }}
  }}
}}
"""
_PLUGINS = "random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation kdf hmac"


def config_for(kernel_esp: bool) -> str:
    """strongswan.conf. Without ESP in the kernel, kernel-libipsec does it over a TUN device, `ipsec0`."""
    engine = "" if kernel_esp else " kernel-libipsec"
    return _CONFIG.format(plugins=f"{_PLUGINS}{engine} kernel-netlink socket-default vici")


def plan_ike(wanted: Sequence[Part], seen: IkeSeen) -> tuple[Step, ...]:
    identities = [part for part in wanted if isinstance(part, Identity)]
    links = [part for part in wanted if isinstance(part, SecureLink)]
    if not identities and not links:
        if seen.config is None and not seen.running and not seen.keys:
            return ()
        owners = _owners(seen.connections)
        return (Step(NAME, "stop IKE and destroy the node's keys", "stop", {}, Risk.OUTAGE, owners),)
    return (
        *_charon(seen),
        *_keys(identities, seen),
        *_credentials(identities, links, seen),
        *_links(identities, links, seen),
    )


def _charon(seen: IkeSeen) -> Iterator[Step]:
    config = config_for(seen.kernel_esp)
    if seen.config != config or not seen.running:
        changes = seen.running and seen.config != config
        where = "in the kernel" if seen.kernel_esp else "in user space"
        do = f"{'restart' if changes else 'start'} IKE, with ESP {where}"
        owners = _owners(seen.connections)
        yield Step(NAME, do, "start", {"config": config}, Risk.BLIP if changes else Risk.NONE, owners)


def _keys(identities: Sequence[Identity], seen: IkeSeen) -> Iterator[Step]:
    for identity in identities:
        if identity.name not in seen.keys:
            yield Step(NAME, f"make the key of {identity.name}", "make-key", {"name": identity.name})
    for name in seen.keys:
        if name not in {identity.name for identity in identities}:
            yield Step(NAME, f"destroy the key of {name}", "destroy-key", {"name": name})


def is_ready(identity: Identity, seen: IkeSeen) -> bool:
    """Is it certified, and for the key this node has?"""
    key = seen.keys.get(identity.name)
    return bool(key and identity.certificate and x509.key_id_of(identity.certificate) == key)


def _credentials(
    identities: Sequence[Identity], links: Sequence[SecureLink], seen: IkeSeen
) -> Iterator[Step]:
    """All or nothing: charon takes the first list it finds, so an old one must go when a new one comes."""
    ready = [identity for identity in identities if is_ready(identity, seen)]
    right: set[str] = set()
    for identity in ready:
        papers = (identity.authority, identity.certificate or "", identity.revoked)
        right |= {fingerprint(paper) for paper in papers if paper} | {f"key:{seen.keys[identity.name]}"}
    checked = checked_text(identity.revoked for identity in ready)
    held = seen.credentials if seen.running and seen.config == config_for(seen.kernel_esp) else frozenset()
    if held != right or (ready and seen.checked != checked):
        papers_of = [
            {"name": i.name, "authority": i.authority, "certificate": i.certificate, "revoked": i.revoked}
            for i in ready
        ]
        ended = revoked_among(ready, links)
        do = "load keys, certificates and revocation lists"
        if ended:
            do += f"; end {', '.join(ended)}, whose peers are revoked"
        yield Step(NAME, do, "load", {"identities": papers_of, "end": ended, "checked": checked})


def revoked_among(identities: Sequence[Identity], links: Sequence[SecureLink]) -> list[str]:
    """Links to peers of whose certificates one was revoked; they come up again if the peer has a new one."""
    serials = {
        serial for identity in identities if identity.revoked for serial in x509.revoked_in(identity.revoked)
    }
    return [
        link.name for link in links if any(x509.is_marked(serial, link.remote_name) for serial in serials)
    ]


def fingerprint(paper: str | bytes) -> str:
    der = x509.to_der(paper) if isinstance(paper, str) else paper
    return hashlib.sha256(der).hexdigest()


def checked_text(lists: Any) -> str:
    return " ".join(sorted(fingerprint(text) for text in lists if text))


def _links(identities: Sequence[Identity], links: Sequence[SecureLink], seen: IkeSeen) -> Iterator[Step]:
    restarts = not seen.running or seen.config != config_for(seen.kernel_esp)
    connections = {} if restarts else seen.connections
    associations = {} if restarts else seen.associations
    names = {link.name for link in links}
    for name in sorted({*connections, *associations} - names):
        owners = _owners({name: connections.get(name, {})})
        yield Step(NAME, f"remove the secure link {name}", "remove", {"name": name}, Risk.OUTAGE, owners)
    ready = {identity.name for identity in identities if is_ready(identity, seen)}
    for link in links:
        if link.local_name not in ready:
            continue  # until the authority has signed there is nothing this node could do
        with_ = {"name": link.name, "child": link.origin.owner, "connection": connection(link)}
        there = connections.get(link.name)
        state = associations.get(link.name)
        if there != as_listed(link):
            risk = Risk.NONE if there is None else Risk.BLIP
            owners = _owners({link.name: there or {}})
            verb = "add" if there is None else "change"
            do = f"{verb} the secure link {link.name} to {link.remote_name}"
            yield Step(NAME, do, "add", {**with_, "dials": link.dials}, risk, owners)
        elif link.dials and (state is None or not state.under_way or not state.children):
            yield Step(NAME, f"dial {link.remote_name} for {link.name}", "dial", with_)


def connection(link: SecureLink) -> dict[str, Any]:
    """A connection as vici's `load-conn` takes it.

    The number that joins its policies to its associations is the peer's address. Left to itself, charon dials
    again with the number a link had, though it may be another link's by then; and with ESP in user space, all
    packets of both links then go out by the one association, for good.
    """
    child = {
        "reqid": str(int(IPv4Address(link.remote_inner))),
        "local_ts": [f"{link.local_inner}/32"],
        "remote_ts": [f"{link.remote_inner}/32"],
        "esp_proposals": [_ESP],
        "start_action": "start" if link.dials else "none",
        "dpd_action": "restart" if link.dials else "clear",
        "close_action": "start" if link.dials else "none",
        "rekey_time": str(_CHILD_LIFE if link.dials else 0),
        "replay_window": "128",
    }
    return {
        "version": "2",
        "local_addrs": [link.local],
        "remote_addrs": [link.remote],
        "proposals": [_IKE],
        "unique": "replace",
        "mobike": "no",
        "dpd_delay": f"{_dead_after(link)}s",
        "keyingtries": "0",
        "rekey_time": str(_IKE_LIFE if link.dials else 0),
        "local": {"auth": "pubkey", "id": link.local_name},
        "remote": {"auth": "pubkey", "id": link.remote_name},
        "children": {link.origin.owner: child},
    }


def _dead_after(link: SecureLink) -> int:
    """Seconds of silence before the peer is asked whether it lives.

    The side that dials asks soon, for it can dial again at once; were the other to give up as soon, an
    association might end just as the path is restored, and nobody would notice for seconds.
    """
    return 2 if link.dials else 10


def as_listed(link: SecureLink) -> dict[str, Any]:
    """The same connection as vici's `list-conns` tells it."""
    nothing: dict[str, Any] = {
        "class": "public key",
        "groups": [],
        "cert_policy": [],
        "certs": [],
        "cacerts": [],
    }
    child = {
        "mode": "TUNNEL",
        "rekey_time": str(_CHILD_LIFE if link.dials else 0),
        "rekey_bytes": "0",
        "rekey_packets": "0",
        "dpd_action": "start" if link.dials else "none",
        "close_action": "start" if link.dials else "none",
        "local-ts": [f"{link.local_inner}/32"],
        "remote-ts": [f"{link.remote_inner}/32"],
    }
    return {
        "local_addrs": [link.local],
        "remote_addrs": [link.remote],
        "version": "IKEv2",
        "reauth_time": "0",
        "rekey_time": str(_IKE_LIFE if link.dials else 0),
        "unique": "UNIQUE_REPLACE",
        "dpd_delay": str(_dead_after(link)),
        "local-1": {"id": link.local_name, **nothing},
        "remote-1": {"id": link.remote_name, **nothing},
        "children": {link.origin.owner: child},
    }


def _owners(connections: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({owner for told in connections.values() for owner in told.get("children", {})}))
