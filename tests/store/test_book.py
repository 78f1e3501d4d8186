"""The ledger keeps its promises on every store: all or none, in order, append-only, two times."""

import multiprocessing
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kitei.ledger import ConcurrentAppend, Fact, standing, strike, verify
from kitei.store import SqlBook, open_book
from kitei.values import JST

DAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=JST)


def fact(kind: str = "contract.amended", on: date = DAY, **body: Any) -> Fact:
    return Fact(kind, body, on, ("managed-vpn-pro@2024-05-01#art:9.2",))


def put(book: SqlBook, *facts: tuple[str, Fact], **more: Any) -> Any:
    return book.append(facts, actor="desk", at=NOON, **more)


def test_what_was_appended_is_what_is_read(book: SqlBook) -> None:
    written = put(book, ("contract:c-1", fact(name="本社", lans=("10.1.0.0/16",))), ("intent", fact()))
    assert tuple(book.read()) == written
    assert [(e.seq, e.stream, e.version) for e in written] == [(1, "contract:c-1", 1), (2, "intent", 1)]
    assert written[0].fact.body == {"name": "本社", "lans": ["10.1.0.0/16"]}
    assert written[0].recorded_at == NOON and written[0].recorded_at.utcoffset() == timedelta(hours=9)


def test_an_empty_book_is_whole_and_its_head_is_zero(book: SqlBook) -> None:
    assert book.head() == 0
    assert list(book.read()) == []
    assert verify(book).is_whole


def test_a_stream_is_read_alone_and_positions_bound_the_reading(book: SqlBook) -> None:
    put(book, ("a", fact(n=1)), ("b", fact(n=2)), ("a", fact(n=3)), ("b", fact(n=4)))
    assert [e.seq for e in book.read("a")] == [1, 3]
    assert [e.seq for e in book.read(after=1, upto=3)] == [2, 3]
    assert [e.version for e in book.read("b")] == [1, 2]
    assert book.version("b") == 2 and book.version("c") == 0


def test_a_reading_on_a_day_sees_only_what_is_in_effect(book: SqlBook) -> None:
    put(book, ("a", fact(on=date(2026, 12, 1))), ("a", fact(on=DAY)))
    assert [e.seq for e in book.read(on=DAY)] == [2]
    assert [e.seq for e in book.read(on=date(2026, 12, 1))] == [1, 2]


def test_long_books_are_read_whole_and_in_order(book: SqlBook) -> None:
    put(book, *[(f"s:{n % 7}", fact(n=n)) for n in range(4500)])
    assert [e.seq for e in book.read()] == list(range(1, 4501))
    assert len(list(book.read("s:3"))) == 643


def test_a_decision_made_on_an_older_version_is_not_recorded(book: SqlBook) -> None:
    put(book, ("a", fact()), expected={"a": 0})
    with pytest.raises(ConcurrentAppend) as refused:
        put(book, ("b", fact()), ("a", fact()), expected={"a": 0})
    assert (refused.value.stream, refused.value.expected, refused.value.found) == ("a", 0, 1)
    assert book.head() == 1, "the fact for the other stream was not recorded either"
    put(book, ("b", fact()), expected={"a": 1, "b": 0})


@pytest.mark.parametrize(
    ("stream", "bad", "says"),
    [
        ("a", Fact("amended", {}, DAY), "not a kind of fact"),
        ("a", Fact("contract.amended", {"price": 1.5}, DAY), "no exact JSON form"),  # type: ignore[dict-item]
        ("a", Fact("contract.amended", {"name": "a\0b"}, DAY), "U\\+0000"),
        ("a", Fact("contract.amended", {"name": "\ud800"}, DAY), "surrogates"),
        ("a", Fact("contract.amended", {}, NOON), "not a day"),
        (" a", Fact("contract.amended", {}, DAY), "not a stream"),
    ],
)
def test_what_no_entry_can_hold_is_refused_whole(book: SqlBook, stream: str, bad: Fact, says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        put(book, ("good", fact()), (stream, bad))
    assert book.head() == 0


def test_an_instant_without_a_zone_is_refused(book: SqlBook) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        book.append([("a", fact())], actor="desk", at=datetime(2026, 11, 2))  # noqa: DTZ001


def test_backslash_u_spelled_out_is_a_text_like_any_other(book: SqlBook) -> None:
    (entry,) = put(book, ("a", fact(name="\\u0000")))
    assert entry.fact.body == {"name": "\\u0000"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET actor = 'someone else'",
        "UPDATE entry SET body = '{}' WHERE seq = 1",
        "DELETE FROM entry",
        "DELETE FROM head",
        "INSERT INTO entry SELECT seq + 5, stream, version + 5, kind, body, effective_on, recorded_at,"
        " actor, cites, prev_hash, hash FROM entry",
    ],
)
def test_the_database_itself_refuses_to_rewrite(book: SqlBook, statement: str) -> None:
    put(book, ("a", fact()))
    with pytest.raises(DBAPIError), book.writing() as connection:
        connection.execute(text(statement))
    assert verify(book).is_whole and book.head() == 1


