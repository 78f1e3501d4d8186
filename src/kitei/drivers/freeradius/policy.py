"""The policy document for the engine, from parts: names of sacks where secrets belong, never a secret."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from kitei.drivers.freeradius.relay import server_name
from kitei.network import (
    HomeServer,
    Part,
    PermanentError,
    RadiusCaps,
    RadiusClient,
    RadiusGroup,
    RadiusPeer,
    RadiusProber,
    RadiusProxy,
    RadiusVpdn,
    SyntheticUser,
    TunnelTerminator,
)

_SHORT = {
    NameOID.COMMON_NAME: "CN",
    NameOID.COUNTRY_NAME: "C",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.DOMAIN_COMPONENT: "DC",
}


def policy_text(parts: Sequence[Part], arrived: Collection[str], relay: str) -> str:
    """`arrived` are the sacks that are here: what lacks one is left out, and so gets no answer.

    It is named in `waiting`: its contract is in force, so nobody's session has to end.
    PermanentError: a realm that is two things, or an authority's name that two customers use.
    """
    realms = _realms(parts, arrived)
    clients = {
        part.address: {
            "owner": part.origin.owner,
            "realms": sorted(part.realms),
            "carries": part.carries,
            "transition": part.transition,
            "rate": part.rate,
            "sack": part.sack,
        }
        for part in parts
        if isinstance(part, RadiusClient) and part.sack in arrived
    }
    probers = {
        part.address: part.sack for part in parts if isinstance(part, RadiusProber) and part.sack in arrived
    }
    known = {*clients, *realms}
    wanted = {
        _name(part)
        for part in parts
        if isinstance(part, RadiusClient | RadiusGroup | RadiusProxy | RadiusVpdn)
    }
    told = {
        "relay": relay,
        "clients": clients,
        "realms": realms,
        "probers": probers,
        "peers": _peers(parts, arrived),
        "waiting": sorted(wanted - known),
    }
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _peers(parts: Sequence[Part], arrived: Collection[str]) -> Mapping[str, Any] | None:
    """Where this node hears others, and where they hear it; None: it is alone."""
    peers = [part for part in parts if isinstance(part, RadiusPeer) and part.sack in arrived]
    own = next((part for part in peers if part.is_self), None)
    others = {part.name: [part.address, part.port] for part in peers if not part.is_self}
    if own is None or not others:
        return None
    return {"name": own.name, "listen": [own.address, own.port], "sack": own.sack, "others": others}


def _name(part: RadiusClient | RadiusGroup | RadiusProxy | RadiusVpdn) -> str:
    return part.address if isinstance(part, RadiusClient) else part.realm


def authorities_of(parts: Sequence[Part]) -> tuple[str, ...]:
    """Who may sign users' certificates for EAP-TLS, each once."""
    return tuple(
        sorted({part.authority for part in parts if isinstance(part, RadiusGroup) and part.authority})
    )


def subject_of(authority: str) -> str:
    """An authority's name as the RADIUS server tells an issuer: `/O=Example/CN=Users`. Empty without one."""
    if not authority:
        return ""
    subject = x509.load_pem_x509_certificate(authority.encode()).subject
    return "".join(f"/{_SHORT.get(each.oid, each.oid.dotted_string)}={each.value!s}" for each in subject)


def _realms(parts: Sequence[Part], arrived: Collection[str]) -> dict[str, Any]:
    caps = {part.realm: part for part in parts if isinstance(part, RadiusCaps)}
    found: dict[str, Any] = {}
    signers: dict[str, str] = {}
    for part in sorted(parts, key=lambda part: part.key):
        if not isinstance(part, RadiusGroup | RadiusProxy | RadiusVpdn):
            continue
        if part.realm in found:
            raise PermanentError(f"{part.realm} is two of group, proxy and VPDN; a realm is one of them")
        if isinstance(part, RadiusGroup) and part.authority:
            other = signers.setdefault(subject_of(part.authority), part.authority)
            if other != part.authority:
                raise PermanentError(
                    f"{part.key}: another realm's authority has the same name; choose another"
                )
        told = dict(_realm(part, parts, arrived))
        if told:
            own = caps.get(part.realm)
            limits = [own.sessions, own.sessions_each, own.octets, own.octets_each] if own else [0, 0, 0, 0]
            found[part.realm] = {"owner": part.origin.owner, "caps": limits, **told}
    return found


def _realm(
    part: RadiusGroup | RadiusProxy | RadiusVpdn, parts: Sequence[Part], arrived: Collection[str]
) -> Iterator[tuple[str, Any]]:
    match part:
        case RadiusGroup():
            if part.users in arrived and (part.changes is None or part.changes in arrived):
                yield "kind", "group"
                yield "users", part.users
                yield "changes", part.changes
                yield "methods", sorted(part.methods)
                yield "issuer", subject_of(part.authority)
                yield "synthetic", _synthetic(part.realm, parts, arrived)
        case RadiusProxy():
            yield "kind", "proxy"
            yield "strips", part.strips
            yield (
                "targets",
                [
                    _home(p)
                    for p in parts
                    if isinstance(p, HomeServer) and p.realm == part.realm and p.sack in arrived
                ],
            )
        case RadiusVpdn():
            yield "kind", "vpdn"
            yield "item", part.item
            yield "spread", part.spread
            yield (
                "targets",
                [
                    _terminator(p)
                    for p in parts
                    if isinstance(p, TunnelTerminator)
                    and p.realm == part.realm
                    and (p.sack is None or p.sack in arrived)
                ],
            )


def _synthetic(realm: str, parts: Sequence[Part], arrived: Collection[str]) -> str | None:
    """The sack with the synthetic user's password."""
    own = (part.sack for part in parts if isinstance(part, SyntheticUser) and part.realm == realm)
    return next((sack for sack in own if sack in arrived), None)


def _home(part: HomeServer) -> Mapping[str, Any]:
    return {
        "name": server_name(part),
        "address": part.address,
        "port": part.port,
        "transport": part.transport,
        "silent": part.silent,
        "sack": part.sack,
        "papers": part.papers,
        "authority": part.authority,
        "preference": part.preference,
        "weight": part.weight,
    }


def target_name(part: HomeServer | TunnelTerminator) -> str:
    """What the server, and the watch over its targets, call it."""
    return server_name(part) if isinstance(part, HomeServer) else f"l2tp-{part.address}"


def _terminator(part: TunnelTerminator) -> Mapping[str, Any]:
    return {
        "name": target_name(part),
        "address": part.address,
        "transport": "l2tp",
        "tunnel": True,
        "sack": part.sack,
        "preference": part.preference,
        "weight": part.weight,
    }
