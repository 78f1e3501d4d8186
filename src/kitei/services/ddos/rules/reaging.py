"""Article 10.2(4): thresholds are learned anew for those who have the option, and hold when they are approved."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from kitei.clauses.notice import own_notice, still_in_force
from kitei.clauses.who import OPERATOR
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.ddos.defence import reagings
from kitei.services.ddos.defending import Reage, SetPolicy
from kitei.services.ddos.rules.options import for_contract, is_for
from kitei.values import Words, day_of, in_yen

RE_AGING: Final = "re-aging"
USUAL_DAYS: Final = 28
MOST_DAYS: Final = 62
"""As long as single seconds are kept of attacks."""


def period_of(asked: Reage, contract: Contract) -> tuple[date, date]:
    """The days learned from: those told, else four weeks to the day of the order, none before the contract."""
    last = asked.last or day_of(asked.at)
    usual = max(contract.concluded_on, last - timedelta(days=USUAL_DAYS - 1))
    return asked.first or min(usual, last), last


def taken(contract: Contract, on: date) -> tuple[OptionTaken, ...]:
    """Every time that the option was taken and still runs; it may be taken more than once."""
    return tuple(
        each
        for each in contract.options
        if each.name == RE_AGING and each.added_on <= on and (each.ending is None or on <= each.ending.last)
    )


def who(asked: Reage, s: Situation) -> Iterator[Finding]:
    """The contract's own customer orders it, or the operator for it."""
    contract = s.contract(asked.contract)
    if asked.by == OPERATOR:
        yield from still_in_force(s, "art:10.2.4.a2", contract)
    else:
        yield from own_notice(s, "art:10.2.4.a2", contract, asked)


def ordered(asked: Reage, s: Situation) -> Iterator[Finding]:
    """Those who have the option; once for each time that it was taken, for its fee is one of once."""
    contract = s.contract(asked.contract)
    choice = s.lists["options"][RE_AGING]
    if not is_for(s, choice, for_contract(s, contract)):
        item = s.name("items", contract.item)
        yield s.refuse(
            "art:10.2.4",
            why=Words(
                f"{choice.name.ja}はタイプ E と M のためのもので、{item.ja}にはありません",
                f"{choice.name.en} is for types E and M, not for {item.en}",
            ),
            place="contract",
        )
        return
    held, done = taken(contract, s.on), len(reagings(contract))
    if not held:
        yield s.refuse(
            "art:10.2.4",
            "art:10.2.4.a2",
            why=Words(f"{choice.name.ja}がありません", f"there is no option {choice.name.en}"),
            place="contract",
            remedy=Words("add-option で申し込んでください", "apply for it by add-option"),
        )
        return
    if done >= len(held):
        yield s.refer(
            "art:10.2.4.a2",
            "schedule:1.1.2",
            proposes=Verdict.REFUSE,
            why=Words(
                f"オプションは {len(held)} 回申し込まれ、学び直しは {done} 回指示されています。"
                "一度の費用で何度行うかは書かれていません",
                f"the option was taken {len(held)} times and {done} relearnings were ordered; how often one fee"
                " pays for it is not said",
            ),
            place="contract",
            remedy=Words("もう一度 add-option で申し込めます", "the option can be taken once more"),
        )
        return
    yield s.accept(
        "art:10.2.4",
        "art:10.2.4.a2",
        why=Words(
            "見た通信から学び直し、しきい値の勧めを報告します。承認までは何も変わりません",
            "thresholds are learned anew from what was seen and recommended; nothing changes until approved",
        ),
    )
    quote = s.quote("option-initial", contract.customer, contract, option=RE_AGING)
    fee = in_yen(quote.amount) if quote else None
    yield s.accept(
        "schedule:1.1.2",
        why=Words(
            f"費用はオプションを申し込んだときの一度だけで、{fee or '金額はまだ示されていません'}",
            f"its fee falls due once, when the option is taken: {fee or 'it has not been quoted yet'}",
        ),
    )


def period(asked: Reage, s: Situation) -> Iterator[Finding]:
    """Learned from are days that have begun, under the contract, and no more of them than are kept."""
    contract = s.contract(asked.contract)
    first, last = period_of(asked, contract)
    wrong: Words | None = None
    if last < first:
        wrong = Words(f"{first} は {last} より後です", f"{first} lies after {last}")
    elif last > day_of(asked.at):
        wrong = Words(f"{last} はまだ来ていません", f"{last} has not come yet")
    elif first < contract.concluded_on:
        wrong = Words(
            f"契約は {contract.concluded_on} に始まりました", f"the contract began on {contract.concluded_on}"
        )
    elif (last - first).days >= MOST_DAYS:
        wrong = Words(f"一度に学ぶのは {MOST_DAYS} 日までです", f"at most {MOST_DAYS} days are learned from")
    if wrong is not None:
        yield s.refuse(
            "art:10.2.4.a2", why=wrong, place="reage.from" if last <= day_of(asked.at) else "reage.to"
        )


def approved(asked: SetPolicy, s: Situation) -> Iterator[Finding]:
    """A policy may rest on a re-aging of its own contract that was reported."""
    if asked.reaging is None:
        return
    known = {each.id: each for each in reagings(s.contract(asked.contract))}
    found = known.get(asked.reaging)
    if found is not None and found.recommended is not None:
        yield s.accept(
            "art:10.2.4.a2",
            why=Words(
                f"学び直し {found.id}({found.first}〜{found.last})の勧めを承認します",
                f"what re-aging {found.id} recommended ({found.first} to {found.last}) is approved",
            ),
        )
        return
    there = ", ".join(id for id, each in known.items() if each.recommended is not None)
    yield s.refuse(
        "art:10.2.4.a2",
        why=Words(
            f"報告済みの学び直し {asked.reaging} はありません。あるのは {there or 'なし'}",
            f"no re-aging {asked.reaging} was reported for this contract; there is {there or 'none'}",
        ),
        place="set-policy.reaging",
    )
