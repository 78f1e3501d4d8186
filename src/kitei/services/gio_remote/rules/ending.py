"""Articles 12 and 14: how a contract ends, and what its ending leaves behind."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.ending import Ending, Endings
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.rules.batch import PAIR
from kitei.values import Words


def left_alone(asked: Ending, contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """Art. 7.1 speaks of applications only: what an ending leaves without its other kind is flagged."""
    if contract.kind not in PAIR:
        return
    rest = [
        each
        for each in s.in_force(contract.group)
        if each.id != contract.id and (each.ending is None or effective < each.ending.last)
    ]
    if rest and not any(each.kind == contract.kind for each in rest):
        names = ", ".join(each.id for each in rest)
        yield s.accept(
            "art:7.1",
            why=Words(
                f"{names} だけが残り、{s.name('kinds', contract.kind).ja}がなくなります。契約は続きます",
                f"{names} alone is left, without a {contract.kind}; the contract goes on",
            ),
            conventions=(s.reading("eligibility.when").pair,),
        )


ENDINGS = Endings(more=left_alone)
