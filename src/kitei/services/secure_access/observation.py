"""What tells whether a contract of Secure Access can be used (art. 14): its gateway, as the node itself sees it.

A firewall can be used while its filter stands and the port to the Internet has a line (one of type 2 while not all it
lets pass ends because no appliance looks; one appliance that does not look is told as a state), a remote connect while its
tunnels' port answers there, a private connect while the port to the backbone has a line, a Web gateway while pages
that the operator knows come through it, where it has stated any. A device
that is not connected is nobody's trouble. What is not built is not watched: people record its outages.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from kitei.ledger.contracts import Contract
from kitei.network import Appliance, BackboneLink, Filter, NodeIntent, RemoteAccess, WebGateway
from kitei.watch import Availability, Point

# The part without which nothing of a contract can be used, by its kind.
_RESTS_ON: Final[Mapping[str, type]] = {
    "firewall-1": Filter,
    "firewall-2": Filter,
    "remote-connect": RemoteAccess,
    "private-connect": BackboneLink,
    "web-gateway": WebGateway,
}


def availabilities(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """What tells of each contract in force, from the parts that nodes were given for it."""
    kinds = {each.id: each.kind for each in contracts if each.is_in_force(on)}
    paths: dict[str, dict[Point, None]] = {}
    states: dict[str, list[Point]] = {}
    cites: dict[str, dict[str, None]] = {}
    for node in nodes:
        for part in node.parts:
            owner = part.origin.owner
            if isinstance(part, Appliance) and owner in kinds:
                states.setdefault(owner, []).append(Point(node.node, "gateway", part.key))
            rests_on = _RESTS_ON.get(kinds.get(owner, ""))
            if isinstance(part, WebGateway) and not part.visits:
                continue
            if rests_on is not None and isinstance(part, rests_on):
                paths.setdefault(owner, {})[Point(node.node, "gateway", part.key)] = None
                cites.setdefault(owner, {}).update(dict.fromkeys(part.origin.cites))
    return {
        each: Availability(
            each, tuple(paths.get(each, ())), tuple(states.get(each, ())), (), tuple(cites.get(each, ()))
        )
        for each in kinds
    }
