"""What an ending within a minimum term costs: a contract and each of its options, each on its own term."""

from collections.abc import Mapping
from datetime import date

from kitei.accounts.settlement import Remainder, settle_remainder, settle_unstarted
from kitei.clauses.fees import Monthly, OptionMonthly, charge, quoted_monthly, quoted_option_monthly
from kitei.clauses.options import option_months, running_options
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract, MinimumTerm, OptionTaken
from kitei.terms import Cite
from kitei.values import Json, Words, Yen

Pairs = tuple[tuple[str, str], ...]


def term_path(s: Situation, term: MinimumTerm | None, role: str = "term") -> str:
    """The provision a minimum term rests on: the one it was begun under, else the one in that role.

    A term begun anew is recorded with the provision in the role `<role>-restart`.
    """
    for cite in term.cites if term else ():
        provision = s.edition.provisions.get(Cite.parse(cite).path)
        if provision is not None and {role, f"{role}-restart"} & set(provision.roles):
            return provision.path
    return s.role(role)


def contract_term_path(s: Situation, contract: Contract) -> str:
    """The provision a contract's minimum term rests on: its item may have one of its own (`term`)."""
    if contract.term is None:
        item = s.choice("items", contract.item) if contract.item else None
        if item is not None and item.has("term"):
            return item.text("term")
    return term_path(s, contract.term)


def contract_settlement(
    s: Situation,
    contract: Contract,
    effective: date,
    ground: str,
    by_operator: bool = False,
    monthly: Monthly = quoted_monthly,
    option_monthly: OptionMonthly = quoted_option_monthly,
) -> Finding:
    """The base fee for what remains of the contract's term, unless the ground is exempt."""
    settle, term = s.role("settle"), contract.term
    dates = (("term_end", term.last),) if term else ()
    if ground in s.edition.value("exempt_grounds").texts:
        return s.accept(
            settle,
            why=Words(
                f"{ground} による解除なので精算はありません", f"terminated on {ground}, so nothing is settled"
            ),
            amounts=(("settlement", Yen(0)),),
            dates=dates,
            conventions=(s.reading("general-rules").pair,),
            defects=("COM-D01",),
        )
    used: Pairs = (s.reading("general-rules").pair,)
    if by_operator:
        own = s.reading("settlement.operator-termination")
        used = (own.pair,)
        if own.value == "not-due":
            return s.accept(
                settle,
                why=Words(
                    "当社からの解除は精算しないものと読みます",
                    "a termination by the operator is read as exempt",
                ),
                amounts=(("settlement", Yen(0)),),
                dates=dates,
                conventions=used,
            )
    base = s.reading("settlement.fee-base")
    fee = _base_fee(s, contract, effective, base.value, monthly, option_monthly)
    path = contract_term_path(s, contract)
    if term is None or contract.billing_start is None:
        months = contract.body.get("months")
        left = settle_unstarted(months if type(months) is int else 0, fee, s.reading)
    else:
        left = settle_remainder(term, effective, fee, s.reading)
    amount = s.role("settle-amount")
    return _settled(
        s, "settlement", amount, (settle, path), contract, effective, left, (*used, base.pair), dates
    )


def _base_fee(
    s: Situation,
    contract: Contract,
    effective: date,
    way: str,
    monthly: Monthly,
    option_monthly: OptionMonthly,
) -> Yen | None:
    day = contract.billing_start if way == "contract-start" and contract.billing_start else effective
    fee = monthly(s, contract, day)
    if way != "all-together" or fee is None:
        return fee
    options = [option_monthly(s, contract, each, day) for each in running_options(contract, effective)]
    return None if None in options else Yen(fee + sum(each or 0 for each in options))


def option_settlement(
    s: Situation,
    contract: Contract,
    option: OptionTaken,
    effective: date,
    ground: str = "",
    option_monthly: OptionMonthly = quoted_option_monthly,
) -> Finding:
    """An option's own fee for what remains of its own term. `ground`: why its contract ends, '' if it goes on.

    No ground is exempt here. Where the contract ended on one that is for the contract itself, this is
    computed as written and marked for review (COM-D03, convention settlement.option-exemption).
    """
    settle, term, alone = s.role("settle-option"), option.term, not ground
    dates = (("term_end", term.last),) if term and alone else ()
    if not has_term(s, option):
        return _nothing(s, option, (settle, s.role("option-term")), _NO_TERM)
    used: list[tuple[str, str]] = []
    review = False
    base = s.reading("settlement.fee-base")
    several, exemption = s.reading("settlement.several"), s.reading("settlement.option-exemption")
    waived = base.value == "all-together" and not alone
    if not alone:
        used += [several.pair, base.pair]
        waived = waived or several.value == "principal-only"
    if ground in (*s.edition.value("exempt_grounds").texts, *REVIEWED):
        used.append(exemption.pair)
        review = True
        waived = waived or exemption.value == "exempt-with-contract"
    if waived:
        return _nothing(s, option, (settle,), _WITH_CONTRACT, tuple(used), review)
    fee = option_monthly(s, contract, option, effective)
    if term is None:
        left = settle_unstarted(option_months(s, option) or 0, fee, s.reading)
    else:
        left = settle_remainder(term, effective, fee, s.reading)
    return _settled(
        s,
        "option-settlement",
        s.role("settle-option-amount"),
        (settle, term_path(s, term, "option-term")),
        contract,
        effective,
        left,
        tuple(used),
        dates,
        review,
        {"option": option.name},
    )


# Endings that are no termination by the customer or the operator: whether an option is settled is doubtful.
REVIEWED = ("abolition", "cascade")
_NO_TERM = Words("に最低利用期間はなく、精算はありません", " has no minimum term, so nothing is settled")
_WITH_CONTRACT = Words("は契約と別には精算しません", " is not settled apart from its contract")


def has_term(s: Situation, option: OptionTaken) -> bool:
    """Whether an option has a minimum term, by the terms or by its own record."""
    return option.term is not None or option_months(s, option) is not None


def _nothing(
    s: Situation,
    option: OptionTaken,
    paths: tuple[str, ...],
    why: Words,
    used: Pairs = (),
    review: bool = False,
) -> Finding:
    name = s.name("options", option.name)
    return s.accept(
        *paths,
        why=Words(f"{name.ja}{why.ja}", f"{name.en}{why.en}"),
        amounts=(("option-settlement", Yen(0)),),
        conventions=used,
        defects=s.defects(*paths),
        review=review,
    )


def _settled(
    s: Situation,
    fee: str,
    path: str,
    more: tuple[str, ...],
    contract: Contract,
    effective: date,
    remainder: Remainder,
    conventions: Pairs,
    dates: tuple[tuple[str, date], ...],
    review: bool = False,
    detail: Mapping[str, Json] | None = None,
) -> Finding:
    defects = s.defects(*more, path)
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
