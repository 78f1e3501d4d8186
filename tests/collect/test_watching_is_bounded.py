"""An attack that goes from host to host makes nobody remember without end, and pushes no alarm out."""

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address, ip_network

import pytest
from flow_exports import V4, a_set, flow, netflow9, template

from kitei.collect import detection, sitting
from kitei.collect.counters import Counters, Second
from kitei.collect.detection import NO_WATCHES, Decision, judge
from kitei.collect.meter import Exporter, Meter
from kitei.collect.policy import Policy, Timing, book_of
from kitei.collect.receiver import SECOND, Turn
from kitei.collect.sitting import NOTICES, Sitting

MOST = 100
NET = ip_network("10.0.0.0/16")
TIMING = Timing(rise=2, window=4, soon=2, calm=5, calm_most=5, memory=50)
BOOK = book_of((Policy("acme", (NET,), host={"pps": 100}, prefix={"pps": 1000}, timing=TIMING),))
FLOOD = Counters(bytes=10**6, packets=1000, flows=9, udp=1000, udp_bytes=10**6, sources=50, samples=1000)
FIRST = IPv4Address("10.0.255.1")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (detection, sitting):
        monkeypatch.setattr(each, "WATCHED", MOST)


def carpet(at: int) -> dict[IPv4Address, Counters]:
    """Eighty hosts, others every two seconds."""
    return {IPv4Address("10.0.0.0") + at // 2 * 80 + n: FLOOD for n in range(80)}


def judged(seconds: Iterator[Second]) -> list[Decision]:
    watches, found = NO_WATCHES, []
    for second in seconds:
        watches, decisions = judge(BOOK, watches, second)
        found += decisions
        assert sum(scope == "host" for _, scope, _ in watches) <= MOST
    assert not any(each.alarmed for each in watches.values())
    return found


@pytest.mark.parametrize("untold", [0, 500])
def test_what_goes_from_host_to_host_is_watched_up_to_a_bound(untold: int) -> None:
    def seconds() -> Iterator[Second]:
        for at in range(1, 120):
            hosts = carpet(at) if 10 <= at < 70 else {}
            if at < 90:
                hosts[FIRST] = FLOOD
            yield Second(at, hosts, {NET: FLOOD} if hosts else {}, len(hosts), untold if at < 70 else 0)

    by_target = defaultdict(list)
    for each in judged(seconds()):
        by_target[each.target].append((each.at, each.kind))
    assert by_target.pop(FIRST) == [(2, "alarm"), (94, "release")]
    assert by_target.pop(NET) == [(2, "alarm"), (94, "release")]
    assert len(by_target) >= MOST - 1
    assert all([kind for _, kind in each] == ["alarm", "release"] for each in by_target.values())


def test_who_can_watch_no_more_says_so_once() -> None:
    with Meter() as meter:
        meter.protect(BOOK.limits())
        meter.feed(netflow9(template(256, V4)), "192.0.2.1")
        judging, notes = Sitting(BOOK), []
        for at in range(1, 6):
            for n in range(MOST + 20):
                meter.feed(netflow9(a_set(256, flow("1.1.1.1", f"10.0.0.{n}", 10**6, 1000))), "192.0.2.1")
            turn = Turn(meter.ended(at), meter.heard_bytes(), 0, 0, 0, 0, {}, 0, 0)
            notes += [each for each in judging.take(turn).notes if each.kind == "full"]
    assert [each.body["hosts"] for each in notes] == [MOST]
    assert "no more one by one" in notes[0].words.en


def test_of_a_thousand_forged_exporters_the_known_is_told_first() -> None:
    with Meter() as meter:
        meter.allow({ip_address("192.0.2.9"): Exporter()}, only=False)
        for n in range(1000):
            forged = str(IPv4Address("198.51.100.0") + n)
            for source in (forged, forged, "192.0.2.9"):
                meter.feed(netflow9(template(256, V4)), source, at_ns=SECOND)
        judged = Sitting(BOOK).take(Turn(meter.ended(1), meter.heard_bytes(), 0, 0, 0, 0, {}, 0, 0))
    assert len(judged.notices) == NOTICES
    assert str(judged.notices[0].exporter) == "192.0.2.9"
    (unsaid,) = (each for each in judged.notes if each.kind == "unsaid")
    assert unsaid.body["notices"] >= 1000 - NOTICES
