"""Laws of the ladder, over whatever attacks, steps and policies there are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.services.ddos.defence import Attack, Mitigation, Policy
from kitei.services.ddos.defending import CONTROLLER, STEPS, Ladder, Scrub
from kitei.services.ddos.ladder import FILTERED, Order, Prolong, Release, Withhold, due, linger

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
TARGETS = some.sampled_from(("203.0.113.7/32", "203.0.113.8/32", "203.0.113.0/24"))
METRICS = some.sampled_from(("bps", "udp-bps", "syn-pps", "amplified-bps", "fragment-pps"))
MODES = some.sampled_from(("automatic", "by-hand", "forbidden"))
AGO = some.integers(0, 7200).map(lambda seconds: NOW - timedelta(seconds=seconds))


@some.composite
def policies(draw: Any) -> Policy:
    ladder = Ladder(
        rate_limit=draw(MODES), filter=draw(MODES), divert=draw(MODES), blackhole=draw(MODES),
        blackhole_above=draw(some.sampled_from((0, 10**9))), most=draw(some.integers(1, 4)),
        linger=draw(some.integers(0, 120)), linger_most=draw(some.integers(0, 900)),
    )  # fmt: skip
    return Policy("", (), {}, ladder, Scrub(), draw(some.booleans()))


@some.composite
def attacks_(draw: Any) -> list[Attack]:
    found = []
    for number in range(draw(some.integers(0, 5))):
        at = draw(AGO)
        over = draw(
            some.none() | some.integers(1, 3600).map(lambda seconds, at=at: at + timedelta(seconds=seconds))
        )
        target = draw(TARGETS)
        scope = "host" if target.endswith("/32") else "prefix"
        figure = draw(some.sampled_from((10**8, 10**10)))
        found.append(
            Attack(f"at{number}", "c1", scope, target, draw(METRICS), figure, 1, at, at, draw(some.booleans()), "see1", (), over)
        )  # fmt: skip
    return found


@some.composite
def mitigations_(draw: Any) -> list[Mitigation]:
    found = []
    for number in range(draw(some.integers(0, 5))):
        at = draw(AGO)
        until = at + timedelta(seconds=draw(some.integers(10, 7200)))
        released = draw(some.none() | some.just(at + timedelta(seconds=5)))
        by, who = (draw(some.sampled_from((CONTROLLER, "operator"))) for _ in range(2))
        attack = draw(some.none() | some.sampled_from(("at0", "at1")))
        found.append(
            Mitigation(f"m{number}", draw(some.sampled_from(STEPS)), draw(TARGETS), by, at, at, until, attack, "", (), released, who)
        )  # fmt: skip
    return found


BLIND = some.none() | some.sampled_from((timedelta(0), timedelta(seconds=601)))


@settings(max_examples=400, deadline=None)
@given(policies(), attacks_(), mitigations_(), BLIND, some.booleans())
def test_laws_of_what_is_due(
    policy: Policy, attacks: list[Attack], steps: list[Mitigation], blind: timedelta | None, mitigates: bool
) -> None:
    found = list(due({"": policy}, attacks, steps, NOW, mitigates=mitigates, blind=blind))
    standing = [each for each in steps if each.stands]
    orders = [each for each in found if isinstance(each, Order)]
    if not mitigates:
        assert [each.mitigation for each in found if isinstance(each, Release)] == standing
        assert len(found) == len(standing)
    assert len(standing) + len(orders) <= max(policy.ladder.most, len(standing))
    unseen = blind is not None and blind > timedelta(seconds=policy.ladder.blind)
    for each in orders:
        assert each.attack.stands and not each.attack.dry_run and not policy.dry_run and not unseen
        assert policy.ladder.mode(each.step) == "automatic"
        assert each.step != "filter" or each.attack.metric in FILTERED
        if each.step == "blackhole":
            assert each.attack.scope == "host" and policy.ladder.blackhole_above
            assert each.attack.figure >= policy.ladder.blackhole_above
        taken = [STEPS.index(step.step) for step in standing if step.target == each.attack.target]
        assert all(STEPS.index(each.step) > rung for rung in taken)
    full = len(standing) + len(orders) >= policy.ladder.most
    for each in found:
        if isinstance(each, Withhold):
            assert full and not each.attack.withheld and each.attack.stands and not unseen
            assert policy.ladder.mode(each.step) == "automatic"
            marked = [replace(one, withheld=True) for one in attacks]
            again = due({"": policy}, marked, steps, NOW, mitigates=mitigates, blind=blind)
            assert not any(isinstance(one, Withhold) for one in again)
    told = [each.mitigation.id for each in found if isinstance(each, Prolong | Release)]
    assert len(told) == len(set(told)) and set(told) <= {each.id for each in standing}
    for step in standing:
        if step.until <= NOW and mitigates:
            assert step.id in told, "what has run out is prolonged or taken back, never left"
    if unseen and mitigates:
        attacked = {each.target for each in attacks if each.stands}
        assert not any(isinstance(each, Prolong) and each.mitigation.target in attacked for each in found)


@given(policies(), attacks_())
def test_it_never_lingers_longer_than_was_set(policy: Policy, attacks: list[Attack]) -> None:
    ladder = policy.ladder
    seconds = linger(policy, attacks).total_seconds()
    assert ladder.linger <= seconds <= max(ladder.linger, ladder.linger_most)
