"""Article 8: the load-balancing option, with a VPDN or added to one."""

from collections.abc import Iterator

from kitei.clauses.acts import accepted_on
from kitei.clauses.billing import begun_term
from kitei.clauses.fees import charge, quoted_charge
from kitei.clauses.notice import own_notice
from kitei.clauses.options import misasked, running
from kitei.desk import Finding, Situation
from kitei.services.auth_outsource.application import AddOption, Apply, OptionWanted
from kitei.services.auth_outsource.contract import terminator_names
from kitei.services.auth_outsource.rules.batch import kind_of, names_of, place_of
from kitei.values import Words


def option_findings(
    s: Situation,
    wanted: OptionWanted | AddOption,
    kind: str,
    terminators: tuple[str, ...],
    place: str,
    part: int | None = None,
) -> Iterator[Finding]:
    """Art. 8.1 to 8.3: the form, the closed list, the kind it is for, its term."""
    choice = s.choice("options", wanted.option)
    yield from misasked(s, wanted, place, part)
    if choice is None:
        return
    if kind != choice.text("kind"):
        yield s.refuse(
            choice.cite.path,
            "art:8.2",
            why=Words(
                f"{choice.name.ja}は VPDN のためのものです({s.name('kinds', kind).ja})",
                f"{choice.name.en} is for VPDN, not for a {s.name('kinds', kind).en.lower()}",
            ),
            place=f"{place}.option",
            part=part,
        )
        return
    least = s.number("least_terminators")
    few = len(terminators) < least
    yield s.accept(
        "art:8.1",
        "art:8.2",
        choice.cite.path,
        choice.text("does"),
        why=Words(
            f"{choice.name.ja}を提供します" + (f"。終端装置は {least} 台以上にしてください" if few else ""),
            f"{choice.name.en} is provided"
            + (f"; let there be {least} terminating devices or more" if few else ""),
        ),
        part=part,
    )
    if wanted.billing_start is not None:
        yield begun_term(s, wanted.billing_start, choice.number("term_months"), s.role("option-term"))
    else:
        yield s.confirm(_TERM, "art:8.3")


_TERM = Words(
    "最低利用期間は、このオプション自身の課金開始日から 1 か月です",
    "its minimum term is one month from the day its own billing starts",
)
_INITIAL = Words(
    "オプションの初期費用は承諾の日に支払義務が生じます",
    "the option's initial fee falls due on the day of acceptance",
)


def options_of_batch(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 8 and Schedule 1, 1(2) for options that are asked for together with their VPDN."""
    names, day = names_of(asked, s), accepted_on(asked)
    for index, wanted in enumerate(asked.services):
        for at, option in enumerate(wanted.options):
            place = f"{place_of(index)}.options[{at}]"
            yield from option_findings(s, option, kind_of(wanted), wanted.terminators, place, index)
            kind, item = kind_of(wanted), wanted.item or ""
            quote = s.quote("option-initial", asked.by, kind=kind, item=item, option=option.option)
            yield charge(
                s,
                "option-initial",
                "schedule:1.1.2",
                contract=names[index],
                customer=asked.by,
                due_on=day,
                amount=quote.amount if quote else None,
                why=_INITIAL,
                more=("art:10.1.s2",),
                detail={"option": option.option},
            )


def added_option(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Art. 8.1 to 8.3 for an option added to a contract."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:8.1", contract, asked)
    yield from option_findings(s, asked, contract.kind, terminator_names(contract.body), "add-option")
    if running(contract, asked.option, s.on):
        yield s.refuse(
            "art:8.2",
            why=Words("この契約には同じオプションがもうあります", "this contract has that option already"),
            place="add-option.option",
            remedy=Words("停止の日を過ぎてから申し込んでください", "apply after the day it stops"),
        )


def added_option_fee(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 1(2): an option's initial fee falls due on acceptance."""
    contract, choice = s.contract(asked.contract), s.choice("options", asked.option)
    if choice is not None and contract.kind == choice.text("kind"):
        yield quoted_charge(
            s,
            "option-initial",
            "schedule:1.1.2",
            contract,
            due_on=accepted_on(asked),
            why=_INITIAL,
            detail={"option": asked.option},
            about={"option": asked.option},
        )
