"""Last days of DDoS Protection's own: reports that go out, and devices that are asked back while a contract goes on."""

from collections.abc import Iterator
from typing import Final

from kitei.clauses.options import all_running
from kitei.clauses.returns import GONE, return_day
from kitei.desk import Deadline, Situation
from kitei.ledger.contracts import Contract
from kitei.services.ddos.contract import ROUTER, is_rental, item_on, months_reported, works_done
from kitei.services.ddos.defence import FIRST_POLICY, policies, reagings
from kitei.services.ddos.rules.devices import WORKS
from kitei.services.ddos.rules.reaging import RE_AGING
from kitei.values import Month, Words

MONTHLY_REPORT: Final = "monthly-report"


def deadlines(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """Reports that were not sent (type V), policies nobody has set, work that was bought and not done, and what was
    lent under an option that has ended."""
    yield from _reports(contract, s)
    if contract.is_in_force(s.on):
        yield from _unset(contract, s)
        yield from _works(contract, s)
        yield from _asked_back(contract, s)


def _reports(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """Of this month and the twelve before it, as far as the contract was in force: each until it is sent.

    Article 1 has a report go out each month and names no day. A month can be told of from the day after its end, and
    is late once the next one can be: its last day is that of the month that follows it.
    """
    for month in (Month.of(s.on).plus(-back) for back in reversed(range(13))):
        item = s.lists["items"][item_on(contract, month.last)]
        is_over = contract.ending is not None and contract.ending.last < month.first
        if contract.concluded_on > min(month.last, s.on) or is_over or not item.has("reports"):
            continue
        if str(month) not in months_reported(contract):
            yield Deadline(
                month.plus(1).last,
                MONTHLY_REPORT,
                contract.id,
                contract.customer,
                Words(f"{month} の月次レポートの送付", f"the monthly report for {month} is to be sent"),
                s.texts((item.cite.path,)),
                about=str(month),
            )


def _unset(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """A contract that is paid for and that nobody has set a policy of: alarms are dry runs, and nothing follows them."""
    paid = contract.billing_start is not None and contract.billing_start <= s.on
    if paid and policies(contract) == (FIRST_POLICY,):
        yield Deadline(
            s.on,
            "policy-unset",
            contract.id,
            contract.customer,
            Words(
                "ポリシーがまだ定められていません。試行として見張るだけです(kitei ddos policy --set)",
                "no policy is set yet: it is only watched, as a dry run (kitei ddos policy --set)",
            ),
            s.texts((s.lists["items"][item_on(contract, s.on)].cite.path,)),
        )


def _works(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """Options that are done once for each time they are taken, as long as they are to be done. The terms name no day
    for it, so it is told of every day."""
    done = {name: works_done(contract, name) for name in WORKS} | {RE_AGING: len(reagings(contract))}
    for name, times in done.items():
        taken = [each for each in all_running(contract, name, s.on) if each.added_on <= s.on]
        choice = s.lists["options"][name]
        for each in taken[times:]:
            yield Deadline(
                s.on,
                "option-work",
                contract.id,
                contract.customer,
                Words(
                    f"{choice.name.ja}({each.added_on} 申込)はまだ行っていません。期日の定めはありません",
                    f"{choice.name.en}, taken on {each.added_on}, is still to be done; no day is set for it",
                ),
                s.texts((choice.cite.path,)),
                about=f"{name} {each.added_on}",
            )


def _asked_back(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """A request and no duty: article 7.3 speaks of a contract's end alone (convention ddp.router-return)."""
    routers = [each for each in contract.options if each.name == ROUTER]
    ended = [each.ending.last for each in routers if is_rental(each) and each.ending is not None]
    if not ended or any(each.ending is None for each in routers) or contract.ending is not None:
        return
    for device in contract.devices:
        if device.state not in GONE:
            yield Deadline(
                return_day(s, max(ended)),
                "device-asked-back",
                contract.id,
                contract.customer,
                Words(
                    f"機器 {device.serial} の返却のお願い",
                    f"device {device.serial} is asked back, without a duty",
                ),
                s.texts(("art:7.3",)),
                about=device.serial,
            )
