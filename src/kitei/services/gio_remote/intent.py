"""GIO Remote Access's contracts in force as gateway nodes, of type A or B, with the network behind them. Pure.

Both kinds are applied for together (art. 7.1). Where the network ends before its gateway, the contract goes on and so
does its node, but nothing is relayed: no contract in force is taken down because another ended. L2TP is not
built by this program yet: what is contracted and not served is not made up, `unserved` tells it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_network

from kitei.ledger.contracts import Contract
from kitei.network import BrowserGateway, Estate, NodeIntent, RemotePlace, TunnelGateway
from kitei.network.codec import node_intents
from kitei.services.gio_remote.contract import gateway
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.gateway_parts import (
    GATEWAY,
    Served,
    gateway_parts,
    hosts_of,
    names_of,
    papers_of,
    pools_of,
    probes_of,
    realm_of,
)
from kitei.values import Words


def compile_contracts(contracts: Sequence[Contract], estate: Estate, on: date) -> tuple[NodeIntent, ...]:
    """The gateways that the contracts in force on a day need."""
    served = ((place.node, served_at(place, contracts, estate, on)) for place in estate.remote)
    found = {node: list(gateway_parts(each, estate)) for node, each in served if each}
    entrances = [
        part for parts in found.values() for part in parts if isinstance(part, TunnelGateway | BrowserGateway)
    ]
    for prober in estate.probers:
        found.setdefault(prober.node, []).extend(probes_of(entrances, estate))
    return node_intents({node: parts for node, parts in found.items() if parts})


def served_at(place: RemotePlace, contracts: Sequence[Contract], estate: Estate, on: date) -> Served | None:
    """The gateway that a place serves on a day, of several the one concluded first, with the network behind it if one
    is in force."""
    live = sorted(
        (each for each in contracts if each.is_in_force(on)), key=lambda each: (each.concluded_on, each.id)
    )
    own = next((each for each in live if each.kind == "gateway" and place_of(each, estate) is place), None)
    network = next(
        (each for each in live if own and each.kind == "network" and each.group == own.group), None
    )
    if own is None:
        return None
    edition = TERMS.on(on) if on >= TERMS.first.in_force else TERMS.first
    return Served(place, own, network, edition, on)


def place_of(each: Contract, estate: Estate) -> RemotePlace | None:
    """Where a gateway's contract is to be served: at the place that names it, else at one of its customer's."""
    places = [place for place in estate.remote if place.serves(each.customer, each.id)]
    return min(places, key=lambda place: not place.contract, default=None)


@dataclass(frozen=True, slots=True)
class Unserved:
    """A contract in force that the network does not serve, or not wholly, by which provision, and why."""

    contract: str
    path: str
    why: Words


def unserved(contracts: Sequence[Contract], estate: Estate, on: date) -> tuple[Unserved, ...]:
    """What gateways in force on a day lack on the network's side."""
    live = [each for each in contracts if each.is_in_force(on) and each.kind == "gateway"]
    found: list[Unserved] = []
    for each in live:
        place = place_of(each, estate)
        served = served_at(place, contracts, estate, on) if place else None
        if place is None:
            found.append(Unserved(each.id, GATEWAY, _NO_PLACE))
        elif served is not None and served.gateway is not each:
            found.append(Unserved(each.id, GATEWAY, _ANOTHER))
        else:
            if served is None or served.network is None:
                found.append(Unserved(each.id, "art:7.1", _NO_NETWORK))
            found += (Unserved(each.id, path, why) for path, why in _lacking(each, place, estate, on))
    return tuple(found)


def _lacking(each: Contract, place: RemotePlace, estate: Estate, on: date) -> Iterator[tuple[str, Words]]:
    told = gateway(each, on)
    name, papers = papers_of(told, place, estate)
    if papers is None:
        yield GATEWAY, _NO_PAPERS
    elif told.server_name and name != told.server_name:
        yield "art:9.2.1.a2", _NO_OWN_PAPERS
    if realm_of(each.id) not in estate.users:
        yield GATEWAY, _NO_USERS
    if told.item == "type-b":
        return
    pools = pools_of(told, place)
    if not pools:
        yield "art:5.2", _NO_POOL
    elif told.sessions is not None and any(_room(pool) < told.sessions for pool in pools):
        yield "art:5.2", _SMALL_POOL
    if len([a for a in told.addresses if a.prefix]) > len(
        {a.prefix.version for a in told.addresses if a.prefix}
    ):
        yield "art:5.2", _FIRST_POOL
    if names_of(told) and not (place.resolvers and hosts_of(told)):
        yield GATEWAY, _NAMES
    if told.l2tp:
        yield "art:6.1", _NO_L2TP


def _room(pool: str) -> int:
    """How many users fit: the network's own address and the gateway's are none, nor is IPv4's broadcast."""
    return max(0, ip_network(pool).num_addresses - 2 - (":" not in pool))


_NO_L2TP = Words("L2TP を終端する部分はまだありません", "no part of this program ends L2TP yet")
_NO_PLACE = Words("このゲートウェイの置き場がまだありません", "no gateway stands for this contract yet")
_NO_NETWORK = Words(
    "種類「ネットワーク」の契約がありません。何も中継しません",
    "there is no contract of the kind network; nothing is relayed",
)
_ANOTHER = Words(
    "同じ置き場で先の契約が働いています", "an earlier contract works at that place; it needs one of its own"
)
_NO_PAPERS = Words(
    "ゲートウェイの証明書がまだ渡されていません(kitei remote papers)",
    "the gateway's certificate was not handed over yet (kitei remote papers)",
)
_NO_OWN_PAPERS = Words(
    "独自の名前の証明書がまだ渡されていません。当社の名前で応えています",
    "the certificate of its own name was not handed over yet; it answers by the operator's",
)
_NO_USERS = Words(
    "利用者がまだ登録されていません(kitei remote users)", "no users were handed over yet (kitei remote users)"
)
_NO_POOL = Words("利用者のアドレスがまだ指定されていません", "no addresses for its users are designated yet")
_SMALL_POOL = Words(
    "利用者のアドレスが最大同時セッション数より少ない", "fewer addresses for users than sessions at most"
)
_FIRST_POOL = Words(
    "利用者が使うのは、指定されたアドレスのうち種類ごとに最初のものです",
    "users get addresses of the first prefix that was designated of each family",
)
_NAMES = Words(
    "名前で指定されたホストには届きません。アドレスも指定し、名前を尋ねる先(resolvers)を置き場に書いてください",
    "hosts that were designated by name are not reached; designate addresses too, and state the place's resolvers",
)
