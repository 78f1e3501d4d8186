"""Articles 5(6) and 5(7): what the customer prepares, and when service is withheld."""

from kitei.clauses.readiness import Readiness
from kitei.desk import Situation
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.contract import RADIUS
from kitei.services.auth_outsource.rules.batch import standing
from kitei.terms import Choice


def kinds_beside(contract: Contract, s: Situation) -> set[str]:
    """The kinds that serve together with a contract: client with group or proxy, or a VPDN by itself."""
    if contract.kind not in RADIUS:
        return {contract.kind}
    beside = {each.kind for each in standing(s, contract.customer, s.on) if each.kind in RADIUS}
    return {contract.kind} | (beside if contract.kind == "client" else beside & {"client"})


def preparations(s: Situation, contract: Contract) -> tuple[Choice, ...]:
    """What has to be ready for a contract and those it serves with."""
    kinds = {"all", *kinds_beside(contract, s)}
    return tuple(each for each in s.edition.value("preparations").choices if each.text("whose") in kinds)


READINESS = Readiness(preparations)
