"""Alarms come when an excess lasts, go when it is surely over, and not for what only looks like an attack."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from kitei.collect.counters import Counters, Network, Second
from kitei.collect.detection import Decision, judge_all
from kitei.collect.policy import Guards, Override, Policy, Timing, book_of

HOST = IPv4Address("198.51.100.5")
NET = ip_network("198.51.100.0/24")
POLICY = Policy(
    "acme",
    (NET,),
    host={"bps": 8_000, "syn-pps": 100},
    timing=Timing(rise=3, window=5, soon=3, calm=10, calm_most=40, memory=100),
    version="v1",
)


def udp(bytes: int, *, sources: int = 50) -> Counters:
    return Counters(bytes=bytes, packets=10, flows=10, udp_bytes=bytes, udp=10, sources=sources, samples=10)


def syn(packets: int) -> Counters:
    return Counters(bytes=packets * 60, packets=packets, tcp=packets, syn=packets, sources=9, samples=packets)


def web(bytes: int, *, sources: int, port: int = 443) -> Counters:
    """Established TCP."""
    return Counters(
        bytes=bytes, packets=100, flows=50, tcp_bytes=bytes, tcp=100, syn=5, sources=sources,
        ports=((port, 95),), samples=100,
    )  # fmt: skip


def run(
    hosts: Mapping[int, Counters],
    *policies: Policy,
    until: int = 60,
    of_prefix: Mapping[int, Counters] | None = None,
) -> list[Decision]:
    """What is decided when HOST receives these counters in these seconds, and nothing else happens."""

    def seconds() -> Iterable[Second]:
        for at in range(1, until + 1):
            here = {HOST: hosts[at]} if at in hosts else {}
            whole: dict[Network, Counters] = {NET: of_prefix[at]} if of_prefix and at in of_prefix else {}
            yield Second(at, here, whole)

    return list(judge_all(book_of(policies or (POLICY,)), iter(seconds())))


def told(decisions: Iterable[Decision]) -> list[tuple[int, str]]:
    return [(each.at, each.kind) for each in decisions]


def test_an_excess_that_lasts_is_an_alarm_and_its_end_a_release() -> None:
    decisions = run({at: udp(2000) for at in range(10, 20)})
    assert told(decisions) == [(12, "alarm"), (29, "release")]
    alarm = decisions[0]
    assert (alarm.metric, alarm.figure, alarm.threshold, alarm.since) == ("bps", 16_000, 8_000, 10)
    assert (alarm.policy, alarm.version, alarm.scope, alarm.target) == ("acme", "v1", "host", HOST)


def test_a_burst_shorter_than_the_rise_is_none() -> None:
    assert run({10: udp(9000), 11: udp(9000), 30: udp(9000), 31: udp(9000)}) == []


SOONER = replace(POLICY, timing=replace(POLICY.timing, soon=2, clear_percent=150))


def test_what_is_clear_is_an_alarm_sooner() -> None:
    assert told(run({at: udp(1500) for at in range(10, 20)}, SOONER))[0] == (11, "alarm")
    assert told(run({at: udp(1499) for at in range(10, 20)}, SOONER))[0] == (12, "alarm")
    assert told(run({at: udp(1500 if at % 2 else 1000) for at in range(11, 20)}, SOONER))[0] == (13, "alarm")


def test_established_tcp_is_never_clear() -> None:
    burst = Counters(bytes=9000, packets=100, flows=9, tcp_bytes=9000, tcp=100, sources=30, samples=100)
    assert run({10: burst, 11: burst}, SOONER) == []
    assert told(run({at: burst for at in range(10, 15)}, SOONER))[0] == (12, "alarm")


def test_what_few_samples_say_is_not_clear() -> None:
    few = replace(udp(1750), packets=25_000, udp=25_000, samples=25)  # 14,000 ± 5,600 bits: over, but 12,000?
    assert told(run({at: few for at in range(10, 20)}, SOONER))[0] == (12, "alarm")
    many = replace(few, samples=900)
    assert told(run({at: many for at in range(10, 20)}, SOONER))[0] == (11, "alarm")


def test_seconds_over_need_not_follow_each_other_within_the_window() -> None:
    assert told(run({10: udp(2000), 12: udp(2000), 14: udp(2000)}))[0] == (14, "alarm")


def test_between_release_level_and_threshold_an_alarm_goes_on() -> None:
    hosts = {at: udp(2000) for at in range(10, 15)} | {at: udp(750) for at in range(15, 40)}  # 75 %
    assert told(run(hosts)) == [(12, "alarm"), (49, "release")]


def test_who_comes_back_has_to_be_calm_for_longer() -> None:
    first = {at: udp(2000) for at in range(10, 15)}
    again = {at: udp(2000) for at in range(40, 45)}
    assert told(run(first | again, until=120)) == [
        (12, "alarm"),
        (24, "release"),
        (42, "alarm"),
        (64, "release"),
    ]


def test_the_cause_is_the_metric_furthest_beyond_its_threshold() -> None:
    assert run({at: syn(500) for at in range(1, 5)}, until=5)[0].metric == "bps"
    assert run({at: replace(syn(500), bytes=1200) for at in range(1, 5)}, until=5)[0].metric == "syn-pps"


def test_a_host_may_have_thresholds_of_its_own_and_none() -> None:
    network = ip_network("198.51.100.5/32")
    higher = replace(POLICY, overrides=(Override(network, {"bps": 80_000}),))
    none = replace(POLICY, overrides=(Override(network, {"bps": 0}),))
    hosts = {at: udp(2000) for at in range(1, 9)}
    assert run(hosts, higher) == run(hosts, none) == []
    lower = replace(POLICY, overrides=(Override(network, {"udp-bps": 100}),))
    assert run(hosts, lower)[0].metric == "udp-bps"


def test_a_prefix_has_thresholds_for_its_sum() -> None:
    policy = replace(POLICY, host={}, prefix={"bps": 8000})
    (alarm,) = run({}, policy, until=8, of_prefix={at: udp(1000) for at in range(1, 9)})
    assert (alarm.scope, alarm.target, alarm.at) == ("prefix", NET, 3)


def test_a_dry_run_decides_the_same_and_says_so() -> None:
    hosts = {at: udp(2000) for at in range(10, 20)}
    dry = run(hosts, replace(POLICY, dry_run=True))
    assert [replace(each, dry_run=False) for each in dry] == run(hosts)
    assert all(each.dry_run and "dry run" in each.line("en") for each in dry)


def test_two_policies_on_one_prefix_judge_each_for_itself() -> None:
    second = replace(POLICY, name="acme-more", host={"udp-pps": 5})
    decisions = run({at: udp(2000) for at in range(1, 6)}, POLICY, second, until=5)
    assert [(each.policy, each.metric) for each in decisions] == [("acme", "bps"), ("acme-more", "udp-pps")]


def test_a_speed_test_is_waited_out_and_said_once() -> None:
    decisions = run({at: web(5000, sources=1) for at in range(10, 40)})
    assert told(decisions) == [(10, "held")]
    assert decisions[0].why is not None and decisions[0].why.name == "speed-test"


def test_what_lasts_longer_than_a_speed_test_is_an_alarm_after_all() -> None:
    decisions = run({at: web(5000, sources=1) for at in range(10, 60)})
    assert told(decisions) == [(10, "held"), (51, "alarm")]


def test_a_long_transfer_of_few_is_believed_only_from_twice_the_threshold() -> None:
    decisions = run({at: web(1900, sources=1) for at in range(10, 400)}, until=400)
    assert [(each.at, each.kind, each.why and each.why.name) for each in decisions] == [
        (10, "held", "speed-test"),
        (49, "held", "transfer"),
    ]


def test_a_crowd_is_believed_only_from_twice_the_threshold() -> None:
    assert told(run({at: web(1500, sources=400) for at in range(10, 40)})) == [(10, "held")]
    assert told(run({at: web(2500, sources=400) for at in range(10, 14)}, until=14)) == [(12, "alarm")]
    assert told(run({at: web(1500, sources=400, port=9999) for at in range(10, 14)}, until=14)) == [
        (12, "alarm")
    ]


def test_a_few_samples_are_noise() -> None:
    few = replace(udp(1500), packets=9000, udp=9000, samples=9)  # 12,000 ± 8,000 bits
    many = replace(few, samples=900)
    assert told(run({at: few for at in range(10, 20)})) == [(10, "held")]
    assert told(run({at: many for at in range(10, 13)}, until=13)) == [(12, "alarm")]
    trusting = replace(POLICY, guards=Guards(noise_sigmas=0))
    assert told(run({at: few for at in range(10, 13)}, trusting, until=13)) == [(12, "alarm")]


def test_a_crowd_stays_one_though_few_samples_make_its_figure_and_its_share_of_syn_jump() -> None:
    """Sixteen samples of one in a thousand: 22 % of SYN and twice the threshold are within their noise."""
    jumping = Counters(
        bytes=16_500, packets=16_000, flows=16, tcp_bytes=16_500, tcp=16_000, syn=4_000, sources=500,
        ports=((443, 16_000),), samples=16,
    )  # fmt: skip
    quiet = replace(POLICY, host={"bps": 64_000}, guards=replace(Guards(), noise_sigmas=2))
    assert told(run(dict.fromkeys(range(10, 20), jumping), quiet)) == [(10, "held")]
    sure = replace(jumping, samples=1600, bytes=33_000, tcp_bytes=33_000)
    assert told(run(dict.fromkeys(range(10, 20), sure), quiet))[0] == (12, "alarm")


def test_a_syn_flood_is_no_crowd_and_no_speed_test() -> None:
    flood = replace(syn(500), bytes=900, ports=((443, 500),), sources=1)
    assert told(run({at: flood for at in range(10, 14)}, until=14)) == [(12, "alarm")]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(1, 80), st.integers(0, 4000), max_size=60))
def test_alarms_and_releases_alternate_and_each_alarm_was_earned(figures: dict[int, int]) -> None:
    hosts = {at: udp(size) for at, size in figures.items()}
    decisions = run(hosts, until=200)
    assert decisions == run(hosts, until=200)
    kinds = [each.kind for each in decisions if each.kind != "held"]
    assert kinds == ["alarm", "release"] * (len(kinds) // 2)
    for each in decisions:
        if each.kind == "alarm":
            window = range(each.at - POLICY.timing.window + 1, each.at + 1)
            assert sum(figures.get(at, 0) >= 1000 for at in window) >= POLICY.timing.rise
        if each.kind == "release":
            assert all(
                figures.get(at, 0) < 700 for at in range(each.at - POLICY.timing.calm + 1, each.at + 1)
            )


def test_a_host_among_too_many_to_be_told_is_not_taken_for_calm() -> None:
    def seconds() -> Iterable[Second]:
        for at in range(1, 61):
            yield Second(at, {HOST: udp(2000)} if at < 6 else {}, {}, untold=1 if 6 <= at < 30 else 0)

    assert told(judge_all(book_of((POLICY,)), iter(seconds()))) == [(3, "alarm"), (39, "release")]


def test_one_line_says_target_cause_rate_and_sources() -> None:
    (alarm, _) = run({at: udp(2000) for at in range(10, 20)})
    assert alarm.line("en") == (
        "12 alarm acme 198.51.100.5 host, bps 16k (threshold 8k), second 3, about 50 sources, ports -"
    )
    assert alarm.line("ja").startswith("12 警報 acme 198.51.100.5 ホスト")
