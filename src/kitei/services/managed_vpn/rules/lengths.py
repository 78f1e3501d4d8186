"""Articles 5 and 17(3): when billing starts, and when minimum terms run out."""

from collections.abc import Iterator

from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.managed_vpn.operation import ReadTerm, StartBilling
from kitei.services.managed_vpn.rules.options import option_choice, running
from kitei.services.managed_vpn.rules.settling import option_term_path, term_path
from kitei.terms import term_last_day
from kitei.values import Words


def term_read(asked: ReadTerm, s: Situation) -> Iterator[Finding]:
    """Art. 5.1 and 5.2, for an option 17.3: the last day of a term that has begun."""
    contract = s.contract(asked.contract)
    how = s.reading("term.month-arithmetic")
    if asked.option is None:
        term, path = contract.term, term_path(contract.term)
    else:
        taken = running(contract, asked.option, s.on)
        term, path = (taken.term if taken else None), option_term_path(taken.term if taken else None)
        choice = option_choice(s, asked.option)
        if choice is not None and not choice.has("term_months"):
            yield s.accept(
                path,
                why=Words(
                    f"{choice.name.ja}に最低利用期間はありません", f"{choice.name.en} has no minimum term"
                ),
                defects=("MVP-D13",),
            )
            return
    if term is None:
        yield s.refer(
            path,
            proposes=Verdict.ACCEPT,
            why=Words(
                "課金開始日が記録されておらず、期間は始まっていません",
                "no start of billing is recorded, so the term has not begun",
            ),
            place="read-term.contract",
            defects=("COM-D01",),
        )
        return
    yield s.accept(
        path,
        why=Words(
            f"{term.start} を初日として {term.months} か月、{term.last} まで",
            f"{term.months} months with {term.start} as their first day, to {term.last}",
        ),
        dates=(("term_end", term.last),),
        conventions=(how.pair,),
    )


def pending_months(contract: Contract) -> int | None:
    """The length of a term that waits for a changed device to be billed (art. 5.2), None where none waits."""
    months = contract.body.get("pending_term")
    return months if type(months) is int else None


def option_pending_months(taken: OptionTaken) -> int | None:
    months = taken.body.get("pending_term")
    return months if type(months) is int else None


def billing_begins(asked: StartBilling, s: Situation) -> Iterator[Finding]:
    """Art. 19.1: the monthly fee is owed from the start of billing; the minimum term counts from that day."""
    contract = s.contract(asked.contract)
    how = s.reading("term.month-arithmetic")
    months: int | None
    if asked.option is None:
        changed = pending_months(contract)
        begun, path, fee = contract.billing_start, "schedule:1.2.1", "monthly"
        own = contract.body.get("months")
        months, rule = (changed, "art:5.2") if changed else (own if type(own) is int else None, "art:5.1")
    else:
        taken, choice = running(contract, asked.option, s.on), option_choice(s, asked.option)
        if taken is None or choice is None or not choice.has("monthly_fee"):
            yield s.refuse(
                "schedule:1.2.2",
                why=Words(
                    f"契約 {contract.id} に月額のある{s.name('options', asked.option).ja}はありません",
                    f"contract {contract.id} has no {s.name('options', asked.option).en} with a monthly fee",
                ),
                place="start-billing.option",
            )
            return
        changed = option_pending_months(taken)
        begun, path, fee = taken.billing_start, "schedule:1.2.2", "option-monthly"
        own_months = choice.number("term_months") if choice.has("term_months") else None
        months, rule = (changed, "art:17.3.s2") if changed else (own_months, "art:17.3")
    if begun is not None and not changed:
        yield s.refuse(
            "art:19.1.s2",
            why=Words(f"課金は {begun} に始まっています", f"billing started on {begun}"),
            place="start-billing.billing_start",
        )
        return
    about = {"option": asked.option} if asked.option else {}
    told = s.quote(fee, contract.customer, contract, asked.billing_start, **about)
    yield s.accept(
        "art:19.1.s2",
        path,
        why=Words(
            f"{asked.billing_start} から月額の支払義務が生じます",
            f"the monthly fee is owed from {asked.billing_start}",
        ),
        missing=() if told else (fee,),
        defects=() if told else ("COM-D06",),
    )
    if months is not None:
        last = term_last_day(asked.billing_start, months, how.value)
        yield s.accept(
            rule,
            why=Words(
                f"最低利用期間は {asked.billing_start} から {months} か月、{last} まで",
                f"the minimum term is {months} months from {asked.billing_start}, to {last}",
            ),
            dates=(("term_end", last),),
            conventions=(how.pair,),
            defects=("COM-D01",),
        )
