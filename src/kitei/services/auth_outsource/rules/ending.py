"""Articles 8(4), 9 and 11: how contracts and options end; whom an ending leaves alone is told."""

from collections.abc import Iterator
from datetime import date, timedelta

from kitei.clauses.ending import Ending, Endings
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.contract import RADIUS
from kitei.services.auth_outsource.rules.batch import lacking, standing
from kitei.services.auth_outsource.rules.fees import monthly
from kitei.values import Words


def left_alone(asked: Ending, contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """Art. 5.1 speaks of applications only: what an ending leaves without its counterpart is told.

    Where the operator reads it so (convention ao.set), the ending is refused instead.
    """
    rest = [
        each
        for each in standing(s, contract.customer, effective + timedelta(days=1))
        if each.id != contract.id and each.kind in RADIUS
    ]
    if contract.kind not in RADIUS or not rest:
        return
    missing = lacking({each.kind for each in rest})
    if missing is None:
        return
    names, how = ", ".join(each.id for each in rest), s.reading("ao.set")
    more = {"conventions": (how.pair,), "defects": s.defects("art:5.1")}
    if how.value == "re-tested":
        yield s.refuse(
            "art:5.1",
            why=Words(f"{names} だけが残り、{missing.ja}", f"only {names} would remain, and {missing.en}"),
            place="contract",
            remedy=Words("残るものから解約してください", "cancel what would remain first"),
            **more,
        )
    else:
        yield s.accept(
            "art:5.1",
            why=Words(
                f"{names} の契約は続きますが、{missing.ja}",
                f"the contracts {names} go on, but {missing.en}",
            ),
            **more,
        )


ENDINGS = Endings(monthly=monthly, more=left_alone)
