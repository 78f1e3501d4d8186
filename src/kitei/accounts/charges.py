"""Lines of an invoice: monthly fees by the day, one-time charges, and credits.

Conventions: `charge.partial-month`, `charge.credit-month`, `tax.compensation`, `money.rounding`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from kitei.accounts.invoice import Line
from kitei.accounts.tariff import Fee, Missing, Prices, Pricing, Stated, Subject
from kitei.accounts.tax import rounded, standard_rate
from kitei.ledger.contracts import Charge, Contract, Credit, Quote
from kitei.terms import Edition, Reading
from kitei.values import Month, Span, Words, Yen

ONE = Fraction(1)
MONTHLY = Words("1 か月", "1 month")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Account:
    """One contract's side of one month: its subject, its service's prices, the customer's quotes."""

    contract: Contract
    subject: Subject
    pricing: Pricing
    prices: Prices
    month: Month

    def reading(self, key: str, on: date | None = None) -> Reading:
        """How a convention is read on a day, of itself the last of the month."""
        return self.pricing.conventions.read(key, on or self.month.last)


def monthly_lines(account: Account, fee: Fee) -> Iterator[Line | Missing]:
    """A monthly fee for the days of it that lie in the month, in one line for each price."""
    owed = _within(fee.days, account.month)
    if owed is None:
        return
    edition = account.pricing.tariff.edition(owed.first)
    cites = _cited(edition, fee.paths)
    partial, rounding = account.reading("charge.partial-month"), account.reading("money.rounding")
    spans = (owed,) if partial.value == "whole-month" else tuple(_spans(account, fee, owed))
    used = 0
    for span in spans:
        if any(_told(account, fee, span.first, other) for other in fee.unless):
            continue
        quote = _told(account, fee, span.first, fee.fee)
        if quote is None and fee.if_told:
            continue
        if quote is None:
            yield Missing(account.contract.id, fee.fee, span.first, fee.words, cites)
            continue
        whole = partial.value == "whole-month" or span == account.month.span
        count = _length(span)
        if partial.value == "thirtieths":
            count, parts = _of_thirty(span, account.month, used), 30
            used += count
        else:
            parts = account.month.last.day
        quantity = ONE if whole else Fraction(count, parts)
        times = fee.times(span.first)
        exact = quantity * times * quote.amount
        split = () if span == account.month.span else (partial.pair,)
        yield Line(
            contract=account.contract.id,
            subject=account.subject.words,
            name=fee.name,
            words=fee.words,
            quantity=quantity * times,
            unit=quote.amount,
            amount=rounded(exact, rounding.value),
            measure=_measure(
                fee, times, MONTHLY if whole else Words(f"{count}/{parts} 日", f"{count}/{parts} days")
            ),
            rate=standard_rate(_last(span)) or None,
            period=span,
            cites=cites,
            conventions=(*split, rounding.pair) if exact.denominator > 1 else split,
            review=bool(split) and partial.review,
        )


def _told(account: Account, fee: Fee, on: date, name: str) -> Quote | None:
    """The price of a fee on a day, or of another that would go before it."""
    return account.prices.on(on, name, account.contract, fee.about, fee.quotes)


def _measure(fee: Fee, times: int, share: Words) -> Words:
    if fee.counted is None:
        return share
    return Words(f"{times} {fee.counted.ja} × {share.ja}", f"{times} {fee.counted.en} × {share.en}")


def _within(days: Span, month: Month) -> Span | None:
    first = max(days.first, month.first)
    last = month.last if days.last is None else min(days.last, month.last)
    return Span(first, last) if first <= last else None


def _spans(account: Account, fee: Fee, owed: Span) -> Iterator[Span]:
    """The owed days, cut wherever another price or another count begins to hold."""
    cuts, names = {since for since, _ in fee.counts}, (fee.fee, *fee.unless)
    for name in names:
        for quote in account.prices.quotes(name, account.contract, fee.quotes):
            if quote.name == name:
                cuts |= {quote.valid.first, (quote.valid.last or date.max - DAY) + DAY}
    begins = [owed.first, *sorted(cut for cut in cuts if owed.first < cut <= _last(owed))]
    if len(begins) == 1:
        yield owed
        return
    prices = [tuple(_told(account, fee, day, name) for name in names) for day in begins]
    first = begins[0]
    for index, begin in enumerate(begins[1:], 1):
        one, other = prices[index - 1], prices[index]
        if _amounts(one) != _amounts(other) or fee.times(first) != fee.times(begin):
            yield Span(first, begin - DAY)
            first = begin
    yield Span(first, owed.last)


