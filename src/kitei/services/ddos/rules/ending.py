"""Articles 11 and 13: how contracts end, and which ends pull others along."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kitei.clauses.acts import Cancel, StopOption
from kitei.clauses.contract import tables
from kitei.clauses.ending import Ending, Endings, effective_finding
from kitei.clauses.notice import notice_day
from kitei.clauses.options import running
from kitei.clauses.returns import Ended, return_finding
from kitei.desk import Finding, Situation
from kitei.desk.operator import Holding
from kitei.ledger.contracts import Contract
from kitei.services.ddos.contract import addresses, had_rental, is_rental, item_on, text_of
from kitei.services.ddos.operation import ExternalEnded
from kitei.services.ddos.rules.addresses import families_allowed
from kitei.services.ddos.rules.devices import request_finding
from kitei.services.ddos.rules.fees import monthly
from kitei.services.ddos.rules.items import bases, needs_of, of_customer, qualifies, qualifying
from kitei.values import Words, day_of

CASCADE = "cascade"


@dataclass(frozen=True, slots=True)
class Link:
    """What the end of one service means for a contract that rests on it: it ends, or another takes over.

    `upon` is what it rested on: the id of a holding or of a contract. `takes_over` is the id of what it
    rests on from then, '' where nothing does.
    """

    contract: Contract
    upon: str
    fate: Literal["ends", "goes-on"]
    takes_over: str = ""


def added_to(contract: Contract, on: date, s: Situation) -> tuple[Contract, ...]:
    """The contracts of type M that rest on a contract and last beyond a day, by id."""
    return tuple(
        each
        for each in of_customer(s, contract.customer)
        if text_of(each, "base") == contract.id
        and item_on(each, on) == "type-m"
        and each.concluded_on <= on
        and (each.ending is None or on < each.ending.last)
    )


def below(
    contract: Contract, on: date, s: Situation, ending: frozenset[str] = frozenset()
) -> tuple[Link, ...]:
    """Art. 11.2 for types M: their designated service is the contract they are added to (art. 3.1(4)).

    Where the customer has another contract they can be added to, that one takes over (convention
    ddp.cascade), unless it is among those that are `ending` as well.
    """
    found = []
    for each in added_to(contract, on, s):
        others = [
            other.id
            for other in bases(s, each.customer)
            if other.id not in {contract.id, *ending} and (other.ending is None or on < other.ending.last)
        ]
        found.append(_link(each, contract.id, others, s))
    return tuple(found)


def _link(contract: Contract, upon: str, others: list[str], s: Situation) -> Link:
    if others and s.reading("ddp.cascade").value == "with-takeover":
        return Link(contract, upon, "goes-on", others[0])
    return Link(contract, upon, "ends")


def ending_with(asked: Ending, s: Situation) -> tuple[Contract, ...]:
    """The contract that is named and the types M that end with it."""
    contract = s.contract(asked.contract)
    day = effective_day(asked, s)
    return (contract, *(link.contract for link in below(contract, day, s) if link.fate == "ends"))


def effective_day(asked: Ending, s: Situation) -> date:
    """The day an ending takes effect."""
    if not isinstance(asked, Cancel):
        return asked.effective
    return dict(effective_finding(asked, s).dates).get("effective", day_of(asked.at))


def ground_of(asked: Ending, contract: Contract) -> str:
    """The act's own ground for the contract it names; those that end with it end by cascade."""
    return asked.ground if contract.id == asked.contract else CASCADE


def _chain(link: Link, s: Situation) -> Iterator[Finding]:
    """What is said of one link: the contract ends with what it rested on, or goes on resting on another."""
    how = s.reading("ddp.cascade")
    item = item_on(link.contract, s.on)
    needed, name = needs_of(s, item) or "art:3.1", s.name("items", item)
    if link.fate == "ends":
        yield s.accept(
            "art:11.2",
            needed,
            why=Words(
                f"{link.upon} の終了に伴い、これに基づく{name.ja}の契約 {link.contract.id} も同じ日に終わります",
                f"with {link.upon} ends {link.contract.id} ({name.en}), which rests on it, on the same day",
            ),
            conventions=(how.pair,),
            defects=s.defects("art:11.2"),
        )
    else:
        yield s.accept(
            "art:11.2",
            needed,
            why=Words(
                f"{link.contract.id} は {link.upon} に代わる {link.takes_over} に基づいて続きます。"
                "守るアドレスに届くかご確認ください",
                f"{link.contract.id} goes on, resting on {link.takes_over} in place of {link.upon}; "
                "check that the protected addresses are reached through it",
            ),
            conventions=(how.pair,),
            review=True,
        )


