"""What was ordered is in force once the nodes that have to act say so: recorded once, with its instant."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Verdict
from kitei.network.detection import Detection, Word
from kitei.network.report import Report, State
from kitei.office import Office
from kitei.office.dispatch import Dispatch
from kitei.office.floods.attacks import attacks_of
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.services.ddos.defence import mitigations
from kitei.values import JST

SERVICE = "ddos-protection"
START = datetime(2026, 1, 10, 10, 0, tzinfo=JST)
E = "acme-ddos-1"
BOOK: dict[str, Any] = {
    "service": SERVICE,
    "collector": [{"node": "see1", "addresses": ["192.0.2.10"]}],
    "scrubber": [
        {"node": "scrub1", "dirty_port": "d0", "next_hops": ["192.0.2.20"]},
        {"node": "scrub2", "dirty_port": "d0", "next_hops": ["192.0.2.21"]},
    ],
    "speaker": [{"node": "speak1", "asn": 64500, "router_id": "192.0.2.30"}],
    "upstream": [
        {"name": "border1", "speaker": "speak1", "address": "192.0.2.40", "asn": 64500, "families": ["ipv4"]}
    ],
    "holding": [{"customer": "acme", "holds": "インターネット接続サービス", "id": "I1", "first": "2020-01-01"}],
}  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    list(take_book(opened, read_book(BOOK, opened)))
    asked = {"by": "acme", "services": [{"item": "E", "addresses": ["203.0.113.0/24"]}]}
    assert opened.apply("apply", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    policy = {"host": {"udp-bps": "100M"}, "ladder": {"hold": 300}}
    opened.apply("set-policy", {"by": "operator", "contract": E, **policy}, service=SERVICE)
    Publishing.of(opened).apply_plan()
    yield opened
    opened.close()


def dispatch_of(office: Office) -> Dispatch:
    publishing = Publishing.of(office)
    return Dispatch(office, publishing, Hearing(office, publishing))


def attacked(dispatch: Dispatch, target: str = "203.0.113.7") -> None:
    seen = Detection(
        at=1790000000, kind="alarm", policy=E, version="", scope="host", target=target, metric="udp-bps",
        figure=900_000_000, threshold=100_000_000, since=1789999999, sources=9, ports=((53, 9),), dry_run=False,
    )  # fmt: skip
    dispatch.defence.hear(Word("see1", START, (seen,), None))
    dispatch.published()


def tell(
    dispatch: Dispatch, node: str, clock: Clock, *states: State, applied: bool = True, late: float = 0
) -> None:
    orders = dispatch.orders_for(node)
    assert orders is not None
    at, intent = clock() + timedelta(seconds=late), orders.intent
    right = ("scrubber",) if applied else ()
    dispatch.take_report(
        node, Report(node, at, orders.generation, intent.digest, applied, states=states, right=right)
    )


def session(clock: Clock, up: bool = True) -> State:
    return State(clock(), "border1", "upstream", up)


def in_force(office: Office) -> list[dict[str, Any]]:
    entries = office.book.read(f"contract:{E}")
    return [dict(each.fact.body) for each in entries if each.fact.kind == "mitigation.effective"]


def test_a_diversion_is_in_force_when_speaker_and_scrubber_are_done(office: Office, clock: Clock) -> None:
    dispatch = dispatch_of(office)
    tell(dispatch, "speak1", clock, session(clock))
    attacked(dispatch)
    clock.seconds = 0.4
    tell(dispatch, "speak1", clock, applied=False)  # taken up, and not done
    tell(dispatch, "scrub1", clock)
    assert in_force(office) == []
    clock.seconds = 0.9
    tell(dispatch, "speak1", clock)
    (told,) = in_force(office)
    (step,) = mitigations(office.contract(E))
    assert (told["mitigation"], told["node"]) == (step.id, "speak1")
    assert told["nodes"] == ["scrub1", "speak1"]  # the route leads to the first scrubber alone
    assert step.effective_at == START + timedelta(seconds=0.9)
    clock.seconds = 30
    for node in ("speak1", "scrub1", "scrub2"):
        tell(dispatch, node, clock)
    assert len(in_force(office)) == 1
    assert office.verify().is_whole


def test_a_route_that_reaches_no_upstream_is_not_in_force(office: Office, clock: Clock) -> None:
    dispatch = dispatch_of(office)
    attacked(dispatch)
    tell(dispatch, "scrub1", clock)
    tell(dispatch, "speak1", clock, session(clock, up=False))
    assert in_force(office) == []
    clock.seconds = 7
    tell(dispatch, "speak1", clock, session(clock))
    (told,) = in_force(office)
    assert told["at"] == (START + timedelta(seconds=7)).isoformat()


def test_a_controller_that_begins_again_knows_what_nodes_told(office: Office, clock: Clock) -> None:
    dispatch = dispatch_of(office)
    tell(dispatch, "speak1", clock, session(clock))
    attacked(dispatch)
    tell(dispatch, "speak1", clock)
    assert in_force(office) == []
    again = dispatch_of(office)
    again.published()
    clock.seconds = 3
    tell(again, "scrub1", clock)
    tell(again, "speak1", clock)
    assert len(in_force(office)) == 1
    third = dispatch_of(office)
    third.published()
    assert len(in_force(office)) == 1


def test_a_report_of_orders_before_says_nothing_and_a_node_that_lags_is_heard_late(
    office: Office, clock: Clock
) -> None:
    dispatch = dispatch_of(office)
    tell(dispatch, "speak1", clock, session(clock))
    attacked(dispatch)
    tell(dispatch, "scrub1", clock)
    orders = dispatch.orders_for("speak1")
    assert orders is not None
    first = orders.generation
    clock.seconds = 1
    attacked(dispatch, "203.0.113.8")  # newer orders before the node is done with these
    dispatch.take_report("speak1", Report("speak1", clock(), first - 1, "", True))
    assert in_force(office) == []
    dispatch.take_report("speak1", Report("speak1", clock(), first, "", True))
    assert [each["target"] for each in in_force(office)] == ["203.0.113.7/32"]


def test_no_nodes_clock_makes_it_earlier_than_its_order_or_later_than_now(
    office: Office, clock: Clock
) -> None:
    dispatch = dispatch_of(office)
    tell(dispatch, "speak1", clock, session(clock))
    attacked(dispatch)
    tell(dispatch, "scrub1", clock)
    clock.seconds = 2
    tell(dispatch, "speak1", clock, late=3600)
    assert [each["at"] for each in in_force(office)] == [clock().isoformat()]
    (attack,) = attacks_of(office.book.read(f"contract:{E}"))
    assert [each.kind for each in attack.happenings][-1] == "mitigation.effective"


def test_since_is_told_by_the_providers_clock(office: Office, clock: Clock) -> None:
    dispatch = dispatch_of(office)
    real = int(datetime.now(JST).timestamp())
    seen = Detection(
        at=real, kind="alarm", policy=E, version="", scope="host", target="203.0.113.9", metric="udp-bps",
        figure=900_000_000, threshold=100_000_000, since=real - 2, sources=9, ports=((53, 9),), dry_run=False,
    )  # fmt: skip
    dispatch.defence.hear(Word("see1", START, (seen,), None))
    dispatch.published()
    (attack,) = attacks_of(office.book.read(f"contract:{E}"))
    assert 1 <= attack.after(attack.detected.at) <= 30  # and not months
    assert [kind for kind, _ in attack.course] == ["attack.detected", "mitigation.ordered"]
    assert [each.body["step"] for each in attack.unreported] == ["divert"]
