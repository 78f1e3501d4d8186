"""What a gateway, of type A or B, and the network behind it make of a node. Pure.

The node's RADIUS server answers the gateway alone, over loopback, and knows the users of this one contract: their
realm is made from the contract's id, so that users need not type any.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from kitei.ledger.contracts import Contract
from kitei.network import (
    BrowserGateway,
    EntranceProbe,
    Estate,
    LoginProbe,
    NetworkRelay,
    Origin,
    Part,
    RadiusCaps,
    RadiusClient,
    RadiusGroup,
    RadiusProber,
    RadiusServer,
    ReachedHosts,
    RemotePlace,
    SyntheticUser,
    TunnelGateway,
    UserTables,
)
from kitei.radius.policy import MATRIX
from kitei.radius.probing import SYNTHETIC
from kitei.services.gio_remote.contract import Gateway, gateway
from kitei.terms import Edition

GATEWAY: Final = "art:1.1.t1"
TYPE_A: Final = "art:2.1.t1"
TYPE_B: Final = "art:2.1.t2"
SESSIONS: Final = "art:8.1.1"
ACCOUNTS: Final = "art:8.1.2"
MATRIX_OPTION: Final = "matrix-authentication"
_HERE: Final = "127.0.0.1"
_PROBER: Final = "127.0.0.2"
# Article 15: what counts begins when the operator knows, so it is the operator's to find out.
_KNOWN: Final = "art:15.1"
# Article 18: how full it is tells the accounting of sessions.
_OBSERVED: Final = "art:18.1"


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway node on a day, with the contracts of both kinds that it is for (art. 7.1). `network` None: it ended."""

    place: RemotePlace
    gateway: Contract
    network: Contract | None
    edition: Edition
    on: date

    @property
    def told(self) -> Gateway:
        return gateway(self.gateway, self.on)

    @property
    def item(self) -> str:
        """The provision of its item."""
        return TYPE_B if self.gateway.item == "type-b" else TYPE_A

    def origin(self, *paths: str, of: Contract | None = None) -> Origin:
        owner = of or self.gateway
        return Origin(owner.id, tuple(str(self.edition.cite(path)) for path in dict.fromkeys(paths)))


def realm_of(contract: str) -> str:
    """Where a contract's users are kept. No customer's realm is called so: a domain has no underscore."""
    return f"_gateway.{contract.lower()}"


def pools_of(told: Gateway, place: RemotePlace) -> tuple[str, ...]:
    """Users' addresses, one prefix a family: what was designated for the contract, else the operator's (art. 5.2)."""
    found: dict[int, str] = {}
    own = (each.prefix for each in told.addresses)
    for prefix in own:
        if prefix is not None:
            found.setdefault(prefix.version, str(prefix))
    for pool in place.pools:
        found.setdefault(6 if ":" in pool else 4, pool)
    return tuple(found[family] for family in sorted(found))


def papers_of(told: Gateway, place: RemotePlace, estate: Estate) -> tuple[str, str | None]:
    """What clients call the gateway, and its certificate's sack: the customer's own where the option is held and the
    certificate was handed over, else the operator's."""
    own = estate.sacks.get(f"papers.{told.contract}") if told.server_name else None
    return (told.server_name, own) if own else (place.name, estate.sacks.get(f"papers.{place.node}"))


def hosts_of(told: Gateway) -> tuple[str, ...]:
    """The designated hosts that are addresses or prefixes. What a name leads to is not known here."""
    return tuple(sorted({str(each.prefix) for each in told.hosts if each.prefix is not None}))


def names_of(told: Gateway) -> tuple[str, ...]:
    """The designated hosts that are names, as they are asked for."""
    return tuple(sorted({each.what.lower().rstrip(".") for each in told.hosts if each.prefix is None}))


