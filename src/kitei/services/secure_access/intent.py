"""Secure Access's contracts in force as gateway nodes, one for each customer that has a place. Pure.

What is contracted and stands nowhere is not made up: `unserved` tells it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.network import Estate, GatewayPlace, NodeIntent, Part
from kitei.network.codec import node_intents
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.egress import option_holder
from kitei.services.secure_access.gateway_parts import (
    APPLIANCE,
    FIREWALLS,
    ROWS,
    SIGNATURES,
    gateway_parts,
    policy_of,
    served_at,
)
from kitei.services.secure_access.people import peers, policies, room
from kitei.services.secure_access.web_intent import KIND as WEB
from kitei.services.secure_access.web_intent import web_lacking, web_parts
from kitei.values import Words


def compile_contracts(contracts: Sequence[Contract], estate: Estate, on: date) -> tuple[NodeIntent, ...]:
    """The gateways that the contracts in force on a day need."""
    found = {place.node: tuple(_parts(place, contracts, estate, on)) for place in estate.gateways}
    return node_intents({node: parts for node, parts in found.items() if parts})


def _parts(place: GatewayPlace, contracts: Sequence[Contract], estate: Estate, on: date) -> Iterator[Part]:
    edition = TERMS.on(on) if on >= TERMS.first.in_force else TERMS.first
    served = served_at(place, contracts, estate, edition, on)
    if served is not None:
        yield from gateway_parts(served)
        yield from web_parts(served, estate.sacks)


@dataclass(frozen=True, slots=True)
class Unserved:
    """A contract in force that the network does not serve, or not wholly, by which provision, and why."""

    contract: str
    path: str
    why: Words


def unserved(contracts: Sequence[Contract], estate: Estate, on: date) -> tuple[Unserved, ...]:
    """What contracts in force on a day lack on the network's side."""
    found: list[Unserved] = []
    live = [each for each in contracts if each.is_in_force(on)]
    edition = TERMS.on(on) if on >= TERMS.first.in_force else TERMS.first
    for each in live:
        place = next((p for p in estate.gateways if p.serves(each.customer, each.id)), None)
        if place is None:
            found.append(Unserved(each.id, ROWS[each.kind], _NO_PLACE))
        elif (served := served_at(place, live, estate, edition, on)) and served.contracts.get(
            each.kind
        ) is not each:
            found.append(Unserved(each.id, ROWS[each.kind], _ANOTHER))
        else:
            found += _lacking(
                each, place, live, any(on in d for d in estate.backbones.get(each.customer, ())), on
            )
            if each.kind == APPLIANCE:
                found += (Unserved(each.id, path, why) for path, why in _appliance_lacking(each, estate))
            if each.kind == WEB:
                found += (Unserved(each.id, path, why) for path, why in web_lacking(each, estate.sacks, on))
    return tuple(found)


def _lacking(
    each: Contract, place: GatewayPlace, live: Sequence[Contract], backbone: bool, on: date
) -> Iterator[Unserved]:
    row = ROWS[each.kind]
    if each.kind in (*FIREWALLS, WEB) and not policies(each):
        yield Unserved(each.id, "art:7.1.1", _NO_POLICY)
    if each.kind == "remote-connect" and not (place.pools and place.endpoint):
        yield Unserved(each.id, row, _NO_POOL)
    elif each.kind == "remote-connect" and any(p.number >= room(place.pools) for p in peers(each)):
        yield Unserved(each.id, row, _FULL)
    if each.kind == "private-connect" and not backbone:
        yield Unserved(each.id, "art:2.1.t1.a2", _NO_BACKBONE)
    elif each.kind == "private-connect" and not place.backbone:
        yield Unserved(each.id, row, _NO_PORT)
    if option_holder((each,), on) is not None and not place.dedicated:
        yield Unserved(each.id, "art:9.2.1", _NO_ADDRESS)


def _appliance_lacking(each: Contract, estate: Estate) -> Iterator[tuple[str, Words]]:
    """What stands in for the appliance, and whether there is anything to know threats by."""
    yield ROWS[APPLIANCE], _STAND_IN
    policy = policy_of(each)
    names = [entry.what for profile in (policy.profiles if policy else ()) for entry in profile.entries]
    if "threat" in names and SIGNATURES not in estate.sacks:
        yield "art:7.1.1", _NO_SIGNATURES


_STAND_IN = Words(
    "Fortinet の仮想アプライアンスの代わりに Suricata が同じ働きをしています",
    "Suricata does what a virtual appliance made by Fortinet is to do",
)
_NO_SIGNATURES = Words(
    "方針は脅威を挙げていますが、シグネチャがありません",
    "its policy speaks of threats, and there are no signatures to know them by",
)
_NO_PLACE = Words("この契約者のゲートウェイがまだありません", "no gateway stands for this customer yet")
_ANOTHER = Words(
    "同じゲートウェイで同じ種類の先の契約が働いています。もう一台要ります",
    "an earlier contract of its kind works on that gateway; it needs one of its own",
)
_NO_POLICY = Words(
    "運用の方針がまだ決められていません。何も通しません", "no policy was decided yet; nothing passes"
)
_NO_POOL = Words("ゲートウェイに pools か endpoint がありません", "its gateway has no pools or no endpoint")
_FULL = Words("pools が足りず、入れない機器があります", "the pools are too small for all its devices")
_NO_BACKBONE = Words(
    "プライベートバックボーンサービスの記録がありません", "no Private Backbone service is on record"
)
_NO_PORT = Words("ゲートウェイに backbone の口がありません", "its gateway has no port to the backbone")
_NO_ADDRESS = Words(
    "専用のアドレスがゲートウェイにありません。共用のアドレスから出ています",
    "its gateway has no dedicated address; it leaves by the shared one",
)
