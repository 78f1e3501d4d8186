"""Article 6: what can be asked to change. Items change in pairs, and other matters where the operator designates."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import quoted_charge
from kitei.clauses.notice import own_notice
from kitei.clauses.options import running, running_options
from kitei.clauses.settling import option_settlement
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.ddos.application import Change
from kitei.services.ddos.contract import MULTI_ISP, addresses, item_on, text_of
from kitei.services.ddos.rules.addresses import families_allowed
from kitei.services.ddos.rules.items import (
    bases,
    designates,
    lacking,
    lacking_base,
    months_of_item,
    needs_of,
    of_customer,
    qualifying,
)
from kitei.services.ddos.rules.options import For, is_for
from kitei.terms import Choice, term_last_day
from kitei.values import Words

MATTERS = "changeable-matters"
ROUTER_COUNT = "router-count"


def changed_by_customer(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 6.1: it is the contract's customer who may ask, for something."""
    yield from own_notice(s, "art:6.1", s.contract(asked.contract), asked)
    wanted = (asked.item, asked.matter, asked.device, asked.routers, asked.mbps, asked.option_item)
    if all(each is None for each in wanted):
        yield s.refuse(
            "art:6.1",
            why=Words("何を変えるのか書かれていません", "it is not said what is to change"),
            place="change",
            remedy=Words(
                "item、matter、routers か device = { from, to } を書いてください",
                "give item, matter, routers or device = { from, to }",
            ),
        )


def change_day(asked: Change) -> date:
    """The day a change takes effect: as named, else when it is accepted."""
    return asked.change_on or accepted_on(asked)


def pair_of(asked: Change, s: Situation) -> Choice | None:
    """The pair that an item change is one of, None for one that is not provided for."""
    before = s.contract(asked.contract).item
    return next(
        (
            each
            for each in s.edition.value("item_changes").choices
            if (each.text("before"), each.text("after")) == (before, asked.item)
        ),
        None,
    )


def new_item(asked: Change, s: Situation) -> str:
    """What the contract becomes; E to M may be read as E to X (convention ddp.e-to-m)."""
    pair = pair_of(asked, s)
    if pair is not None and pair.slug == "e-to-m" and s.reading("ddp.e-to-m").value == "to-x":
        return "type-x"
    return asked.item or ""


