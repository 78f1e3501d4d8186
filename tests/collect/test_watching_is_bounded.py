"""An attack that goes from host to host makes nobody remember without end, and pushes no alarm out."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from flow_exports import V4, a_set, flow, netflow9, template

from kitei.collect import detection, sitting
from kitei.collect.counters import Counters, Second
from kitei.collect.detection import NO_WATCHES, Decision, judge
from kitei.collect.meter import Exporter, Meter
from kitei.collect.policy import Policy, Timing, book_of
from kitei.collect.receiver import SECOND, Turn
from kitei.collect.sitting import NOTICES, Sitting
from kitei.network.events import Batch, Event, batch_json, batch_of
from kitei.office.takers import words_of
from kitei.values import Json

MOST, ALARMS = 100, 60
NET = ip_network("10.0.0.0/16")
TIMING = Timing(rise=2, window=4, soon=2, calm=5, calm_most=5, memory=50)
BOOK = book_of((Policy("acme", (NET,), host={"pps": 100}, prefix={"pps": 1000}, timing=TIMING),))
FLOOD = Counters(bytes=10**6, packets=1000, flows=9, udp=1000, udp_bytes=10**6, sources=50, samples=1000)
FIRST = IPv4Address("10.0.255.1")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (detection, sitting):
        monkeypatch.setattr(each, "WATCHED", MOST)
        monkeypatch.setattr(each, "ALARMED", ALARMS)


def carpet(at: int) -> dict[IPv4Address, Counters]:
    """Eighty hosts, others every two seconds."""
    return {IPv4Address("10.0.0.0") + at // 2 * 80 + n: FLOOD for n in range(80)}


def judged(seconds: Iterator[Second]) -> list[Decision]:
    watches, found = NO_WATCHES, []
    for second in seconds:
        watches, decisions = judge(BOOK, watches, second)
        found += decisions
        hosts = [watch for (_, scope, _), watch in watches.items() if scope == "host"]
        assert len(hosts) <= MOST and sum(each.alarmed is not None for each in hosts) <= ALARMS
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
    assert len(by_target) >= ALARMS - 1
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
    assert [each.body for each in notes] == [{"at": 1, "hosts": MOST, "alarms": 0}]
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


def test_as_many_alarms_as_may_stand_are_a_word_that_the_controller_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    name, at = f"{'a' * 60}/{'b' * 60}", 1_790_000_000
    ports = tuple((65_000 + n, 10**9) for n in range(3))
    rows: list[Json] = [
        {
            **Decision(
                at, "alarm", name, "0123456789abcdef", "host", IPv6Address(2**128 - 1 - n), "fragment-pps",
                10**15, 10**12, at, 10**9, ports, True,
            ).json(),
            "source_ports": [list(each) for each in ports],
        }
        for n in range(detection.ALARMED)
    ]  # fmt: skip
    when = datetime.fromtimestamp(at, UTC)
    event = Event(1, when, "flood.standing", {"begun": when.isoformat(), "standing": rows})
    sent = json.dumps(batch_json(Batch("floods", "0" * 16, (event,)))).encode()
    assert len(sent) < 4 << 20  # what the controller reads at one go
    (word,) = words_of("n1", batch_of(json.loads(sent)).events)
    assert word.standing is not None and len(word.standing) == detection.ALARMED