def gateway_parts(served: Served, estate: Estate) -> Iterator[Part]:
    """All of one gateway node; nothing where papers, users or the shared secret are not there yet."""
    told, place = served.told, served.place
    name, papers = papers_of(told, place, estate)
    secret, users = estate.sacks.get(f"nas.{place.node}"), estate.users.get(realm_of(told.contract))
    if papers is None or secret is None or users is None:
        return
    own = ("art:9.2.1.a2",) if name == told.server_name else ()
    realm, why = realm_of(told.contract), served.origin(served.item)
    entrance = _entrance(served, name, papers, secret, *own)
    if entrance is None:
        return
    yield entrance
    yield ReachedHosts(
        served.origin(GATEWAY, "art:5.3"), hosts_of(told), names_of(told) if _knows_names(served) else ()
    )
    if served.network is not None:
        yield NetworkRelay(served.origin("art:1.1.t2", of=served.network), place.inside)
    yield RadiusServer(served.origin(served.item, _OBSERVED), (_HERE,), 1812, 1813, None)
    yield RadiusClient(why, entrance.asks_from, secret, (realm,), "", True, 0)
    yield _users(served, realm, users)
    if told.item == "type-a" and told.sessions is not None:
        yield RadiusCaps(served.origin(SESSIONS), realm, told.sessions, 0, 0, 0)
    yield from _watched(served, estate, realm)


def _knows_names(served: Served) -> bool:
    """A gateway for browsers asks the machine's own name servers where the place tells of none."""
    return served.told.item == "type-b" or bool(served.place.resolvers)


def _entrance(
    served: Served, name: str, papers: str, secret: str, *own: str
) -> TunnelGateway | BrowserGateway | None:
    """Where users come in, None where tunnels would have no addresses."""
    told, place = served.told, served.place
    at = (name, place.outside, place.port)
    if told.item == "type-b":
        why = served.origin(GATEWAY, TYPE_B, "art:5.1")
        return BrowserGateway(why, *at, place.resolvers, papers, secret)
    pools = pools_of(told, place)
    capped = (SESSIONS,) if told.sessions is not None else ()
    why = served.origin(GATEWAY, TYPE_A, "art:5.1", "art:5.3", *own, *capped)
    if not pools:
        return None
    resolvers = place.resolvers if names_of(told) else ()
    return TunnelGateway(why, *at, pools, papers, secret, told.sessions or 0, resolvers)


def _users(served: Served, realm: str, users: UserTables) -> RadiusGroup:
    """Who may log in. Accounts are what is agreed of type B, a matrix is to be had with type A."""
    told = served.told
    counted = told.item == "type-b" and told.accounts is not None
    has_matrix = MATRIX_OPTION in told.options
    why = served.origin(
        served.item, *([ACCOUNTS] if counted else ()), *(["art:9.2.3.a2"] if has_matrix else ())
    )
    methods = ("pap", MATRIX) if has_matrix else ("pap",)
    most = told.accounts or 0 if counted else 0
    return RadiusGroup(why, realm, users.users, users.changes, methods, most, "")


def _watched(served: Served, estate: Estate, realm: str) -> Iterator[Part]:
    """The operator's own login, by which a node tells that its users can log in."""
    node, contract = served.place.node, served.gateway.id
    secret, password = estate.sacks.get(f"prober.{node}"), estate.sacks.get(f"probe.{contract}")
    if secret is None or password is None:
        return
    why = served.origin(GATEWAY, _KNOWN)
    yield RadiusProber(why, _PROBER, secret)
    yield SyntheticUser(why, realm, password)
    user, interval = f"{SYNTHETIC}@{realm}", 1000 * estate.probe_seconds
    yield LoginProbe(
        why, f"{contract}@{node}", _PROBER, _HERE, 1812, user, secret, password, "login", interval, "pap"
    )


def probes_of(entrances: Iterable[TunnelGateway | BrowserGateway], estate: Estate) -> Iterator[EntranceProbe]:
    """What a prober of the operator's looks at: each address at which users come in."""
    for each in entrances:
        origin = Origin(each.origin.owner, tuple(c for c in each.origin.cites if c.endswith(f"#{GATEWAY}")))
        leads: Literal["tunnels", "browsers"] = "browsers" if isinstance(each, BrowserGateway) else "tunnels"
        for address in each.listen:
            name, interval = f"{each.origin.owner}@{address}", 1000 * estate.probe_seconds
            yield EntranceProbe(origin, name, address, each.port, each.name, leads, interval)
