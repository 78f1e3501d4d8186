"""What a month costs: what fell due in it, and what is owed monthly. A preview; invoices are made by accounts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from kitei.clauses.acts import MonthClose
from kitei.clauses.fees import Monthly, OptionMonthly, quoted_monthly, quoted_option_monthly
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Charge, Contract
from kitei.terms import Cite
from kitei.values import Month, Words, Yen, day_of, in_yen


def nothing_besides(s: Situation, contract: Contract) -> Iterator[Finding]:
    """What else a month costs where nothing does."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Months:
    """A service's months; `costs` is a rule. `besides` is what a contract costs that is neither fee nor charge.

    Roles: `due`, `monthly`, `option-monthly` (an option's own `monthly_fee` goes before it).
    """

    monthly: Monthly = quoted_monthly
    option_monthly: OptionMonthly = quoted_option_monthly
    besides: Callable[[Situation, Contract], Iterator[Finding]] = nothing_besides

    def costs(self, asked: MonthClose, s: Situation) -> Iterator[Finding]:
        """What a month comes to before tax and credits, fee by fee."""
        month = Month.of(day_of(asked.at))
        for contract in contracts_meant(asked, s):
            for each in contract.charges:
                if each.due_on in month.span:
                    yield fell_due(s, each)
            yield from self.besides(s, contract)
            last = contract.ending.last if contract.ending else None
            fee = self.monthly(s, contract, month.last)
            path = s.role("monthly")
            yield from _monthly(s, contract.id, month, contract.billing_start, last, "monthly", path, fee)
            for option in contract.options:
                choice = s.choice("options", option.name)
                if choice is None or not choice.has("monthly_fee"):
                    continue
                fee = self.option_monthly(s, contract, option, month.last)
                ends = [day for day in (last, option.ending.last if option.ending else None) if day]
                what, path = f"{contract.id} {option.name}", choice.text("monthly_fee")
                end = min(ends, default=None)
                yield from _monthly(s, what, month, option.billing_start, end, "option-monthly", path, fee)


def contracts_meant(asked: MonthClose, s: Situation) -> tuple[Contract, ...]:
    if asked.contract is not None:
        return (s.contract(asked.contract),)
    return tuple(each for each in s.contracts.values() if each.customer == (asked.customer or asked.by))


def fell_due(s: Situation, due: Charge) -> Finding:
    """A charge as it was recorded."""
    paths = tuple(Cite.parse(each).path for each in due.cites)
    price = in_yen(due.amount) if due.amount is not None else "?"
    return s.accept(
        *paths,
        why=Words(f"{due.due_on} に生じた {due.name}: {price}", f"{due.name} of {due.due_on}: {price}"),
        amounts=() if due.amount is None else ((due.name, due.amount),),
        missing=(due.missing,) if due.missing and due.amount is None else (),
        conventions=due.conventions,
    )


def _monthly(
    s: Situation,
    what: str,
    month: Month,
    start: date | None,
    end: date | None,
    fee: str,
    path: str,
    amount: Yen | None,
) -> Iterator[Finding]:
    """A monthly fee of a whole month. How parts of a month are billed is in the general rules (COM-D01)."""
    if start is None or month.last < start or (end is not None and end < month.first):
        return
    whole = start <= month.first and (end is None or month.last <= end)
    if amount is None or not whole:
        yield s.accept(
            path,
            s.role("due"),
            why=Words(f"{what} の月額は計算できません", f"the monthly fee of {what} cannot be computed here"),
            missing=(fee,) if amount is None else ("part-month",),
            defects=("COM-D06",) if amount is None else ("COM-D01",),
            conventions=(s.reading("general-rules").pair,),
        )
    else:
        told = in_yen(amount)
        yield s.accept(
            path,
            s.role("due"),
            why=Words(f"{what} の月額: {told}", f"monthly fee of {what}: {told}"),
            amounts=((fee, amount),),
        )
