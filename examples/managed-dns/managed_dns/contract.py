"""A contract of the managed DNS, folded from its facts. Its `body` holds `zone`, `records`, `delegated`, `months`."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, count

from kitei.clauses import contract as clauses
from kitei.desk import Situation
from kitei.ledger import Entry
from kitei.ledger.contracts import Contract


def zone_of(contract: Contract) -> str:
    return str(contract.body["zone"])


def name_of(zone: str, s: Situation) -> str:
    """The id of a contract to come: its zone, with a number where an earlier contract had that name."""
    names = chain((zone,), (f"{zone}-{number}" for number in count(2)))
    return next(name for name in names if name not in s.contracts)


def records_of(contract: Contract) -> int:
    """How many records it holds."""
    found = contract.body.get("records", 0)
    assert isinstance(found, int)
    return found


def is_delegated(contract: Contract) -> bool:
    return "delegated" in contract.body


def fold(contract: Contract | None, entry: Entry) -> Contract:
    """The contract after one more fact. Raises ValueError for one that no contract has."""
    return clauses.fold(contract, entry, _OWN)


def _delegated(contract: Contract, entry: Entry) -> Contract:
    day = entry.fact.effective_on.isoformat()
    return replace(contract, body={**contract.body, "delegated": day})


_OWN: Mapping[str, clauses.Grow] = {"zone.delegated": _delegated}
