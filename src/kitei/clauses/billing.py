"""When billing starts, and when minimum terms run out."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import ReadTerm, StartBilling
from kitei.clauses.options import about_option, all_running, option_months, running, to_bill
from kitei.clauses.settling import contract_term_path, term_path
from kitei.clauses.tariff import counted
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.terms import term_last_day
from kitei.values import Words


def pending_months(having: Contract | OptionTaken) -> int | None:
    """The length of a term that begins anew when a change is billed, None where none waits."""
    months = having.body.get("pending_term")
    return months if type(months) is int else None


def own_months(s: Situation, contract: Contract, option: str | None = None) -> int | None:
    """The length of the minimum term of a contract, or of an option by the edition; None: it has none."""
    if option is not None:
        taken = running(contract, option, s.on)
        return option_months(s, taken) if taken else None
    months = contract.body.get("months")
    return months if type(months) is int else None


def term_read(asked: ReadTerm, s: Situation) -> Iterator[Finding]:
    """The last day of a term that has begun. Roles: `term`, `option-term`."""
    contract = s.contract(asked.contract)
    if asked.option is None:
        term, path = contract.term, contract_term_path(s, contract)
    else:
        taken = running(contract, asked.option, s.on)
        term = taken.term if taken else None
        path = term_path(s, term, "option-term")
        choice = s.choice("options", asked.option)
        if choice is not None and taken is not None and option_months(s, taken) is None:
            yield s.accept(
                path,
                why=Words(
                    f"{choice.name.ja}に最低利用期間はありません", f"{choice.name.en} has no minimum term"
                ),
                defects=s.defects(path),
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
            f"{counted(term.months, 'month')} from {term.start}, its first day, to {term.last}",
        ),
        dates=(("term_end", term.last),),
        conventions=(s.reading("term.month-arithmetic").pair,),
    )


def billing_begins(asked: StartBilling, s: Situation) -> Iterator[Finding]:
    """The monthly fee is owed from the start of billing; the minimum term counts from that day.

    Roles: `due`, `monthly`, `option-monthly`, `term`, `option-term`, and `...-restart` of the terms.
    """
    contract, role = s.contract(asked.contract), "option-term" if asked.option else "term"
    having: Contract | OptionTaken = contract
    fee, due = "option-monthly" if asked.option else "monthly", s.role("due")
    path = s.role(fee)
    if asked.option is not None:
        several = all_running(contract, asked.option, s.on)
        taken, choice = to_bill(several), s.choice("options", asked.option)
        if taken is None or choice is None or not choice.has("monthly_fee"):
            name = s.name("options", asked.option)
            yield s.refuse(
                path,
                why=Words(
                    f"契約 {contract.id} に月額のある{name.ja}はありません",
                    f"contract {contract.id} has no {name.en} with a monthly fee",
                ),
                place="start-billing.option",
            )
            return
        having, path = taken, choice.text("monthly_fee")
    changed = pending_months(having)
    if having.billing_start is not None and not changed:
        yield s.refuse(
            due,
            why=Words(
                f"課金は {having.billing_start} に始まっています",
                f"billing started on {having.billing_start}",
            ),
            place="start-billing.billing_start",
        )
        return
    about = about_option(having) if isinstance(having, OptionTaken) else {}
    told = s.quote(fee, contract.customer, contract, asked.billing_start, **about)
    yield s.accept(
        due,
        path,
        why=Words(
            f"{asked.billing_start} から月額の支払義務が生じます",
            f"the monthly fee is owed from {asked.billing_start}",
        ),
        missing=() if told else (fee,),
        defects=() if told else ("COM-D06",),
    )
    months = changed or own_months(s, contract, asked.option)
    if months is not None:
        own = s.role(role) if asked.option else contract_term_path(s, contract)
        yield begun_term(s, asked.billing_start, months, s.role(f"{role}-restart") if changed else own)


def begun_term(s: Situation, start: date, months: int, path: str) -> Finding:
    """A minimum term that begins on a day."""
    how = s.reading("term.month-arithmetic")
    last = term_last_day(start, months, how.value)
    return s.accept(
        path,
        why=Words(
            f"最低利用期間は {start} から {months} か月、{last} まで",
            f"the minimum term is {counted(months, 'month')} from {start}, to {last}",
        ),
        dates=(("term_end", last),),
        conventions=(how.pair,),
        defects=("COM-D01",),
    )
