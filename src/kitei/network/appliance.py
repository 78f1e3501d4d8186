"""The part of a gateway that looks into flows: a firewall of type 2."""

from dataclasses import dataclass
from typing import Literal

from kitei.network.origin import Origin


@dataclass(frozen=True, slots=True)
class Appliance:
    """An engine that looks into the flows of rules with its `number` (1 to 4), by the profile `name` of a policy.

    `text` is what it decides by (`kitei.network.inspection`), `version` that of the policy, and `sack` what of the
    node's holds the operator's signatures (None: there are none). `blind` says what becomes of flows while no
    engine can look into them, and of those it did not see from their beginning.
    """

    origin: Origin
    name: str
    number: int
    version: int
    blind: Literal["deny", "allow"]
    text: str
    sack: str | None

    @property
    def key(self) -> str:
        return f"appliance:{self.name}"
