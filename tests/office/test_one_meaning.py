"""At one node a key has one meaning: what every service's example wants keeps to it, and a book that does not is told."""

from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from kitei.network import Part
from kitei.network.codec import node_intent
from kitei.network.uniting import Contradiction
from kitei.office import Office
from kitei.office.office import Refusal
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import Logins, make_secret
from kitei.values import JST

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(tmp_path, lambda: datetime(2026, 6, 15, 10, tzinfo=JST))
    opened.publish_editions()
    yield opened
    opened.close()


@pytest.mark.parametrize("book", ["order-book", "logins", "floods", "access"])
def test_no_part_of_an_example_can_be_there_twice_and_unlike(office: Office, book: str) -> None:
    list(take_book(office, read_book(EXAMPLES / book, office)))
    if book == "logins":
        hand_over(office)
    nodes = Publishing.of(office).plan().after.nodes
    assert nodes
    for name, node in nodes.items():
        for part in node.parts:
            assert node_intent(name, (*node.parts, part)) == node
            for twin in unlike(part):
                with pytest.raises(Contradiction) as told:
                    node_intent(name, (*node.parts, twin))
                assert [part.key in words.en and name in words.en for words in told.value.told] == [True]


def hand_over(office: Office) -> None:
    """What customers hand over before they can be served."""
    logins = Logins.of(office)
    for name in ("sakura", "fuji"):
        logins.put_secret(f"{name}-client-1", make_secret())
        logins.import_users(f"{name}-group-1", "name,password\nalice,opensesame\n")


def unlike(part: Part) -> Iterator[Part]:
    """The part with one number, text or truth of it another, as long as its key stays."""
    for field in fields(part):
        value: Any = getattr(part, field.name)
        other = {bool: lambda it: not it, int: lambda it: it + 1, str: lambda it: it + "x"}.get(type(value))
        if other is not None and (twin := replace(part, **{field.name: other(value)})).key == part.key:
            yield twin


def test_a_book_that_gives_one_node_to_two_is_told_of_every_node_before_anything_is_published(
    office: Office,
) -> None:
    list(take_book(office, read_book(EXAMPLES / "order-book", office)))
    machines = list(Publishing.of(office).estate().machines.values())
    one, two = machines[0], machines[1]
    before = office.shelf.generation()
    taken = {"service": "managed-vpn-pro", "machine": [{**asdict(two), "node": one.node}]}
    list(take_book(office, read_book(taken, office)))
    with pytest.raises(Refusal) as refused:
        Publishing.of(office).apply_plan()
    for said in (one.node, one.serial, two.serial):
        assert said in refused.value.words.en and said in refused.value.words.ja
    assert office.shelf.generation() == before


def test_two_contracts_that_always_want_one_prefix_cleaned_unlike_are_told_before_anything_is_published(
    office: Office,
) -> None:
    """The terms set no limit on what is designated, so only the nodes can say that it is too much."""
    list(take_book(office, read_book(EXAMPLES / "floods", office)))
    applies = [
        {
            "id": id, "by": customer, "at": datetime(2026, 4, 21, 10, tzinfo=JST),
            "billing_start": date(2026, 6, 1), "known": {"operable": True}, "expect": "accept",
            "services": [
                {"item": "type-e", "addresses": ["203.0.113.64/26"], "options": [{"option": "always-on"}]}
            ],
        }
        for id, customer in (("one-more", "kaede"), ("another", "tsubaki"))
    ]  # fmt: skip
    list(take_book(office, read_book({"service": "ddos-protection", "apply": applies}, office)))
    before = office.shelf.generation()
    with pytest.raises(Refusal) as refused:
        Publishing.of(office).apply_plan(on=date(2026, 6, 1))
    lines = refused.value.words.en.splitlines()
    assert [line.split(":")[0] for line in lines] == ["node scr-1", "node spk-1"]
    for said in ("kaede-ddos-2", "tsubaki-ddos-2", "203.0.113.64/26"):
        assert all(said in line for line in lines), lines
    assert office.shelf.generation() == before