def changed_item(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 6.1(1): from and to what the items (i) to (iii) pair, and no others."""
    if asked.item is None:
        return
    contract, pair = s.contract(asked.contract), pair_of(asked, s)
    before, after = s.name("items", contract.item), s.name("items", asked.item)
    if pair is None:
        near = [each for each in s.edition.value("item_changes").choices if _is_near(each, contract, asked)]
        possible = [
            s.name("items", each.text("after"))
            for each in s.edition.value("item_changes").choices
            if each.text("before") == contract.item
        ]
        yield s.refuse(
            "art:6.1",
            "art:6.1.1",
            *dict.fromkeys(each.cite.path for each in near),
            why=Words(
                f"{before.ja}から{after.ja}への変更は定められていません",
                f"no change from {before.en} to {after.en} is provided for",
            ),
            place="change.item",
            remedy=Words(
                ("変えられるのは " + "、".join(each.ja for each in possible) + " です。ほかは")
                + "今の契約を解約して申し込み直してください"
                if possible
                else "今の契約を解約して申し込み直してください",
                ("it may become " + ", ".join(each.en for each in possible) + "; else " if possible else "")
                + "cancel this contract and apply anew",
            ),
        )
        return
    yield from _may_rest(asked, s, contract, pair)
    yield s.accept(
        "art:6.1",
        "art:6.1.1",
        pair.cite.path,
        why=Words(f"{before.ja}から{after.ja}へは変えられます", f"{before.en} may become {after.en}"),
        defects=s.defects(pair.cite.path),
        conventions=(s.reading("ddp.e-to-m").pair,) if pair.slug == "e-to-m" else (),
        review=pair.slug == "e-to-m" and s.reading("ddp.e-to-m").review,
    )


def _is_near(pair: Choice, contract: Contract, asked: Change) -> bool:
    """Whether a pair is the one asked for in the other direction."""
    return (pair.text("after"), pair.text("before")) == (contract.item, asked.item)


def _may_rest(asked: Change, s: Situation, contract: Contract, pair: Choice) -> Iterator[Finding]:
    """Art. 3 at the moment of the change: the new item rests on what it needs."""
    item = new_item(asked, s)
    if item == "type-m":
        how = s.reading("ddp.e-to-m")
        there = [each for each in bases(s, contract.customer, asked.base) if each.id != contract.id]
        if not there and how.value == "with-base":
            lacking_one = lacking_base(s, contract.customer, "change.base", None, pair.cite.path)
            yield s.refuse(
                *(cite.path for cite in lacking_one.cites),
                why=lacking_one.why,
                place=lacking_one.place,
                remedy=lacking_one.remedy,
                conventions=(how.pair,),
                defects=s.defects(pair.cite.path),
                review=True,
            )
        elif there:
            yield s.accept(
                "art:3.1.4",
                why=Words(f"契約 {there[0].id} に付きます", f"it is added to contract {there[0].id}"),
                review=len(there) > 1,
            )
    elif needed := needs_of(s, item):
        found = qualifying(s, contract.customer, item)
        if found:
            yield s.accept(
                "art:3.1",
                needed,
                why=Words(
                    f"{found[0].service}({found[0].id})の契約者です",
                    f"the customer has {found[0].service} ({found[0].id})",
                ),
                conventions=(s.reading("ddp.type-d").pair,),
            )
        else:
            yield lacking(s, contract.customer, item, "change.item")


def changed_item_fee(asked: Change, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 3(1): a charge for each change of item, due on acceptance."""
    if asked.item is not None and pair_of(asked, s) is not None:
        contract = s.contract(asked.contract)
        yield quoted_charge(
            s,
            "item-change",
            "schedule:1.3.1",
            contract,
            due_on=accepted_on(asked),
            why=Words("品目変更手数料", "charge for the change of item"),
            detail={"from": contract.item, "to": new_item(asked, s)},
            about={"item": new_item(asked, s)},
        )


def term_after(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 2: no restart is written, so the term runs on from the first billing start (convention ddp.item-change)."""
    if asked.item is None or pair_of(asked, s) is None:
        return
    contract, how = s.contract(asked.contract), s.reading("ddp.item-change")
    item = s.lists["items"][new_item(asked, s)]
    if how.value == "restarts":
        start = asked.billing_start or change_day(asked)
        arithmetic = s.reading("term.month-arithmetic")
        last = term_last_day(start, months_of_item(s, item.slug), arithmetic.value)
        yield s.accept(
            item.text("term"),
            why=Words(
                f"最低利用期間を {start} から数え直し、{last} まで",
                f"the term starts anew on {start}, to {last}",
            ),
            dates=(("term_end", last),),
            conventions=(how.pair, arithmetic.pair),
        )
    else:
        yield s.accept(
            item.text("term"),
            why=Words(
                "最低利用期間はもとの課金開始日から続けて数えます",
                "the minimum term runs on from the first start of billing",
            ),
            dates=(("term_end", contract.term.last),) if contract.term else (),
            conventions=(how.pair,),
        )


def options_lost(asked: Change, s: Situation) -> tuple[OptionTaken, ...]:
    """Options that the new item does not have, so that they end with the change (convention ddp.item-change)."""
    contract = s.contract(asked.contract)
    there = [each for each in bases(s, contract.customer, asked.base) if each.id != contract.id]
    about = For(new_item(asked, s), item_on(there[0], s.on) if there else None, True)
    return tuple(
        each
        for each in running_options(contract, change_day(asked))
        if each.name != "onsite-work" and not is_for(s, s.lists["options"][each.name], about)
    )


def lost_options(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 13.2: options that end with the change are settled, each on its own term; the customer is warned."""
    if asked.item is None or pair_of(asked, s) is None:
        return
    contract, day, how = s.contract(asked.contract), change_day(asked), s.reading("ddp.item-change")
    for option in options_lost(asked, s):
        choice = s.lists["options"][option.name]
        after = s.name("items", new_item(asked, s))
        yield s.accept(
            choice.cite.path,
            why=Words(
                f"{choice.name.ja}は{after.ja}になく、{day} に終わります。承諾の前にご確認ください",
                f"{choice.name.en} is not offered for {after.en} and ends on {day}; confirm before accepting",
            ),
            conventions=(how.pair,),
        )
        yield option_settlement(s, contract, option, day)


def left_behind(asked: Change, s: Situation) -> Iterator[Finding]:
    """What a change of item leaves doubtful: types M on it, and addresses of a second family. Flagged."""
    if asked.item is None or pair_of(asked, s) is None:
        return
    contract, item = s.contract(asked.contract), new_item(asked, s)
    added = [
        each.id
        for each in of_customer(s, contract.customer)
        if text_of(each, "base") == contract.id and each.is_in_force(s.on)
    ]
    if added and item not in s.listed("base_items"):
        names = ", ".join(added)
        yield s.accept(
            "art:3.1.4",
            why=Words(
                f"タイプ M の契約 {names} は土台を失いますが、解除ではないので続きます。ご確認ください",
                f"types M {names} lose their base, yet as nothing was terminated they go on; please review",
            ),
            conventions=(s.reading("eligibility.when").pair,),
            review=True,
        )
    families = {each.family for each in addresses(contract, s.on)}
    dual = running(contract, "dual-stack", s.on) is not None
    if len(families) > families_allowed(s, item, dual):
        how = s.reading("ddp.dual-stack")
        yield s.accept(
            "art:10.2.7",
            why=Words(
                "変更の後は一方のアドレスしか守れません。デュアルスタックオプションを申し込んでください",
                "after the change one family only is protected; apply for the dual stack option",
            ),
            conventions=(how.pair,),
            defects=s.defects("art:10.2.7"),
            review=True,
        )


def is_router_count(asked: Change, s: Situation) -> bool:
    """Whether the number of monitored routers is to change, of whatever option."""
    named = s.called("matters", asked.matter) if asked.matter else None
    return asked.routers is not None or (named is not None and named.slug == ROUTER_COUNT)


def router_count(asked: Change, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 3(4): the number of monitored routers is multi-ISP's, whatever item its reference names (DDP-D01)."""
    if not is_router_count(asked, s):
        return
    contract = s.contract(asked.contract)
    if asked.option not in (None, MULTI_ISP) or running(contract, MULTI_ISP, s.on) is None:
        name = s.name("options", asked.option or MULTI_ISP)
        yield s.refuse(
            "art:6.1",
            "art:6.1.2",
            "schedule:1.3.4",
            why=Words(
                f"{name.ja}に変えられる監視対象ルータ数はありません",
                f"{name.en} has no number of monitored routers to change",
            )
            if asked.option not in (None, MULTI_ISP)
            else Words("マルチ ISP 対応オプションがありません", "there is no multi-ISP option"),
            place="change.option",
            remedy=Words(
                "監視対象ルータ数はマルチ ISP 対応オプションのものです",
                "the number of monitored routers belongs to the multi-ISP option",
            ),
            defects=s.defects("schedule:1.3.4"),
        )
        return
    yield quoted_charge(
        s,
        "router-count-change",
        "schedule:1.3.4",
        contract,
        due_on=accepted_on(asked),
        why=Words("監視対象ルータ数の変更手数料", "charge for changing the number of monitored routers"),
        more=("art:6.1.2",),
        detail={"option": MULTI_ISP, "routers": asked.routers},
        defects=s.defects("schedule:1.3.4"),
    )


def changed_option(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 6.1 names no change of how an option was taken: neither its bandwidth nor rental of the router."""
    for place, value, path, why, remedy in (
        (
            "mbps",
            asked.mbps,
            "art:10.2.5",
            Words(
                "拡張した帯域の変更は定められていません",
                "a change of bandwidth already extended is not provided for",
            ),
            Words(
                "増やすには帯域拡張オプションを申し込み、減らすには停止してください",
                "for more apply for the bandwidth extension, for less stop it",
            ),
        ),
        (
            "option_item",
            asked.option_item,
            "art:10.2.9",
            Words(
                "レンタルの有無の変更は定められていません",
                "a change between rental and none is not provided for",
            ),
            Words("停止して申し込み直してください", "stop the option and apply for it anew"),
        ),
    ):
        if value is not None:
            yield s.refuse(
                "art:6.1",
                "art:6.1.2",
                path,
                why=why,
                place=f"change.{place}",
                remedy=remedy,
                conventions=(s.reading("operator-designated").pair,),
            )


def changed_matter(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 6.1(2): other matters only where the operator designates them."""
    if asked.matter is None or is_router_count(asked, s) or asked.device is not None:
        return
    how = s.reading("operator-designated")
    listed = s.operator.lists.get(MATTERS, ())
    if designates(s, MATTERS, asked.matter):
        yield s.accept(
            "art:6.1",
            "art:6.1.2",
            why=Words(
                f"{asked.matter}は当社の指定した事項です",
                f"{asked.matter} is a matter the operator designates",
            ),
            conventions=(how.pair,),
        )
    else:
        yield s.refuse(
            "art:6.1",
            "art:6.1.2",
            why=Words(f"{asked.matter}は指定されていません", f"{asked.matter} is not designated"),
            place="change.matter",
            remedy=Words(
                "変えられるのは " + ("、".join(map(str, listed)) or "まだありません"),
                "designated are " + (", ".join(map(str, listed)) or "none so far"),
            ),
            conventions=(how.pair,),
        )
