"""Outages by the terms: total, of the contract, from knowledge, unbroken."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.values import Words
from kitei.watch import (
    Availability,
    Cause,
    Interval,
    Observation,
    Outage,
    Point,
    Report,
    Ways,
    find_outages,
    hearing,
    history_of,
    joined,
    outage_json,
    outage_of,
    recognise,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
A, B = Point("osaka-a", "end-to-end", "osaka-a"), Point("osaka-b", "end-to-end", "osaka-b")
SINGLE = Availability("osaka", (A,))
DUAL = Availability("osaka", (A, B))


def hour(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def seen(point: Point, hours: float, up: bool, heard: float | None = None) -> Observation:
    return Observation(
        hour(hours), point.source, point.subject, point.what, up, None if heard is None else hour(heard)
    )


def silent(node: str, hours: float, heard_again: bool = False) -> Observation:
    return seen(hearing(node), hours, heard_again)


def found(availability: Availability, *told: Observation, **more: object) -> tuple[Outage, ...]:
    return find_outages(availability, history_of(told), **more)  # type: ignore[arg-type]


def test_49_hours_without_any_path_are_one_outage_of_49_hours() -> None:
    (outage,) = found(SINGLE, seen(A, 0, True), seen(A, 10, False), seen(A, 59, True))
    assert (outage.known_at, outage.restored_at) == (hour(10), hour(59))
    assert outage.hours() == 49 and floor(outage.hours() / 24) == 2
    assert outage.total and outage.cause is None


def test_a_dual_edge_site_is_out_only_while_both_its_devices_are() -> None:
    told = (seen(A, 0, True), seen(B, 0, True), seen(A, 1, False), seen(B, 5, False), seen(A, 8, True))
    (outage,) = found(DUAL, *told)
    assert (outage.began_at, outage.restored_at) == (hour(5), hour(8))
    assert found(DUAL, *told[:3]) == (), "one path is enough to use the contract"


def test_what_is_needed_beside_ways_breaks_it_alone_and_its_silence_does_not() -> None:
    """A gateway that is reached from outside (A) is of no use while its own node (B) knows that nobody can log in."""
    gateway = Availability("osaka", (A,), needs=(B,))
    told = (seen(A, 0, True), seen(B, 0, True), seen(B, 2, False), seen(B, 4, True))
    (outage,) = found(gateway, *told)
    assert (outage.began_at, outage.restored_at) == (hour(2), hour(4))
    dead = (
        *told[:2],
        silent("osaka-b", 3),
        seen(A, 3.1, False),
        silent("osaka-b", 7, True),
        seen(A, 8, True),
    )
    (outage,) = found(gateway, *dead)
    assert (outage.began_at, outage.restored_at) == (hour(3.1), hour(8))
    assert found(gateway, *told[:2], silent("osaka-b", 3)) == (), "silence alone breaks nothing"


def test_what_was_never_seen_is_no_outage() -> None:
    assert found(DUAL) == ()
    assert found(Availability("osaka", ()), seen(A, 1, False)) == ()


def test_a_silent_node_alone_is_no_outage_and_mends_none() -> None:
    assert found(SINGLE, seen(A, 0, True), silent("osaka-a", 1)) == ()
    (outage,) = found(SINGLE, seen(A, 1, False), silent("osaka-a", 2), silent("osaka-a", 9, True))
    assert outage.restored_at is None


def test_a_path_of_a_silent_node_does_not_vouch_for_the_contract() -> None:
    (outage,) = found(DUAL, seen(A, 0, True), seen(B, 0, True), silent("osaka-b", 1), seen(A, 2, False))
    assert outage.began_at == hour(2)


def test_hours_count_from_knowledge_and_not_from_failure() -> None:
    told = (seen(A, 0, True), seen(A, 1, False, heard=4), seen(A, 30, True))
    (outage,) = found(SINGLE, *told)
    assert (outage.began_at, outage.known_at) == (hour(1), hour(4)) and outage.hours() == 26
    (earlier,) = found(SINGLE, *told, reports=[Report("osaka", "customer-report", hour(2))])
    assert earlier.known_at == hour(2), "a customer's report may be the first the operator hears"
    (before,) = found(SINGLE, *told, reports=[Report("osaka", "customer-report", hour(0.5))])
    assert before.known_at == hour(4), "a report before the failure is about something else"
    (others,) = found(SINGLE, *told, reports=[Report("kobe", "customer-report", hour(2))])
    assert others.known_at == hour(4)


def test_an_outage_told_only_when_it_was_over_has_no_hours() -> None:
    (outage,) = found(SINGLE, seen(A, 0, True), seen(A, 1, False, heard=9), seen(A, 5, True, heard=9))
    assert outage.hours() == 0


def test_20_and_20_hours_with_an_hour_of_use_between_are_two_outages() -> None:
    told = [seen(A, *o) for o in ((0, False), (20, True), (21, False), (41, True))]
    assert [outage.hours() for outage in found(SINGLE, *told)] == [20, 20]
    ticket = Report("osaka", "ticket", hour(0), "total", hour(41))
    assert [o.hours() for o in found(SINGLE, *told, reports=[ticket])] == [20, 20], "seen use breaks a ticket"
    (whole,) = found(SINGLE, *told, minimum_usable=timedelta(hours=2))
    assert whole.hours() == 41, "a time of use shorter than the minimum breaks nothing"


def test_records_that_touch_are_one_outage() -> None:
    tickets = [
        Report("osaka", "ticket", hour(0), "total", hour(12), "T-1"),
        Report("osaka", "ticket", hour(12), "total", hour(25), "T-2"),
    ]
    (outage,) = found(SINGLE, reports=tickets)
    assert outage.hours() == 25 and outage.total
    assert [words.en.split(":")[0] for words in outage.evidence] == ["ticket T-1", "ticket T-2"]


def test_equal_badness_needs_a_finding_and_is_said() -> None:
    finding = Report("osaka", "ticket", hour(1), "equally-bad", hour(30))
    (outage,) = found(SINGLE, seen(A, 0, True), reports=[finding])
    assert outage.equally_bad and not outage.total and outage.hours() == 29
    unconfirmed = replace(finding, state="unconfirmed")
    assert found(SINGLE, seen(A, 0, True), reports=[unconfirmed]) == ()


def test_a_cause_is_a_recorded_finding() -> None:
    told = (seen(A, 1, False), seen(A, 30, True))
    why = Words("ハブの故障", "hub failure")
    (outage,) = found(
        SINGLE,
        *told,
        causes=[Cause("osaka", hour(2), "third-party", why), Cause("osaka", hour(30), "operator", why)],
    )
    assert outage.cause == "operator"
    (unknown,) = found(SINGLE, *told, causes=[Cause("osaka", hour(31), "operator", why)])
    assert unknown.cause is None


def test_a_late_report_renames_no_outage() -> None:
    told = (seen(A, 5, False), seen(A, 30, True))
    (first,) = found(SINGLE, *told)
    ticket = Report("osaka", "ticket", hour(3), "total", hour(6))
    later = found(SINGLE, *told, reports=[ticket])
    assert later[0].id != first.id
    (again,) = recognise(later, [first])
    assert again.id == first.id and again.began_at == hour(3)


def test_a_record_that_late_news_parts_is_two_and_two_that_it_joins_are_one() -> None:
    told = (seen(A, 0, True), seen(A, 1, False), seen(A, 9, True))
    (whole,) = found(SINGLE, *told)
    parted = recognise(found(SINGLE, *told, seen(A, 3, True, 10), seen(A, 5, False, 10)), [whole])
    assert [each.id == whole.id for each in parted] == [True, False] and len({o.id for o in parted}) == 2
    assert recognise(parted, parted) == parted and joined(parted, [whole]) == ()
    (again,) = recognise([whole], parted[::-1])
    assert again.id == whole.id and joined([again], parted) == parted[1:]


def test_an_open_outage_has_hours_only_up_to_a_moment() -> None:
    (outage,) = found(SINGLE, seen(A, 1, False))
    assert outage.hours(hour(2.5)) * 2 == 3
    with pytest.raises(ValueError, match="still lasts"):
        outage.hours()


changes = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from([A, B]), st.booleans(), st.integers(0, 5)), max_size=25
)
tickets = st.lists(
    st.builds(
        lambda start, length, state: Report("osaka", "ticket", hour(start), state, hour(start + length)),
        st.integers(0, 200),
        st.integers(1, 40),
        st.sampled_from(["unconfirmed", "total", "equally-bad"]),
    ),
    max_size=4,
)


@given(changes, tickets, st.integers(0, 3))
def test_split_outages_never_earn_more_than_their_union(
    told: list[tuple[int, Point, bool, int]], reports: list[Report], minimum: int
) -> None:
    end = hour(300)
    observations = [seen(point, at, up, at + late) for at, point, up, late in told]
    outages = found(DUAL, *observations, reports=reports, minimum_usable=timedelta(hours=minimum))
    for outage in outages:
        assert outage.began_at <= outage.known_at <= (outage.restored_at or outage.known_at)
        assert outage.total != outage.equally_bad
    for one, other in itertools.pairwise(outages):
        assert one.restored_at is not None and one.restored_at < other.began_at
    if outages:
        units = sum(floor(outage.hours(end) / 24) for outage in outages)
        last = outages[-1].restored_at or end
        assert units <= (last - outages[0].known_at) / timedelta(hours=24)


@given(changes)
def test_there_is_an_outage_exactly_while_no_path_works(told: list[tuple[int, Point, bool, int]]) -> None:
    observations = [seen(point, at, up) for at, point, up, _ in told]
    outages = found(DUAL, *observations)
    words: dict[Point, bool] = {}
    by_hour: dict[int, list[tuple[Point, bool]]] = {}
    for at, point, up, _ in told:
        by_hour.setdefault(at, []).append((point, up))
    for now in range(202):
        words.update(by_hour.get(now, ()))
        down = bool(words) and not any(words.values())
        inside = any(hour(now + 0.5) in outage.interval for outage in outages)
        assert inside is down


@given(changes, tickets)
def test_an_outage_reads_back_as_it_was_recorded(
    told: list[tuple[int, Point, bool, int]], reports: list[Report]
) -> None:
    for outage in found(DUAL, *(seen(p, at, up, at + late) for at, p, up, late in told), reports=reports):
        assert outage_of(outage_json(outage)) == outage


def test_a_bad_record_of_an_outage_tells_every_fault() -> None:
    with pytest.raises(ValueError) as wrong:
        outage_of({"id": "", "contract": "osaka", "known_at": "yesterday", "cause": "weather", "total": 1})
    for place in ("id:", "known_at:", "cause:", "total:"):
        assert place in str(wrong.value)
    with pytest.raises(ValueError, match="before known_at"):
        body = {
            "id": "o",
            "contract": "c",
            "known_at": hour(2).isoformat(),
            "restored_at": hour(1).isoformat(),
        }
        outage_of(body)


@given(changes, changes, tickets)
def test_what_was_recorded_is_known_again_whatever_is_heard_late(
    told: list[tuple[int, Point, bool, int]], late: list[tuple[int, Point, bool, int]], reports: list[Report]
) -> None:
    def look(news: list[tuple[int, Point, bool, int]], recorded: tuple[Outage, ...]) -> tuple[Outage, ...]:
        return recognise(
            found(DUAL, *(seen(p, at, up, at + by) for at, p, up, by in news), reports=reports), recorded
        )

    recorded = look(told, ())
    known = look([*told, *late], recorded)
    assert len({each.id for each in known}) == len(known), "no two under one id"
    kept = (
        *(
            old
            for old in recorded
            if old not in joined(known, recorded) and old.id not in {k.id for k in known}
        ),
        *known,
    )
    assert look([*told, *late], kept) == known, "nothing new, nothing to record"
    assert look([*told, *late], kept[::-1]) == known


# -- other ways ------------------------------------------------------------------------------------

EXCHANGED = Availability("osaka", (B,), before=(Ways(hour(20), (A,)),))
GONE = Availability("osaka", (), before=(Ways(hour(20), (A,)),))


def test_an_outage_ends_where_the_ways_that_took_the_place_of_others_are_known_to_work() -> None:
    (outage,) = found(EXCHANGED, seen(A, 10, False), seen(B, 5, True))
    assert outage.interval == Interval(hour(10), hour(20))


def test_until_new_ways_are_heard_of_nothing_has_changed() -> None:
    (outage,) = found(EXCHANGED, seen(A, 10, False))
    assert outage.interval == Interval(hour(10))
    (outage,) = found(EXCHANGED, seen(A, 10, False), seen(B, 21, True))
    assert outage.interval == Interval(hour(10), hour(21))
    assert found(EXCHANGED, seen(A, 10, True)) == ()


def test_an_outage_goes_on_under_new_ways_that_are_down_too() -> None:
    (outage,) = found(EXCHANGED, seen(A, 10, False), seen(B, 21, False), seen(B, 30, True))
    assert (outage.interval, outage.known_at) == (Interval(hour(10), hour(30)), hour(10))


def test_an_outage_ends_when_nothing_is_watched_any_more() -> None:
    (outage,) = found(GONE, seen(A, 10, False), seen(A, 25, True))
    assert outage.interval == Interval(hour(10), hour(20))


def test_what_was_before_is_judged_by_the_ways_of_its_time() -> None:
    """A way that had been down for long breaks nothing in a past in which another worked."""
    before = (Ways(hour(20), (A, B)),)
    told = (seen(A, 0, True), seen(B, 5, False))
    (outage,) = found(Availability("osaka", (B,), before=before), *told)
    assert (outage.began_at, outage.known_at) == (hour(20), hour(20))
    assert found(Availability("osaka", (A,), before=before), *told) == ()
    (outage,) = found(Availability("osaka", (A, B), before=(Ways(hour(20), (B,)),)), *told)
    assert outage.interval == Interval(hour(5), hour(20))


words = st.lists(st.tuples(st.sampled_from([A, B]), st.integers(0, 40), st.booleans()), max_size=12)


@given(words, st.lists(st.integers(0, 40), max_size=3, unique=True))
def test_ways_exchanged_for_the_same_change_nothing(
    told: list[tuple[Point, int, bool]], turns: list[int]
) -> None:
    news = [seen(*each) for each in told]
    before = tuple(Ways(hour(at), (A, B)) for at in sorted(turns))
    assert found(replace(DUAL, before=before), *news) == found(DUAL, *news)


@given(words, st.integers(0, 40))
def test_an_outage_lasts_only_where_no_way_of_its_time_is_known_to_work(
    told: list[tuple[Point, int, bool]], at: int
) -> None:
    outages = found(EXCHANGED, *(seen(*each) for each in told))
    state: dict[Point, bool] = {}
    for when, point, up in sorted(((h, p, u) for p, h, u in told), key=lambda each: each[0]):
        if when <= at:
            state[point] = up
    if state.get(B if at >= 20 else A):
        assert not any(hour(at) in outage.interval for outage in outages)
