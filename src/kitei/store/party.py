"""Who customers are."""

from dataclasses import dataclass, field

from kitei.values import JsonObject, Words


@dataclass(frozen=True, slots=True)
class Party:
    """Who a customer is: personal data, which the ledger names only by `id`. `more` is what else is known."""

    id: str
    name: Words
    address: Words
    more: JsonObject = field(default_factory=dict)
