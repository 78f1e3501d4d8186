"""What the contracts say the network must be: nodes, and the parts each is made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from kitei.network.parts import Part


@dataclass(frozen=True, slots=True)
class NodeIntent:
    """One node's whole desired state. `digest` is over the parts; parts are in order of their keys."""

    node: str
    parts: tuple[Part, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Intent:
    """All nodes' desired states, and one digest over them."""

    nodes: Mapping[str, NodeIntent]
    digest: str


@dataclass(frozen=True, slots=True)
class Orders:
    """What a node is sent: its intent, when it was published, and whose traffic may be cut for it.

    `generation` only grows. `may_cut` names owners (contracts that ended, or whose interruption was
    approved); a step that would cut anyone else's traffic waits.
    """

    generation: int
    intent: NodeIntent
    may_cut: tuple[str, ...] = ()
