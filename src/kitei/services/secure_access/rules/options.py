"""Articles 6(2) and 9: the two options, for whom they are, and how one is taken."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import quoted_charge
from kitei.clauses.notice import own_notice
from kitei.clauses.options import misasked, running
from kitei.desk import Finding, Situation, Verdict
from kitei.services.secure_access.application import AddOption, OptionWanted
from kitei.terms import Choice, term_last_day
from kitei.values import Words, Yen


def wanted_option(
    s: Situation, wanted: OptionWanted | AddOption, kind: str, place: str, part: int | None = None
) -> Iterator[Finding]:
    """The form, the closed list, the kind it is for and its term."""
    choice = s.choice("options", wanted.option)
    yield from misasked(s, wanted, place, part)
    if choice is None:
        return
    yield from _fitting(s, choice, kind, place, part)
    yield s.accept(
        "art:9.1",
        "art:9.2",
        choice.cite.path,
        why=Words(f"{choice.name.ja}を提供します", f"{choice.name.en} is provided"),
        part=part,
    )
    yield replace(_term(s, choice, wanted.billing_start), part=part)


def fits_option(s: Situation, wanted: OptionWanted, kind: str) -> bool:
    """Whether nothing refuses an option that is asked for with a contract of a kind."""
    choice = s.choice("options", wanted.option)
    return (
        choice is not None
        and wanted.form == "prescribed"
        and (not choice.has("only_for") or choice.text("only_for") == kind)
    )


def _fitting(s: Situation, choice: Choice, kind: str, place: str, part: int | None) -> Iterator[Finding]:
    """The sandbox belongs to a Web gateway's proxy; an address of one's own to what leads to the Internet."""
    own = s.choice("kinds", kind)
    name = own.name if own else Words(kind, kind)
    if choice.has("only_for"):
        only = s.name("kinds", choice.text("only_for"))
        if kind == choice.text("only_for"):
            yield s.accept(
                "art:6.2",
                why=Words(f"{only.ja}の契約があります", f"there is a contract of {only.en}"),
                defects=("SA-D14",),
                part=part,
            )
            return
        yield s.refuse(
            "art:6.2",
            choice.cite.path,
            why=Words(
                f"{choice.name.ja}は{only.ja}の契約に付くもので、{name.ja}には付きません",
                f"{choice.name.en} goes with {only.en}, not with {name.en}",
            ),
            place=f"{place}.option",
            remedy=Words(
                f"{only.ja}の契約で申し込んでください", f"apply for it with a contract of {only.en}"
            ),
            part=part,
        )
    elif own is not None and not own.has("internet"):
        yield s.refer(
            choice.cite.path,
            proposes=Verdict.REFUSE,
            why=Words(
                f"{name.ja}からインターネットへは出ないので、{choice.name.ja}の働く所がありません",
                f"{name.en} does not lead to the Internet, where {choice.name.en} would show",
            ),
            place=f"{place}.option",
            part=part,
        )


def _term(s: Situation, choice: Choice, billing_start: date | None) -> Finding:
    if not choice.has("term_months"):
        return s.confirm(_NO_TERM, "art:9.3.s2")
    if billing_start is None:
        return s.confirm(_TERM, "art:9.3")
    how = s.reading("term.month-arithmetic")
    last = term_last_day(billing_start, choice.number("term_months"), how.value)
    return s.accept(
        "art:9.3", why=_TERM, dates=(("term_end", last),), conventions=(how.pair,), defects=("COM-D01",)
    )


_NO_TERM = Words(
    "このオプションに最低利用期間はありません",
    "this option has no minimum term, and stopping it costs nothing",
)
_TERM = Words(
    "最低利用期間は、このオプション自身の課金開始日から 1 か月です",
    "its minimum term is one month from the day its own billing starts",
)


def added_option(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Art. 6.2 and 9.1 to 9.3 for an option added to a contract."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:9.1", contract, asked)
    yield from wanted_option(s, asked, contract.kind, "add-option")
    if running(contract, asked.option, s.on):
        yield twice(s, "add-option")


def twice(s: Situation, place: str) -> Finding:
    """An option that is there already, or asked for a second time."""
    return s.refer(
        "art:9.2",
        proposes=Verdict.REFUSE,
        why=Words(
            "同じオプションがもうあります。二つ目を取れるかは書かれていません",
            "that option is there already; whether it can be had twice is not said",
        ),
        place=f"{place}.option",
    )


def added_option_fees(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 1(2) and 2(2): what an added option costs at first and by the month."""
    choice = s.choice("options", asked.option)
    if choice is None:
        return
    contract = s.contract(asked.contract)
    if choice.text("initial_yen") == "zero":
        yield free_at_first(s, choice)
    else:
        yield quoted_charge(
            s,
            "option-initial",
            choice.text("initial_fee"),
            contract,
            due_on=accepted_on(asked),
            why=OPTION_INITIAL,
            more=(s.role("option-initial"),),
            detail={"option": asked.option},
            about={"option": asked.option},
        )
    yield monthly_told(s, choice)


def free_at_first(s: Situation, choice: Choice, part: int | None = None) -> Finding:
    """An initial fee of 0 yen, which the schedule itself says."""
    return s.accept(
        s.role("option-initial"),
        choice.text("initial_fee"),
        s.role("due"),
        why=Words(f"{choice.name.ja}の初期費用は 0 円です", f"the initial fee of {choice.name.en} is 0 yen"),
        amounts=(("option-initial", Yen(s.number("sandbox_initial_yen"))),),
        part=part,
    )


def monthly_told(s: Situation, choice: Choice, part: int | None = None) -> Finding:
    """What an option costs by the month: nothing, or the use of accounts as quoted."""
    path = choice.text("monthly_fee")
    if choice.text("monthly_yen") == "zero":
        why = Words(f"{choice.name.ja}の月額は 0 円です", f"the monthly fee of {choice.name.en} is 0 yen")
    else:
        why = Words(
            f"{choice.name.ja}の月額はアカウントの使用料で、課金開始日から生じます",
            f"the monthly fee of {choice.name.en} is for the use of accounts, owed from billing start",
        )
    return s.accept(s.role("option-monthly"), path, s.role("due"), why=why, part=part)


OPTION_INITIAL = Words(
    "オプションの初期費用は承諾の日に支払義務が生じます",
    "the option's initial fee falls due on the day of acceptance",
)
