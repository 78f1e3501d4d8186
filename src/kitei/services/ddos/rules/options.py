"""Article 10(1) to 10(3): options, those asked for with a contract and those added later."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from kitei.clauses.acts import ReadTerm, accepted_on
from kitei.clauses.fees import charge, quoted_charge
from kitei.clauses.notice import own_notice
from kitei.clauses.options import misasked, running
from kitei.clauses.tariff import counted
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.ddos.act import OptionWanted
from kitei.services.ddos.application import AddOption, Apply, Wanted
from kitei.services.ddos.contract import MULTI_ISP, ROUTER, is_rental, item_on, router, text_of
from kitei.services.ddos.rules.items import base_asked_with, bases, in_letters, names_of, place_of
from kitei.terms import Choice, term_last_day
from kitei.values import Json, Words

AskedOption: TypeAlias = OptionWanted | AddOption
REPEATED = ("onsite-work", "out-of-hours-work", "re-aging", "bandwidth")
OWN_LINES = ("operator", "当社", "IIJ")


@dataclass(frozen=True, slots=True)
class For:
    """What an option is for: an item, its base's item (type M), and whether a router is lent."""

    item: str
    base: str | None
    rental: bool


def for_contract(s: Situation, contract: Contract) -> For:
    """What an option added to a contract is for."""
    base = s.contracts.get(text_of(contract, "base") or "")
    return For(
        item_on(contract, s.on), item_on(base, s.on) if base else None, is_rental(router(contract, s.on))
    )


def for_wanted(asked: Apply, wanted: Wanted, s: Situation) -> For:
    """What an option asked for with a contract is for."""
    there = bases(s, asked.by, wanted.base)
    together = base_asked_with(asked, wanted, s)
    base = (
        item_on(there[0], s.on) if there else asked.services[together].item if together is not None else None
    )
    rental = any(each.option == ROUTER and each.item == "rental" for each in wanted.options)
    return For(wanted.item, base, rental)


def option_findings(
    s: Situation, wanted: AskedOption, about: For, place: str, part: int | None = None
) -> Iterator[Finding]:
    """Art. 10.1 to 10.3: the form, the closed list, what it is for, its own conditions, its term."""
    choice, more = s.choice("options", wanted.option), {"part": part}
    yield from misasked(s, wanted, place, part)
    if choice is None:
        return
    if s.choice("items", about.item) is None:
        return
    barred = [
        *_for_item(s, choice, about, place, more),
        *_own_conditions(s, choice, wanted, about, place, more),
    ]
    yield from barred
    if any(finding.verdict is Verdict.REFUSE for finding in barred):
        return
    does = (choice.text("does"),) if choice.has("does") else ()
    yield s.accept(
        "art:10.1",
        "art:10.2",
        choice.cite.path,
        *does,
        why=Words(f"{choice.name.ja}を提供します", f"{choice.name.en} is provided"),
        defects=s.defects(choice.cite.path),
        **more,
    )
    yield _term(s, choice, wanted, more)


def is_for(s: Situation, choice: Choice, about: For) -> bool:
    """Whether an option can be had with an item (convention ddp.always-on)."""
    built_in = choice.slug == "always-on" and about.item in ("type-x", "type-p")
    if built_in and s.reading("ddp.always-on").value == "implied":
        return True
    if not in_letters(s, choice, about.item):
        return False
    if about.item == "type-m" and choice.has("bases"):
        return about.base is not None and about.base[-1].upper() in choice.text("bases")
    return True


def _for_item(
    s: Situation, choice: Choice, about: For, place: str, more: dict[str, Any]
) -> Iterator[Finding]:
    if is_for(s, choice, about):
        return
    always = choice.slug == "always-on"
    how = s.reading("ddp.always-on")
    letters = "・".join(choice.text("items"))
    item = s.name("items", about.item)
    on_base = about.item == "type-m" and in_letters(s, choice, about.item)
    base = s.name("items", about.base or "")
    yield s.refuse(
        "art:10.2",
        choice.cite.path,
        why=Words(
            f"{base.ja or '土台のない契約'}に付いたタイプ M に{choice.name.ja}はありません",
            f"a type M on {base.en or 'nothing'} cannot have {choice.name.en}",
        )
        if on_base
        else Words(
            f"{choice.name.ja}はタイプ {letters} のためのもので、{item.ja}にはありません",
            f"{choice.name.en} is for types {', '.join(choice.text('items'))}, not for {item.en}",
        ),
        place=f"{place}.option",
        remedy=Words(
            f"使えるのはタイプ {letters} です", f"types {', '.join(choice.text('items'))} can have it"
        ),
        conventions=(how.pair,) if always else (),
        defects=s.defects(choice.cite.path) if always else (),
        **more,
    )


