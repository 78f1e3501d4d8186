"""What tells whether a contract of DDoS Protection can be used (art. 14): collectors that watch it.

Nothing of it can be used when no collector that was told of its policies runs: nothing is seen then, and nothing
follows. As long as one does the service is not wholly unusable; what speaks and cleans is told beside, as states.
That its loss is as bad as none at all is for people to find, and recorded as their finding.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from kitei.ledger.contracts import Contract
from kitei.network import FloodWatch, NodeIntent, ReturnTunnel, RouteLeave, Scrubbing
from kitei.watch import Availability, Point

# The programs that nodes keep running for it, as their drivers name them.
COLLECTOR: Final = "flows"
SPEAKER: Final = "gobgp"


def availabilities(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """What tells of each contract in force, from the parts that nodes were given for it."""
    paths: dict[str, dict[Point, None]] = {}
    states: dict[str, dict[Point, None]] = {}
    cites: dict[str, dict[str, None]] = {}
    for node in nodes:
        for part in node.parts:
            owner = part.origin.owner
            match part:
                case FloodWatch():
                    paths.setdefault(owner, {})[Point(node.node, "engine", COLLECTOR)] = None
                    cites.setdefault(owner, {}).update(dict.fromkeys(part.origin.cites))
                case RouteLeave():
                    told = states.setdefault(owner, {})
                    told[Point(node.node, "engine", SPEAKER)] = None
                    told |= {Point(node.node, "upstream", name): None for name in part.upstreams}
                case Scrubbing(until=None):
                    states.setdefault(owner, {})[Point(node.node, "scrubbing", part.contract)] = None
                case ReturnTunnel():
                    states.setdefault(owner, {})[Point(node.node, "tunnel", part.key)] = None
    return {
        each.id: Availability(
            each.id,
            tuple(paths.get(each.id, ())),
            tuple(states.get(each.id, ())),
            (),
            tuple(cites.get(each.id, ())),
        )
        for each in contracts
        if each.is_in_force(on)
    }
