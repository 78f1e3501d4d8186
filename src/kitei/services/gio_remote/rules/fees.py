"""Article 13 and Schedule 1: what falls due, when, and by which quote. A missing quote is never 0."""

from collections.abc import Iterator, Mapping
from datetime import date

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import charge, quoted_charge
from kitei.clauses.months import Months
from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.application import AddOption, Apply, Change
from kitei.services.gio_remote.rules.batch import kind_of, names_of
from kitei.terms import Choice, Cite
from kitei.values import Json, Month, Words, Yen, in_yen

WORK = "out-of-hours-change"
EXTENDED = "extended-support"


def initial_fees(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 13.1 and Schedule 1, 1: initial fees fall due when the application is accepted.

    A quote that names a kind or item answers for each contract it fits; one that names nothing answers for
    the application as a whole, once.
    """
    whole = False
    for wanted, name in zip(asked.services, names_of(asked, s), strict=True):
        quote = s.quote("initial", asked.by, kind=kind_of(wanted), item=wanted.item or "")
        if quote is not None and not quote.scope:
            if whole:
                continue
            whole = True
        yield _at_acceptance(
            asked, s, "initial", s.role("initial"), name, quote.amount if quote else None, _INITIAL
        )


def option_fees(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 1(2) and 3(1) for the options that come with an application."""
    for wanted, name in zip(asked.services, names_of(asked, s), strict=True):
        for option in wanted.options:
            choice = s.choice("options", option.option)
            if choice is None:
                continue
            fee, path, why = _fee_of(choice)
            quote = s.quote(fee, asked.by, kind=kind_of(wanted), item=wanted.item or "", option=choice.slug)
            amount = quote.amount if quote else None
            yield _at_acceptance(asked, s, fee, path, name, amount, why, {"option": choice.slug})


def _fee_of(choice: Choice) -> tuple[str, str, Words]:
    """What an option costs when it is accepted: its initial fee, or the one-time fee of work out of hours."""
    if choice.has("one_time_fee"):
        return WORK, choice.text("one_time_fee"), _WORK
    return "option-initial", choice.text("initial_fee"), _OPTION_INITIAL


def _at_acceptance(
    asked: Apply,
    s: Situation,
    fee: str,
    path: str,
    contract: str,
    amount: Yen | None,
    why: Words,
    detail: Mapping[str, Json] | None = None,
) -> Finding:
    day = accepted_on(asked)
    return charge(
        s,
        fee,
        path,
        contract=contract,
        customer=asked.by,
        due_on=day,
        amount=amount,
        why=why,
        more=(s.role("due"),),
        detail=detail,
        dates=(("effective", day),),
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
    """Schedule 1, 1(2) and 3(1) for an option added to a contract."""
    contract, choice = s.contract(asked.contract), s.choice("options", asked.option)
    if choice is None:
        return
    fee, path, why = _fee_of(choice)
    if fee == WORK:
        yield work_fee(s, contract, accepted_on(asked), why)
        return
    yield quoted_charge(
        s,
        fee,
        path,
        contract,
        due_on=accepted_on(asked),
        why=why,
        detail={"option": asked.option},
        about={"option": asked.option},
    )


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
        )
    return quoted_charge(s, WORK, "schedule:1.3.1", contract, due_on=on, why=why)


def change_costs(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 13.1 and Schedule 1, 3: no one-time fee is named for a change; monthly fees go by new quotes."""
    yield s.accept(s.role("due"), why=_NO_CHANGE_FEE, amounts=(("change", Yen(0)),))
    yield s.confirm(_ONE_TIME, "schedule:1.3.1")


_NO_CHANGE_FEE = Words(
    "契約の変更に一時費用はなく、月額が変わるなら改めて示します",
    "a change has no one-time fee; where the monthly fee changes it is quoted anew",
)
_ONE_TIME = Words("一時費用は時間外の設定変更だけです", "the only one-time fee is that for work out of hours")


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
