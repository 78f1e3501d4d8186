"""Contracts to nodes. The gateways are not built by this program yet: their contracts are only kept."""

from collections.abc import Sequence
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.network import Estate, NodeIntent


def compile_contracts(contracts: Sequence[Contract], estate: Estate, on: date) -> Sequence[NodeIntent]:
    """No node, whatever is contracted."""
    return ()