def test_the_database_refuses_replacement_and_truncation(book: SqlBook) -> None:
    put(book, ("a", fact()))
    statement = (
        "INSERT OR REPLACE INTO entry SELECT seq, stream, version, 'x.forged', body, effective_on,"
        " recorded_at, actor, cites, prev_hash, hash FROM entry"
        if book.engine.dialect.name == "sqlite"
        else "TRUNCATE entry"
    )
    with pytest.raises(DBAPIError, match="append-only"), book.writing() as connection:
        connection.execute(text(statement))
    assert verify(book).is_whole


def test_a_struck_entry_is_gone_today_and_still_there_in_the_old_answer(book: SqlBook) -> None:
    wrong, _ = put(book, ("a", fact(lan="10.2.0.0/16", on=date(2027, 1, 1))), ("b", fact(n=1)))
    before = book.head()
    put(book, ("a", strike(wrong, "wrong prefix")), ("a", fact(lan="10.3.0.0/16", on=date(2027, 1, 1))))
    now = [e.fact.body for e in standing(book.read("a"))]
    then = [e.fact.body for e in standing(book.read("a", upto=before))]
    assert now == [{"lan": "10.3.0.0/16"}] and then == [{"lan": "10.2.0.0/16"}]
    on_the_day = standing(book.read("a", on=date(2027, 1, 1)))
    assert [e.fact.body for e in on_the_day] == now


def test_a_fault_in_a_wider_transaction_takes_the_facts_with_it(book: SqlBook) -> None:
    with pytest.raises(RuntimeError), book.writing() as connection:
        book.append([("a", fact())], actor="desk", at=NOON, within=connection)
        raise RuntimeError("the other half failed")
    assert book.head() == 0 and verify(book).is_whole


def append_many(url: str, name: str, count: int) -> None:
    book = open_book(url)
    for n in range(count):
        book.append([(f"s:{name}", fact(n=n)), ("shared", fact(n=n))], actor=name, at=NOON)
    book.close()


def test_several_programs_append_at_once_and_nothing_is_lost(url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=append_many, args=(url, str(n), 25)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    book = open_book(url)
    found = verify(book)
    assert found.is_whole and found.count == 150
    assert [e.version for e in book.read("shared")] == list(range(1, 76))
    book.close()


def test_of_two_who_decided_on_the_same_version_one_records(book: SqlBook) -> None:
    put(book, ("a", fact()))
    outcomes: list[str] = []

    def decide(by: str) -> None:
        try:
            book.append([("a", fact(by=by))], actor=by, at=NOON, expected={"a": 1})
            outcomes.append("recorded")
        except ConcurrentAppend:
            outcomes.append("again")

    threads = [threading.Thread(target=decide, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["again", "again", "again", "recorded"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"], min_codepoint=1)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], min_codepoint=1), max_size=5), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(bodies=st.lists(st.dictionaries(st.sampled_from(["a", "b", "名"]), values), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_comes_back_as_it_went_in_and_the_chain_holds(book: SqlBook, bodies: list[Any]) -> None:
    after = book.head()
    written = put(book, *[("s", Fact("thing.noted", body, DAY)) for body in bodies])
    assert tuple(book.read(after=after)) == written
    assert [entry.fact.body for entry in written] == bodies
    assert all(entry.computed_hash() == entry.hash for entry in book.read(after=after))


def test_every_store_comes_to_the_same_hash(book: SqlBook) -> None:
    at = datetime(2026, 11, 2, 3, 0, 0, 123456, tzinfo=UTC)
    book.append([("a", fact(z=1, a=[True, None, 10**30], 名="値"))], actor="desk", at=at)
    assert book.tip()[1] == "9107dd91fe4cdb2b45bda61f4ffbf65be68203e1e6afb7cb6da75773cfa903db"