def _amounts(told: Sequence[Quote | None]) -> tuple[Yen | None, ...]:
    return tuple(quote.amount if quote else None for quote in told)


def _of_thirty(span: Span, month: Month, used: int) -> int:
    """How many thirtieths a span is worth: its days, and what is left of thirty where it ends a whole month."""
    ends_whole = _last(span) == month.last and (used or span.first == month.first)
    whole_before = used == (span.first - month.first).days
    return 30 - used if ends_whole and whole_before else min(_length(span), 30 - used)


def charge_line(account: Account, charge: Charge) -> Line | Missing:
    """A one-time charge. Its recorded amount stands; one left open takes a price told since, or is missing."""
    edition = account.pricing.tariff.edition(charge.due_on)
    stated = account.pricing.tariff.state(charge, account.contract, account.prices, edition)
    if isinstance(stated, Missing):
        return stated
    rounding = account.reading("money.rounding", charge.due_on)
    exact = stated.quantity * stated.unit
    amount = charge.amount if charge.amount is not None else rounded(exact, rounding.value)
    agrees = amount == rounded(exact, rounding.value)
    rate, taxed, review = _rate(account, stated, charge.due_on)
    known = dict(charge.conventions)
    return Line(
        contract=account.contract.id,
        subject=account.subject.words,
        name=charge.name,
        words=stated.words,
        quantity=stated.quantity if agrees else ONE,
        unit=stated.unit if agrees else amount,
        amount=amount,
        measure=stated.measure if agrees else ONCE,
        rate=rate,
        period=stated.period or Span(charge.due_on, charge.due_on),
        cites=charge.cites,
        conventions=(*charge.conventions, *(pair for pair in taxed if pair[0] not in known)),
        steps=stated.steps,
        review=stated.review or review,
    )


ONCE = Words("一式", "lump sum")


def _rate(account: Account, stated: Stated, on: date) -> tuple[int | None, tuple[tuple[str, str], ...], bool]:
    if stated.nature == "supply":
        return standard_rate(on) or None, (), False
    reading = account.reading("tax.compensation", on)
    rate = standard_rate(on) or None if reading.value == "taxed" else None
    return rate, (reading.pair,), reading.review


def credit_line(account: Account, credit: Credit) -> Line:
    """A credit as a negative line: it gives back part of a fee, at the tax rate that fee bore."""
    edition = account.pricing.tariff.edition(credit.claimed_on)
    stated = account.pricing.tariff.credit(credit, account.contract, account.prices, edition)
    when, rounding = (
        account.reading("charge.credit-month", credit.claimed_on),
        account.reading("money.rounding"),
    )
    agrees = rounded(stated.quantity * stated.unit, rounding.value) == credit.amount
    known = dict(credit.conventions)
    return Line(
        contract=account.contract.id,
        subject=account.subject.words,
        name="credit",
        words=stated.words,
        quantity=-stated.quantity if agrees else -ONE,
        unit=stated.unit if agrees else credit.amount,
        amount=Yen(-credit.amount),
        measure=stated.measure if agrees else ONCE,
        rate=standard_rate(stated.period.first if stated.period else credit.claimed_on) or None,
        period=stated.period,
        cites=credit.cites,
        conventions=(*credit.conventions, *(pair for pair in (when.pair,) if pair[0] not in known)),
        steps=stated.steps,
        review=stated.review or when.review,
    )


def is_credited_in(account: Account, credit: Credit) -> bool:
    """Whether a credit stands on this month's invoice, by the reading of the day it was claimed."""
    when = account.reading("charge.credit-month", credit.claimed_on)
    month = Month.of(credit.claimed_on)
    return account.month == (month if when.value == "claim-month" else month.plus(1))


def _cited(edition: Edition, paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(edition.cite(path)) for path in paths)


def _length(span: Span) -> int:
    return (_last(span) - span.first).days + 1


def _last(span: Span) -> date:
    assert span.last is not None  # cut to a month
    return span.last
