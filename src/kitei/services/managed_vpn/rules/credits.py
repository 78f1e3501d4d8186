"""Article 21 and Schedule 3: reductions for outages. What the customer hid of an access is told with a refusal."""

from kitei.clauses.credits import Credits
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.rules.readiness import undisclosed
from kitei.values import Words


def _hidden(contract: Contract) -> tuple[tuple[str, ...], Words] | None:
    hidden = undisclosed(contract)
    return None if hidden is None else (("art:8.3", "art:8.4"), hidden)


CREDITS = Credits(excuse=_hidden)
