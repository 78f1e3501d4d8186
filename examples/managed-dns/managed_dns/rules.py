"""Which rules speak on which act: one provision, one function. What most terms have comes from kitei.clauses."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from kitei.clauses import acts, billing
from kitei.clauses.acts import accepted_on
from kitei.clauses.credits import Credits
from kitei.clauses.ending import Endings
from kitei.clauses.fees import charge, quoted_charge
from kitei.clauses.months import Months
from kitei.clauses.notice import own_notice
from kitei.clauses.options import running
from kitei.clauses.who import operators_alone
from kitei.desk import Deadline, Finding, Rule, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.terms import days_after
from kitei.values import Words, Yen, day_of
from managed_dns.acts import AddOption, AddRecords, Apply, Delegated
from managed_dns.contract import is_delegated, name_of, records_of, zone_of


def known_kind(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1.1: primary or secondary."""
    yield from _listed(s, "kinds", asked.kind, "art:1.1", "apply.kind")


def known_plan(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 3.1: one of the plans."""
    yield from _listed(s, "items", asked.item, "art:3.1", "apply.item")


def _listed(s: Situation, value: str, slug: str, path: str, place: str) -> Iterator[Finding]:
    known = s.edition.value(value)
    if s.choice(value, slug) is None:
        yield s.refuse(
            path,
            why=Words(
                f"{slug} という{known.title.ja}はありません", f"{slug} is none of the {known.title.en}"
            ),
            place=place,
            remedy=Words("、".join(known.slugs), "one of " + ", ".join(known.slugs)),
        )
    else:
        name = s.name(value, slug)
        yield s.accept(path, why=Words(f"{known.title.ja}: {name.ja}", f"{known.title.en}: {name.en}"))


def one_zone(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1.2: one contract, one zone."""
    if len(asked.zones) != s.number("zones_per_contract"):
        yield s.refuse(
            "art:1.2",
            why=Words(f"{len(asked.zones)} ゾーンが書かれています", f"{len(asked.zones)} zones are named"),
            place="apply.zones",
            remedy=Words("ゾーンごとに申し込んでください", "apply for each zone by itself"),
        )


def own_zone(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1: the applicant is the registrant; where nobody knows, a person decides."""
    if asked.known.registrant is None:
        yield s.refer(
            "art:2.1",
            proposes=Verdict.REFUSE,
            why=Words("登録者が確認されていません", "who the registrant is was not looked up"),
            place="apply.known.registrant",
        )
    elif not asked.known.registrant:
        yield s.refuse(
            "art:2.1",
            why=Words("申込者は登録者ではありません", "the applicant is not the registrant"),
            place="apply.zones",
            remedy=Words("登録者から申し込んでください", "let the registrant apply"),
        )
    else:
        yield s.accept("art:2.1", why=Words("申込者は登録者です", "the applicant is the registrant"))


def free_zone(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.2: no zone is served under two contracts."""
    served = {zone_of(each): each.id for each in s.contracts.values() if each.is_in_force(s.on)}
    for zone in asked.zones:
        if zone in served:
            yield s.refuse(
                "art:2.2",
                why=Words(f"{zone} は提供中です", f"{zone} is served already"),
                place="apply.zones",
                remedy=Words("先の契約の終了を待ってください", "wait until the contract before it has ended"),
            )


def initial_fee(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Schedule 1.1 and art. 10.1: the fixed amount of the kind, on acceptance."""
    kind = s.choice("kinds", asked.kind)
    if kind is not None and asked.zones:
        day = accepted_on(asked)
        yield charge(
            s,
            "initial",
            s.role("initial"),
            contract=name_of(asked.zones[0], s),
            customer=asked.by,
            due_on=day,
            amount=Yen(kind.number("initial")),
            why=Words(f"{kind.name.ja}の初期費用", f"initial fee of a {kind.name.en.lower()}"),
            more=(s.role("due"),),
            dates=(("effective", day),),
        )


def delegation_due(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 9.1: by which day the zone has to be delegated."""
    last = days_after(accepted_on(asked), s.number("delegation_days"))
    yield s.accept(
        s.role("readiness"),
        why=Words(f"{last} までにゾーンを委任してください", f"delegate the zone by {last}"),
        dates=(("deadline", last),),
    )


def signable(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Art. 5.1: who has a primary zone may have it signed, once."""
    contract, path = s.contract(asked.contract), s.role("options")
    yield from own_notice(s, path, contract, asked)
    choice = s.choice("options", asked.option)
    if choice is None or choice.text("kind") != contract.kind:
        yield s.refuse(
            path,
            why=Words("この種類のゾーンには付けられません", "a zone of this kind cannot have it"),
            place="add-option.option",
        )
    elif running(contract, asked.option, s.on):
        yield s.refuse(
            path, why=Words("既に付いています", "the contract has it already"), place="add-option.option"
        )
    else:
        yield quoted_charge(
            s,
            "option-initial",
            choice.text("initial_fee"),
            contract,
            due_on=accepted_on(asked),
            why=Words(f"{choice.name.ja}の初期費用", f"initial fee of {choice.name.en.lower()}"),
            detail={"option": asked.option},
            about={"option": asked.option},
            more=(path,),
        )


def records_fit(asked: AddRecords, s: Situation) -> Iterator[Finding]:
    """Art. 3.2: the plan's limit is of all the records together."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:3.2", contract, asked)
    plan = s.edition.value("items")[contract.item]
    together, most = records_of(contract) + asked.records, plan.number("records")
    if together > most:
        yield s.refuse(
            "art:3.2",
            why=Words(
                f"合わせて {together} レコードは{plan.name.ja}の上限 {most} を超えます",
                f"{together} records in all are more than the {most} of {plan.name.en}",
            ),
            place="add-records.records",
            remedy=Words(
                f"あと {most - records_of(contract)} まで", f"{most - records_of(contract)} more at most"
            ),
        )
    else:
        yield s.accept("art:3.2", why=Words(f"{together} / {most} レコード", f"{together} of {most} records"))


def seen_delegated(asked: Delegated, s: Situation) -> Iterator[Finding]:
    """Art. 9.2: from then on the provider answers for the zone."""
    contract = s.contract(asked.contract)
    if is_delegated(contract):
        yield s.refuse(
            s.role("withhold"),
            why=Words("既に委任されています", "it was delegated before"),
            place="delegated.contract",
        )
    else:
        yield s.accept(
            s.role("withhold"),
            why=Words("委任が確認されました", "the zone is delegated"),
            dates=(("effective", day_of(asked.at)),),
        )


def left_undone(contract: Contract) -> tuple[tuple[str, ...], Words] | None:
    """Art. 9.2: a claim fails where the zone was never delegated; a refusal says so."""
    if is_delegated(contract):
        return None
    return ("art:9.2",), Words("。ゾーンが委任されていません", ": the zone is not delegated")


def deadlines(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """The last day to delegate a zone; the customer is reminded of it."""
    if not is_delegated(contract) and contract.is_in_force(s.on):
        last: date = days_after(contract.concluded_on, s.number("delegation_days"))
        yield Deadline(
            last,
            "delegation",
            contract.id,
            contract.customer,
            Words(f"{zone_of(contract)} の委任", f"{zone_of(contract)} is to be delegated"),
            s.texts((s.role("readiness"),)),
            loses="duty",
        )


ENDINGS, CREDITS, MONTHS = Endings(), Credits(excuse=left_undone), Months()
_SETTLED = ("art:7.1", "art:7.2", "schedule:2.1", "schedule:2.2")

RULES: Mapping[type, tuple[Rule[Any, Situation], ...]] = {
    Apply: (
        Rule("art:1.1", known_kind),
        Rule("art:1.2", one_zone),
        Rule("art:2.1", own_zone),
        Rule("art:2.2", free_zone),
        Rule("art:3.1", known_plan),
        Rule("schedule:1.1", initial_fee, also=("art:10.1",)),
        Rule("art:9.1", delegation_due),
    ),
    AddOption: (Rule("art:5.1", signable, also=("schedule:1.3",)),),
    AddRecords: (Rule("art:3.2", records_fit),),
    Delegated: (Rule("art:9.2", seen_delegated), Rule("art:9.2", operators_alone("art:9.2"))),
    acts.StartBilling: (
        Rule("art:10.1", operators_alone("art:10.1")),
        Rule("art:10.1", billing.billing_begins, also=("schedule:1.2", "art:4.1", "art:5.2")),
    ),
    acts.StopOption: (Rule("art:5.3", ENDINGS.stopped, also=_SETTLED),),
    acts.Cancel: (Rule("art:6.1", ENDINGS.noticed, also=_SETTLED),),
    acts.OperatorTerminate: (Rule("art:7.1", ENDINGS.terminated, also=_SETTLED),),
    acts.ClaimCredit: (Rule("art:8.1", CREDITS.claimed, also=("art:8.2", "schedule:3.1")),),
    acts.ReadTerm: (Rule("art:4.1", billing.term_read, also=("art:5.2",)),),
    acts.MonthClose: (Rule("schedule:1.2", MONTHS.costs),),
}
SPOKEN = frozenset(path for rules in RULES.values() for rule in rules for path in rule.paths)
