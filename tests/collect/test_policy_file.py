"""A policy file is read whole; every fault is told with its place."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitei.collect.baseline import Baseline, Usual
from kitei.collect.counters import METRICS, quantity, shown
from kitei.collect.policies import BadPolicies, read_policies
from kitei.collect.policy import Guards, Override, Policy, Timing, book_of
from kitei.collect.policy_text import write_policies

GOOD = """
[[policy]]
name = "acme"
prefixes = ["198.51.100.0/24", "2001:db8:5::/48"]
host = { bps = "500M", syn-pps = "20k", udp-pps = 100 }
prefix = { bps = "1.5G" }
[[policy.override]]
network = "198.51.100.53/32"
host = { udp-pps = "200k", syn-pps = 0 }
[policy.timing]
calm = 120
[policy.guards]
services = [443]
"""


def test_a_good_file_becomes_its_policies() -> None:
    (policy,) = read_policies(GOOD).policies
    assert policy.host == {"bps": 500_000_000, "syn-pps": 20_000, "udp-pps": 100}
    assert policy.prefix == {"bps": 1_500_000_000}
    assert policy.of_host(ip_address("198.51.100.53")) == {"bps": 500_000_000, "udp-pps": 200_000}
    assert (policy.timing.calm, policy.timing.rise, policy.guards.services) == (120, 3, (443,))
    assert len(policy.version) == 12


def test_the_version_is_of_the_text() -> None:
    assert read_policies(GOOD).policies[0].version != read_policies(GOOD + "\n").policies[0].version


def test_the_meter_is_asked_for_the_lowest_release_level_in_a_prefix() -> None:
    limits = read_policies(GOOD).limits()
    assert limits[ip_network("198.51.100.0/24")] == {"bps": 350_000_000, "syn-pps": 14_000, "udp-pps": 70}
    wider = GOOD.replace("198.51.100.0/24", "198.51.0.0/16").replace("acme", "wide").replace('"500M"', '"5M"')
    both = read_policies(GOOD + wider.replace('"2001:db8:5::/48"', '"2001:db8::/32"')).limits()
    assert both[ip_network("198.51.100.0/24")]["bps"] == 3_500_000


def test_every_fault_is_told_with_its_place() -> None:
    bad = """
