"""What remains of a term, exactly, and never a missing fee as 0."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kitei.accounts.settlement import settle_remainder, settle_unstarted
from kitei.ledger.contracts import MinimumTerm
from kitei.terms import Conventions, Reading, Setting, term_last_day
from kitei.values import Yen

DAY = date(2026, 4, 1)


def reading(**chosen: str) -> object:
    settings = [
        Setting(key.replace("__", ".").replace("_", "-"), value, date.min) for key, value in chosen.items()
    ]
    conventions = Conventions(settings)

    def read(key: str) -> Reading:
        return conventions.read(key, DAY)

    return read


def term(start: date, months: int = 12) -> MinimumTerm:
    return MinimumTerm(months, start, term_last_day(start, months), ())


starts, lengths, fees = (
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.sampled_from([12, 36]),
    st.integers(1, 10**7),
)


@given(starts, lengths, fees, st.integers(0, 1200))
def test_what_was_served_and_what_is_settled_make_the_whole_term(
    start: date, months: int, fee: int, served: int
) -> None:
    """Ending later never costs more, ending on the last day nothing, and never more than the whole term."""
    whole = term(start, months)
    effective = start + timedelta(days=served)
    found = settle_remainder(whole, effective, Yen(fee), reading())  # type: ignore[arg-type]
    later = settle_remainder(whole, effective + timedelta(days=1), Yen(fee), reading())  # type: ignore[arg-type]
    assert found.amount is not None and later.amount is not None
    assert later.amount <= found.amount <= months * fee
    assert (found.amount == 0) == (
        effective >= whole.last or (found.worth * fee < 1 and found.worth * fee * 2 < 1)
    )


@given(starts, lengths, fees, st.integers(1, 11))
def test_whole_months_are_whole_fees(start: date, months: int, fee: int, left: int) -> None:
    whole = term(start, months)
    effective = term_last_day(start, months - left)
    found = settle_remainder(whole, effective, Yen(fee), reading())  # type: ignore[arg-type]
    if start.day <= 28:
        assert found.amount == left * fee and found.days == 0


@given(starts, lengths, fees, st.integers(1, 400))
def test_a_term_that_never_began_costs_its_whole_and_no_more(
    start: date, months: int, fee: int, before: int
) -> None:
    effective = start - timedelta(days=before)
    found = settle_remainder(term(start, months), effective, Yen(fee), reading())  # type: ignore[arg-type]
    assert found.amount == months * fee and found.review
    read = reading(settlement__before_billing_start="nothing")
    assert settle_remainder(term(start, months), effective, Yen(fee), read).amount == 0  # type: ignore[arg-type]


def test_a_missing_fee_is_not_zero_unless_nothing_remains() -> None:
    whole = term(DAY)
    read = reading()
    assert settle_remainder(whole, date(2026, 6, 1), None, read).amount is None  # type: ignore[arg-type]
    assert settle_remainder(whole, whole.last, None, read).amount == 0  # type: ignore[arg-type]
    assert settle_unstarted(12, None, read).amount is None  # type: ignore[arg-type]


def test_readings_change_the_amount_and_are_carried() -> None:
    whole, day = term(DAY), date(2026, 6, 10)
    for way, amount in (("whole-months", 9), ("started-months", 10)):
        found = settle_remainder(whole, day, Yen(1), reading(settlement__remaining=way))  # type: ignore[arg-type]
        assert found.amount == amount and ("settlement.remaining", way) in found.conventions
    nothing = settle_unstarted(12, Yen(1), reading(settlement__before_billing_start="nothing"))  # type: ignore[arg-type]
    assert nothing.amount == 0 and nothing.review
    last = settle_remainder(whole, whole.last, Yen(30), reading(term__boundary="settlement"))  # type: ignore[arg-type]
    assert (last.days, last.amount) == (1, 1)
