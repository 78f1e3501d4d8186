"""Last days of DDoS Protection's own: reports that go out, and devices that are asked back while a contract goes on."""

from collections.abc import Iterator

from kitei.clauses.returns import GONE, return_day
from kitei.desk import Deadline, Situation
from kitei.ledger.contracts import Contract
from kitei.services.ddos.contract import ROUTER, is_rental, item_on
from kitei.values import Month, Words


def deadlines(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """Of a contract in force: this month's report (type V), and what was lent under an option that has ended."""
    if not contract.is_in_force(s.on):
        return
    item = s.lists["items"][item_on(contract, s.on)]
    if item.has("reports"):
        month = Month.of(s.on)
        yield Deadline(
            month.last,
            "monthly-report",
            contract.id,
            contract.customer,
            Words(f"{month} の月次レポートの送付", f"the monthly report for {month} is to be sent"),
            s.texts((item.cite.path,)),
            about=str(month),
        )
    yield from _asked_back(contract, s)


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
