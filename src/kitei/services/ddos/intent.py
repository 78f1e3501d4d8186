"""DDoS Protection's side of desired state: what nodes its contracts need."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from kitei.ledger.contracts import Contract
from kitei.network import NodeIntent


def compile_contracts(contracts: Sequence[Contract], estate: Any, on: date) -> Sequence[NodeIntent]:
    """No node yet: the part that watches and mitigates is to come, and its provisions are listed as awaiting it."""
    return ()
