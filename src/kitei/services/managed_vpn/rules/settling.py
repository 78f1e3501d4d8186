"""Article 20 and Schedule 2: what an ending within a minimum term costs, contract and options each on its own."""

from collections.abc import Sequence
from datetime import date

from kitei.accounts.settlement import Remainder, settle_remainder, settle_unstarted
from kitei.desk import Finding, Situation, quoted
from kitei.ledger.contracts import Contract, MinimumTerm, OptionTaken
from kitei.services.managed_vpn.rules.fees import charge
from kitei.values import Words, Yen

OPERATOR_GROUNDS = ("operator-breach",)


def term_path(term: MinimumTerm | None) -> str:
    """The provision a contract's term rests on: art. 5.2 after a change of device, else 5.1."""
    changed = term is not None and any(cite.endswith("#art:5.2") for cite in term.cites)
    return "art:5.2" if changed else "art:5.1"


def option_term_path(term: MinimumTerm | None) -> str:
    changed = term is not None and any(cite.endswith("#art:17.3.s2") for cite in term.cites)
    return "art:17.3.s2" if changed else "art:17.3"


def running_options(contract: Contract, until: date) -> Sequence[OptionTaken]:
    """Options that have not ended by a day, so that they end with the contract."""
    return [each for each in contract.options if each.ending is None or until < each.ending.last]


def contract_settlement(
    s: Situation, contract: Contract, effective: date, ground: str, by_operator: bool = False
) -> Finding:
    """Art. 20.1 and Schedule 2, 1: the base fee for what remains, unless the ground is exempt."""
    exempt = s.edition.value("exempt_grounds").texts
    path, term = term_path(contract.term), contract.term
    dates = (("term_end", term.last),) if term else ()
    if ground in exempt:
        rules = s.reading("general-rules")
        return s.accept(
            "art:20.1",
            why=Words(
                f"{ground} による解除なので精算はありません", f"terminated on {ground}, so nothing is settled"
            ),
            amounts=(("settlement", Yen(0)),),
            dates=dates,
            conventions=(rules.pair,),
            defects=("COM-D01",),
        )
    conventions: tuple[tuple[str, str], ...] = (s.reading("general-rules").pair,)
    if by_operator:
        own = s.reading("settlement.operator-termination")
        conventions = (own.pair,)
        if own.value == "not-due":
            return s.accept(
                "art:20.1",
                why=Words(
                    "当社からの解除は精算しないものと読みます",
                    "a termination by the operator is read as exempt",
                ),
                amounts=(("settlement", Yen(0)),),
                dates=dates,
                conventions=conventions,
            )
    remainder, more, defects = _base_remainder(s, contract, effective)
    return _settled(
        s,
        "settlement",
        "schedule:2.1",
        ("art:20.1", path),
        contract,
        effective,
        remainder,
        conventions + more,
        dates,
        ("MVP-D01", *defects),
    )


def _base_remainder(
    s: Situation, contract: Contract, effective: date
) -> tuple[Remainder, tuple[tuple[str, str], ...], tuple[str, ...]]:
    base = s.reading("settlement.fee-base")
    fee = _base_fee(s, contract, effective, base.value)
    if contract.term is None or contract.billing_start is None:
        months = contract.body.get("months")
        return (
            settle_unstarted(months if type(months) is int else 0, fee, s.reading),
            (base.pair,),
            ("COM-D01",),
        )
    return settle_remainder(contract.term, effective, fee, s.reading), (base.pair,), ("COM-D05",)


def _base_fee(s: Situation, contract: Contract, effective: date, way: str) -> Yen | None:
    day = contract.billing_start if way == "contract-start" and contract.billing_start else effective
    quote = s.quote("monthly", contract.customer, contract, day)
    fee = None if quote is None else quote.amount
    if way != "all-together" or fee is None:
        return fee
    options = [_option_fee(s, contract, each, day) for each in running_options(contract, effective)]
    return None if None in options else Yen(fee + sum(each or 0 for each in options))


