"""The filter as text: complete, the same for the same parts, and closed where nothing is said."""

from hypothesis import given
from hypothesis import strategies as some

from kitei.drivers.nftables import FilterSeen, Nftables, ruleset
from kitei.network import Address, Allow, Gateway, Guard, Origin, Overlay, Part, Port, Risk, SecureLink
from kitei.values import digest_of

FOR = Origin("contract-1", ())
HUB: tuple[Part, ...] = (
    Port(FOR, "wan0", "wan"),
    Port(FOR, "lan0", "lan"),
    Address(FOR, "wan0", "198.51.100.1/24"),
    Address(FOR, "lan0", "10.0.0.2/24"),
    Gateway(FOR, "lan0", "10.0.0.1/24", 1, 200),
    Guard(FOR, "wan0", ("198.51.100.2",)),
)
CHILD = Origin("contract-2", ())
LINK = SecureLink(
    CHILD, "a", "198.51.100.1", "198.51.100.2", "hub", "child", "100.64.0.1", "100.64.0.2", False
)
BRANCH: tuple[Part, ...] = (
    LINK,
    Overlay(CHILD, "kt1", 1, "100.64.0.1", "100.64.0.2", "100.80.0.0/31", 1350),
    Allow(CHILD, "child", "kt1", ("10.1.0.0/24", "10.1.0.0/16"), "lan0", ("10.0.0.0/24",)),
)

parts = some.lists(some.sampled_from(HUB + BRANCH), unique_by=lambda part: part.key)


@given(parts, some.randoms(use_true_random=False))
def test_order_of_parts_changes_nothing(wanted: list[Part], chance) -> None:
    shuffled = list(wanted)
    chance.shuffle(shuffled)
    assert ruleset(shuffled) == ruleset(wanted)


@given(parts)
def test_a_loaded_filter_needs_no_plan_and_another_one_does(wanted: list[Part]) -> None:
    driver = Nftables()
    (step,) = driver.plan([*HUB, *wanted], FilterSeen())
    assert step.risk is Risk.NONE
    text = step.with_["text"]
    assert driver.plan([*HUB, *wanted], FilterSeen(True, digest_of(text))) == ()
    assert driver.plan([*HUB, *wanted], FilterSeen(True, None)), "a change by another hand is not left alone"
    assert driver.plan([*HUB, *wanted], FilterSeen(True, digest_of(text + " "))) != ()


def test_a_node_of_nothing_has_no_filter() -> None:
    assert Nftables().plan((), FilterSeen()) == ()
    (step,) = Nftables().plan((), FilterSeen(True, "x", frozenset({"contract-2 allow:child"})))
    assert (step.act, step.risk, step.owners) == ("remove", Risk.OUTAGE, ("contract-2",))


def test_taking_a_branch_away_names_its_contract() -> None:
    seen = FilterSeen(True, "x", frozenset({"contract-2 allow:child", "contract-1 guard:wan0"}))
    (step,) = Nftables().plan(HUB, seen)
    assert (step.risk, step.owners) == (Risk.OUTAGE, ("contract-2",))
    assert "allow:child" in step.do and "guard" not in step.do


def test_a_prefix_less_is_an_outage_and_one_more_is_not() -> None:
    fewer = Allow(CHILD, "child", "kt1", ("10.1.0.0/24",), "lan0", ("10.0.0.0/24",))
    (first,) = Nftables().plan([*HUB, BRANCH[-1]], FilterSeen())
    seen = FilterSeen(True, "x", frozenset({"contract-2 allow:child"}), first.with_["passing"])
    (less,) = Nftables().plan([*HUB, fewer], seen)
    assert (less.risk, less.owners) == (Risk.OUTAGE, ("contract-2",))
    (before,) = Nftables().plan([*HUB, fewer], FilterSeen())
    seen = FilterSeen(True, "x", frozenset({"contract-2 allow:child"}), before.with_["passing"])
    (more,) = Nftables().plan([*HUB, BRANCH[-1]], seen)
    assert (more.risk, more.owners) == (Risk.NONE, ())


def test_prefixes_that_overlap_become_one() -> None:
    assert "ip saddr 10.1.0.0/16 ip daddr 10.0.0.0/24" in ruleset(HUB + BRANCH)


def test_a_virtual_gateway_answers_pings_from_beyond_the_tunnel() -> None:
    assert 'iifname "kt1" ip saddr 10.1.0.0/16 ip daddr { 10.0.0.1, 10.0.0.2 } ip protocol icmp' in ruleset(
        HUB + BRANCH
    )
