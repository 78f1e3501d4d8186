"""Authentication Outsource's contracts in force as nodes that answer RADIUS, and nodes that try whether they do. Pure.

Each node serves every contract, so that any may die. What a customer has not prepared is not served yet
(art. 5.7), and nothing is made up for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.network import Estate, NodeIntent, Part
from kitei.network.codec import node_intents
from kitei.radius.policy import EAP
from kitei.services.auth_outsource.contract import Door, days_of_use, door
from kitei.services.auth_outsource.edition import TERMS
from kitei.services.auth_outsource.parts import (
    LETTERS,
    ROWS,
    client_part,
    concentrator_part,
    peer_parts,
    realm_here,
    realm_parts,
    server_part,
)
from kitei.services.auth_outsource.watching import probers, probes_of, watched_parts
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Unserved:
    """A contract in force that the network does not serve, by which provision, and why."""

    contract: str
    path: str
    why: Words


def compile_contracts(contracts: Sequence[Contract], estate: Estate, on: date) -> tuple[NodeIntent, ...]:
    """The nodes that the contracts in force on a day need."""
    edition = TERMS.on(on) if on >= TERMS.first.in_force else TERMS.first
    served = _serving(contracts, estate, on)
    if not served:
        return ()
    parts = (*_parts(served, estate, on), *watched_parts(served, estate, edition))
    found: dict[str, tuple[Part, ...]] = {
        place.node: (
            server_part(place, served, estate.sacks, edition),
            *peer_parts(place, served, estate, edition),
            *parts,
        )
        for place in estate.radius
    }
    for prober in probers(estate):
        own = tuple(probes_of(prober.node, served, estate, edition))
        found[prober.node] = (*found.get(prober.node, ()), *own)
    return node_intents({name: parts for name, parts in found.items() if parts})


def unserved(contracts: Sequence[Contract], estate: Estate, on: date) -> tuple[Unserved, ...]:
    """The contracts in use on a day that no node serves, or not by all their methods, each with what it lacks."""
    doors = _doors(contracts, on)
    ready = {each.contract for each in _serving(contracts, estate, on)}
    owners = _owners(doors, estate)
    return (
        *(_lacking(each, owners, estate) or _alone(each) for each in doors if each.contract not in ready),
        *(found for each in doors if each.contract in ready and (found := _without_papers(each, estate))),
    )


def _doors(contracts: Sequence[Contract], on: date) -> list[Door]:
    """The contracts in use, those concluded first before the others."""
    used = [each for each in contracts if each.is_in_force(on) and on in days_of_use(each)]
    return [door(each, on) for each in sorted(used, key=lambda each: (each.concluded_on, each.id))]


def _serving(contracts: Sequence[Contract], estate: Estate, on: date) -> list[Door]:
    """The contracts that can be served: prepared, and a client only with a realm to serve."""
    doors = _doors(contracts, on)
    owners = _owners(doors, estate)
    ready = [each for each in doors if _lacking(each, owners, estate) is None]
    realms = _realms(ready)
    return [each for each in ready if each.kind != "client" or _realms_of(each, realms)]


def _owners(doors: Sequence[Door], estate: Estate) -> Mapping[str, str]:
    """Whose an address is, and whose a realm: its customer (`of @realm`) and contract (`@realm`) that had it first."""
    found = {each.address: "" for each in estate.concentrators}
    found |= {each.address: "" for each in probers(estate)}
    for each in doors:
        if each.kind == "client":
            found.setdefault(each.ip, each.contract)
        elif found.setdefault(f"of @{each.realm}", each.customer) == each.customer:
            found.setdefault(f"@{realm_here(each)}", each.contract)
    return found


def _lacking(each: Door, owners: Mapping[str, str], estate: Estate) -> Unserved | None:
    """What keeps a contract from being served, None where nothing does."""
    if each.kind == "client":
        if owners.get(each.ip) != each.contract:
            return Unserved(each.contract, "art:5.2", _TAKEN)
        return None if _has(each, estate, "client") else Unserved(each.contract, "art:5.6.2", _NO_SECRET)
    if not each.realm:
        return Unserved(each.contract, "art:5.6.1", _NO_REALM)
    if owners.get(f"@{realm_here(each)}") != each.contract:
        return Unserved(each.contract, "art:5.6.1", _TAKEN)
    match each.kind:
        case "group" if each.realm not in estate.users or not each.has_users:
            return Unserved(each.contract, "art:5.6.6", _NO_USERS)
        case "proxy" if not each.homes or not _has(each, estate, *_sacks_of_homes(each)):
            return Unserved(each.contract, "art:5.6.5", _NO_DEVICES)
        case "vpdn" if not each.terminators or not _has(each, estate, *_sacks_of_ends(each)):
            return Unserved(each.contract, "art:5.6.3", _NO_DEVICES)
    return None


def _has(each: Door, estate: Estate, *kinds: str) -> bool:
    """Whether the sacks of a contract are there."""
    return all(f"{kind}.{each.contract}" in estate.sacks for kind in kinds)


def _sacks_of_homes(each: Door) -> tuple[str, ...]:
    return ("home", "papers") if any(home.transport == "radsec" for home in each.homes) else ("home",)


def _sacks_of_ends(each: Door) -> tuple[str, ...]:
    return ("tunnel",) if any(end.secret for end in each.terminators) else ()


def _without_papers(each: Door, estate: Estate) -> Unserved | None:
    """EAP takes a certificate of the node's own, which is the operator's to hand over."""
    nodes = ", ".join(place.node for place in estate.radius if f"papers.{place.node}" not in estate.sacks)
    methods = ", ".join(method for method in each.methods if method in EAP)
    if each.kind != "group" or not methods or not nodes:
        return None
    told = Words(
        f"{nodes} に証明書がなく、{methods} に応えません(kitei radius secret papers.<ノード>)",
        f"{nodes} has no papers, and so no answer by {methods} (kitei radius secret papers.NODE)",
    )
    return Unserved(each.contract, ROWS["group"], told)


def _alone(each: Door) -> Unserved:
    return Unserved(each.contract, "art:5.1", _NOTHING_BEHIND)


_TAKEN = Words("ほかの契約が先に登録しています", "another contract had it first")
_NO_SECRET = Words("共有する秘密がまだ渡されていません", "no shared secret was handed over yet")
_NO_REALM = Words("レルムがまだ指定されていません", "no realm was designated yet")
_NO_USERS = Words("登録する情報がまだ渡されていません", "the data to register was not handed over yet")
_NO_DEVICES = Words("契約者の装置がまだ設定されていません", "the customer's devices are not set up yet")
_NOTHING_BEHIND = Words(
    "ともに使うグループかプロキシがまだ使えません", "no group or proxy to use it with is served yet"
)


def _realms(ready: Sequence[Door]) -> Mapping[str, tuple[str, ...]]:
    """The realms of each customer's groups and proxies."""
    found: dict[str, list[str]] = {}
    for each in ready:
        if each.kind in ("group", "proxy"):
            found.setdefault(each.customer, []).append(each.realm)
    return {customer: tuple(sorted(realms)) for customer, realms in found.items()}


def _realms_of(client: Door, realms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The realms a client may ask for: its customer's, or of those its own where it has one."""
    return tuple(each for each in realms.get(client.customer, ()) if client.realm in ("", each))


def _parts(served: Sequence[Door], estate: Estate, on: date) -> Iterator[Part]:
    edition = TERMS.on(on) if on >= TERMS.first.in_force else TERMS.first
    realms = _realms(served)
    for each in served:
        if each.kind == "client":
            yield client_part(each, _realms_of(each, realms), estate, edition)
        else:
            yield from realm_parts(each, estate, edition)
    for concentrator in estate.concentrators:
        asked = [each for each in served if LETTERS.get(each.item) == concentrator.carries]
        sack = estate.sacks.get(f"concentrator.{concentrator.address}")
        if asked and sack:
            yield concentrator_part(concentrator, sack, asked, edition)
