"""Secure Access's side of an invoice: what it charges, in words and figures (art. 12 to 14, Schedules 1 to 3).

A monthly fee told as a whole goes before its parts, and each part by account follows the number of accounts.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from kitei.accounts.tariff import Fee, Missing, Prices, Stated, Subject, Tariff
from kitei.clauses import tariff
from kitei.ledger.contracts import Charge, Contract, Credit, OptionTaken, Quote
from kitei.services.secure_access.contract import accounts_on, counted_from
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.price import base_price, option_price
from kitei.terms import Choice, Edition
from kitei.values import Span, Words, Yen, day_of
from kitei.watch import outage_of

ACCOUNTS = Words("アカウント", "accounts")
BY_ACCOUNT = "account"


def subject(contract: Contract) -> Subject:
    """A contract by its kind and its own name."""
    return tariff.subject(contract, TERMS.editions[-1])


def fees(contract: Contract, edition: Edition) -> Iterator[Fee]:
    """The base fee, whole or in parts, from billing start, and the sandbox's from its own."""
    kind = edition.value("kinds")[contract.kind]
    counts = tuple((since, accounts_on(contract, since)) for since in counted_from(contract))
    if contract.billing_start is not None:
        yield from _base(tariff.base_fee(contract, edition), kind, counts, edition)
    for option in contract.options:
        choice = edition.value("options")[option.name]
        fee = tariff.option_fee(contract, option, edition)
        if fee is not None and choice.text("monthly_yen") == "quoted":
            each = Words(f"{fee.words.ja}(1 アカウント)", f"{fee.words.en}, one account")
            yield replace(fee, if_told=True)
            own = replace(fee, fee="option-monthly-account", words=each, unless=("option-monthly",))
            yield _counted(own, counts)


def _base(whole: Fee, kind: Choice, counts: tuple[tuple[date, int], ...], edition: Edition) -> Iterator[Fee]:
    """The whole where it was told; else the basic charge and that of the kind (Schedule 1, 2(1))."""
    known = edition.value("fees")
    paths = (*whole.paths, kind.text("monthly_fee"))
    each, flat = known["basic-account"].name, known["basic"].name
    basic = replace(whole, name="basic", fee="basic", words=flat, unless=("monthly", "basic-account"))
    own = known["monthly-account" if kind.text("counted") == BY_ACCOUNT else "monthly-kind"]
    words = Words(f"{own.name.ja} {kind.name.ja}", f"{own.name.en}, {kind.name.en}")
    fee = replace(whole, fee=own.slug, words=words, paths=paths, unless=("monthly",))
    yield replace(whole, paths=paths, if_told=True)
    yield _counted(replace(basic, fee="basic-account", words=each, unless=("monthly",), if_told=True), counts)
    yield basic
    yield _counted(fee, counts) if kind.text("counted") == BY_ACCOUNT else fee


def _counted(fee: Fee, counts: tuple[tuple[date, int], ...]) -> Fee:
    return replace(fee, counts=counts, counted=ACCOUNTS)


def monthly(contract: Contract, prices: Prices, on: date, count: int) -> Yen | None:
    """The base monthly fee on a day for so many accounts, None where a price was not told."""
    by_account = TERMS.editions[-1].value("kinds")[contract.kind].text("counted") == BY_ACCOUNT
    return base_price(lambda fee: prices.on(on, fee, contract), by_account, count).amount


def option_monthly(
    contract: Contract, option: OptionTaken, prices: Prices, on: date, count: int
) -> Yen | None:
    """An option's monthly fee on a day for so many accounts, None where no price was told."""
    about = {"option": option.name}
    return option_price(lambda fee: prices.on(on, fee, contract, about, option.quotes), count).amount


def state(charge: Charge, contract: Contract, prices: Prices, edition: Edition) -> Stated | Missing:
    """A charge in words and figures; a settlement by the fee of its day, whatever that is made of."""
    count = charge.detail.get("accounts")
    if type(count) is not int:
        return tariff.state(charge, contract, prices, edition)
    on, told = charge.due_on, prices
    if charge.name == "settlement":
        told = _whole("monthly", monthly(contract, prices, on, count), on, prices)
    elif charge.name == "option-settlement":
        option = next(
            (each for each in reversed(contract.options) if each.name == charge.detail.get("option")), None
        )
        fee = option_monthly(contract, option, prices, on, count) if option else None
        told = _whole("option-monthly", fee, on, prices)
    stated = tariff.state(charge, contract, told, edition)
    if isinstance(stated, Missing):
        return stated
    counted = Words(f"{count} アカウントで数えた月額", f"the monthly fee counts {count} accounts")
    return replace(stated, steps=(*stated.steps, counted))


def credit(given: Credit, contract: Contract, prices: Prices, edition: Edition) -> Stated:
    """A credit as a part of the fee of the day the operator knew."""
    known = [day_of(each.known_at) for each in map(outage_of, contract.outages) if each.id == given.outage]
    on = known[0] if known else given.claimed_on
    fee = monthly(contract, prices, on, accounts_on(contract, on))
    return tariff.credit(given, contract, _whole("monthly", fee, on, prices), edition)


def _whole(fee: str, amount: Yen | None, on: date, prices: Prices) -> Prices:
    """Prices that tell a fee as one sum on a day; as they were where it cannot be told."""
    return prices if amount is None else Prices((Quote(fee, amount, Span(on, on), 0),))


TARIFF = Tariff(
    terms=TERMS,
    subject=subject,
    fees=lambda contract, edition: tuple(fees(contract, edition)),
    state=state,
    credit=credit,
)
