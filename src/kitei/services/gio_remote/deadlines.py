"""Last days of GIO Remote Access's own: when L2TP stops being served, and by when a change is to be reported."""

from collections.abc import Iterator
from datetime import date

from kitei.desk import Situation
from kitei.desk.deadlines import Deadline
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.rules.eligibility import L2TP, vpdn_of
from kitei.services.gio_remote.rules.readiness import is_untold
from kitei.terms import days_after
from kitei.values import Words

PATHS = frozenset({"art:6.1", "art:7.4"})


def last_days(contract: Contract, situation: Situation) -> Iterator[Deadline]:
    """Of a contract in force, in no order."""
    if contract.is_in_force(situation.on):
        yield from _l2tp(contract, situation)
        yield from _reports(contract, situation)


def _l2tp(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """Art. 6.1: with the VPDN contract L2TP ends."""
    held = vpdn_of(s, contract.customer, s.on)
    if contract.body.get(L2TP) is not True or held is None or held.days.last is None:
        return
    yield Deadline(
        on=held.days.last,
        kind="l2tp",
        contract=contract.id,
        customer=contract.customer,
        what=Words(
            f"VPDN({held.id})が終わり、L2TP を使えるのはこの日まで",
            f"VPDN ({held.id}) ends, and with it L2TP is served no longer",
        ),
        cites=s.texts(("art:6.1",)),
        about=held.id,
        loses="right",
    )


def _reports(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """Art. 7.4: promptly is no number of days; the operator's own, `prompt-days`, is only a reminder."""
    environment, days = contract.body.get("environment"), s.operator.number("prompt-days")
    if not isinstance(environment, dict) or days is None or not is_untold(environment):
        return
    changed = date.fromisoformat(str(environment["changed_on"]))
    yield Deadline(
        on=days_after(changed, days),
        kind="report-environment",
        contract=contract.id,
        customer=contract.customer,
        what=Words(
            f"{changed} に変わった通信環境の設定を知らせる目安の日",
            f"by when the change of {changed} to the environment should be reported",
        ),
        cites=s.texts(("art:7.4",)),
        about=changed.isoformat(),
        loses="duty",
    )
