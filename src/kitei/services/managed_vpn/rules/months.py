"""Schedule 1 by the month: what fell due, what is owed monthly; and on-site visits (1.3.1, 1.3.6)."""

from collections.abc import Iterator

from kitei.clauses.fees import charge, quoted_charge
from kitei.clauses.months import Months
from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.operation import Visit
from kitei.services.managed_vpn.rules.legacy import kept_price, standing_of
from kitei.values import Words, Yen, day_of


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


MONTHS = Months(besides=_maintenance)
