"""What was seen can be written down and read back, and a bad line tells all that is wrong with it."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.values import JST
from kitei.watch import Observation, history_of, observation_json, observation_of

NINE = datetime(2026, 11, 2, 9, 0, tzinfo=JST)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(JST))  # noqa: DTZ001

observations = st.builds(
    Observation,
    at=instants,
    source=st.sampled_from(["osaka-a", "tokyo-a"]),
    subject=st.sampled_from(["osaka-a", "t1"]),
    what=st.sampled_from(["end-to-end", "ike", "closed", "agent"]),
    up=st.booleans(),
    heard_at=st.none() | instants,
)


@given(observations)
def test_an_observation_reads_back_as_it_was_written(seen: Observation) -> None:
    assert observation_of(observation_json(seen)) == seen


@given(st.lists(observations))
def test_history_holds_every_observation_once_in_order_of_time(seen: list[Observation]) -> None:
    history = history_of(seen)
    assert sorted(map(repr, seen)) == sorted(repr(o) for told in history.values() for o in told)
    for point, told in history.items():
        assert all(o.point == point for o in told)
        assert [o.at for o in told] == sorted(o.at for o in told)


def test_knowledge_is_never_older_than_the_state_itself() -> None:
    late = Observation(NINE, "osaka-a", "osaka-a", "end-to-end", False, NINE.replace(hour=11))
    ahead = Observation(NINE, "osaka-a", "osaka-a", "end-to-end", False, NINE.replace(hour=8))
    assert late.known_at == NINE.replace(hour=11)
    assert ahead.known_at == NINE, "a node whose clock is ahead of ours knows nothing before it happened"


def test_every_fault_of_a_bad_observation_is_told() -> None:
    with pytest.raises(ValueError) as wrong:
        observation_of(
            {"at": "2026-11-02T09:00:00", "source": "", "subject": "x", "what": "ping", "up": "no"}
        )
    for place in ("at:", "source:", "what:", "up:"):
        assert place in str(wrong.value)
    assert "subject:" not in str(wrong.value)
