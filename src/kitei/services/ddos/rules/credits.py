"""Articles 14 and 15 with Schedule 3: reductions for outages, and what is no outage and is not warranted."""

from collections.abc import Iterator

from kitei.clauses.acts import ClaimCredit, MonthClose
from kitei.clauses.credits import Credits, meant, outages_of
from kitei.clauses.months import contracts_meant
from kitei.desk import Finding, Situation
from kitei.services.ddos.rules.fees import monthly
from kitei.values import Words, Yen

CREDITS = Credits(monthly=monthly)


def not_warranted(asked: ClaimCredit, s: Situation) -> Iterator[Finding]:
    """Art. 15: limits in part, effects on good traffic and attacks that get through are no total loss of use."""
    partial = [each for each in meant(asked, s) if not (each.total or each.equally_bad)]
    if partial:
        yield s.accept(
            "art:15.1",
            "art:15.2",
            "art:15.3",
            "art:15.4",
            why=Words(
                "機能の一部の制限、正常な通信への影響、防げなかった攻撃は、保証の外にあります",
                "functions limited in part, effects on normal traffic and attacks that get through are not warranted",
            ),
            conventions=(s.reading("credit.total").pair,),
        )


def unclaimed(asked: MonthClose, s: Situation) -> Iterator[Finding]:
    """Art. 14: without a claim nothing is reduced, however long an outage was (convention credit.trigger)."""
    how = s.reading("credit.trigger")
    for contract in contracts_meant(asked, s):
        claimed = {each.outage for each in contract.credits}
        waiting = [each for each in outages_of(s, contract) if each.id not in claimed]
        if waiting:
            yield s.accept(
                "art:14.1",
                why=Words(
                    f"{contract.id} に請求のない利用不能が {len(waiting)} 件あります。請求がなければ減額しません",
                    f"{contract.id} has {len(waiting)} outages not claimed; without a claim nothing is reduced",
                ),
                amounts=(("credit", Yen(0)),),
                conventions=(how.pair,),
            )
