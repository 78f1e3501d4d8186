"""What customers decide of Secure Access, put to the terms and told to their gateways at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from kitei.desk import Verdict
from kitei.ledger.contracts import Contract
from kitei.network import (
    Appliance,
    BackboneLink,
    Egress,
    Filter,
    FilterRule,
    GatewayPlace,
    NodeIntent,
    Part,
    RemoteDevice,
    WebList,
    WebPolicy,
)
from kitei.network.codec import node_intent
from kitei.office.desk import Decided
from kitei.office.office import Office, Refusal
from kitei.office.publishing import Publishing
from kitei.services.secure_access import SERVICE
from kitei.services.secure_access.people import Peer, addresses_of, free_number, peers, room, with_policy
from kitei.values import Words

# What a customer changes without the operator: parts of these types go to gateways that stand, at once.
OWN: Final[tuple[type[Part], ...]] = (FilterRule, Appliance, RemoteDevice, WebPolicy, WebList)


_Make: TypeAlias = Callable[[NodeIntent, NodeIntent], NodeIntent]


def decide(office: Office, act: str, asked: Mapping[str, Any], *, what_if: bool = False) -> Decided:
    """One such act. What is accepted is told to the customer's gateways, as far as they stand."""
    if what_if:
        return office.decide(act, asked, service=SERVICE.name)
    decided = office.apply(act, asked, service=SERVICE.name, actor=str(asked.get("by", "")))
    if decided.decision.verdict is Verdict.ACCEPT:
        tell(office, office.contract(str(asked["contract"])).customer)
    return decided


def tell(office: Office, customer: str) -> None:
    """Give a customer's gateways what it decided, and nothing else that waits."""
    _renew(office, _renewed, customer, customer)


def end_what_is_over(office: Office) -> tuple[str, ...]:
    """Take from gateways what an option, or another service, gave them that has ended; the nodes it left."""
    before = Publishing.of(office).published_intent().nodes
    _renew(office, _without_the_over, "controller")
    after = Publishing.of(office).published_intent().nodes
    return tuple(
        name for name, node in after.items() if name in before and before[name].digest != node.digest
    )


def _renew(office: Office, make: _Make, actor: str, customer: str | None = None) -> None:
    """Publish standing gateways (of a customer, or all) as `make` has them of what stands and what is wanted today."""
    publishing = Publishing.of(office)

    def changed() -> Mapping[str, NodeIntent]:
        estate = publishing.estate()
        contracts = [each for each in office.contracts().values() if each.service == SERVICE.name]
        wanted = {each.node: each for each in SERVICE.compile(contracts, estate, office.today())}
        mine = {place.node for place in estate.gateways if customer in (None, place.customer)}
        standing = publishing.published_intent().nodes
        both = sorted(mine & standing.keys() & wanted.keys())
        renewed = {name: make(standing[name], wanted[name]) for name in both}
        return {name: each for name, each in renewed.items() if each.digest != standing[name].digest}

    publishing.renew(changed, actor)


def _without_the_over(before: NodeIntent, after: NodeIntent) -> NodeIntent:
    """What stands, but for a dedicated address whose option ended and a backbone that the customer has no more."""
    egress = next((part for part in after.parts if isinstance(part, Egress)), None)
    joined = any(isinstance(part, BackboneLink) for part in after.parts)
    link = next((part for part in before.parts if isinstance(part, BackboneLink)), None)
    kept: list[Part] = []
    for part in before.parts:
        match part:
            case BackboneLink() if not joined:
                continue
            case Egress(dedicated=True) if egress is not None and not egress.dedicated:
                kept.append(egress)
            case Filter():
                gone = link.port if link is not None and not joined else ""
                zones = tuple(zone for zone in part.zones if zone.split(" ")[0] != gone)
                guarded = egress.addresses if egress is not None and not egress.dedicated else part.guarded
                kept.append(replace(part, zones=zones, guarded=guarded))
            case _:
                kept.append(part)
    return node_intent(before.node, kept)


