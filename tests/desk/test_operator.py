"""The operator's own facts: lists that hold nothing until made, and the quote that answers."""

from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from kitei.desk import Operator, operator_of, quote_json, quote_of, quoted
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Quote
from kitei.values import JST, Json, Span, Yen

AT = datetime(2026, 4, 1, tzinfo=JST)
DAY = date(2026, 4, 1)


def said(*facts: tuple[str, str, dict[str, Json]]) -> Operator:
    entries = [
        Entry(at, stream, at, Fact(kind, body, DAY), AT, "operator", "", "")
        for at, (stream, kind, body) in enumerate(facts, 1)
    ]
    return operator_of(entries, "managed-vpn-pro")


def test_a_list_never_made_holds_nothing_and_one_made_matches_as_the_terms_do() -> None:
    assert not Operator().designates("equivalent-devices", "Router")
    operator = said(("operator", "operator.listed", {"list": "l", "entries": ["ルータ Ａ"]}))
    assert operator.designates("l", "ルータA") and not operator.designates("l", "ルータB")


def test_pairs_have_a_direction() -> None:
    operator = said(("operator", "operator.listed", {"list": "l", "entries": [["a", "b"]]}))
    assert operator.pairs("l", "A", "b") and not operator.pairs("l", "b", "a")


def test_what_was_said_later_counts_and_of_another_service_does_not() -> None:
    operator = said(
        ("operator", "operator.set", {"name": "max-children", "value": 5}),
        ("operator", "operator.set", {"name": "max-children", "value": 7}),
        ("operator", "operator.set", {"name": "max-children", "value": 9, "service": "other"}),
    )
    assert operator.number("max-children") == 7 and operator.number("unset") is None


def quote(amount: int, first: date = DAY, last: date | None = None, seq: int = 0, **scope: str) -> Quote:
    return Quote("monthly", Yen(amount), Span(first, last), seq, tuple(sorted(scope.items())))


def test_the_most_narrowly_scoped_quote_answers_and_of_those_the_latest() -> None:
    told = [quote(1), quote(2, kind="child"), quote(3, seq=5, kind="child"), quote(4, kind="child", item="x")]
    found = quoted(told, "monthly", DAY, {"kind": "child", "item": "y"})
    assert found is not None and found.amount == 3
    parent = quoted(told, "monthly", DAY, {"kind": "parent"})
    assert parent is not None and parent.amount == 1


def test_no_quote_is_no_quote() -> None:
    assert quoted([quote(1, last=DAY)], "monthly", date(2026, 4, 2), {}) is None
    assert quoted([quote(1)], "initial", DAY, {}) is None


@given(
    st.integers(0, 10**9),
    st.none() | st.dates(DAY),
    st.dictionaries(st.text(min_size=1), st.text(), max_size=3),
)
def test_a_quote_is_read_back_as_it_was_written(
    amount: int, last: date | None, scope: dict[str, str]
) -> None:
    told = Quote("monthly", Yen(amount), Span(DAY, last), 3, tuple(sorted(scope.items())))
    assert quote_of(quote_json(told), 3) == told
