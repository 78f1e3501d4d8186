"""Diversions lead to a scrubber that is heard and cleans; lost, it is passed over, and comes back when it is steady."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_defence import BOOK, SERVICE, START, Clock, E, clock, hear, on_nodes, pass_, seen, word

from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.network import Announcement, Scrubbing
from kitei.network.report import Report, State
from kitei.office import Office
from kitei.office.estate import estate_of
from kitei.office.floods.defence import Defence
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.services.ddos.intent import compile_contracts

__all__ = ["clock"]

ONE, TWO = "192.0.2.20", "192.0.2.21"
SCRUBBERS = [
    {"node": "scrub1", "dirty_port": "d0", "next_hops": [ONE]},
    {"node": "scrub2", "dirty_port": "d0", "next_hops": [TWO]},
]


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    list(take_book(opened, read_book({**BOOK, "scrubber": SCRUBBERS}, opened)))
    services: list[dict[str, Any]] = [{"item": "E", "addresses": ["203.0.113.0/24"]}]
    services += [{"item": "E", "addresses": ["198.51.100.0/24"], "options": [{"option": "always-on"}]}]
    asked = {"by": "acme", "services": services}
    assert opened.apply("apply", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    policy = {"by": "operator", "contract": E, "host": {"udp-bps": "100M"}, "ladder": {"hold": 3600}}
    opened.apply("set-policy", policy, service=SERVICE)
    Publishing.of(opened).apply_plan()
    yield opened
    opened.close()


@pytest.fixture
def defence(office: Office, clock: Clock) -> Defence:
    return Defence(office, clock.now)


def told(node: str, *, up: bool = True) -> Report:
    return Report(node, START, 1, "", True, states=(State(START, E, "scrubbing", up),))


def go_on(clock: Clock, defence: Defence, seconds: int, *reports: Report) -> None:
    """Each node reports every ten seconds, the collector every five."""
    for n in range(seconds):
        if n % 10 == 0:
            for each in reports:
                defence.failover.take(each)
        pass_(clock, defence, 1, word=word(standing=(seen(),)))


def hops(office: Office) -> dict[str, str]:
    return {part.prefix: part.next_hop for part in on_nodes(office, Announcement)}


def test_a_silent_scrubber_is_passed_over_at_once_for_every_diversion(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    assert hops(office) == {"203.0.113.7/32": ONE, "198.51.100.0/24": ONE}
    go_on(clock, defence, 60, told("scrub2"))
    assert hops(office) == {"203.0.113.7/32": TWO, "198.51.100.0/24": TWO}
    assert len([p for p in on_nodes(office, Scrubbing) if p.prefix == "203.0.113.7/32"]) == 2
    lost = [e.fact for e in office.book.read("operator") if e.fact.kind == "scrubber.lost"]
    assert [(each.body["node"], each.body["why"]) for each in lost] == [("scrub1", "silent")]


def test_one_that_does_not_clean_is_passed_over_and_comes_back_when_it_is_steady(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    go_on(clock, defence, 20, told("scrub1", up=False), told("scrub2"))
    assert set(hops(office).values()) == {TWO}
    go_on(clock, defence, 20, told("scrub1"), told("scrub2"))
    assert set(hops(office).values()) == {TWO}, "it is not believed at once"
    go_on(clock, defence, 30, told("scrub1"), told("scrub2"))
    assert set(hops(office).values()) == {ONE}


def test_a_controller_that_begins_again_knows_it(office: Office, defence: Defence, clock: Clock) -> None:
    hear(defence, word(seen()))
    go_on(clock, defence, 60, told("scrub2"))
    other = Defence(office, clock.now)
    go_on(clock, other, 20, told("scrub2"))
    assert set(hops(office).values()) == {TWO}
    go_on(clock, other, 40, told("scrub1"), told("scrub2"))
    assert set(hops(office).values()) == {ONE}


def test_where_none_is_left_routes_stay_where_they_were(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    go_on(clock, defence, 60)
    assert set(hops(office).values()) == {ONE}


def test_intent_follows_from_the_facts_alone(office: Office) -> None:
    def compiled() -> set[str]:
        estate = estate_of(e for e in office.picture().said if e.stream == "operator")
        nodes = compile_contracts(tuple(office.contracts().values()), estate, office.today())
        return {p.next_hop for node in nodes for p in node.parts if isinstance(p, Announcement)}

    assert compiled() == {ONE}
    told = Fact("scrubber.lost", {"node": "scrub1", "at": START.isoformat(), "why": "silent"}, office.today())
    office.state([("operator", told)])
    assert compiled() == {TWO}
    office.state([("operator", replace(told, kind="scrubber.back"))])
    assert compiled() == {ONE}
