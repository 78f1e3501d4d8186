"""What lies beside the ledger: parties, orders, reports, observations."""

import threading
from datetime import datetime, timedelta

import pytest

from kitei.store import Party, SqlBook
from kitei.values import JST, Words
from kitei.watch import Observation

AT = datetime(2026, 11, 2, 12, 0, tzinfo=JST)
ACME = Party("acme", Words("アクメ", "Acme"), Words("東京", "Tokyo"), {"contact": "a@acme.example"})


def seen(minutes: int, up: bool, subject: str = "p") -> Observation:
    return Observation(AT + timedelta(minutes=minutes), "osaka-a", subject, "end-to-end", up)


def test_a_party_is_kept_changed_and_forgotten(book: SqlBook) -> None:
    book.shelf.put_party(Party("acme", Words("旧", "Old"), Words("", "")))
    book.shelf.put_party(ACME)
    assert book.shelf.party("acme") == ACME and book.shelf.parties() == (ACME,)
    book.shelf.forget_party("acme")
    assert book.shelf.party("acme") is None


def test_only_changes_of_state_are_kept(book: SqlBook) -> None:
    shelf = book.shelf
    assert shelf.observe([seen(0, True), seen(1, True), seen(2, False), seen(3, False)]) == 2
    assert shelf.observe([seen(2, False), seen(4, True), seen(4, True, "q")]) == 2
    read = [(o.subject, o.up) for o in shelf.observations()]
    assert read == [("p", True), ("p", False), ("p", True), ("q", True)]
    assert len(shelf.observations(until=AT + timedelta(minutes=2))) == 2
    assert len(shelf.observations(since=AT + timedelta(minutes=2))) == 3
    assert shelf.observations(source="tokyo-a") == ()


def test_late_news_of_an_earlier_time_finds_its_place(book: SqlBook) -> None:
    heard = AT + timedelta(hours=1)
    late = Observation(AT + timedelta(minutes=1), "osaka-a", "p", "end-to-end", False, heard)
    book.shelf.observe([seen(0, True), seen(5, True)])
    book.shelf.observe([late])
    read = book.shelf.observations()
    assert read[1] == late and read[1].known_at == heard


def test_the_latest_orders_of_a_node_are_given_to_the_letter(book: SqlBook) -> None:
    shelf = book.shelf
    shelf.publish(1, {"a": '{"b":1, "a":2}', "b": "{}"})
    shelf.publish(2, {"a": '{"parts": []}'})
    latest, first = shelf.orders("a"), shelf.in_force()["b"]
    assert latest is not None and (latest.generation, latest.orders) == (2, '{"parts": []}')
    assert (first.generation, first.orders) == (1, "{}")
    assert shelf.orders("a", after=2) is None and shelf.orders("c") is None
    assert shelf.generation() == 2 and shelf.published(1) == {"a": '{"b":1, "a":2}', "b": "{}"}


def test_orders_and_their_reason_are_published_together_or_not_at_all(book: SqlBook) -> None:
    with pytest.raises(RuntimeError), book.writing() as connection:
        book.shelf.publish(1, {"a": "{}"}, within=connection)
        raise RuntimeError("the fact was not recorded")
    assert book.shelf.in_force() == {} and book.shelf.generation() == 0


def test_the_last_report_of_a_node_is_kept(book: SqlBook) -> None:
    assert book.shelf.report("a") is None
    for minute in range(2):
        book.shelf.keep_report("a", AT + timedelta(minutes=minute), {"n": minute})
    heard = book.shelf.report("a")
    assert heard is not None and (heard.at, heard.body) == (AT + timedelta(minutes=1), {"n": 1})
    assert list(book.shelf.reports()) == ["a"]


def test_generations_given_at_once_by_two_do_not_collide(book: SqlBook) -> None:
    def publish(node: str) -> None:
        for _ in range(5):
            with book.writing() as connection:
                book.shelf.publish(book.shelf.generation() + 1, {node: "{}"}, within=connection)

    threads = [threading.Thread(target=publish, args=(node,)) for node in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(book.shelf.published(generation)) for generation in range(1, 11)] == [1] * 10
