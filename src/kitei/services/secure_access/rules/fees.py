"""Article 12 and Schedule 1: what a contract costs at first and by the month, by account where it goes by account.

A monthly fee may be quoted as a whole (`monthly`), which goes first, or in its parts: the basic charge (`basic`, or
`basic-account` for each account) and that of the kind (`monthly-account` for each account, `monthly-kind` where the
kind goes by contract). Where a customer owes the basic charge once, it is told for one contract, and 0 for the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from kitei.clauses import billing
from kitei.clauses.acts import StartBilling, accepted_on
from kitei.clauses.fees import charge
from kitei.clauses.options import running
from kitei.desk import Finding, Situation, quoted
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.secure_access.application import Apply
from kitei.services.secure_access.contract import accounts_on
from kitei.services.secure_access.rules.batch import excess, is_sound, kind_of, names_of
from kitei.services.secure_access.rules.options import OPTION_INITIAL, free_at_first, monthly_told
from kitei.values import Words, Yen, in_yen


@dataclass(frozen=True, slots=True)
class Price:
    """A monthly fee and how it comes about; `amount` None: a quote in `missing` was not told."""

    amount: Yen | None
    steps: Words
    missing: tuple[str, ...] = ()


def price(s: Situation, contract: Contract, on: date, accounts: int | None = None) -> Price:
    """The base monthly fee on a day, by the accounts of that day unless others are said."""
    count = accounts_on(contract, on) if accounts is None else accounts
    whole = s.quote("monthly", contract.customer, contract, on)
    if whole is not None:
        told = in_yen(whole.amount)
        return Price(whole.amount, Words(f"見積もり {told}", f"quoted {told}"))
    basic, first = _basic(s, contract, on, count)
    kind = s.choice("kinds", contract.kind)
    by_account = kind is not None and kind.text("counted") == "account"
    fee = "monthly-account" if by_account else "monthly-kind"
    quote = s.quote(fee, contract.customer, contract, on)
    own = None if quote is None else Yen(quote.amount * count) if by_account else quote.amount
    if basic is None or own is None or quote is None:
        missing = (*(("basic",) if basic is None else ()), *((fee,) if own is None else ()))
        return Price(None, Words("見積もりがありません", "no quote was told"), missing)
    each = f"{count} × {in_yen(quote.amount)}" if by_account else f"{in_yen(own)}"
    return Price(Yen(basic + own), Words(f"基本 {first} + 種類 {each}", f"basic {first} + kind {each}"))


def _basic(s: Situation, contract: Contract, on: date, count: int) -> tuple[Yen | None, str]:
    """The basic charge: for each account, or of the contract (SA-D04)."""
    if (each := s.quote("basic-account", contract.customer, contract, on)) is not None:
        return Yen(each.amount * count), f"{count} × {in_yen(each.amount)}"
    if (flat := s.quote("basic", contract.customer, contract, on)) is not None:
        return flat.amount, f"{in_yen(flat.amount)}"
    return None, ""


def monthly(s: Situation, contract: Contract, on: date) -> Yen | None:
    """The base monthly fee on a day."""
    return price(s, contract, on).amount


def option_price(
    s: Situation, contract: Contract, option: OptionTaken, on: date, accounts: int | None = None
) -> Price:
    """An option's monthly fee: none for the dedicated address, whole or by account for the sandbox."""
    choice = s.choice("options", option.name)
    if choice is not None and choice.text("monthly_yen") == "zero":
        return Price(Yen(s.number("dedicated_ip_monthly_yen")), Words("0 円", "0 yen"))
    about = {"option": option.name}
    for fee, times in (
        ("option-monthly", 1),
        ("option-monthly-account", accounts_on(contract, on) if accounts is None else accounts),
    ):
        own = quoted(option.quotes, fee, on, about)
        quote = own or s.quote(fee, contract.customer, contract, on, **about)
        if quote is not None:
            each = (
                f"{times} × {in_yen(quote.amount)}" if fee.endswith("account") else f"{in_yen(quote.amount)}"
            )
            return Price(Yen(quote.amount * times), Words(each, each))
    return Price(None, Words("見積もりがありません", "no quote was told"), ("option-monthly-account",))


def option_monthly(s: Situation, contract: Contract, option: OptionTaken, on: date) -> Yen | None:
    """An option's monthly fee on a day."""
    return option_price(s, contract, option, on).amount


def initial_fees(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 12.1 and Schedule 1, 1: initial fees fall due when the application is accepted.

    A quote that names a kind answers for each contract it fits; one that names nothing answers for the batch
    as a whole, once. Applications that are refused owe nothing.
    """
    day, names, beyond = accepted_on(asked), names_of(asked, s), excess(asked, s)
    whole = False
    for index, wanted in enumerate(asked.services):
        if index in beyond or not is_sound(asked, s, index):
            continue
        kind = kind_of(wanted)
        quote = s.quote("initial", asked.by, kind=kind, item=wanted.item or "")
        once = quote is not None and not quote.scope
        if not (once and whole):
            found = charge(
                s,
                "initial",
                "schedule:1.1.1",
                contract=names[index],
                customer=asked.by,
                due_on=day,
                amount=quote.amount if quote else None,
                why=_INITIAL,
                more=(s.role("due"),),
                dates=(("effective", day),),
            )
            yield replace(found, part=index)
        whole = whole or once
        for each in wanted.options:
            yield from _option_initial(asked, s, names[index], each.option, kind, day, index)


def _option_initial(
    asked: Apply, s: Situation, name: str, option: str, kind: str, day: date, part: int
) -> Iterator[Finding]:
    choice = s.choice("options", option)
    if choice is None:
        return
    yield monthly_told(s, choice, part)
    if choice.text("initial_yen") == "zero":
        yield free_at_first(s, choice, part)
        return
    quote = s.quote("option-initial", asked.by, kind=kind, option=option)
    found = charge(
        s,
        "option-initial",
        choice.text("initial_fee"),
        contract=name,
        customer=asked.by,
        due_on=day,
        amount=quote.amount if quote else None,
        why=OPTION_INITIAL,
        more=(s.role("due"),),
        detail={"option": option},
    )
    yield replace(found, part=part)


_INITIAL = Words(
    "初期費用は承諾の日に支払義務が生じます", "the initial fee falls due on the day of acceptance"
)


def billing_begins(asked: StartBilling, s: Situation) -> Iterator[Finding]:
    """Art. 12.1: the monthly fee is owed from the start of billing, and the terms of art. 3 and 9.3 count from it."""
    contract = s.contract(asked.contract)
    taken = running(contract, asked.option, s.on) if asked.option else None
    told = (
        option_price(s, contract, taken, asked.billing_start)
        if taken
        else price(s, contract, asked.billing_start)
    )
    for finding in billing.billing_begins(asked, s):
        if finding.missing:
            kept = tuple(each for each in finding.defects if told.missing or each != "COM-D06")
            finding = replace(finding, missing=told.missing, defects=kept)
        yield finding
    kind = s.choice("kinds", contract.kind)
    if asked.option is None and kind is not None:
        yield s.accept(
            kind.text("monthly_fee"),
            why=told.steps,
            missing=told.missing,
            defects=s.defects("schedule:1.2.1"),
        )
