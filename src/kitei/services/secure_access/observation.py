"""What tells whether a contract can be used. What is not built is not watched: people record its outages."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.network import NodeIntent
from kitei.watch import Availability


def availabilities(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """Nothing of any contract."""
    return {}
