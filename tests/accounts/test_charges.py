"""Monthly fees: whole months, parts of months, changing prices, missing ones."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from billed import MONTHLY, PROVIDER, SERVICE, Make, quote
from hypothesis import given
from hypothesis import strategies as st

from kitei.accounts import Closing, Incomplete, Line, Pricing, Recipient, owed_by_customer, settle
from kitei.ledger.contracts import Contract, Ending, Quote
from kitei.services.managed_vpn.invoice import TARIFF
from kitei.terms import Conventions, Setting
from kitei.values import Month, Span, Words, Yen

RECIPIENT = Recipient(Words("大和", "Yamato"))
NEVER = Conventions()


def lines(contract: Contract, closing: Closing) -> tuple[Line, ...]:
    result = settle(owed_by_customer([contract])["yamato"], RECIPIENT, closing)
    assert not isinstance(result, Incomplete), result.missing
    return result.lines


def missing(contract: Contract, closing: Closing) -> Incomplete:
    result = settle(owed_by_customer([contract])["yamato"], RECIPIENT, closing)
    assert isinstance(result, Incomplete)
    return result


def ending(day: str) -> Ending:
    return Ending(date.fromisoformat(day), "customer-notice", None, ())


def test_a_whole_month_costs_the_fee_and_cites_it(contract: Contract, closing: Make) -> None:
    (line,) = lines(contract, closing())
    assert (line.amount, line.unit, line.rate) == (30_000, 30_000, 10) and line.quantity == 1
    assert line.cites == (
        "managed-vpn-pro@2024-05-01#art:19.1.s2",
        "managed-vpn-pro@2024-05-01#schedule:1.2.1",
    )
    assert not line.review and line.conventions == ()


@pytest.mark.parametrize(
    ("way", "amount", "measure"),
    [
        ("calendar-days", 16_000, "16/30 days"),
        ("thirtieths", 16_000, "16/30 days"),
        ("whole-month", 30_000, "1 month"),
    ],
)
def test_a_month_that_begins_in_its_middle(
    contract: Contract, closing: Make, way: str, amount: int, measure: str
) -> None:
    begun = replace(contract, billing_start=date(2026, 6, 15))
    (line,) = lines(begun, closing(readings={"charge.partial-month": way}))
    assert (line.amount, line.measure.en) == (amount, measure)
    assert line.conventions[0] == ("charge.partial-month", way) and line.review


def test_days_count_by_the_length_of_the_month(contract: Contract, closing: Make) -> None:
    ended = replace(contract, ending=ending("2026-07-10"))
    (line,) = lines(ended, closing("2026-07"))
    assert (line.quantity, line.amount) == (Fraction(10, 31), 9_677)
    assert ("money.rounding", "half-up") in line.conventions
    (by_thirty,) = lines(ended, closing("2026-07", readings={"charge.partial-month": "thirtieths"}))
    assert by_thirty.amount == 10_000


def test_nothing_is_owed_before_billing_and_after_the_end(contract: Contract, closing: Make) -> None:
    assert lines(replace(contract, billing_start=None), closing()) == ()
    assert lines(replace(contract, billing_start=date(2026, 7, 1)), closing()) == ()
    assert lines(replace(contract, ending=ending("2026-05-31")), closing()) == ()
    assert len(lines(replace(contract, ending=ending("2026-06-01")), closing())) == 1, (
        "the last day is served"
    )
    ended_first = replace(contract, billing_start=date(2026, 6, 20), ending=ending("2026-06-10"))
    assert lines(ended_first, closing()) == ()


def test_a_new_price_inside_a_month_makes_two_lines(contract: Contract, closing: Make) -> None:
    told = [quote("monthly", 30_000, last="2026-06-10"), quote("monthly", 36_000, first="2026-06-11")]
    one, other = lines(contract, closing(quotes=told))
    assert (one.amount, other.amount) == (10_000, 24_000)
    assert (one.measure.en, other.measure.en) == ("10/30 days", "20/30 days")
    same = [quote("monthly", 30_000, last="2026-06-10"), quote("monthly", 30_000, first="2026-06-11")]
    assert [line.amount for line in lines(contract, closing(quotes=same))] == [30_000]


def test_a_quote_narrowed_to_the_contract_goes_first(contract: Contract, closing: Make) -> None:
    told = [MONTHLY, quote("monthly", 20_000, kind="child"), quote("monthly", 9, contract="kobe")]
    assert lines(contract, closing(quotes=told))[0].amount == 20_000
    own = replace(contract, quotes=(quote("monthly", 12_345),))
    assert lines(own, closing(quotes=told))[0].amount == 12_345


def test_without_a_quote_nothing_is_computed_and_it_is_said(contract: Contract, closing: Make) -> None:
    result = missing(contract, closing(quotes=()))
    (absent,) = result.missing
    assert (absent.contract, absent.fee, absent.since) == ("osaka", "monthly", date(2026, 6, 1))
    assert "cannot compute, quote monthly is missing" in result.words[0].en
    partly = missing(contract, closing(quotes=[quote("monthly", 30_000, last="2026-06-20")]))
    assert [m.since for m in partly.missing] == [date(2026, 6, 21)]
    assert [line.amount for line in partly.lines] == [20_000], "what can be computed is shown, not issued"


days = st.integers(0, 29).map(lambda more: date(2026, 6, 1) + timedelta(days=more))
months = st.sampled_from(["2026-02", "2026-06", "2026-07", "2028-02"]).map(Month.parse)


def _plain(first: date, last: date | None, way: str, month: Month, quotes: tuple[Quote, ...]) -> list[Line]:
    conventions = Conventions([Setting("charge.partial-month", way, date(2020, 1, 1))])
    contract = Contract(
        "osaka",
        SERVICE,
        "yamato",
        "child",
        "single-star-single-edge",
        "core",
        "",
        date(2024, 5, 1),
        first,
        first,
        None,
        Ending(last, "customer-notice", None, ()) if last else None,
        (),
        (),
        (),
        (),
        (),
        {"name": "大阪", "number": 1},
        (),
        1,
        1,
    )
    pricing = {SERVICE: Pricing(TARIFF, {"yamato": quotes}, conventions)}
    closing = Closing(month, month.plus(1).first, PROVIDER, pricing, conventions)
    return list(lines(contract, closing))


@given(months, st.integers(0, 40), st.integers(0, 40), st.integers(1, 100_000), st.data())
def test_parts_of_a_month_come_to_the_whole(
    month: Month, begin: int, cut: int, fee: int, data: st.DataObject
) -> None:
    """Two prices that are equal cost what one does, and a fee split at a day costs the fee, to a yen."""
    way = data.draw(st.sampled_from(["calendar-days", "thirtieths"]))
    start = month.first + timedelta(days=begin % month.last.day)
    change = month.first + timedelta(days=cut % month.last.day)
    open_quote = (Quote("monthly", Yen(fee), Span(date(2020, 1, 1)), 1),)
    (line,) = _plain(start, None, way, month, open_quote)
    assert line.amount == round_half_up(line.quantity * fee)
    assert 0 < line.quantity <= 1
    if start == month.first and change > start:
        dearer = (
            Quote("monthly", Yen(fee), Span(date(2020, 1, 1), change - timedelta(days=1)), 1),
            Quote("monthly", Yen(fee + 1), Span(change), 2),
        )
        found = _plain(start, None, way, month, dearer)
        assert sum((each.quantity for each in found), Fraction(0)) == 1


@given(months, st.integers(1, 27), st.integers(1, 100_000))
def test_who_leaves_and_who_comes_next_day_pay_one_fee_by_calendar_days(
    month: Month, last: int, fee: int
) -> None:
    quotes = (Quote("monthly", Yen(fee), Span(date(2020, 1, 1)), 1),)
    day = month.first + timedelta(days=last - 1)
    (one,) = _plain(date(2025, 1, 1), day, "calendar-days", month, quotes)
    (other,) = _plain(day + timedelta(days=1), None, "calendar-days", month, quotes)
    assert one.quantity + other.quantity == 1
    assert abs(one.amount + other.amount - fee) <= 1


def round_half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))
