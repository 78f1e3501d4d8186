"""What tells whether a gateway's contract can be used (art. 15), and that of the network behind it.

Its own node tells whether it is asked there by TLS to log in, with papers of today, and the operator's own login
succeeds: one point, since neither is of use without the other. Where the operator has probers, they look from the
Internet: it can be used while one of them reaches it and its own node does not know better, which may be silent because
it is dead. A network can be used while its port has a line. What is not built is not watched: people record its outages.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.network import (
    BrowserGateway,
    EntranceProbe,
    LoginProbe,
    NetworkRelay,
    NodeIntent,
    TunnelGateway,
)
from kitei.watch import Availability, Point


def availabilities(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """What tells of each contract in force, from the parts that nodes were given for it."""
    found = {each.id: _Told() for each in contracts if each.is_in_force(on)}
    for node in nodes:
        for part in node.parts:
            told = found.get(part.origin.owner)
            if told is None:
                continue
            match part:
                case TunnelGateway() | BrowserGateway() | NetworkRelay():
                    told.own = (Point(node.node, "gateway", part.key),)
                    told.cites = part.origin.cites
                case EntranceProbe():
                    told.outside += (Point(node.node, "entrance", part.name),)
                case LoginProbe():
                    told.states += (Point(node.node, "login", part.name),)
    return {
        name: Availability(
            name,
            told.outside or told.own,
            told.states,
            (),
            told.cites,
            needs=told.own if told.outside else (),
        )
        for name, told in found.items()
    }


class _Told:
    """What is found of one contract."""

    def __init__(self) -> None:
        self.own: tuple[Point, ...] = ()
        self.outside: tuple[Point, ...] = ()
        self.states: tuple[Point, ...] = ()
        self.cites: tuple[str, ...] = ()