def _own_conditions(
    s: Situation, choice: Choice, wanted: AskedOption, about: For, place: str, more: dict[str, Any]
) -> Iterator[Finding]:
    match choice.slug:
        case "onsite-work":
            yield from _onsite(s, choice, wanted, about, place, more)
        case "bandwidth":
            yield from _steps(s, choice, wanted, place, more)
        case "multi-isp":
            yield from _multihomed(s, choice, wanted, place, more)
        case "tunnel-router":
            yield from _router(s, choice, wanted, place, more)


def _onsite(
    s: Situation, choice: Choice, wanted: AskedOption, about: For, place: str, more: dict[str, Any]
) -> Iterator[Finding]:
    """Art. 10.2(2): only for users of the rental tunnel router, and inside or outside business hours."""
    if not about.rental:
        yield s.refuse(
            choice.cite.path,
            why=Words(
                "現地作業はレンタル有のトンネルルータの利用者だけのものです",
                "on-site work is for users of the rental tunnel router only",
            ),
            place=f"{place}.option",
            remedy=Words(
                "レンタル有のトンネルルータオプションとともに申し込んでください",
                "apply for it together with the rental tunnel router",
            ),
            **more,
        )
    if s.choice("option_variants", wanted.variant or "") is None:
        yield s.refuse(
            choice.cite.path,
            why=Words(
                f"種別 {wanted.variant} はありません" if wanted.variant else "種別が書かれていません",
                f"there is no variant {wanted.variant}" if wanted.variant else "its variant is not said",
            ),
            place=f"{place}.variant",
            remedy=Words("営業時間内か営業時間外を選んでください", "choose in-hours or out-of-hours"),
            defects=s.defects(choice.cite.path),
            **more,
        )


def steps_of(s: Situation, wanted: AskedOption) -> int:
    """The extension asked for in Mbps; one step where it is not said."""
    return s.number("bandwidth_step_mbps") if wanted.mbps is None else wanted.mbps


def _steps(
    s: Situation, choice: Choice, wanted: AskedOption, place: str, more: dict[str, Any]
) -> Iterator[Finding]:
    step, mbps = s.number("bandwidth_step_mbps"), steps_of(s, wanted)
    if mbps <= 0 or mbps % step:
        yield s.refuse(
            choice.cite.path,
            why=Words(
                f"{mbps} Mbps は {step} Mbps きざみではありません",
                f"{mbps} Mbps is no multiple of {step} Mbps",
            ),
            place=f"{place}.mbps",
            remedy=Words(f"{step} の倍数にしてください", f"ask for a multiple of {step}"),
            **more,
        )


def _multihomed(
    s: Situation, choice: Choice, wanted: AskedOption, place: str, more: dict[str, Any]
) -> Iterator[Finding]:
    """Art. 10.2(8): the designated service and another carrier's connection are used together."""
    other = wanted.multihomed_with
    if other is None or other in OWN_LINES:
        yield s.refuse(
            choice.cite.path,
            why=Words(
                "ほかの事業者の接続とのマルチホーム構成ではありません",
                "it is not multihomed with another carrier's connection",
            ),
            place=f"{place}.multihomed_with",
            remedy=Words("ほかの事業者の名を書いてください", "name the other carrier"),
            defects=s.defects(choice.cite.path),
            **more,
        )


def _router(
    s: Situation, choice: Choice, wanted: AskedOption, place: str, more: dict[str, Any]
) -> Iterator[Finding]:
    """Art. 10.2(9): with rental or without; a lent model is one of the operator's (convention operator-designated)."""
    if s.choice("option_items", wanted.item or "") is None:
        yield s.refuse(
            choice.cite.path,
            why=Words(
                f"品目 {wanted.item} はありません" if wanted.item else "品目が書かれていません",
                f"there is no item {wanted.item}" if wanted.item else "its item is not said",
            ),
            place=f"{place}.item",
            remedy=Words("レンタル有かレンタル無を選んでください", "choose rental or own"),
            **more,
        )
    elif wanted.item == "rental":
        yield s.accept(
            "art:4.1",
            "art:4.1.1",
            why=Words(
                "指定品目の契約者として、場所・電源・ケーブルを整えていただきます",
                "as a designated-item customer, place, power and cables are to be prepared",
            ),
            defects=s.defects("art:4.1"),
            **more,
        )


