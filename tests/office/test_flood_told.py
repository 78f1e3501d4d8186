"""One flood, from its packets to the alert, the incident and the month's report: the same numbers all the way."""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from floods import party

from kitei.collect.capture import frames
from kitei.collect.detection import NO_WATCHES, judge
from kitei.collect.history import Diary
from kitei.collect.policies import read_policies
from kitei.collect.replay import Replay
from kitei.desk import Verdict
from kitei.network.events import Event
from kitei.network.sheaf import SheafName, written
from kitei.office import Office
from kitei.office.bell import ring
from kitei.office.floods.defence import Defence
from kitei.office.floods.history import history_of, take_counters, up_to_date
from kitei.office.floods.incidents import attacks, incident
from kitei.office.floods.report import flood_report
from kitei.office.orderbook import read_book, take_book
from kitei.office.papers.flood_report import report_html
from kitei.office.post import Letter
from kitei.office.publishing import Publishing
from kitei.office.takers import words_of
from kitei.store.outbox import Outbox
from kitei.store.tallies import top
from kitei.values import JST, Month

sys.path.insert(0, str(Path(__file__).parents[1] / "collect"))
from flow_exports import ethernet, ip4, pcap, tcp, udp

SERVICE, CONTRACT, HOST = "ddos-protection", "acme-ddos-1", "203.0.113.7"
START = datetime(2026, 1, 10, 10, 0, tzinfo=JST)
AT = int(START.timestamp())
POLARIS = {"ja": "北極星", "en": "Polaris"}
BOOK: dict[str, Any] = {
    "service": SERVICE,
    "provider": {
        "name": POLARIS, "address": POLARIS, "registration": "T7000012050002", "contact": "b@example.jp",
    },
    "collector": [{"node": "see1", "addresses": ["192.0.2.10"]}],
    "scrubber": [{"node": "scrub1", "dirty_port": "d0", "next_hops": ["192.0.2.20"]}],
    "speaker": [{"node": "speak1", "asn": 64500, "router_id": "192.0.2.30"}],
    "upstream": [
        {"name": "border1", "speaker": "speak1", "address": "192.0.2.40", "asn": 64500, "families": ["ipv4"]}
    ],
    "holding": [{"customer": "acme", "holds": "インターネット接続サービス", "id": "I1", "first": "2020-01-01"}],
}  # fmt: skip
POLICY = f"""
[[policy]]
name = "{CONTRACT}"
prefixes = ["203.0.113.0/24"]
host = {{ syn-pps = 300 }}
[policy.timing]
calm = 10
"""


class Clock:
    at = START

    def __call__(self) -> datetime:
        return self.at


class Kept:
    """A post that keeps letters."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", Clock(), f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    list(take_book(opened, read_book(BOOK, opened)))
    asked = {"by": "acme", "services": [{"item": "E", "addresses": ["203.0.113.0/24"]}]}
    assert opened.apply("apply", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    policy = {"by": "operator", "contract": CONTRACT, "host": {"syn-pps": "300"}, "ladder": {"linger": 5}}
    assert opened.apply("set-policy", policy, service=SERVICE).decision.verdict is Verdict.ACCEPT
    Publishing.of(opened).apply_plan()
    party(opened, email="noc@acme.example", language="en")
    yield opened
    opened.close()


def capture(path: Path) -> Path:
    """Two minutes of a little traffic, and half a minute of SYN from many."""
    packets = []
    for at in range(120):
        packets.append((AT + at + 0.1, ethernet(0x0800, ip4("192.0.2.9", HOST, 17, udp(9, 53, b"x" * 500)))))
        if 30 <= at < 60:
            for n in range(500):
                syn = ethernet(0x0800, ip4(f"198.51.100.{n % 250}", HOST, 6, tcp(n, 443)))
                packets.append((AT + at + 0.2 + n / 1000, syn))
    return pcap(packets, path)


def play(office: Office, path: Path, folder: Path, post: Kept) -> None:
    """What a collector and a controller do with it, second by second, on the office's clock."""
    assert isinstance(office.clock, Clock)
    book, watches, diary = read_policies(POLICY), NO_WATCHES, Diary(folder, "see1")
    defence, outbox = (
        Defence(office, lambda: (office.clock() - START).total_seconds()),
        Outbox(office.book.engine),
    )
    run = Replay(path, book.limits(), taking="packets", whole=True)
    for second in run.seconds():
        office.clock.at = START + timedelta(seconds=second.at - AT + 1)
        watches, decisions = judge(book, watches, second)
        diary.take(book, second, decisions)
        events = [
            Event(1, office.clock.at, "flood.decided", {"begun": START.isoformat(), "detection": each.json()})
            for each in decisions
        ]
        defence.hear(*words_of("see1", tuple(events)))
        for _ in range(5):  # many words are answered in parts
            defence.work()
        ring(office, outbox, post, lambda _: "")
    diary.close()
    for name, text in diary.finished():  # by the capture's own time, which is the office's here
        history_of(office.home).take("see1", name, text)


