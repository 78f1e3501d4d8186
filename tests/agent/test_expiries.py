"""What has run out is taken back by the node's own clock, with nobody there to say so."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stand import FOR, Files, Node, eventually, make_orders, route

from kitei.agent.expiries import Expiries
from kitei.network import Announcement, Part, Route
from kitei.network.expiry import expires, has_expired, still_wanted

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def against(prefix: str, until: datetime | None) -> Announcement:
    return Announcement(
        FOR, "contract-1", prefix, "blackhole", "", ("border",), until.isoformat() if until else None
    )


class Blackholes(Files):
    """Announcements as files; what is over is not wanted."""

    name = "blackholes"
    reads = (Announcement,)

    def see(self, host: Any) -> Any:
        self.at = host.now()
        return super().see(host)

    def plan(self, wanted: Sequence[Part], seen: Any) -> Any:
        ours = [p for p in still_wanted(wanted, self.at) if isinstance(p, Announcement)]
        return super().plan([route(int(p.prefix.split(".")[1])) for p in ours], seen)


class Routes(Files):
    reads = (Route,)


@pytest.fixture
def holed(node: Node) -> Node:
    node.files = Blackholes(node.folder / "holes")
    node.drivers = [node.files]
    return node


def test_a_part_is_over_at_its_instant_and_not_before() -> None:
    part = against("10.1.0.0/32", NOON)
    assert expires(part) == NOON
    assert not has_expired(part, NOON - timedelta(microseconds=1)) and has_expired(part, NOON)
    assert not has_expired(against("10.1.0.0/32", None), datetime.max.replace(tzinfo=UTC))
    assert not has_expired(route(1), NOON)


@pytest.mark.parametrize("until", ["soon", "2999-01-01", "2999-01-01T00:00:00"])
def test_what_is_no_instant_with_a_zone_is_over(until: str) -> None:
    part = Announcement(FOR, "contract-1", "10.1.0.0/32", "blackhole", "", ("border",), until)
    assert has_expired(part, NOON)


def test_each_end_is_due_once_and_names_who_reads_it(holed: Node) -> None:
    now = NOON
    expiries = Expiries([Blackholes(holed.folder / "a"), Routes(holed.folder / "b")], lambda: now)
    expiries.want([against("10.1.0.0/32", NOON + timedelta(seconds=60)), route(1)])
    assert expiries.due() == set() and expiries.pause() == 0.5, "it looks at a clock that may be set"
    now = NOON + timedelta(seconds=59.9)
    assert expiries.pause() == pytest.approx(0.1)
    now = NOON + timedelta(seconds=60)
    assert expiries.due() == {"blackholes"}
    assert expiries.due() == set() and expiries.pause() is None


def test_what_ends_is_taken_back_with_the_controller_gone(holed: Node) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    parts = (against("10.1.0.0/32", soon), against("10.2.0.0/32", None))
    holed.office.publish(make_orders(1, *parts, may_cut=[FOR.owner]))
    holed.start()
    assert eventually(lambda: len(holed.made()) == 2)
    assert eventually(lambda: holed.reports(1))
    holed.served.stop()
    assert eventually(lambda: set(holed.made()) == {"10.2.0.0_16"})
    assert datetime.now(UTC) >= soon


def test_what_ended_while_the_agent_was_down_is_taken_back_at_its_start(holed: Node) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    holed.office.publish(make_orders(1, against("10.1.0.0/32", soon), may_cut=[FOR.owner]))
    holed.start()
    assert eventually(lambda: holed.reports(1) and len(holed.made()) == 1)
    holed.stop()
    assert eventually(lambda: datetime.now(UTC) > soon) and holed.made()
    holed.start()
    assert eventually(lambda: not holed.made())
