"""What tells whether a gateway's contract can be used (art. 15), and that of the network behind it.

A gateway can be used while its node is asked by TLS to log in, with papers of today, and the operator's own login there
succeeds: one point, since neither is of use without the other. A network can while its port has a line. What is not
built is not watched: people record its outages.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.network import BrowserGateway, LoginProbe, NetworkRelay, NodeIntent, TunnelGateway
from kitei.watch import Availability, Point


def availabilities(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """What tells of each contract in force, from the parts that nodes were given for it."""
    live = {each.id for each in contracts if each.is_in_force(on)}
    found: dict[str, Availability] = {each: Availability(each, ()) for each in live}
    for node in nodes:
        for part in node.parts:
            owner = part.origin.owner
            if owner in live and isinstance(part, TunnelGateway | BrowserGateway | NetworkRelay):
                point = Point(node.node, "gateway", part.key)
                found[owner] = Availability(owner, (point,), found[owner].states, (), part.origin.cites)
            elif owner in live and isinstance(part, LoginProbe):
                states = (Point(node.node, "login", part.name),)
                found[owner] = Availability(owner, found[owner].paths, states, (), found[owner].cites)
    return found