def _renewed(before: NodeIntent, after: NodeIntent) -> NodeIntent:
    """What stands, with what its contracts' customer decided since; a contract that waits to be published waits on."""
    owners = {part.origin.owner for part in before.parts}
    fresh = [part for part in after.parts if isinstance(part, OWN) and part.origin.owner in owners]
    version = next((part.version for part in after.parts if isinstance(part, Filter)), 0)
    kept = [
        replace(part, version=version) if isinstance(part, Filter) else part
        for part in before.parts
        if not isinstance(part, OWN)
    ]
    return node_intent(before.node, (*kept, *fresh))


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a device needs to know of its gateway, and what it was given."""

    place: GatewayPlace
    public_key: str
    peer: Peer
    addresses: tuple[str, ...]

    def configuration(self, private_key: str) -> str:
        """As WireGuard's own clients read it. All traffic goes in, of the families that the gateway carries."""
        everything = ["::/0" if ":" in each else "0.0.0.0/0" for each in self.addresses]
        host = f"[{self.place.endpoint}]" if ":" in self.place.endpoint else self.place.endpoint
        return "\n".join(
            (
                "[Interface]",
                f"PrivateKey = {private_key}",
                f"Address = {', '.join(self.addresses)}",
                "MTU = 1420",
                "",
                "[Peer]",
                f"PublicKey = {self.public_key}",
                f"Endpoint = {host}:{self.place.listen}",
                f"AllowedIPs = {', '.join(everything)}",
                "PersistentKeepalive = 25",
                "",
            )
        )


def entrance(office: Office, contract: Contract) -> tuple[GatewayPlace, str]:
    """The gateway of a remote connect and its public key. Raises Refusal while it has none."""
    place = gateway_of(office, contract)
    if place is None or not place.pools or not place.endpoint:
        raise Refusal(
            Words(
                f"{contract.id} のゲートウェイがまだありません([[gateway]] に pools と endpoint が要ります)",
                f"no gateway stands for {contract.id} yet: [[gateway]] needs pools and an endpoint",
            )
        )
    key = Publishing.of(office).estate().gateway_keys.get(place.node)
    if key is None:
        raise Refusal(
            Words(
                f"{place.node} がまだ鍵を知らせていません。指示を出し、ノードが動いてからにしてください",
                f"{place.node} has not told its key yet; publish its orders and let the node run first",
            )
        )
    return place, key


def enrol(office: Office, asked: Mapping[str, Any]) -> tuple[Decided, Entrance | None]:
    """Let a device in by its public key; None where the terms do not. The private key is no business of ours."""
    contract = office.contract(str(asked["contract"]))
    place, key = entrance(office, contract)
    is_known = any(each.device == asked["device"] for each in peers(contract))
    if not is_known and free_number(contract) >= room(place.pools):
        raise Refusal(
            Words(
                f"{place.node} の pools に空きがありません", f"there is no room in the pools of {place.node}"
            )
        )
    decided = decide(office, "enrol-device", asked)
    if decided.decision.verdict is not Verdict.ACCEPT:
        return decided, None
    held = office.contract(contract.id)
    peer = next(each for each in peers(held) if each.device == asked["device"])
    return decided, Entrance(place, key, peer, addresses_of(peer, place.pools))


def connected(office: Office, node: str) -> Mapping[str, datetime]:
    """Since when each device that is connected to a gateway is, as it told."""
    found: dict[str, datetime] = {}
    for seen in office.shelf.observations(source=node):
        if seen.what == "device" and seen.up:
            found[seen.subject] = seen.at
        elif seen.what == "device":
            found.pop(seen.subject, None)
    return found


def gateway_of(office: Office, contract: Contract) -> GatewayPlace | None:
    estate = Publishing.of(office).estate()
    return next((each for each in estate.gateways if each.serves(contract.customer, contract.id)), None)


def parts_with(office: Office, place: GatewayPlace, contract: Contract, text: str | None) -> tuple[Part, ...]:
    """What a gateway is made of today, with a policy of a contract as if it were set (None: as it is)."""
    day = office.today()
    contracts = [each for each in office.contracts().values() if each.service == SERVICE.name]
    if text is not None:
        asked = {"by": contract.customer, "contract": contract.id, "text": text}
        decided = office.decide("set-policy", asked, service=SERVICE.name)
        if decided.decision.verdict is not Verdict.ACCEPT:
            reasons = [finding for finding in decided.decision.findings if finding.verdict is Verdict.REFUSE]
            told = [(f"{each.place}: " if each.place else "", each.why) for each in reasons]
            raise Refusal(
                Words(
                    "\n".join(place + why.ja for place, why in told),
                    "\n".join(place + why.en for place, why in told),
                )
            )
        contracts = [with_policy(each, text) if each.id == contract.id else each for each in contracts]
    nodes = SERVICE.compile(contracts, Publishing.of(office).estate(), day)
    return next((each.parts for each in nodes if each.node == place.node), ())
