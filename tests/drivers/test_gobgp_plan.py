"""What a speaker may say, and the steps there: pure, over any orders and any table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from routes_stand import LEAVE, UNTIL, announce, border, limit, other, speaker

from kitei.drivers.gobgp.leave import allowed
from kitei.drivers.gobgp.messages import held_of, path_of
from kitei.drivers.gobgp.plan import plan_speaker
from kitei.drivers.gobgp.upstreams import neighbour_of, permits_of, tag_of, upstreams_of
from kitei.drivers.gobgp.values import Held, Self, SpeakerSeen, Tag
from kitei.network import Part, Step

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BASE = (speaker(), border(), other(), LEAVE)


def told(step: Step, seen: SpeakerSeen) -> SpeakerSeen:
    """What the engine has after a step: what each act means, said a second time."""
    with_ = step.with_
    match step.act:
        case "start":
            return SpeakerSeen(seen.at, 1, with_["itself"], present=True)
        case "guard":
            return replace(seen, guarded=True, permits=frozenset())
        case "part":
            left = frozenset(n for n in seen.neighbours if n.address != with_["address"])
            return replace(seen, neighbours=left)
        case "meet":
            return replace(seen, neighbours=seen.neighbours | {with_["neighbour"]})
        case "permit":
            return replace(seen, permits=frozenset(with_["permits"]))
        case "change":
            touched = {(h.family, h.of) for h in (*with_["withdrawn"], *with_["announced"])}
            kept = {held for held in seen.routes if (held.family, held.of) not in touched}
            return replace(seen, routes=frozenset(kept | set(with_["announced"])))
        case "stop":
            return SpeakerSeen(seen.at)
        case _:
            return seen


def brought_about(wanted, seen: SpeakerSeen) -> tuple[SpeakerSeen, list[Step]]:
    steps = plan_speaker(wanted, seen)
    for step in steps:
        seen = told(step, seen)
    return seen, list(steps)


def reasons(wanted, seen: SpeakerSeen | None = None) -> str:
    steps = plan_speaker(wanted, seen or SpeakerSeen(NOW))
    return "; ".join(reason for step in steps if step.act == "refuse" for reason in step.with_["refused"])


prefixes = st.one_of(
    st.integers(0, 255).map(lambda n: f"198.51.100.{n}/32"),
    st.sampled_from(
        ["198.51.100.0/24", "203.0.113.7/32", "0.0.0.0/0", "2001:db8:7::/48", "2001:db8:7::1/128", "x"]
    ),
)
upstreams_named = st.lists(st.sampled_from(["border", "other", "nowhere"]), unique=True).map(tuple)
untils = st.sampled_from([None, UNTIL, (NOW - timedelta(seconds=1)).isoformat(), "soon"])
announcements = st.builds(
    announce,
    prefixes,
    st.sampled_from(["blackhole", "divert"]),
    to=upstreams_named,
    hop=st.sampled_from(["10.9.0.9", "198.51.100.9", "2001:db8:9::9", "", "x"]),
    until=untils,
    contract=st.sampled_from(["contract-1", "contract-2"]),
)
rules = st.builds(
    limit,
    st.sampled_from(["a", "b", "c"]),
    prefixes,
    protocol=st.sampled_from([None, 6, 17, 300]),
    source_ports=st.sampled_from([(), (53, 123), (70000,)]),
    syn=st.booleans(),
    fragments=st.booleans(),
    rate=st.sampled_from([0, 125_000, 16_777_217]),
    source=st.sampled_from([None, "192.0.2.0/24", "2001:db8::/32"]),
    to=upstreams_named,
    until=untils,
)
orders = st.lists(st.one_of(announcements, rules), max_size=12, unique_by=lambda part: part.key)
tables = st.lists(
    st.builds(
        Held,
        st.just("ipv4"),
        st.integers(0, 255).map(lambda n: f"198.51.100.{n}/32"),
        st.just(""),
        st.none(),
        st.frozensets(st.sampled_from([tag_of("border", "blackhole"), tag_of("other", "divert"), Tag(1, 5)])),
    ),
    max_size=8,
    unique_by=lambda held: held.of,
).map(frozenset)
SPEAKING = SpeakerSeen(NOW, 1, Self(64500, "10.98.0.1", 179), guarded=True, present=True)


@settings(max_examples=150, deadline=None)
@given(orders, tables, st.booleans())
def test_after_its_plan_a_speaker_needs_no_other_plan(wanted, table, runs) -> None:
    seen = replace(SPEAKING, routes=table) if runs else SpeakerSeen(NOW)
    after, _ = brought_about((*BASE, *wanted), seen)
    left = [step for step in plan_speaker((*BASE, *wanted), after) if step.act != "refuse"]
    assert left == []


@settings(max_examples=150, deadline=None)
@given(orders, tables)
def test_whatever_is_wanted_nothing_outside_a_leave_is_held(wanted, table) -> None:
    after, _ = brought_about((*BASE, *wanted), replace(SPEAKING, routes=table))
    numbers = {tag_of(name, "flow").number for name in LEAVE.upstreams}
    for held in after.routes:
        to = held.of if isinstance(held.of, str) else held.of.destination
        assert to.startswith(("198.51.100.", "2001:db8:7:"))
        assert {tag.number for tag in held.tags} <= numbers
        assert held.tags, "a route for nobody"
        if held.family == "ipv6-flowspec":
            assert tag_of("other", "flow") not in held.tags, "a family that this upstream does not take"
    assert len(after.routes) <= LEAVE.most
    tags = [tag.number for held in after.routes for tag in {Tag(0, t.number) for t in held.tags}]
    assert tags.count(tag_of("other", "flow").number) <= other().most


@settings(max_examples=100, deadline=None)
@given(orders)
def test_what_is_held_goes_out_as_messages_and_comes_back(wanted) -> None:
    upstreams, flaws = upstreams_of(BASE)
    assert not flaws
    for held in allowed((*BASE, *wanted), upstreams).routes:
        assert held_of(path_of(held, 64500), 64500) == held


@settings(max_examples=60, deadline=None)
@given(orders, orders)
def test_what_is_announced_stays_when_the_number_is_exceeded(first, more) -> None:
    before, _ = brought_about((*BASE, *first), SPEAKING)
    both = {part.key: part for part in (*more, *first)}.values()
    after, _ = brought_about((*BASE, *both), before)
    assert {(h.family, h.of) for h in before.routes} <= {(h.family, h.of) for h in after.routes}


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (announce("203.0.113.7/32"), "203.0.113.7/32 is outside 198.51.100.0/24, 2001:db8:7::/48"),
        (announce("198.51.100.7/24"), "is not a prefix"),
        (announce("198.51.0.0/16"), "is outside"),
        (announce("2001:db8:7::/127"), "/127 is longer than /64"),
        (announce("198.51.100.7/32", to=("nowhere",)), "nowhere is not among the upstreams of its leave"),
        (announce("198.51.100.7/32", contract="contract-9"), "contract-9 has no leave"),
        (announce("198.51.100.7/32", "divert", hop="198.51.100.7"), "is inside it"),
        (announce("198.51.100.7/32", "divert", hop="2001:db8::1"), "is of the other family"),
        (announce("198.51.100.7/32", "divert", hop=""), "'' is not the address of a scrubber"),
        (limit("a", "2001:db8:7::/48", to=("other",)), "other takes no ipv6-flowspec"),
        (limit("a", "198.51.100.7/32", protocol=17, syn=True), "it asks for SYN, so its protocol must be 6"),
        (limit("a", "198.51.100.7/32", protocol=1, source_ports=(53,)), "its protocol must be 6 or 17"),
        (limit("a", "198.51.100.7/32", source="2001:db8::/32"), "is of the other family"),
        (limit("a", "198.51.100.7/32", rate=-1), "rate -1 is below 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.key,
)
def test_what_is_outside_the_leave_is_refused_with_its_reason(order: Part, reason: str) -> None:
    assert reason in reasons((*BASE, order))
    after, _ = brought_about((*BASE, order), SpeakerSeen(NOW))
    assert not after.routes


def test_an_action_that_was_not_bought_is_refused() -> None:
    narrow = replace(LEAVE, actions=("rate-limit",))
    wanted = (speaker(), border(), narrow, announce("198.51.100.7/32"), limit("a", "198.51.100.7/32", rate=0))
    said = reasons(wanted)
    assert "blackhole is not among what contract-1 may: rate-limit" in said
    assert "filter is not among" in said
    assert not reasons((speaker(), border(), narrow, limit("b", "198.51.100.7/32", rate=1000)))


def test_an_upstream_that_is_not_allowed_takes_nothing_from_one_that_is() -> None:
    leave = replace(LEAVE, upstreams=("border",))
    wanted = (speaker(), border(), other(), leave, announce("198.51.100.7/32", to=("border", "other")))
    after, _ = brought_about(wanted, SpeakerSeen(NOW))
    assert {held.tags for held in after.routes} == {frozenset({tag_of("border", "blackhole")})}
    assert "other is not among the upstreams of its leave: border" in reasons(wanted)


def test_no_leave_no_route() -> None:
    wanted = (speaker(), border(), announce("198.51.100.7/32"))
    after, _ = brought_about(wanted, SpeakerSeen(NOW))
    assert not after.routes and "contract-1 has no leave" in reasons(wanted)


def test_the_numbers_of_a_contract_and_of_an_upstream_are_kept() -> None:
    many = [announce(f"198.51.100.{n}/32", to=("border", "other")) for n in range(12)]
    after, _ = brought_about((*BASE, *many), SpeakerSeen(NOW))
    assert len(after.routes) == LEAVE.most == 8
    assert sum(tag_of("other", "blackhole") in held.tags for held in after.routes) == other().most == 3
    said = reasons((*BASE, *many))
    assert "contract-1 may have 8 at a time" in said and "other is given 3 at most" in said


def test_at_its_instant_a_route_is_withdrawn_and_not_before() -> None:
    until = NOW + timedelta(seconds=60)
    wanted = (*BASE, announce("198.51.100.7/32", until=until.isoformat()), announce("198.51.100.8/32"))
    after, _ = brought_about(wanted, SpeakerSeen(NOW))
    assert len(after.routes) == 2
    assert plan_speaker(wanted, replace(after, at=until - timedelta(microseconds=1))) == ()
    (step,) = plan_speaker(wanted, replace(after, at=until))
    assert step.act == "change" and [held.of for held in step.with_["withdrawn"]] == ["198.51.100.7/32"]


def test_where_an_upstream_discards_all_of_it_nothing_is_diverted_there() -> None:
    wanted = (
        *BASE,
        announce("198.51.100.7/32", "divert", to=("border", "other"), hop="10.9.0.9"),
        announce("198.51.100.7/32", "blackhole", to=("other",)),
    )
    after, _ = brought_about(wanted, SpeakerSeen(NOW))
    (held,) = after.routes
    assert held.next_hop == "10.9.0.9"
    assert held.tags == {tag_of("border", "divert"), tag_of("other", "blackhole")}


def test_two_orders_for_the_same_packets_are_one_and_a_refusal() -> None:
    wanted = (*BASE, limit("a", "198.51.100.7/32", rate=0), limit("b", "198.51.100.7/32", rate=5000))
    after, _ = brought_about(wanted, SpeakerSeen(NOW))
    assert len(after.routes) == 1 and "flow-rule:b for contract-1: the same is announced" in reasons(wanted)


def test_each_upstream_has_its_own_dress() -> None:
    permits = {permit.tag.kind: permit for permit in permits_of(border()) if permit.family == "ipv4"}
    assert permits[1].communities == ("65535:666", "65535:65281") and permits[1].next_hop == "192.0.2.1"
    assert permits[2].communities == ("65535:65281",) and permits[2].next_hop == ""
    theirs = {permit.tag.kind: permit for permit in permits_of(other()) if permit.family == "ipv4"}
    assert theirs[1].large_communities == ("64499:666:0",) and theirs[1].next_hop == "self"


def test_routes_are_taken_back_under_the_permits_by_which_they_went_out() -> None:
    before, _ = brought_about((*BASE, announce("198.51.100.7/32", to=("border", "other"))), SpeakerSeen(NOW))
    silent = replace(border(), blackhole="")
    wanted = (speaker(), silent, other(), LEAVE, announce("198.51.100.7/32", to=("border", "other")))
    steps = [step.act for step in plan_speaker(wanted, before)]
    assert steps.index("change") < steps.index("permit")


def test_a_session_comes_up_when_all_is_in_its_place() -> None:
    steps = [step.act for step in plan_speaker((*BASE, announce("198.51.100.7/32")), SpeakerSeen(NOW))]
    assert steps == ["start", "guard", "permit", "change", "meet", "meet"]


def test_a_changed_identity_begins_anew() -> None:
    before, _ = brought_about((*BASE, announce("198.51.100.7/32")), SpeakerSeen(NOW))
    wanted = (replace(speaker(), asn=64501), *BASE[1:], announce("198.51.100.7/32"))
    after, steps = brought_about(wanted, before)
    assert steps[0].with_["anew"] and steps[0].owners == ("contract-1",)
    assert after.itself is not None and after.itself.asn == 64501 and len(after.routes) == 1


def test_upstreams_that_cannot_be_are_told_and_the_others_served() -> None:
    wrong = replace(border(), name="wrong", address="10.98.0.300", blackhole="666")
    twin = replace(border(), name="twin")
    wanted = (*BASE, wrong, twin, announce("198.51.100.7/32"))
    said = reasons(wanted)
    assert "upstream wrong: '10.98.0.300' is not an address" in said and "'666' is not a community" in said
    assert "upstream twin: 10.98.0.2 is border's" in said
    after, _ = brought_about(wanted, SpeakerSeen(NOW))
    assert {n.address for n in after.neighbours} == {"10.98.0.2", "10.97.0.2"} and len(after.routes) == 1


def test_a_session_that_would_never_be_given_up_is_refused() -> None:
    wanted = (speaker(hold=0), *BASE[1:], announce("198.51.100.7/32"))
    after, _ = brought_about(wanted, SpeakerSeen(NOW))
    assert not after.neighbours and not after.routes
    assert "hold 0 is not between 3 and 65535 seconds" in reasons(wanted)


def test_without_a_speaker_nothing_runs_and_orders_are_refused() -> None:
    after, _ = brought_about((*BASE, announce("198.51.100.7/32")), SpeakerSeen(NOW))
    assert [step.act for step in plan_speaker((), after)] == ["stop"]
    assert plan_speaker((), SpeakerSeen(NOW)) == ()
    assert "this node has no speaker" in reasons((border(), announce("198.51.100.7/32")))


def test_no_step_can_be_held_back() -> None:
    """A mitigation is ordered in the ledger, or runs out: neither waits for the agreement of those it concerns."""
    before, steps = brought_about(
        (*BASE, announce("198.51.100.7/32"), limit("a", "198.51.100.8/32")), SPEAKING
    )
    steps += plan_speaker(BASE, before) + plan_speaker((), before)
    assert {step.risk.name for step in steps} <= {"NONE", "BLIP"}


def test_what_a_session_needs_is_in_its_neighbour() -> None:
    neighbour = neighbour_of(other(), speaker())
    assert (neighbour.asn, neighbour.hold) == (64499, 9) and "ipv6-flowspec" not in neighbour.families
