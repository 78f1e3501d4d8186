"""Article 12 and Schedule 1: what a contract costs at first and by the month, and when that falls due."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from kitei.clauses import billing
from kitei.clauses.acts import StartBilling, accepted_on
from kitei.clauses.fees import charge
from kitei.clauses.options import running
from kitei.desk import Finding, Situation, quoted
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.secure_access.application import Apply
from kitei.services.secure_access.contract import accounts_on
from kitei.services.secure_access.price import Price, base_price, option_price
from kitei.services.secure_access.rules.batch import excess, is_sound, kind_of, names_of
from kitei.services.secure_access.rules.options import OPTION_INITIAL, free_at_first, monthly_told
from kitei.values import Words, Yen


def price(s: Situation, contract: Contract, on: date, accounts: int | None = None) -> Price:
    """The base monthly fee on a day, by the accounts of that day unless others are said."""
    kind = s.choice("kinds", contract.kind)
    return base_price(
        lambda fee: s.quote(fee, contract.customer, contract, on),
        kind is not None and kind.text("counted") == "account",
        accounts_on(contract, on) if accounts is None else accounts,
    )


def monthly(s: Situation, contract: Contract, on: date) -> Yen | None:
    """The base monthly fee on a day."""
    return price(s, contract, on).amount


def price_of_option(
    s: Situation, contract: Contract, option: OptionTaken, on: date, accounts: int | None = None
) -> Price:
    """An option's monthly fee: none for the dedicated address, whole or by account for the sandbox."""
    choice = s.choice("options", option.name)
    if choice is not None and choice.text("monthly_yen") == "zero":
        return Price(Yen(s.number("dedicated_ip_monthly_yen")), Words("0 円", "0 yen"))
    about = {"option": option.name}
    return option_price(
        lambda fee: (
            quoted(option.quotes, fee, on, about) or s.quote(fee, contract.customer, contract, on, **about)
        ),
        accounts_on(contract, on) if accounts is None else accounts,
    )


def option_monthly(s: Situation, contract: Contract, option: OptionTaken, on: date) -> Yen | None:
    """An option's monthly fee on a day."""
    return price_of_option(s, contract, option, on).amount


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
        price_of_option(s, contract, taken, asked.billing_start)
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