def _option_fee(s: Situation, contract: Contract, option: OptionTaken, day: date) -> Yen | None:
    own = quoted(option.quotes, "option-monthly", day, {"option": option.name})
    quote = own or s.quote("option-monthly", contract.customer, contract, day, option=option.name)
    return None if quote is None else quote.amount


def option_settlement(
    s: Situation, contract: Contract, option: OptionTaken, effective: date, ground: str = ""
) -> Finding:
    """Art. 20.2 and Schedule 2, 2: an option's own fee for what remains of its own term.

    No ground is exempt here. Where the contract ended on one that is for the contract itself, this is
    computed as written and marked for review (COM-D03, convention settlement.option-exemption).
    """
    term = option.term
    alone = not ground
    dates = (("term_end", term.last),) if term and alone else ()
    if not _has_term(s, option):
        return s.accept(
            "art:20.2",
            "art:17.3",
            why=Words(
                f"{s.name('options', option.name).ja}に最低利用期間はなく、精算はありません",
                f"{s.name('options', option.name).en} has no minimum term, so nothing is settled",
            ),
            amounts=(("option-settlement", Yen(0)),),
            defects=("MVP-D13",),
        )
    used: list[tuple[str, str]] = []
    review, defects = False, ["COM-D05"]
    base = s.reading("settlement.fee-base")
    several, exemption = s.reading("settlement.several"), s.reading("settlement.option-exemption")
    waived = base.value == "all-together" and not alone
    if not alone:
        used += [several.pair, base.pair]
        waived = waived or several.value == "principal-only"
    if ground in s.edition.value("exempt_grounds").texts:
        used.append(exemption.pair)
        defects.append("COM-D03")
        review, waived = True, waived or exemption.value == "exempt-with-contract"
    if waived:
        return s.accept(
            "art:20.2",
            why=Words(
                f"{s.name('options', option.name).ja}は契約と別には精算しません",
                f"{s.name('options', option.name).en} is not settled apart from its contract",
            ),
            amounts=(("option-settlement", Yen(0)),),
            conventions=tuple(used),
            defects=tuple(defects),
            review=review,
        )
    fee = _option_fee(s, contract, option, effective)
    if term is None:
        months = s.edition.value("options")[option.name].number("term_months")
        remainder = settle_unstarted(months, fee, s.reading)
    else:
        remainder = settle_remainder(term, effective, fee, s.reading)
    return _settled(
        s,
        "option-settlement",
        "schedule:2.2",
        ("art:20.2", option_term_path(term)),
        contract,
        effective,
        remainder,
        tuple(used),
        dates,
        tuple(defects),
        review,
        {"option": option.name},
    )


def _has_term(s: Situation, option: OptionTaken) -> bool:
    choice = s.choice("options", option.name)
    return option.term is not None or (choice is not None and choice.has("term_months"))


def _settled(
    s: Situation,
    fee: str,
    path: str,
    more: tuple[str, ...],
    contract: Contract,
    effective: date,
    remainder: Remainder,
    conventions: tuple[tuple[str, str], ...],
    dates: tuple[tuple[str, date], ...],
    defects: tuple[str, ...],
    review: bool = False,
    detail: dict[str, str] | None = None,
) -> Finding:
    used = tuple(dict.fromkeys((*conventions, *remainder.conventions)))
    words = remainder.words
    if not remainder.is_due:
        return s.accept(
            *more,
            path,
            why=Words(f"最低利用期間は {words.ja}", f"of the minimum term {words.en}"),
            amounts=((fee, Yen(0)),),
            dates=dates,
            conventions=used,
            defects=defects,
            review=review or remainder.review,
        )
    return charge(
        s,
        fee,
        path,
        contract=contract.id,
        customer=contract.customer,
        due_on=effective,
        amount=remainder.amount,
        why=Words(f"最低利用期間の残り {words.ja} 分の月額", f"monthly fee for the {words.en} that remain"),
        more=more,
        detail={
            "months": remainder.months,
            "days": remainder.days,
            "worth": str(remainder.worth),
            **(detail or {}),
        },
        conventions=used,
        defects=defects,
        review=review or remainder.review,
        dates=dates,
    )
