"""By which addresses a customer's flows leave (art. 9.2(1)). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kitei.clauses.options import running
from kitei.ledger.contracts import Contract
from kitei.network import GatewayPlace

DEDICATED = "dedicated-ip"


@dataclass(frozen=True, slots=True)
class Leaving:
    """`contract` is the one whose option dedicates the addresses, '' where they are shared."""

    contract: str
    addresses: tuple[str, ...]
    ports: str

    @property
    def is_dedicated(self) -> bool:
        return bool(self.contract)


def option_holder(contracts: Sequence[Contract], on: date) -> Contract | None:
    """The first of a customer's contracts that has the option on a day."""
    held = (each for each in contracts if each.is_in_force(on))
    for each in held:
        taken = running(each, DEDICATED, on)
        if taken is not None and taken.added_on <= on:
            return each
    return None


def egress_of(place: GatewayPlace, contracts: Sequence[Contract], on: date) -> Leaving:
    """The dedicated addresses while one of these contracts has the option, else the shared ones."""
    holder = option_holder(contracts, on)
    if holder is not None and place.dedicated:
        return Leaving(holder.id, place.dedicated, "")
    return Leaving("", place.shared, place.shared_ports)