colour = "red"
[[policy]]
name = "acme"
prefixes = ["198.51.100.1/24", "0.0.0.0/0"]
host = { bps = "much", sin-pps = 3, pps = -1 }
dry_run = "yes"
[[policy.override]]
network = "2001:db8::/64"
host = {}
[policy.timing]
rise = 9
[policy.guards]
services = [0]
[[policy]]
name = "acme"
prefixes = []
"""
    with pytest.raises(BadPolicies) as error:
        read_policies(bad)
    places = [each.place for each in error.value.faults]
    assert places == [
        "file",
        "policy 1.prefixes[0]",
        "policy 1.prefixes",
        "policy 1.host",
        "policy 1.host.bps",
        "policy 1.host.pps",
        "policy 1.override 1.network",
        "policy 1.dry_run",
        "policy 1.timing",
        "policy 1.guards.services",
        "policy 2.prefixes",
        "policy 2",
        "policy 2.name",
    ]
    said = {each.place: each.words.en for each in error.value.faults}
    assert said["policy 1.host"] == "there is no 'sin-pps': syn-pps"
    assert all(each.words.ja and each.words.en for each in error.value.faults)


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.dictionaries(st.sampled_from(sorted(METRICS)), st.integers(0, 10**12), min_size=1),
    st.dictionaries(st.sampled_from(sorted(METRICS)), st.integers(0, 10**12)),
    st.integers(1, 60),
    st.booleans(),
)
def test_policies_written_read_back_the_same(
    name: str, host: dict[str, int], override: dict[str, int], window: int, dry_run: bool
) -> None:
    networks = (ip_network("198.51.100.0/24"), ip_network("2001:db8::/32"))
    policy = Policy(
        name, networks, host, {"bps": 7}, (Override(ip_network("198.51.100.9/32"), override),),
        Timing(rise=1, window=window), Guards(services=(443,), few_sources=9), dry_run,
    )  # fmt: skip
    (read,) = read_policies(write_policies(book_of((policy,)))).policies
    assert replace(read, version="") == policy


@pytest.mark.parametrize("text", ["not toml [", "", "policy = 3"])
def test_what_holds_no_policy_is_refused(text: str) -> None:
    with pytest.raises(BadPolicies):
        read_policies(text)


def test_a_learned_threshold_without_a_baseline_cannot_be_computed() -> None:
    text = GOOD.replace('"500M"', '"learned"')
    with pytest.raises(BadPolicies, match="cannot compute"):
        read_policies(text)
    baseline = Baseline(1, 2, 2, 0, {("acme", "host", "bps"): Usual(1, 2, 3, 44_000_000)})
    assert read_policies(text, baseline).policies[0].host["bps"] == 44_000_000


@pytest.mark.parametrize(
    ("written", "value"), [("20k", 20_000), ("1.5G", 1_500_000_000), (7, 7), ("7", 7), ("0.25M", 250_000)]
)
def test_quantities(written: str | int, value: int) -> None:
    assert quantity(written) == value


@pytest.mark.parametrize("written", ["", "k", "1.5", "-3", "1e9", "5 mb", True, "1.2345M"])
def test_no_quantities(written: str | int) -> None:
    with pytest.raises(ValueError, match=r"quantity|whole"):
        quantity(written)


def test_figures_are_shown_short() -> None:
    assert [shown(each) for each in (999, 1500, 2_000_000, 1_234_567_890)] == ["999", "1.5k", "2M", "1.23G"]


FOLLOWING = (
    GOOD
    + """
[policy.ladder]
rate-limit = "forbidden"
divert = "automatic"
hold = 120
rate = "5M"
most = 3
[policy.scrub]
source_pps = "2k"
syn_proof = false
reflectors = [53, 123]
fragments = "pass"
deny = ["192.0.2.0/24", "2001:db8::/32"]
"""
)


def test_what_follows_an_alarm_may_stand_in_the_file_and_decides_nothing_here() -> None:
    book = read_policies(FOLLOWING)
    assert [replace(each, follows={}, version="") for each in book.policies] == [
        replace(each, version="") for each in read_policies(GOOD).policies
    ]
    again = read_policies(write_policies(book))
    assert [each.follows for each in again.policies] == [each.follows for each in book.policies]
    assert book.policies[-1].follows["scrub"]["reflectors"] == [53, 123]


@pytest.mark.parametrize(
    ("written", "place", "right"),
    [
        ('[policy.ladder]\ndivert = "at once"', "ladder.divert", "automatic, by-hand, forbidden"),
        ('[policy.ladder]\ndivret = "by-hand"', "ladder", "divert"),
        ("[policy.ladder]\nhold = -1", "ladder.hold", "whole number"),
        ("[policy.ladder]\nrate = true", "ladder.rate", "quantity"),
        ('[policy.scrub]\nfragments = "maybe"', "scrub.fragments", "pass, drop"),
        ("[policy.scrub]\nreflectors = [0]", "scrub.reflectors", "port numbers"),
        ('[policy.scrub]\nallow = ["here"]', "scrub.allow", "prefixes such as"),
        ("[policy.scrub]\nsyn_proof = 1", "scrub.syn_proof", "true or false"),
    ],
)
def test_a_slip_in_what_follows_is_found_wherever_the_file_is_read(
    written: str, place: str, right: str
) -> None:
    with pytest.raises(BadPolicies) as caught:
        read_policies(GOOD + "\n" + written + "\n")
    (fault,) = caught.value.faults
    assert fault.place.endswith(place) and right in fault.words.en
