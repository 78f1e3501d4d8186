"""What is too much for a whole second before it is over begins an alarm at once: live as in a replay."""

from dataclasses import replace
from ipaddress import IPv4Address, ip_network
from pathlib import Path

from flow_exports import V4, V6, a_set, ethernet, flow, ip4, netflow9, pcap, tcp, template

from kitei.collect.counters import Counters, Second
from kitei.collect.detection import judge_all
from kitei.collect.meter import Meter
from kitei.collect.policies import read_policies
from kitei.collect.policy import Policy, Timing, book_of
from kitei.collect.replay import Replay, replay
from kitei.collect.sizes import Sizes

SMALL = Sizes(blocks=8, hosts6=64, prefixes=8, sessions=64, told_hosts=100)
HOST = IPv4Address("198.51.100.5")
NET = ip_network("198.51.100.0/24")
POLICY = Policy("acme", (NET,), host={"bps": 8_000}, timing=Timing(rise=2, window=4, calm=5), version="v1")
START = 1_700_000_000


def second(at: int, bytes: int, *, partial: bool = False) -> Second:
    counters = Counters(bytes=bytes, packets=9, udp_bytes=bytes, udp=9, sources=50, samples=9)
    return Second(at, {HOST: counters}, {}, partial=partial)


def test_a_part_counts_its_second_once_and_alarms_when_it_is_the_one_that_was_wanting() -> None:
    parts = [second(10, 1200, partial=True), second(10, 1500), second(11, 1000, partial=True)]
    decisions = list(judge_all(book_of((POLICY,)), [*parts, second(11, 5000)]))
    assert [(each.at, each.kind, each.figure, each.since) for each in decisions] == [(11, "alarm", 8000, 10)]


def test_a_part_below_the_threshold_says_nothing() -> None:
    parts = [second(10, 900, partial=True), second(10, 999), second(11, 999, partial=True), second(11, 999)]
    assert list(judge_all(book_of((POLICY,)), parts)) == []


def test_a_part_neither_ends_an_alarm_nor_doubts_an_excess() -> None:
    policy = replace(POLICY, timing=Timing(rise=1, window=4, calm=1))
    web = Counters(
        bytes=1100, packets=100, tcp_bytes=1100, tcp=100, sources=2, ports=((443, 100),), samples=100
    )
    held = [Second(10, {HOST: web}, {}, partial=True), Second(10, {HOST: web}, {})]
    assert [(each.at, each.kind) for each in judge_all(book_of((policy,)), held)] == [(10, "held")]
    run = [second(10, 2000), second(11, 2000, partial=True), second(11, 2000)]
    assert [each.kind for each in judge_all(book_of((policy,)), run)] == ["alarm"]


def test_a_meter_tells_early_who_is_over_a_limit_of_any_kind_and_goes_on_counting() -> None:
    with Meter(SMALL) as meter:
        six = ip_network("2001:db8::/64")
        meter.protect({NET: {"syn-pps": 10}, six: {"bps": 80_000}})
        meter.feed(netflow9(template(256, V4), template(257, V6)), "192.0.2.1")
        quiet = [flow("1.1.1.1", f"198.51.100.{n}", 60, 1, protocol=6, flags=2) for n in range(1, 200)]
        loud = [flow("1.1.1.1", str(HOST), 60, 1, protocol=6, flags=2)] * 9
        meter.feed(netflow9(a_set(256, b"".join(quiet + loud)), sequence=1), "192.0.2.1")
        found = meter.peek(7)
        assert [str(each) for each in found.read().hosts] == [str(HOST)]
        assert found.read().partial
        meter.feed(
            netflow9(a_set(257, flow("2001:db8::9", "2001:db8::5", 10_000, 1)), sequence=2), "192.0.2.1"
        )
        assert {str(each) for each in meter.peek(7).read().hosts} == {str(HOST), "2001:db8::5"}
        whole = meter.roll(7)
        assert {str(host): each.packets for host, each in whole.hosts.items()} == {
            str(HOST): 10,
            "2001:db8::5": 1,
        }
        assert meter.peek(8).read().hosts == {}


def test_thousands_of_hosts_over_their_limits_at_once_are_told_up_to_a_bound() -> None:
    with Meter(Sizes(blocks=64, hosts6=64, prefixes=8, sessions=64, told_hosts=5000)) as meter:
        meter.protect({ip_network("10.0.0.0/18"): {"pps": 5}})
        meter.feed(netflow9(template(256, V4)), "192.0.2.1")
        for block in range(0, 4096, 64):
            records = [flow("1.1.1.1", str(IPv4Address(0x0A000000 + block + n)), 600, 10) for n in range(64)]
            meter.feed(netflow9(a_set(256, b"".join(records)), sequence=1 + block // 64), "192.0.2.1")
        assert len(meter.peek(7).read().hosts) == 1024
        assert len(meter.roll(7).hosts) == 4096


def test_a_replay_begins_the_same_alarm_before_the_second_is_over(tmp_path: Path) -> None:
    """Two of three seconds have to be over, and the capture ends in the middle of the second of them."""
    syn = ethernet(0x0800, ip4("192.0.2.7", str(HOST), 6, tcp(1000, 443)))
    times = [START + 0.5 + n / 4000 for n in range(3600)]
    path = pcap([(at, syn) for at in times], tmp_path / "a.pcap")
    text = """
        [[policy]]
        name = "acme"
        prefixes = ["198.51.100.0/24"]
        host = { syn-pps = 1000 }
        timing = { rise = 2, window = 3 }
    """
    book = read_policies(text)
    decisions, _ = replay(path, book)
    assert [(each.at - START, each.kind) for each in decisions] == [(1, "alarm")]
    assert 1000 <= decisions[0].figure < 1700, "the part's own figure, not the second's"
    assert replay(path, book)[0] == decisions
    run = Replay(path, book.limits())
    assert [each.at - START for each in run.seconds()] == [0, 1]
    run.heading()