def follows(asked: Ending, contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """What an ending means for types M and for lent devices, and which item its settlement went by."""
    for link in below(contract, effective, s):
        yield from _chain(link, s)
    yield from _devices_back((contract,), effective, s)
    yield from item_before(contract, s)


def _devices_back(ended: tuple[Contract, ...], effective: date, s: Situation) -> Iterator[Finding]:
    if any(had_rental(each) for each in ended):
        yield return_finding(s, effective)


def item_before(contract: Contract, s: Situation) -> Iterator[Finding]:
    """A contract whose item was changed keeps its first term and is settled at the present item's fee."""
    for each in tables(contract.body, "changed"):
        how, base = s.reading("ddp.item-change"), s.reading("settlement.fee-base")
        yield s.accept(
            str(each["path"]),
            why=Words(
                f"{each['until']} まで{s.name('items', each['item']).ja}でした。期間はもとの課金開始日から数え、"
                "今の品目の月額で調定します",
                f"it was {s.name('items', each['item']).en} to {each['until']}; the term counts from the first "
                "start of billing, and is settled at the present item's fee",
            ),
            conventions=(how.pair, base.pair),
        )


ENDINGS = Endings(monthly=monthly, together=ending_with, more=follows, ground=ground_of)


# -- what contracts rest on ends (art. 11.2) ---------------------------------------------------------


def holder_of(asked: ExternalEnded, s: Situation) -> str | None:
    """Whose service it was: as said, else whoever is recorded to hold one of that id."""
    if asked.customer is not None:
        return asked.customer
    return next(
        (who for who, held in s.operator.holdings.items() if any(each.id == asked.holding for each in held)),
        None,
    )


def holding_of(asked: ExternalEnded, s: Situation) -> Holding | None:
    """The service that ended, as recorded; None for one that nobody is recorded to have."""
    held = s.operator.holdings.get(holder_of(asked, s) or "", ())
    return next((each for each in held if each.id == asked.holding), None)


def upon(asked: ExternalEnded, s: Situation) -> tuple[Link, ...]:
    """Every contract that rests on what ended, those that it pulls along after it, in order of the chain."""
    customer, holding, day = holder_of(asked, s), holding_of(asked, s), day_of(asked.at)
    if customer is None or holding is None:
        return ()
    first: list[Link] = []
    for each in of_customer(s, customer):
        lasts = each.ending is None or day < each.ending.last
        if each.concluded_on > day or not lasts or not _rests_on(s, each, holding):
            continue
        item = item_on(each, day)
        if asked.option is None or needs_of(s, item) == "art:3.1.3":
            others = [] if asked.known.reachable is False else _others(s, holding, customer, item, day)
            first.append(_link(each, holding.id, others, s))
    ending = frozenset(link.contract.id for link in first if link.fate == "ends")
    found: list[Link] = []
    for link in first:
        found.append(link)
        if link.fate == "ends":
            found.extend(below(link.contract, day, s, ending))
    return tuple(found)


def _others(s: Situation, holding: Holding, customer: str, item: str, day: date) -> list[str]:
    """What else the customer has that an item can rest on beyond a day, by id."""
    return [
        each.id
        for each in qualifying(s, customer, item)
        if each.id != holding.id and (each.days.last is None or day < each.days.last)
    ]


def _rests_on(s: Situation, contract: Contract, holding: Holding) -> bool:
    """As the contract records it; one that records nothing rests on any that its item can."""
    recorded, item = text_of(contract, "rests_on"), item_on(contract, s.on)
    if needs_of(s, item) in (None, "art:3.1.4"):
        return False
    return recorded == holding.id if recorded else qualifies(s, holding, item)


def external_ended(asked: ExternalEnded, s: Situation) -> Iterator[Finding]:
    """Art. 11.2: contracts end with the service they rest on, the same day, without notice; each is settled."""
    if asked.by != "operator":
        yield s.refuse(
            "art:11.2",
            why=Words(
                "契約者が持つサービスの終了は当社が記録します",
                "that a service of the customer's has ended is recorded by the operator",
            ),
            place="external-ended.by",
        )
    if holding_of(asked, s) is None:
        known = ", ".join(sorted({each.id for held in s.operator.holdings.values() for each in held})) or "-"
        yield s.refuse(
            "art:11.2",
            why=Words(
                f"サービス {asked.holding} の記録がありません", f"no service {asked.holding} is on record"
            ),
            place="external-ended.holding",
            remedy=Words(f"記録にあるのは {known}", f"on record are {known}"),
        )
        return
    links, day = upon(asked, s), day_of(asked.at)
    if not links:
        yield _nothing_rests(asked, s)
        return
    for link in links:
        yield from _chain(link, s)
        if link.fate == "ends":
            yield from ENDINGS.settled(link.contract, day, CASCADE, s)
            yield from _settled_before(link.contract, s)
            yield from item_before(link.contract, s)
    ended = tuple(link.contract for link in links if link.fate == "ends")
    if ended:
        yield from _only_the_option(asked, s)
        yield s.accept(
            "art:11.2",
            why=Words(f"{day} に予告なく終わります", f"they end on {day}, without notice"),
            dates=(("effective", day),),
            conventions=(s.reading("ddp.cascade").pair, s.reading("effect.time-of-day").pair),
        )
        yield from _devices_back(ended, day, s)


def _settled_before(contract: Contract, s: Situation) -> Iterator[Finding]:
    """A contract that was to end later anyway was settled for that day already: people have to look at both."""
    if contract.ending is not None and any(each.name.endswith("settlement") for each in contract.charges):
        yield s.accept(
            s.role("settle"),
            why=Words(
                f"{contract.id} は {contract.ending.last} の終了としてすでに調定されています。二重にならないかご確認ください",
                f"{contract.id} was settled already for its end on {contract.ending.last}; see that it is not paid twice",
            ),
            review=True,
        )


def _nothing_rests(asked: ExternalEnded, s: Situation) -> Finding:
    """No contract ends: each rests on something else, or on nothing (type D)."""
    customer = holder_of(asked, s)
    items = sorted({item_on(each, s.on) for each in of_customer(s, customer or "")})
    needed = dict.fromkeys(needs_of(s, item) or "art:3.1" for item in items)
    return s.refuse(
        "art:11.2",
        *needed,
        why=Words(
            f"{asked.holding} に基づく契約はなく、終わるものはありません",
            f"no contract rests on {asked.holding}, so none ends",
        ),
        place="external-ended.holding",
        remedy=Words(
            "終わったこと自体は、契約者が持つものとして記録してください",
            "that it has ended is recorded as what the customer holds",
        ),
        conventions=(s.reading("ddp.cascade").pair, s.reading("ddp.type-d").pair),
        defects=s.defects("art:3.1") if "art:3.1" in needed else (),
    )


def _only_the_option(asked: ExternalEnded, s: Situation) -> Iterator[Finding]:
    """Art. 11.2 speaks of the contract; that the link option's end counts too is a reading, and flagged."""
    if asked.option is not None:
        yield s.accept(
            "art:11.2",
            "art:3.1.3",
            why=Words(
                "終わったのは連携オプションだけですが、指定サービスを失ったものとみます。ご確認ください",
                "only the link option ended, which is read as losing the designated service; please review",
            ),
            conventions=(s.reading("ddp.cascade").pair,),
            review=True,
        )


def pulled_along(asked: Ended, s: Situation) -> Iterator[Finding]:
    """Art. 11.2 when a contract has ended: types M that still rest on it end with it, and are settled."""
    contract = s.contract(asked.contract)
    if contract.ending is None:
        return
    day = contract.ending.last
    for link in below(contract, day, s):
        yield from _chain(link, s)
        if link.fate == "ends":
            yield from ENDINGS.settled(link.contract, day, CASCADE, s)
            yield from _settled_before(link.contract, s)
            yield s.accept(
                "art:11.2",
                why=Words(f"{day} に予告なく終わります", f"it ends on {day}, without notice"),
                dates=(("effective", day),),
                conventions=(s.reading("ddp.cascade").pair, s.reading("effect.time-of-day").pair),
            )


def stopped_with(asked: StopOption, s: Situation) -> Iterator[Finding]:
    """What the stop of an option leaves: a lent device to ask back, addresses of a second family."""
    contract = s.contract(asked.contract)
    taken = running(contract, asked.option, s.on)
    if taken is None:
        return
    if is_rental(taken):
        arrived = asked.arrived or day_of(asked.at)
        notice = notice_day(s, s.role("stop-option"), "option_notice_days", arrived, asked.designated)
        yield request_finding(s, dict(notice.dates).get("effective", arrived))
    families = {each.family for each in addresses(contract, s.on)}
    if asked.option == "dual-stack" and len(families) > families_allowed(s, item_on(contract, s.on), False):
        yield s.accept(
            "art:10.2.7",
            "art:10.2.7.a2",
            why=Words(
                "停止の後は一方のアドレスしか守れません。どちらを残すか指定してください",
                "after the stop one family only is protected; say which addresses stay",
            ),
            conventions=(s.reading("ddp.dual-stack").pair,),
            defects=s.defects("art:10.2.7"),
            review=True,
        )
