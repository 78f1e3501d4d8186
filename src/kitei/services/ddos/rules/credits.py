"""Articles 14 and 15 with Schedule 3: reductions for outages, and what is no outage and is not warranted."""

from collections.abc import Iterator

from kitei.clauses.acts import ClaimCredit
from kitei.clauses.credits import Credits, meant
from kitei.desk import Finding, Situation
from kitei.values import Words

CREDITS = Credits()


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