def test_a_flood_is_told_with_the_same_numbers_from_its_packets_to_the_months_report(
    office: Office, tmp_path: Path
) -> None:
    path, post = capture(tmp_path / "a.pcap"), Kept()
    play(office, path, tmp_path / "diary", post)
    counted, seconds = Counter[str](), Counter[int]()
    for frame in frames(path):
        assert str(ip_address(frame.head[30:34])) == HOST
        counted["packets"] += 1
        counted["bytes"] += frame.length
        seconds[frame.at_ns // 10**9] += 1

    first, last = (each.text.splitlines()[0] for each in post.letters)
    assert first == f"Attack on {HOST}: SYN flood at 500 pps (threshold 300 pps); action: divert and scrub"
    assert last.startswith(f"Attack over on {HOST}: SYN flood, lasted ") and last.endswith("divert and scrub")

    (attack,) = attacks(office)
    history = up_to_date(office.home)
    found = incident(office, history, attack.id)
    kinds = [each.kind for each in found.attack.happenings]
    assert kinds[0] == "attack.detected" and "mitigation.ordered" in kinds and "attack.over" in kinds
    assert found.peak is not None and found.peak.pps == max(seconds.values()) == 501
    assert {at: packets for at, _, packets in found.series}.items() <= seconds.items()
    assert "ddos-protection@2025-11-01#art:1.1.t1" in found.cites

    office.clock.at = datetime(2026, 2, 1, 9, 0, tzinfo=JST)  # type: ignore[attr-defined]
    report = flood_report(office, history, CONTRACT, Month(2026, 1))
    sql = "SELECT sum(packets), sum(bytes) FROM lines WHERE scope = 'prefix'"
    kept = history.query("minute", report.month.first, report.month.last, sql, {})
    assert kept == [(report.packets, report.bytes)] == [(counted["packets"], counted["bytes"])]
    assert (report.judged, report.clean_mbps) == (120, 500)
    (struck,) = report.attacks
    assert struck.peak == found.peak
    assert any(each.what.en.startswith("a policy was set") for each in report.changes)
    assert HOST in report_html(report, "ja") and "501 pps" in report_html(report, "en")


def test_what_a_collector_tells_is_set_ahead_with_the_providers_clock(office: Office) -> None:
    assert isinstance(office.clock, Clock)
    ahead = timedelta(days=200, seconds=17)
    office.clock.at = datetime.now(JST) + ahead
    minute = int(datetime.now(JST).timestamp()) // 60 * 60
    line = written("port", minute, CONTRACT, "203.0.113.0/24", 443, 7)
    body = {"name": str(SheafName(minute, 0, "see1")), "text": line}
    with office.book.writing() as transaction:
        take_counters(office, "see1", (Event(1, office.clock(), "counters.sheaf", body),), transaction)
    first = minute + int(ahead.total_seconds())
    (port,) = top(up_to_date(office.home), "port", first - 5, first + 5)
    assert (port.name, port.packets) == ("443", 7)
