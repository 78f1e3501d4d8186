"""Accounting late, twice, in another order, to two nodes, and past 4 GiB: the book comes out the same."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from kitei.radius.sessions import Event, Sessions, event_of

NOON = 1_800_000_000.0
REALM = "shop.example"
NAS = "192.0.2.1"


@some.composite
def lives(draw: some.DrawFn) -> list[Event]:
    """What access servers really had: sessions with growing counters, one after the other on a port, and restarts."""
    told: list[Event] = []
    at = NOON
    for number in range(draw(some.integers(1, 6))):
        user = draw(some.sampled_from(["alice", "bob"]))
        place = (f"s{number}", REALM, user, draw(some.sampled_from(["", "", "1"])), "")
        begun = at = at + draw(some.floats(1, 100))
        words, counters = draw(some.integers(0, 3)), (0, 0)
        told.append(Event(at, NAS, "Start", *place))
        for word in range(words + 1):
            at += draw(some.floats(1, 100))
            counters = (counters[0] + draw(some.integers(0, 9)), counters[1] + draw(some.integers(0, 9)))
            status = (
                "Interim-Update"
                if word < words
                else draw(some.sampled_from(["Stop", "Stop", "Interim-Update"]))
            )
            told.append(Event(at, NAS, status, *place, *counters, int(at - begun)))
        if draw(some.integers(0, 9)) == 0:
            at += 1
            told.append(Event(at, NAS, "Accounting-On"))
    return told


def book_of(told: list[Event]) -> Sessions:
    book = Sessions()
    for event in told:
        book.hear(event)
    return book


def seen(book: Sessions) -> object:
    users = ("alice", "bob")
    return (
        sorted((s.session, s.received, s.sent, s.since) for s in book),
        [book.count(REALM, user) for user in users],
        [book.octets(REALM, user) for user in users],
    )


@given(lives(), some.randoms(use_true_random=False))
def test_another_order_makes_the_same_book(told, chance) -> None:
    """All within the time in which a late packet is known for one."""
    late = sorted(told, key=lambda event: event.at + chance.uniform(0, 60))
    late = [each for each in late for _ in range(chance.choice((1, 1, 2)))]
    there, here = book_of(late), book_of(told)
    assert seen(there) == seen(here)


@given(lives(), some.randoms(use_true_random=False))
def test_two_nodes_that_tell_each_other_keep_one_book(told, chance) -> None:
    one, other = Sessions(), Sessions()
    waiting: list[tuple[float, Sessions, Event, str]] = []
    for event in told:
        first = chance.random() < 0.5
        near, far = (one, other) if first else (other, one)
        if chance.random() < 0.2:  # its answer was lost, and the client asks the other one too
            waiting.append((event.at + chance.uniform(0, 3), far, event, ""))
        waiting.append((event.at, near, event, ""))
        waiting.append((event.at + chance.uniform(0, 5), far, event, "one" if first else "other"))
    for _, book, event, teller in sorted(waiting, key=lambda each: each[0]):
        book.hear(event, teller)
    assert seen(one) == seen(other)
    assert seen(one)[1:] == seen(book_of(told))[1:], "and it is the book of a node that heard all"


@given(lives(), some.integers(0, 30))
def test_a_node_that_was_away_is_told_what_it_missed(told, at) -> None:
    stayed, away = book_of(told), book_of(told[:at])
    for _ in range(2):  # to be told twice changes nothing
        for word in stayed.words(1000):
            away.hear(Event(*json.loads(json.dumps(word))), "other")
    open_there = {s.session: (s.received, s.sent) for s in away}
    open_here = {s.session: (s.received, s.sent) for s in stayed}
    assert open_here.items() <= open_there.items()
    ended_by_stop = {e.session for e in told if e.status == "Stop"}
    assert not ended_by_stop & open_there.keys()


@given(some.lists(some.integers(0, (1 << 31) - 1), min_size=1, max_size=12), some.booleans())
def test_traffic_past_4_gib_is_counted_with_gigawords_and_without(steps, has_gigawords) -> None:
    book, total = Sessions(), 0
    for number, step in enumerate(steps, 1):
        total += step
        high = total >> 32 if has_gigawords else 0
        name = "alice@shop.example"
        row = (NOON + number, NAS, "Interim-Update", "s1", name, "", "", total % (1 << 32), 0, high, 0)
        event = event_of((*row, 600 * number, 0, int(has_gigawords)), REALM, "alice")
        book.hear(event)
    assert book.octets(REALM, "alice") == (total, total)


@given(some.lists(some.integers(0, 1 << 34), min_size=2, max_size=9), some.randoms(use_true_random=False))
def test_counters_with_gigawords_in_any_order_count_the_largest(counters, chance) -> None:
    told = [Event(NOON + i, NAS, "Interim-Update", "s1", REALM, "alice", "", "", n, 0, i, "", True)
            for i, n in enumerate(sorted(counters))]  # fmt: skip
    chance.shuffle(told)
    assert book_of(told).octets(REALM, "alice") == (max(counters), max(counters))


def test_a_start_that_comes_after_its_stop_holds_no_place() -> None:
    start = Event(NOON, NAS, "Start", "s1", REALM, "alice")
    book = book_of([start, start._replace(at=NOON + 9, status="Stop"), start._replace(at=NOON + 10)])
    assert book.count(REALM, "alice") == (0, 0)
    book.hear(start._replace(at=NOON + 9000))
    assert book.count(REALM, "alice") == (1, 1), (
        "an access server that counts from one again has new sessions"
    )


def test_one_held_for_silent_that_speaks_again_lives_and_its_traffic_counts_once() -> None:
    word = Event(NOON, NAS, "Interim-Update", "s1", REALM, "alice", received=10)
    book = book_of([word, word._replace(at=NOON + 60, received=20)])
    assert [e.why for e in book.tidy(NOON + 9000)] == ["silent"]
    book.hear(word._replace(at=NOON + 9001, received=30))
    assert book.count(REALM, "alice") == (1, 1) and book.octets(REALM, "alice") == (30, 30)


def test_sessions_that_share_a_port_do_not_end_each_other_for_long() -> None:
    """Wireless access servers have one port for all."""
    word = Event(NOON, NAS, "Start", "s1", REALM, "alice", "0")
    book = book_of([word, word._replace(at=NOON + 1, session="s2", user="bob")])
    assert book.count(REALM, "alice") == (1, 0)
    book.hear(word._replace(at=NOON + 600, status="Interim-Update"))
    book.hear(word._replace(at=NOON + 601, session="s3"))
    assert book.count(REALM, "alice") == (3, 2)


def test_what_only_a_lost_node_heard_counts_against_nobody() -> None:
    book = Sessions()
    book.hear(Event(NOON, NAS, "Start", "s1", REALM, "alice"), "radius-2")
    book.hear(Event(NOON, NAS, "Start", "s2", REALM, "alice"))
    assert book.count(REALM, "alice") == (2, 2)
    book.lost = frozenset(["radius-2"])
    assert book.count(REALM, "alice") == (1, 1)
    book.hear(Event(NOON + 9, NAS, "Interim-Update", "s1", REALM, "alice"))
    assert book.count(REALM, "alice") == (2, 2), "it has come over to this node"


@given(lives(), some.integers(0, 40))
def test_tidying_ends_just_those_who_were_silent_too_long(told, minutes) -> None:
    book = book_of(told)
    now = max(event.at for event in told) + 60.0 * minutes
    before = {s.session: s for s in book}
    ended = {e.session.session for e in book.tidy(now)}
    for name, session in before.items():
        patience = max(60.0, 3 * session.pace) if session.pace else 86_400.0
        assert (name in ended) == (now - session.heard > patience)
    assert all(a <= b for a, b in pairwise(sorted(s.heard for s in book)))
