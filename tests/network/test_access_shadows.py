"""Rules that earlier ones cover: what is found without comparing each with each is what comparing would find."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitei.network import FilterRule, Origin, access_shadows
from kitei.network.access_filter import covers
from kitei.network.access_shadows import shadowed

NETS = [
    *(
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.0.0/17",
        "10.1.128.0/17",
        "10.1.2.3/32",
        "192.0.2.0/24",
    ),
    *("::/0", "fd00::/8", "fd00:1::/32", "fd00:1::1/128"),
]
SERVICES = [
    *("tcp", "tcp/1-65535", "tcp/80", "tcp/80-90", "tcp/79-91", "tcp/85-88", "udp/80", "udp", "icmp"),
    *("proto/47", "proto/50", "tcp/65535", "tcp/1"),
]
UNTIL = [None, "2026-06-01T00:00:00+09:00", "2026-07-01T00:00:00+09:00", "2026-07-01T00:00:00+00:00"]

listed = st.lists(st.sampled_from(NETS), max_size=4, unique=True).map(tuple)
ends = st.one_of(listed, listed.map(lambda nets: tuple(f"!{net}" for net in nets)))
services = st.lists(st.sampled_from(SERVICES), max_size=3, unique=True).map(tuple)


def rule(
    n: int, sources: Sequence[str], to: Sequence[str], by: Sequence[str], until: str | None = None
) -> FilterRule:
    return FilterRule(Origin("c", ()), f"r{n}", n, "allow", tuple(sources), tuple(to), tuple(by), until)


def compared(rules: Sequence[FilterRule]) -> dict[str, str]:
    """Each with each, as it is meant."""
    over = {
        each.name: next((o.name for o in rules[:n] if covers(o, each)), None) for n, each in enumerate(rules)
    }
    return {name: other for name, other in over.items() if other is not None}


@settings(max_examples=500)
@given(st.lists(st.tuples(ends, ends, services, st.sampled_from(UNTIL)), max_size=12))
def test_it_is_what_comparing_each_with_each_finds(told: list[tuple[tuple[str, ...], ...]]) -> None:
    rules = [rule(n, *each) for n, each in enumerate(told)]
    assert shadowed(rules) == compared(rules)


def test_lists_too_long_to_keep_a_rule_by_all_of_them_hide_nothing() -> None:
    many = [f"10.{n}.0.0/16" for n in range(0, 200, 2)]
    wide = rule(1, many, [f"192.0.2.{n}/32" for n in range(0, 100, 2)], [f"tcp/{n}" for n in range(1, 99, 2)])
    rules = [
        wide,
        rule(2, ["10.8.1.0/24"], ["192.0.2.4/32"], ["tcp/5"]),
        rule(3, ["10.8.1.0/24"], ["192.0.2.4/32"], ["tcp/6"]),
    ]
    assert shadowed(rules) == compared(rules) == {"r2": "r1"}


POLICIES = {
    "hosts": lambda n: (
        [f"10.{n >> 8}.{n & 255}.0/24"],
        [f"192.0.{n >> 8 & 1}.{n & 255}/32"],
        [f"tcp/{n % 7 + 1}"],
    ),
    "ports": lambda n: ((), (), [f"tcp/{n + 1}"]),
    "ranges": lambda n: ((), (), [f"udp/{8 * n + 1}-{8 * n + 8}"]),
    "groups": lambda n: (
        [f"10.{n >> 8}.{n & 255}.{host}/32" for host in range(4)],
        ["192.0.2.0/24", "fd00::/8"],
        ["tcp"],
    ),
    "all but one": lambda n: ([f"!10.{n >> 8}.{n & 255}.0/24"], [f"192.{n >> 8}.{n & 255}.0/24"], ["icmp"]),
    "ever longer": lambda n: (
        ["10.0.0.0/8"],
        (),
        (),
        f"20{10 + n // 365 % 80}-01-01T{n % 24:02}:{n // 24 % 60:02}:00+09:00",
    ),
    "half are covered": lambda n: (
        [f"10.{n // 2 >> 8}.{n // 2 & 255}.0/{24 + 4 * (n % 2)}"],
        (),
        ["tcp/443"],
    ),
}


@pytest.mark.parametrize("kind", POLICIES)
def test_twice_as_many_rules_are_looked_at_twice_as_often_and_not_four_times(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    def counted(one: FilterRule, other: FilterRule) -> bool:
        nonlocal looked
        looked += 1
        return covers(one, other)

    monkeypatch.setattr(access_shadows, "covers", counted)
    rules = [rule(n, *POLICIES[kind](n)) for n in range(1200)]
    found = shadowed(rules)
    assert looked <= 3 * len(rules), looked
    assert {name: over for name, over in found.items() if int(name[1:]) < 200} == compared(rules[:200])
