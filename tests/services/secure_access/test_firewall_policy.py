"""A firewall's document: read whole, every fault with its place; and what its rules say of flows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitei.network import FilterRule, Origin
from kitei.network.access_filter import Flow, covers, fits, in_order, judge
from kitei.network.access_shadows import shadowed
from kitei.services.secure_access.document import Unreadable
from kitei.services.secure_access.firewall import members, read_policy

GOOD = """
[objects]
office = ["10.1.0.0/16", "2001:db8:1::/48"]
people = ["office", "group:sales", "zone:remote"]

[services]
web = ["tcp/80", "tcp/443"]

[[rule]]
id = "no-games"
action = "deny"
from = ["people"]
to = ["198.51.100.0/24"]
comment = { ja = "遊ばない", en = "no games" }

[[rule]]
id = "web-out"
action = "allow"
from = ["people", "user:tanaka"]
to = ["zone:internet"]
service = ["web", "udp/5000-5100", "icmp"]
until = 2026-12-31T18:00:00+09:00
"""


def test_objects_and_services_are_followed_in_the_rules_order() -> None:
    policy = read_policy(GOOD)
    first, second = policy.rules
    assert (first.id, first.action, first.services) == ("no-games", "deny", ())
    assert first.sources == ("10.1.0.0/16", "2001:db8:1::/48", "group:sales", "zone:remote")
    assert second.services == ("tcp/80", "tcp/443", "udp/5000-5100", "icmp")
    assert second.until == "2026-12-31T18:00:00+09:00" and second.destinations == ("zone:internet",)
    assert set(members(policy)) == {"group:sales", "user:tanaka"}


@pytest.mark.parametrize(
    ("written", "place", "right"),
    [
        ('[[rule]]\nid = "A b"\naction = "allow"', "rule 1.id", "r-games"),
        ('[[rule]]\nid = "default"\naction = "allow"', "rule 1.id", "already"),
        ('[[rule]]\nid = "a"\naction = "permit"', "rule 1.action", "allow | deny"),
        ('[[rule]]\nid = "a"\naction = "allow"\nform = []', "rule 1", "from"),
        ('[[rule]]\nid = "a"\naction = "allow"\nfrom = ["10.1.0.1/16"]', "rule 1.from", "10.1.0.0/24"),
        ('[[rule]]\nid = "a"\naction = "allow"\nfrom = ["offfice"]', "rule 1.from", "no object"),
        ('[[rule]]\nid = "a"\naction = "allow"\nto = ["zone:internet", "10.0.0.0/8"]', "rule 1.to", "two rules"),
        ('[[rule]]\nid = "a"\naction = "allow"\nservice = ["tcp/0"]', "rule 1.service", "tcp/443"),
        ('[[rule]]\nid = "a"\naction = "allow"\nservice = ["tcp/90-80"]', "rule 1.service", "tcp/443"),
        ('[[rule]]\nid = "a"\naction = "allow"\nservice = ["proto/256"]', "rule 1.service", "proto/47"),
        ('[[rule]]\nid = "a"\naction = "allow"\nuntil = 2026-12-31', "rule 1.until", "+09:00"),
        ('[[rule]]\nid = "a"\naction = "allow"\n[[rule]]\nid = "a"\naction = "deny"', "rule 2.id", "already"),
        ('[objects]\na = ["b"]\nb = ["a"]', "objects.a", "contains itself"),
        ('[services]\nweb = ["http"]', "services.web", "tcp/443"),
        ('[services]\na = ["b"]\nb = ["tcp/1"]', "services.a", "tcp/443"),
        ("rule = 1", "rule", "[[rule]]"),
        ("[object]", "file", "objects"),
        ("id = ", "file", "TOML"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_what_would_be_right(written: str, place: str, right: str) -> None:
    with pytest.raises(Unreadable) as told:
        read_policy(written)
    assert [each for each in told.value.faults if each.place == place and right in each.words.en], str(
        told.value
    )


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(Unreadable) as told:
        read_policy('[objects]\na = ["?"]\n[[rule]]\nid = "r"\naction = "x"\nservice = ["y"]')
    assert [each.place for each in told.value.faults] == ["objects.a", "rule 1.action", "rule 1.service"]


# -- what rules say of flows -----------------------------------------------------------------------

FOR = Origin("f-1", ())


def rule(name: str, number: int, action, sources=(), destinations=(), services=(), until=None) -> FilterRule:
    return FilterRule(FOR, name, number, action, tuple(sources), tuple(destinations), tuple(services), until)


RULES = (
    rule("last", 3, "allow", ["10.0.0.0/8", "fd00::/8"], ["!10.0.0.0/8", "!fd00::/8"], ["tcp", "icmp"]),
    rule("no", 1, "deny", (), ["198.51.100.0/24"]),
    rule("soon", 2, "allow", ["10.0.0.9/32"], (), ["udp/53-54"], "2026-06-01T00:00:00+09:00"),
)


@pytest.mark.parametrize(
    ("flow", "by"),
    [
        (Flow("10.0.0.9", "198.51.100.1", "tcp", 443), "no"),
        (Flow("10.0.0.9", "192.0.2.1", "tcp", 443), "last"),
        (Flow("fd00::1", "2001:db8::1", "tcp", 443), "last"),
        (Flow("fd00::1", "2001:db8::1", "ipv6-icmp"), "last"),
        (Flow("fd00::1", "192.0.2.1", "tcp", 1), "last"),
        (Flow("10.0.0.9", "10.0.0.8", "tcp", 443), None),
        (Flow("10.0.0.9", "10.0.0.8", "udp", 54), "soon"),
        (Flow("10.0.0.9", "10.0.0.8", "udp", 55), None),
        (Flow("192.0.2.7", "192.0.2.1", "tcp", 443), None),
    ],
)
def test_the_first_rule_that_fits_decides_and_none_denies(flow: Flow, by: str | None) -> None:
    found = judge(in_order(RULES), flow)
    assert (found.name if found else None) == by


def test_a_rule_is_over_at_its_end() -> None:
    end = datetime(2026, 5, 31, 15, tzinfo=UTC)
    assert "soon" not in [each.name for each in in_order(RULES, end)]
    assert "soon" in [each.name for each in in_order(RULES, end.replace(hour=14))]


@given(st.permutations(RULES))
def test_the_order_is_that_of_the_numbers_however_the_rules_come(rules: list[FilterRule]) -> None:
    assert [each.name for each in in_order(rules)] == ["no", "soon", "last"]


# -- rules that do nothing ---------------------------------------------------------------------------

PREFIXES = [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.0.0/17",
    "10.1.128.0/17",
    "192.0.2.0/24",
    "fd00::/8",
    "fd00:1::/32",
]
HOSTS = [
    "10.1.0.1",
    "10.1.200.1",
    "10.2.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "fd00:1::1",
    "fd00:2::1",
    "2001:db8::1",
]
SERVICES = ["tcp", "tcp/80", "tcp/80-90", "tcp/85-88", "udp/80", "icmp", "proto/47"]
some = st.lists(st.sampled_from(PREFIXES), max_size=3, unique=True)
ends = st.one_of(some, some.map(lambda listed: [f"!{each}" for each in listed]))
anything = st.builds(
    lambda one, other, services, until: rule("r", 1, "allow", one, other, services, until),
    ends,
    ends,
    st.lists(st.sampled_from(SERVICES), max_size=3, unique=True),
    st.sampled_from([None, "2026-06-01T00:00:00+09:00", "2026-07-01T00:00:00+09:00"]),
)


@settings(max_examples=400)
@given(anything, anything)
def test_what_a_shadowed_rule_fits_the_other_fits_too(one: FilterRule, other: FilterRule) -> None:
    if not covers(one, other):
        return
    for source in HOSTS:
        for destination in HOSTS:
            for protocol, port in (
                ("tcp", 80),
                ("tcp", 86),
                ("tcp", 443),
                ("udp", 80),
                ("icmp", 0),
                ("47", 0),
            ):
                flow = Flow(source, destination, protocol, port)
                assert fits(one, flow) or not fits(other, flow), (one, other, flow)
    assert one.until is None or (other.until is not None and other.until <= one.until)


def test_two_halves_shadow_the_whole_and_an_earlier_rule_a_later_one_alone() -> None:
    halves = rule("halves", 1, "deny", ["10.1.0.0/17", "10.1.128.0/17"])
    whole = rule("whole", 2, "allow", ["10.1.0.0/16"], (), ["tcp/443"])
    assert shadowed(in_order((whole, halves))) == {"whole": "halves"}
    assert shadowed(in_order((whole, rule("halves", 3, "deny", ["10.1.0.0/17", "10.1.128.0/17"])))) == {}
    outside = rule("outside", 1, "allow", (), ["!10.0.0.0/8"])
    assert shadowed((outside, rule("there", 2, "deny", (), ["192.0.2.0/24"]))) == {"there": "outside"}
    assert shadowed((outside, rule("here", 2, "deny", (), ["10.1.0.0/16"]))) == {}
