"""What a contract of Authentication Outsource makes on a node that answers RADIUS.

The sacks that it needs are there: what lacks one is not served (see `intent.unserved`).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal

from kitei.network import (
    Concentrator,
    Estate,
    HomeServer,
    Origin,
    Part,
    RadiusCaps,
    RadiusClient,
    RadiusGroup,
    RadiusPeer,
    RadiusPlace,
    RadiusProxy,
    RadiusServer,
    RadiusVpdn,
    TunnelTerminator,
    UserTables,
)
from kitei.radius.policy import node_realm
from kitei.services.auth_outsource.contract import Door
from kitei.terms import Edition

ROWS: Final[Mapping[str, str]] = {
    "client": "art:1.1.t1",
    "vpdn": "art:1.1.t2",
    "proxy": "art:1.1.t3",
    "group": "art:1.1.t4",
}
LETTERS: Final[Mapping[str, Literal["D", "K", "I"]]] = {"type-d": "D", "type-k": "K", "type-i": "I"}
PEERS: Final = "radius-peers"
"""The sack with the key of nodes that share the book of sessions."""
_PEER_PORT: Final = 1820
LINES: Final[Mapping[str, str]] = {"D": "art:2.1.t1", "K": "art:2.1.t2", "I": "art:2.1.t3"}


def realm_here(door: Door) -> str:
    """A contract's realm as nodes call it."""
    return node_realm(door.realm, LETTERS.get(door.item, "") if door.kind == "vpdn" else "")


def origin(owner: str, edition: Edition, *paths: str) -> Origin:
    return Origin(owner, tuple(str(edition.cite(path)) for path in dict.fromkeys(paths)))


def server_part(
    place: RadiusPlace, doors: Collection[Door], sacks: Mapping[str, str], edition: Edition
) -> RadiusServer:
    """The server itself, for the kinds it serves; whoever is first in order of ids stands for all."""
    first = min(door.contract for door in doors)
    rows = sorted({ROWS[door.kind] for door in doors})
    why = origin(first, edition, *rows)
    return RadiusServer(
        why, place.addresses, place.auth_port, place.acct_port, sacks.get(f"papers.{place.node}")
    )


def peer_parts(
    here: RadiusPlace, doors: Collection[Door], estate: Estate, edition: Edition
) -> Iterator[RadiusPeer]:
    """The nodes that share the book of sessions with this one, and itself; none where it is the only one."""
    sack = estate.sacks.get(PEERS)
    if sack is None or len(estate.radius) < 2:
        return
    first = min(door.contract for door in doors)
    why = origin(first, edition, *sorted({ROWS[door.kind] for door in doors}))
    for place in estate.radius:
        yield RadiusPeer(why, place.node, place.addresses[0], _PEER_PORT, sack, place.node == here.node)


def client_part(door: Door, realms: tuple[str, ...], estate: Estate, edition: Edition) -> RadiusClient:
    """A customer's terminal, for the realms of that customer alone."""
    rate = estate.caps.get("max-requests-per-second", 0)
    capped = ("art:14.2",) if rate else ()
    why = origin(door.contract, edition, ROWS["client"], "art:5.6.1", "art:5.6.2", *capped)
    sack = estate.sacks[f"client.{door.contract}"]
    return RadiusClient(why, door.ip, sack, realms, "", door.transition, rate)


def concentrator_part(
    each: Concentrator, sack: str, doors: Collection[Door], edition: Edition
) -> RadiusClient:
    """A mobile network's concentrator, for the realms of VPDN contracts of its type."""
    first = min(door.contract for door in doors)
    realms = tuple(sorted(map(realm_here, doors)))
    why = origin(first, edition, ROWS["vpdn"], LINES[each.carries])
    return RadiusClient(why, each.address, sack, realms, each.carries, False, 0)


def realm_parts(door: Door, estate: Estate, edition: Edition) -> Iterator[Part]:
    """What a realm leads to: users, the customer's own servers, or its terminators; and its caps."""
    match door.kind:
        case "group":
            yield _group(door, estate.users[door.realm], edition)
        case "proxy":
            yield from _proxy(door, estate.sacks, edition)
        case "vpdn":
            yield from _vpdn(door, estate.sacks, edition)
    caps = estate.caps
    sessions = [
        caps[name] for name in ("max-sessions-per-realm", "max-sessions-per-contract") if name in caps
    ]
    limits = (
        min(sessions, default=0),
        caps.get("max-sessions-per-user", 0),
        caps.get("max-octets-per-month", 0),
        caps.get("max-octets-per-user", 0),
    )
    if any(limits):
        yield RadiusCaps(origin(door.contract, edition, "art:14.2"), realm_here(door), *limits)


def _group(door: Door, tables: UserTables, edition: Edition) -> RadiusGroup:
    return RadiusGroup(
        origin(door.contract, edition, ROWS["group"], "art:5.6.1", "art:5.6.6", "art:7.1.1"),
        door.realm,
        tables.users,
        tables.changes,
        door.methods,
        door.accounts or 0,
        door.authority,
    )


def _proxy(door: Door, sacks: Mapping[str, str], edition: Edition) -> Iterator[Part]:
    why = origin(door.contract, edition, ROWS["proxy"], "art:5.6.1")
    alike = len({each.preference for each in door.homes}) < len(door.homes)
    yield RadiusProxy(why, door.realm, alike, door.strips)
    for each in door.homes:
        yield HomeServer(
            origin(door.contract, edition, ROWS["proxy"], "art:5.6.5"),
            door.realm,
            each.address,
            each.port,
            each.transport,
            sacks[f"home.{door.contract}"],
            each.preference,
            each.weight,
            each.silent,
            each.authority,
            sacks[f"papers.{door.contract}"] if each.transport == "radsec" else None,
        )


def _vpdn(door: Door, sacks: Mapping[str, str], edition: Edition) -> Iterator[Part]:
    letter = LETTERS[door.item]
    spread = ("art:8.2.1.a2",) if door.balanced else ()
    why = origin(door.contract, edition, ROWS["vpdn"], LINES[letter], "art:5.6.1", *spread)
    yield RadiusVpdn(why, realm_here(door), letter, door.balanced)
    for each in door.terminators:
        yield TunnelTerminator(
            origin(door.contract, edition, ROWS["vpdn"], "art:5.6.3"),
            realm_here(door),
            each.address,
            sacks[f"tunnel.{door.contract}"] if each.secret else None,
            each.preference,
            each.weight,
        )
