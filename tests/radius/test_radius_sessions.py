"""Sessions from accounting as the network really sends it: twice, late, out of order, or not at all."""

import json

from hypothesis import given
from hypothesis import strategies as some

from kitei.radius.sessions import Event, Sessions, event_of

NOON = 1_800_000_000.0
statuses = some.sampled_from(["Start", "Interim-Update", "Stop", "Accounting-On", "Accounting-Off"])


@some.composite
def events(draw: some.DrawFn) -> list[Event]:
    at, told = NOON, []
    for _ in range(draw(some.integers(0, 25))):
        at += draw(some.floats(0, 4000))
        user = draw(some.sampled_from(["alice", "bob"]))
        session = f"{user}-{draw(some.integers(0, 2))}"
        port = draw(some.sampled_from(["", "1", "2"]))
        client = draw(some.sampled_from(["192.0.2.1", "192.0.2.2"]))
        counts = draw(some.integers(0, 9)), draw(some.integers(0, 9))
        told.append(Event(at, client, draw(statuses), session, "shop.example", user, port, "", *counts))
    return told


def state(book: Sessions) -> str:
    return json.dumps({name: list(rows) for name, rows in book.snapshot()}, sort_keys=True)


@given(events())
def test_counts_are_those_of_the_open_sessions(told) -> None:
    book = Sessions()
    for event in told:
        book.hear(event)
        for user in ("alice", "bob"):
            together, own = book.count("shop.example", user)
            assert together == sum(1 for _ in book) and own == sum(s.user == user for s in book)


@given(events())
def test_what_comes_twice_counts_once(told) -> None:
    once, twice = Sessions(), Sessions()
    for event in told:
        once.hear(event)
        twice.hear(event)
        if event.status != "Start":
            twice.hear(event)
    assert once.octets("shop.example", "alice") == twice.octets("shop.example", "alice")
    assert {(s.client, s.session) for s in once} == {(s.client, s.session) for s in twice}


@given(events(), some.integers(0, 25))
def test_a_restart_anywhere_changes_nothing(told, at) -> None:
    straight = Sessions()
    for event in told:
        straight.hear(event)
    book = Sessions()
    for event in told[:at]:
        book.hear(event)
    book = Sessions.restored(json.loads(state(book)))
    for event in told[at:]:
        book.hear(event)
    assert state(book) == state(straight)


def test_a_lost_stop_does_not_hold_a_place_for_ever() -> None:
    book = Sessions()
    start = Event(NOON, "192.0.2.1", "Start", "s1", "shop.example", "alice", "1")
    book.hear(start)
    assert [e.why for e in book.hear(start._replace(session="s2", at=NOON + 9))] == ["port-taken"]
    book.hear(start._replace(status="Interim-Update", session="s2", at=NOON + 609))
    assert book.tidy(NOON + 609 + 1700) == []
    assert [e.why for e in book.tidy(NOON + 609 + 1900)] == ["silent"]
    assert book.count("shop.example", "alice") == (0, 0)
    book.hear(start._replace(session="s3", at=NOON + 9000))
    assert [e.why for e in book.hear(Event(NOON + 9005, "192.0.2.1", "Accounting-On"))] == ["restart"]


def test_traffic_is_of_the_month_in_japan() -> None:
    book = Sessions()
    evening = 1_798_729_200.0 - 1  # 2026-12-31T23:59:59+09:00
    one = Event(evening, "192.0.2.1", "Interim-Update", "s1", "shop.example", "alice", received=5, sent=6)
    book.hear(one)
    assert book.octets("shop.example", "alice") == (11, 11)
    book.hear(one._replace(at=evening + 1, sent=10))
    assert book.octets("shop.example", "alice") == (4, 4)
    book.hear(one._replace(at=evening - 100, sent=11))
    assert book.octets("shop.example", "alice") == (5, 5), "a clock set back does not bring the month back"


def test_counters_of_64_bits_are_read() -> None:
    row = (NOON, "192.0.2.1", "Stop", "s1", "alice@shop.example", "", "", 7, 0, 2, 0, 0, 9, 1)
    event = event_of(row, "shop.example", "alice")
    assert event.received == (2 << 32) + 7 and event.at == NOON - 9


YEAR = 366 * 86_400.0


@given(events(), some.sampled_from([-3 * YEAR, -86_400.0, -3_600.0, 3_600.0, 86_400.0, YEAR]))
def test_a_clock_that_is_set_neither_ends_nor_begins_anything(told, step) -> None:
    book = Sessions()
    for event in told:
        book.hear(event)
    now = told[-1].at if told else NOON
    counts, octets = book.count("shop.example", "alice"), book.octets("shop.example", "alice")
    book.shift(step, now + step)
    assert book.count("shop.example", "alice") == counts
    assert book.octets("shop.example", "alice") == octets
    there_and_back = Sessions.restored(json.loads(state(book)))
    there_and_back.shift(-step, now)
    before = Sessions()
    for event in told:
        before.hear(event)
    near = lambda each: tuple(round(x, 3) if isinstance(x, float) else x for x in each)  # noqa: E731
    assert list(map(near, there_and_back)) == list(map(near, before))
    assert [near(e.session) for e in book.tidy(now + step)] == [
        near(e.session._replace(since=e.session.since + step, heard=e.session.heard + step))
        for e in before.tidy(now)
    ]


def test_a_session_whose_stop_was_lost_ends_in_time_though_the_clock_was_ahead() -> None:
    book = Sessions()
    ahead = NOON + 10 * YEAR
    book.hear(Event(ahead, "192.0.2.1", "Start", "s1", "shop.example", "alice"))
    book.shift(-10 * YEAR, NOON)
    assert book.count("shop.example", "alice") == (1, 1)
    book.tidy(NOON + 2 * 86_400)
    assert book.count("shop.example", "alice") == (0, 0)


def test_traffic_of_a_month_is_neither_lost_nor_kept_for_years_by_a_clock() -> None:
    book = Sessions()
    book.hear(Event(NOON, "192.0.2.1", "Interim-Update", "s1", "shop.example", "alice", received=100))
    book.shift(YEAR, NOON + YEAR)
    book.hear(
        Event(NOON + YEAR + 1, "192.0.2.1", "Interim-Update", "s1", "shop.example", "alice", received=150)
    )
    book.shift(-YEAR, NOON + 2)
    assert book.octets("shop.example", "alice") == (150, 150)
    book.hear(
        Event(NOON + 40 * 86_400, "192.0.2.1", "Interim-Update", "s1", "shop.example", "alice", received=160)
    )
    assert book.octets("shop.example", "alice") == (10, 10), (
        "the next month has come, though not the next year"
    )
