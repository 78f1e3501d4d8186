"""What tells whether a contract of Authentication Outsource can be used (art. 12): logins that we make ourselves.

A realm's contract has a path for each prober and each node that answers. A client can be used as long as one of the
realms it may ask for can: its paths are theirs. What a customer's own devices do is told beside, as states: when
they fail it is not the operator's network that does.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.network import HomeServer, LoginProbe, NodeIntent, RadiusClient, TunnelTerminator
from kitei.watch import Availability, Point


def availabilities(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """What tells of each contract in force, from the parts that nodes were given for it."""
    found: dict[str, _Told] = {}
    realms: dict[str, str] = {}
    clients: dict[str, RadiusClient] = {}
    for node in nodes:
        for part in node.parts:
            told = found.setdefault(part.origin.owner, _Told())
            match part:
                case LoginProbe(path="login"):
                    told.paths.append(Point(node.node, "login", part.name))
                    told.cites.update(dict.fromkeys(part.origin.cites))
                    realms[part.user.rpartition("@")[2]] = part.origin.owner
                case LoginProbe(path="home"):
                    told.states.append(Point(node.node, "home", part.name))
                case HomeServer() | TunnelTerminator():
                    told.states.append(Point(node.node, "home", part.key))
                case RadiusClient(carries=""):
                    clients[part.origin.owner] = part
    for owner, client in clients.items():
        for realm in client.realms:
            if behind := found.get(realms.get(realm, "")):
                found[owner].paths += behind.paths
                found[owner].cites.update(behind.cites)
    return {
        each.id: found.get(each.id, _Told()).availability(each.id)
        for each in contracts
        if each.is_in_force(on)
    }


class _Told:
    """The watched points of one contract, while they are gathered."""

    def __init__(self) -> None:
        self.paths: list[Point] = []
        self.states: list[Point] = []
        self.cites: dict[str, None] = {}

    def availability(self, contract: str) -> Availability:
        return Availability(contract, tuple(self.paths), tuple(self.states), (), tuple(self.cites))
