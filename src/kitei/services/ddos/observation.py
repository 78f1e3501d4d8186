"""DDoS Protection's side of observation: what tells whether a contract can be used."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.network import NodeIntent
from kitei.watch import Availability


def availabilities(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """Nothing observed yet, as there is no node; outages are those that people record."""
    return {}
