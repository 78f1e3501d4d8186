"""Article 13 and Schedule 1: what falls due, when, and by which quote. A missing quote is never 0."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import charge, quoted_charge
from kitei.clauses.months import Months
from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.application import AddOption, Apply
from kitei.services.gio_remote.rules.batch import kind_of, names_of
from kitei.terms import Cite
from kitei.values import Month, Words, Yen, in_yen

WORK = "out-of-hours-change"
EXTENDED = "extended-support"


def initial_fees(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 13.1 and Schedule 1, 1: initial fees fall due when the application is accepted.

    A quote that names a kind, item or network answers for each contract it fits; one that names nothing
    answers for the application as a whole, once. (The network of a quote is the customer's service.)
    """
    day = accepted_on(asked)
    whole = False
    for index, (wanted, name) in enumerate(zip(asked.services, names_of(asked, s), strict=True)):
        about = {"kind": kind_of(wanted), "item": wanted.item or ""}
        quote = s.quote("initial", asked.by, **about)
        if quote is None or quote.scope or not whole:
            yield charge(
                s,
                "initial",
                "schedule:1.1.1",
                contract=name,
                customer=asked.by,
                due_on=day,
                amount=quote.amount if quote else None,
                why=_INITIAL,
                more=("art:13.1.s2",),
                dates=(("effective", day),),
            )
        whole = whole or (quote is not None and not quote.scope)
        for option in wanted.options:
            choice = s.choice("options", option.option)
            if choice is None or not choice.has("initial_fee"):
                continue
            told = s.quote("option-initial", asked.by, option=option.option, **about)
            yield charge(
                s,
                "option-initial",
                choice.text("initial_fee"),
                contract=name,
                customer=asked.by,
                due_on=day,
                amount=told.amount if told else None,
                why=_OPTION_INITIAL,
                more=("art:13.1.s2",),
                detail={"option": option.option},
            )
        if any(option.option == WORK for option in wanted.options):
            told = s.quote(WORK, asked.by, **about)
            yield charge(
                s,
                WORK,
                "schedule:1.3.1",
                contract=name,
                customer=asked.by,
                due_on=day,
                amount=told.amount if told else None,
                why=_WORK,
                more=("art:13.1.s2",),
            )


_INITIAL = Words(
    "初期費用は承諾の日に支払義務が生じます", "the initial fee falls due on the day of acceptance"
)
_OPTION_INITIAL = Words(
    "オプションの初期費用は承諾の日に支払義務が生じます",
    "the option's initial fee falls due on the day of acceptance",
)
_WORK = Words(
    "時間外の設定変更の一時費用は承諾の日に支払義務が生じます",
    "the one-time fee for work out of hours falls due on the day of acceptance",
)


def added_option_fee(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 1(2) and 3(1): initial fee of an option, or the one-time fee of work out of hours."""
    contract, choice = s.contract(asked.contract), s.choice("options", asked.option)
    if choice is None:
        return
    if choice.has("initial_fee"):
        yield quoted_charge(
            s,
            "option-initial",
            choice.text("initial_fee"),
            contract,
            due_on=accepted_on(asked),
            why=_OPTION_INITIAL,
            detail={"option": asked.option},
            about={"option": asked.option},
        )
    if choice.has("one_time_fee"):
        yield work_fee(s, contract, accepted_on(asked), _WORK)


def work_fee(s: Situation, contract: Contract, on: date, why: Words) -> Finding:
    """Schedule 1, 3(1). While extended support runs there is none, unless the operator says so.

    (`charges-work-beside-extended-support`, GRA-D16.)
    """
    covered = running(contract, EXTENDED, s.on) is not None
    if covered and s.operator.parameters.get("charges-work-beside-extended-support") is not True:
        return s.accept(
            "art:13.1.s2",
            "schedule:1.3.1",
            "art:9.2.2",
            why=Words(
                "拡張サポートの間は時間外の設定変更に費用を取りません",
                "while extended support runs work out of hours costs nothing",
            ),
            amounts=((WORK, Yen(0)),),
            defects=("GRA-D16",),
            review=True,
        )
    return quoted_charge(s, WORK, "schedule:1.3.1", contract, due_on=on, why=why)


def due_before(s: Situation, contract: Contract) -> Iterator[Finding]:
    """Initial fees of earlier months: they fell due at acceptance and are no part of this month."""
    month = Month.of(s.on)
    for each in contract.charges:
        if each.name in ("initial", "option-initial") and each.due_on < month.first:
            told = in_yen(each.amount) if each.amount is not None else "?"
            yield s.accept(
                *(Cite.parse(cite).path for cite in each.cites),
                "art:13.1.s2",
                why=Words(
                    f"{each.name} {told} は {each.due_on} に生じていて、この月のものではありません",
                    f"{each.name}, {told}, fell due on {each.due_on} and is no part of this month",
                ),
            )


MONTHS = Months(besides=due_before)
