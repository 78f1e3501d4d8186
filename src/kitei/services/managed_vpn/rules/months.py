"""Schedule 1 by the month: what fell due, what is owed monthly; and on-site visits (1.3.1, 1.3.6)."""

from collections.abc import Iterator
from datetime import date

from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Charge, Contract
from kitei.services.managed_vpn.operation import MonthClose, Visit
from kitei.services.managed_vpn.rules.fees import charge, quoted_charge
from kitei.services.managed_vpn.rules.legacy import kept_price, standing_of
from kitei.services.managed_vpn.rules.options import running
from kitei.terms import Cite
from kitei.values import Month, Words, Yen, day_of, in_yen


def visited(asked: Visit, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 3(1) and 3(6): actual travel where a place is hard to reach, however near, and special works."""
    contract, day = s.contract(asked.contract), day_of(asked.at)
    travel = asked.travel if asked.hard_to_reach else 0
    if asked.purpose == "repair":
        yield charge(
            s,
            "onsite-repair",
            "schedule:1.3.1",
            contract=contract.id,
            customer=contract.customer,
            due_on=day,
            amount=Yen(travel + asked.special_works),
            why=Words("出張保守の実費(距離は問いません)", "actual cost of the visit, whatever the distance"),
            more=("art:19.1.s2", "art:4.1.t1"),
            detail={"travel": travel, "special_works": asked.special_works},
        )
        return
    if running(contract, "onsite-installation", s.on) is None:
        yield s.refuse(
            "art:13.1",
            why=Words("オンサイト設置オプションがありません", "there is no on-site installation option"),
            place="visit.purpose",
        )
        return
    yield quoted_charge(
        s,
        "onsite-installation",
        "schedule:1.3.6",
        contract,
        due_on=day,
        why=Words("オンサイト設置", "on-site installation"),
        more=("art:17.2.1",),
        about={"option": "onsite-installation"},
        defects=("MVP-D17",),
    )
    extra = travel + asked.special_works + asked.cancelled + asked.long_hours + asked.urgent
    if extra:
        yield charge(
            s,
            "onsite-installation",
            "schedule:1.3.6",
            contract=contract.id,
            customer=contract.customer,
            due_on=day,
            amount=Yen(extra),
            why=Words(
                "作業中止・長時間・緊急の費用と実費", "cancelled, long and urgent work, and actual costs"
            ),
            detail={
                "travel": travel,
                "special_works": asked.special_works,
                "cancelled": asked.cancelled,
                "long_hours": asked.long_hours,
                "urgent": asked.urgent,
            },
            defects=("MVP-D17",),
        )


def contracts_meant(asked: MonthClose, s: Situation) -> tuple[Contract, ...]:
    if asked.contract is not None:
        return (s.contract(asked.contract),)
    return tuple(each for each in s.contracts.values() if each.customer == (asked.customer or asked.by))


def month_costs(asked: MonthClose, s: Situation) -> Iterator[Finding]:
    """What a month comes to before tax and credits, fee by fee: a preview; the invoice is made by accounts."""
    month = Month.of(day_of(asked.at))
    for contract in contracts_meant(asked, s):
        for each in contract.charges:
            if each.due_on in month.span:
                yield _fell_due(s, each)
        yield from _maintenance(s, contract)
        last = contract.ending.last if contract.ending else None
        yield from _monthly(s, contract, month, contract.billing_start, last)
        for option in contract.options:
            end = option.ending.last if option.ending else last
            yield from _monthly(s, contract, month, option.billing_start, end, option.name)


def _fell_due(s: Situation, due: Charge) -> Finding:
    paths = tuple(Cite.parse(each).path for each in due.cites)
    price = in_yen(due.amount) if due.amount is not None else "?"
    return s.accept(
        *paths,
        why=Words(f"{due.due_on} に生じた {due.name}: {price}", f"{due.name} of {due.due_on}: {price}"),
        amounts=() if due.amount is None else ((due.name, due.amount),),
        missing=(due.missing,) if due.missing and due.amount is None else (),
        conventions=due.conventions,
    )


def _maintenance(s: Situation, contract: Contract) -> Iterator[Finding]:
    standing = standing_of(s, contract)
    if standing.cites:
        price = kept_price(s, contract)
        yield s.accept(
            *(cite.path for cite in standing.cites),
            why=Words("従前の保守料金", "maintenance at the old price"),
            amounts=(("maintenance", price.amount),) if price else (),
            missing=() if price else ("maintenance",),
            conventions=(s.reading("mvp.legacy-price").pair,),
        )


def _monthly(
    s: Situation, contract: Contract, month: Month, start: date | None, end: date | None, option: str = ""
) -> Iterator[Finding]:
    """A monthly fee of a whole month. How parts of a month are billed is in the general rules (COM-D01)."""
    if start is None or month.last < start or (end is not None and end < month.first):
        return
    fee, path = ("option-monthly", "schedule:1.2.2") if option else ("monthly", "schedule:1.2.1")
    about = {"option": option} if option else {}
    quote = s.quote(fee, contract.customer, contract, month.last, **about)
    whole = start <= month.first and (end is None or month.last <= end)
    what = f"{contract.id} {option}".strip()
    if quote is None or not whole:
        yield s.accept(
            path,
            "art:19.1.s2",
            why=Words(f"{what} の月額は計算できません", f"the monthly fee of {what} cannot be computed here"),
            missing=("part-month",) if quote else (fee,),
            defects=("COM-D01",) if quote else ("COM-D06",),
            conventions=(s.reading("general-rules").pair,),
        )
    else:
        yield s.accept(
            path,
            "art:19.1.s2",
            why=Words(
                f"{what} の月額: {in_yen(quote.amount)}", f"monthly fee of {what}: {in_yen(quote.amount)}"
            ),
            amounts=((fee, quote.amount),),
        )
