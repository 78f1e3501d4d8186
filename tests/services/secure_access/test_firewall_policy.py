"""A firewall's document: read whole, every fault with its place; and what its rules say of flows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.network import FilterRule, Origin
from kitei.network.access_filter import Flow, in_order, judge
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
