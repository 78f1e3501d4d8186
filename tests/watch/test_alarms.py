"""Alarms: what is wrong with a contract now, and nothing that it did not buy."""

from datetime import UTC, datetime, timedelta

from kitei.watch import Alarm, Availability, Observation, Point, find_alarms, hearing, history_of

START = datetime(2026, 11, 1, tzinfo=UTC)
A, B = Point("osaka-a", "end-to-end", "osaka-a"), Point("osaka-b", "end-to-end", "osaka-b")
IKE = Point("osaka-a", "ike", "t-0-2")
CLOSED, OTHERS = Point("noc", "closed", "closed-osaka-a"), Point("noc", "closed", "closed-kobe-a")
OSAKA = Availability("osaka", (A, B), states=(IKE,), closed=(CLOSED,))


def hour(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def seen(point: Point, hours: int, up: bool) -> Observation:
    return Observation(hour(hours), point.source, point.subject, point.what, up)


def alarms(*told: Observation, at: int = 100) -> list[tuple[str, datetime]]:
    return [(alarm.trouble, alarm.since) for alarm in find_alarms(OSAKA, history_of(told), hour(at))]


def test_all_well_raises_nothing() -> None:
    assert alarms(seen(A, 0, True), seen(B, 0, True), seen(CLOSED, 0, True)) == []
    assert alarms() == []


def test_one_lost_path_is_told_as_lost_redundancy() -> None:
    told = (seen(A, 0, True), seen(B, 0, True), seen(A, 3, False), seen(A, 4, False))
    assert alarms(*told) == [("path", hour(3))], "since it went down, not since it was last told"


def test_both_lost_is_told_once_as_out() -> None:
    told = (seen(A, 0, True), seen(B, 0, True), seen(A, 3, False), seen(B, 5, False))
    assert alarms(*told) == [("out", hour(5))]
    assert alarms(*told, seen(B, 6, True)) == [("path", hour(3))]
    assert alarms(*told, at=4) == [("path", hour(3))], "what comes later is not known yet"


def test_closed_monitoring_speaks_only_for_devices_that_bought_it() -> None:
    assert alarms(seen(CLOSED, 1, False), seen(OTHERS, 1, False)) == [("closed", hour(1))]


def test_a_switch_that_is_not_watched_raises_nothing() -> None:
    assert alarms(seen(Point("osaka-a", "switch", "sw1"), 1, False)) == []


def test_a_silent_node_is_told_as_silent_and_not_as_out() -> None:
    told = (seen(A, 0, True), seen(B, 0, True), seen(hearing("osaka-b"), 2, False))
    assert alarms(*told) == [("silent", hour(2))]


def test_every_alarm_speaks_both_languages_and_names_its_contract() -> None:
    told = [seen(point, 1, False) for point in (A, IKE, CLOSED, hearing("noc"))] + [seen(B, 1, True)]
    found: tuple[Alarm, ...] = find_alarms(OSAKA, history_of(told), hour(2))
    assert [alarm.trouble for alarm in found] == ["path", "state", "closed", "silent"]
    assert all("osaka" in alarm.words.ja and "osaka" in alarm.words.en for alarm in found)
