"""What a scrubber's driver does, as values: enough, in the right order, nothing twice, and an end to everything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kitei.drivers.scrubber import Scrubber as Driver
from kitei.drivers.scrubber import ScrubberSeen
from kitei.drivers.scrubber.fallback import ruleset
from kitei.drivers.scrubber.layout import ceiling_of, prefix_text, read_prefix
from kitei.drivers.scrubber.seen import Attached, Filter
from kitei.drivers.scrubber.wanted import Cleaning, Lists, lists_of, wanted_of
from kitei.network import Origin, Part, PermanentError, Route, Step
from kitei.network.ddos import Scrubber, Scrubbing
from kitei.values import digest_of

FOR = Origin("contract-1", ("ddos-protection@2024-04-01#art:4",))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PREFIXES = ("203.0.113.0/24", "203.0.113.7/32", "198.51.100.0/24", "2001:db8:5::/48", "2001:db8:5:1::/64")
SOURCES = ("192.0.2.0/24", "192.0.2.7/32", "10.0.0.0/8", "2001:db8:66::/48", "2001:db8:66:1::/64")
SCRUBBER = Scrubber(FOR, "dirty0", "xdp")

some_sources = some.lists(some.sampled_from(SOURCES), max_size=3).map(tuple)
cleanings = some.builds(
    Scrubbing,
    some.just(FOR),
    some.sampled_from(("acme", "beta")),
    some.sampled_from(PREFIXES),
    some.sampled_from((0, 500_000_000, 1_000_000_000)),
    some.sampled_from((0, 100, 2000)),
    some.booleans(),
    some.sampled_from(((), (53,), (123, 53))),
    some.sampled_from(("pass", "drop")),
    some_sources,
    some_sources,
    some.sampled_from((None, "2026-11-21T12:00:00+00:00", "2026-11-21T21:00:01+09:00")),
)
parts = some.lists(cleanings, max_size=5, unique_by=lambda part: part.prefix)
engines = some.sampled_from(("auto", "xdp", "nftables"))
seen_before = some.builds(ScrubberSeen, some.just(NOW), some.sampled_from((None, "no clang")))


def after(seen: ScrubberSeen, step: Step) -> ScrubberSeen:
    """What the machine is after a step; a step that finds no ground to stand on fails."""
    told = step.with_
    match step.act:
        case "attach":
            kept = tuple(each for each in seen.attached if each.port != told["port"])
            lists = {Lists(**each).digest for each in told["lists"]}
            cleaned = {prefix: Cleaning(**each) for prefix, each in told["cleanings"].items()}
            assert {each.lists for each in cleaned.values()} <= lists | {""}
            there = (*kept, Attached(told["port"], "native", 7, True))
            return replace(
                seen, attached=there, ceilings=told["ceilings"], lists=frozenset(lists), cleanings=cleaned
            )
        case "detach":
            left = tuple(each for each in seen.attached if each.port != told["port"])
            if any(each.is_current for each in left):
                return replace(seen, attached=left)
            return ScrubberSeen(seen.at, seen.no_xdp, left, filter=seen.filter)
        case "filter":
            return replace(seen, filter=Filter(digest_of(told["text"])))
        case "unfilter":
            return replace(seen, filter=None)
        case "ceiling":
            return replace(seen, ceilings={**seen.ceilings, told["contract"]: told["ceiling"]})
        case "lists":
            listed = Lists(told["allow"], told["deny"], told["reflectors"])
            return replace(seen, lists=seen.lists | {listed.digest})
        case "clean":
            cleaning = Cleaning(**told["cleaning"])
            assert cleaning.contract in seen.ceilings and cleaning.lists in seen.lists | {""}
            return replace(seen, cleanings={**seen.cleanings, told["prefix"]: cleaning})
        case "leave":
            return replace(seen, cleanings={p: c for p, c in seen.cleanings.items() if p != told["prefix"]})
        case "forget":
            assert told["contract"] not in {each.contract for each in seen.cleanings.values()}
            return replace(seen, ceilings={n: c for n, c in seen.ceilings.items() if n != told["contract"]})
        case "sweep":
            assert {each.lists for each in seen.cleanings.values()} <= {*told["keep"], ""}
            return replace(seen, lists=seen.lists & set(told["keep"]), is_littered=False)
    raise AssertionError(step)


def made(seen: ScrubberSeen, wanted: list[Part]) -> ScrubberSeen:
    for step in Driver().plan(wanted, seen):
        seen = after(seen, step)
    return seen


@given(seen_before, parts, engines, parts, engines)
def test_after_its_plan_there_is_nothing_to_do_whatever_was_before(seen, first, old, second, new) -> None:
    for engine, wanted in ((old, first), (new, second)):
        order: list[Part] = [replace(SCRUBBER, engine=engine), *wanted]
        if engine == "xdp" and seen.no_xdp:
            with pytest.raises(PermanentError, match="no clang"):
                Driver().plan(order, seen)
            continue
        seen = made(seen, order)
        assert Driver().plan(order, seen) == ()
        asked = wanted_of(order, NOW)
        assert asked is not None
        if seen.attached:
            assert (seen.cleanings, dict(seen.ceilings)) == (asked.cleanings, asked.ceilings)
            assert seen.lists == set(asked.lists) and seen.filter is None
        else:
            assert seen.filter is not None
    seen = made(seen, [])
    assert (seen.attached, seen.filter, seen.cleanings) == ((), None, {})
    assert Driver().plan([], seen) == ()


@given(parts, some.randoms(use_true_random=False))
def test_order_of_parts_and_parts_of_others_change_nothing(wanted, chance) -> None:
    shuffled: list[Part] = [SCRUBBER, Route(FOR, "0.0.0.0/0", None), *wanted]
    chance.shuffle(shuffled)
    seen = ScrubberSeen(NOW)
    assert Driver().plan(shuffled, seen) == Driver().plan([SCRUBBER, *wanted], seen)
    plain = [wanted_of([SCRUBBER, *some_order], NOW) for some_order in (wanted, wanted[::-1])]
    assert ruleset(plain[0]) == ruleset(plain[1])


def part(**more) -> Scrubbing:
    plain = Scrubbing(FOR, "acme", "203.0.113.0/24", 0, 0, False, (), "pass", (), (), None)
    return replace(plain, **more)


def test_what_has_ended_is_not_wanted_and_what_has_not_is() -> None:
    ends = part(until="2026-11-21T12:00:00+00:00")
    for at, count in ((NOW - timedelta(seconds=1), 1), (NOW, 0), (NOW + timedelta(days=9), 0)):
        asked = wanted_of([SCRUBBER, ends], at)
        assert asked is not None and len(asked.cleanings) == count
    seen = made(ScrubberSeen(NOW - timedelta(seconds=1)), [SCRUBBER, ends])
    steps = Driver().plan([SCRUBBER, ends], replace(seen, at=NOW))
    assert [step.do for step in steps] == ["leave 203.0.113.0/24 as it comes", "forget acme"]


def test_a_rate_alone_changes_a_rate_alone() -> None:
    seen = made(ScrubberSeen(NOW), [SCRUBBER, part(deny=SOURCES, clean_bps=500_000_000)])
    (step,) = Driver().plan([SCRUBBER, part(deny=SOURCES, clean_bps=10**9)], seen)
    assert (step.do, step.owners) == ("set the clean rate of acme", ("acme",))


def test_every_fault_is_told_with_its_place() -> None:
    bad = part(prefix="203.0.113.1/24", allow=("x",), reflectors=(70000,), clean_bps=-1, contract="")
    twice = (part(prefix="2001:db8::/32"), part(prefix="2001:0db8::/32"))
    with pytest.raises(PermanentError) as told:
        Driver().plan([SCRUBBER, bad, *twice], ScrubberSeen(NOW))
    for word in (
        "prefix '203.0.113.1/24'",
        "allow 'x'",
        "70000",
        "clean_bps -1",
        "contract ''",
        "the same prefix",
    ):
        assert word in str(told.value)
    with pytest.raises(PermanentError, match="no scrubber on this node"):
        Driver().plan([part()], ScrubberSeen(NOW))


@given(some_sources, some_sources, some.sampled_from((4, 6)), some.integers(0, 2**32 - 1))
def test_the_longest_entry_of_both_lists_says_what_deny_before_allow_says(
    allow, deny, version, number
) -> None:
    prefix = {4: "203.0.113.0/24", 6: "2001:db8:5::/48"}[version]
    lists = lists_of(part(prefix=prefix, allow=allow, deny=deny))
    inside = [ip_network(each) for each in SOURCES if ip_network(each).version == version]
    for network in inside:
        address = network[number % min(network.num_addresses, 2**20)]

        def holds(listed, address=address) -> list[int]:
            nets = [ip_network(each) for each in listed]
            return [net.prefixlen for net in nets if net.version == version and address in net]

        by_order = "deny" if holds(deny) else "allow" if holds(allow) else None
        lengths = {**dict.fromkeys(holds(lists.allow), "allow"), **dict.fromkeys(holds(lists.deny), "deny")}
        assert (lengths[max(lengths)] if lengths else None) == by_order


@given(some.integers(1_000, 10**12))
def test_a_ceilings_cost_is_true_to_a_ten_thousandth(bps) -> None:
    cost, burst = ceiling_of(bps)
    assert cost * bps == pytest.approx(8 * 10**9 * 256 * 65536, rel=1e-4)
    assert burst >= (65536 * cost >> 16)


@given(
    some.sampled_from(SOURCES + PREFIXES)
    | some.from_regex(r"[0-9a-f.:/]{1,20}", fullmatch=True)
    | some.ip_addresses().map(str)
    | some.tuples(some.ip_addresses(), some.integers(0, 140)).map(lambda pair: f"{pair[0]}/{pair[1]}")
)
def test_prefixes_are_read_as_the_standard_library_reads_them(text) -> None:
    try:
        network = ip_network(text)
    except ValueError:
        assert read_prefix(text) is None
        return
    read = read_prefix(text)
    if "." in text.partition("/")[2]:
        assert read is None, "a length is a number here, not a mask"
        return
    assert read == (network.version, int(network.network_address), network.prefixlen)
    assert ip_network(prefix_text(*read)) == network
