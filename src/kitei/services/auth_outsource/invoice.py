"""Authentication Outsource's side of an invoice: what it charges, in words and figures (art. 10 to 12, Schedules 1 to 3).

What a group costs a month is as its customer was told: one sum, or a price for each account contracted.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from kitei.accounts.tariff import Fee, Missing, Prices, Stated, Subject, Tariff
from kitei.clauses import tariff
from kitei.ledger.contracts import Charge, Contract, Credit, Quote
from kitei.services.auth_outsource.contract import accounts_on, counts, text
from kitei.services.auth_outsource.edition import TERMS
from kitei.terms import Edition
from kitei.values import Span, Words, Yen, day_of
from kitei.watch import outage_of

_ACCOUNTS = Words("アカウント", "accounts")
_BY_ACCOUNT = "monthly-account"


def subject(contract: Contract) -> Subject:
    """A contract by its kind and item, and what sets it apart: a client's terminal, else the realm."""
    edition = TERMS.editions[-1]
    kind = edition.value("kinds")[contract.kind].name
    item = edition.value("items")[contract.item].name if contract.item else Words("", "")
    own = text(contract.body, "ip") or text(contract.body, "realm") or contract.id
    return Subject(
        Words(
            f"{kind.ja} {item.ja} {own}".replace("  ", " "), f"{kind.en} {item.en} {own}".replace("  ", " ")
        ),
        (contract.customer, contract.kind, contract.id),
    )


def fees(contract: Contract, edition: Edition) -> Iterator[Fee]:
    """The base fee from billing start, whole or by account, and each option's from its own."""
    by_days = counts(contract)
    for fee in tariff.fees(contract, edition):
        if fee.fee != "monthly" or not by_days:
            yield fee
            continue
        words = edition.value("fees")[_BY_ACCOUNT].name
        yield replace(fee, if_told=True)
        yield replace(fee, unless=("monthly", _BY_ACCOUNT))  # nothing was told: that is what is missing
        yield replace(
            fee,
            fee=_BY_ACCOUNT,
            words=words,
            counts=by_days,
            counted=_ACCOUNTS,
            unless=("monthly",),
            if_told=True,
        )


def state(charge: Charge, contract: Contract, prices: Prices, edition: Edition) -> Stated | Missing:
    """A charge in words and figures; a settlement by the fee of its day, whatever that is made of."""
    told = _whole(contract, charge.due_on, prices) if charge.name == "settlement" else prices
    return tariff.state(charge, contract, told, edition)


def credit(given: Credit, contract: Contract, prices: Prices, edition: Edition) -> Stated:
    """A credit as a part of the fee of the day the operator knew."""
    known = [day_of(each.known_at) for each in map(outage_of, contract.outages) if each.id == given.outage]
    on = known[0] if known else given.claimed_on
    return tariff.credit(given, contract, _whole(contract, on, prices), edition)


def _whole(contract: Contract, on: date, prices: Prices) -> Prices:
    """Prices that tell a fee by account as one sum on a day; as they were where none was told so."""
    count = accounts_on(contract, on)
    each = prices.on(on, _BY_ACCOUNT, contract, {}, ())
    if count is None or each is None or prices.on(on, "monthly", contract, {}, ()) is not None:
        return prices
    return Prices((Quote("monthly", Yen(each.amount * count), Span(on, on), 0),))


TARIFF = Tariff(
    terms=TERMS,
    subject=subject,
    fees=lambda contract, edition: tuple(fees(contract, edition)),
    state=state,
    credit=credit,
)