def months_of(s: Situation, choice: Choice, item: str | None) -> int | None:
    """The length of an option's minimum term; the tunnel router's goes by its item."""
    if choice.slug == ROUTER:
        chosen = s.choice("option_items", item or "")
        return chosen.number("term_months") if chosen and chosen.has("term_months") else None
    return choice.number("term_months") if choice.has("term_months") else None


def _term(s: Situation, choice: Choice, wanted: AskedOption, more: dict[str, Any]) -> Finding:
    months = months_of(s, choice, wanted.item)
    if months is None:
        own = choice.slug == ROUTER
        path = "art:10.3.s2" if own else "art:10.3"
        return s.accept(path, why=_NO_TERM, defects=() if own else s.defects(path), **more)
    why = Words(
        f"最低利用期間は、このオプション自身の課金開始日から {months} か月です",
        f"its minimum term is {counted(months, 'month')} from the day its own billing starts",
    )
    if wanted.billing_start is None:
        return s.accept("art:10.3", why=why, **more)
    how = s.reading("term.month-arithmetic")
    last = term_last_day(wanted.billing_start, months, how.value)
    return s.accept("art:10.3", why=why, dates=(("term_end", last),), conventions=(how.pair,), **more)


_NO_TERM = Words("このオプションに最低利用期間はありません", "this option has no minimum term")


def options_asked(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 10 for the options that are asked for together with contracts, and their initial fees."""
    if not any(wanted.options for wanted in asked.services):
        return
    names, day = names_of(asked, s), accepted_on(asked)
    for index, wanted in enumerate(asked.services):
        about = for_wanted(asked, wanted, s)
        for at, option in enumerate(wanted.options):
            yield from option_findings(s, option, about, f"{place_of(index)}.options[{at}]", index)
            if s.choice("options", option.option):
                yield _initial(s, names[index], asked.by, wanted.item, option, day)


def _contents(s: Situation, wanted: AskedOption) -> dict[str, Json]:
    """The option asked for, with what its price may depend on."""
    mbps = steps_of(s, wanted) if wanted.option == "bandwidth" else None
    told = {"model": wanted.model, "variant": wanted.variant, "mbps": mbps, "routers": wanted.routers}
    return {"option": wanted.option} | {key: value for key, value in told.items() if value is not None}


def _initial(
    s: Situation, contract: str, customer: str, item: str, wanted: AskedOption, day: date
) -> Finding:
    contents = _contents(s, wanted)
    about = {key: str(value) for key, value in contents.items()}
    quote = s.quote("option-initial", customer, None, None, item=item, **about)
    return charge(
        s,
        "option-initial",
        "schedule:1.1.2",
        contract=contract,
        customer=customer,
        due_on=day,
        amount=quote.amount if quote else None,
        why=_INITIAL,
        more=("art:12.1.s2",),
        detail=contents,
    )


_INITIAL = Words(
    "オプションの初期費用は承諾の日に支払義務が生じます",
    "the option's initial fee falls due on the day of acceptance",
)


def added_option(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Art. 10.1 to 10.3 for an option added to a contract."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:10.1", contract, asked)
    yield from option_findings(s, asked, for_contract(s, contract), "add-option")
    if asked.option not in REPEATED and running(contract, asked.option, s.on):
        yield s.refer(
            "art:10.2",
            proposes=Verdict.REFUSE,
            why=Words(
                "この契約には同じオプションがもうあります。二つ目を取れるかは書かれていません",
                "this contract has that option already; whether it can be had twice is not said",
            ),
            place="add-option.option",
        )


def added_option_fee(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 1(2): an option's initial fee falls due on acceptance."""
    if s.choice("options", asked.option):
        yield quoted_charge(
            s,
            "option-initial",
            "schedule:1.1.2",
            s.contract(asked.contract),
            due_on=accepted_on(asked),
            why=_INITIAL,
            detail=(contents := _contents(s, asked)),
            about={key: str(value) for key, value in contents.items()},
        )


def is_multi_isp(wanted: AskedOption) -> bool:
    """Whether it is the option that route control belongs to."""
    return wanted.option == MULTI_ISP


def no_term(asked: ReadTerm, s: Situation) -> Iterator[Finding]:
    """Art. 10.3, second sentence: the tunnel router without rental has no minimum term."""
    taken = running(s.contract(asked.contract), ROUTER, s.on) if asked.option == ROUTER else None
    if taken is not None and not is_rental(taken):
        yield s.accept("art:10.3.s2", why=_NO_TERM)
