"""A clock that goes wrong ends nobody's service."""

from datetime import date, datetime, timedelta

import pytest

from kitei.clock import Steps
from kitei.ledger import Fact
from kitei.office.turning import Days
from kitei.values import JST


class Moved:
    """How far the machine's clock was set, as the test says."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> timedelta:
        return self.by


@pytest.fixture
def moved() -> Moved:
    return Moved()


@pytest.fixture
def days(office, moved) -> Days:
    return Days(office, moved)


def test_a_day_turns_once(days, clock) -> None:
    assert days.turned() == date(2026, 4, 1) and days.turned() is None
    clock.at += timedelta(days=1)
    assert days.turned() == date(2026, 4, 2) and days.turned() is None


@pytest.mark.parametrize(
    "step", [timedelta(days=1), timedelta(hours=20), timedelta(days=366), -timedelta(days=400)], ids=str
)
def test_a_clock_that_was_set_turns_no_day_until_it_is_right(days, clock, moved, step, caplog) -> None:
    assert days.turned()
    clock.at, moved.by = clock.at + step, step
    assert [days.turned() for _ in range(3)] == [None] * 3
    assert caplog.text.count("no contract ends now") == 1, "said once"
    clock.at, moved.by = clock.at - step + timedelta(days=1), timedelta(seconds=1)
    assert days.turned() == date(2026, 4, 2)


@pytest.mark.parametrize("step", [-1, 1])
def test_a_leap_second_at_midnight_turns_the_day_once(days, clock, moved, step) -> None:
    clock.at = datetime(2026, 12, 31, 23, 59, 59, tzinfo=JST)
    assert days.turned() == date(2026, 12, 31)
    found = []
    for second in (1, 0, 1, 2):
        clock.at, moved.by = (
            datetime(2026, 12, 31, 23, 59, 59, tzinfo=JST) + timedelta(seconds=second),
            timedelta(seconds=step),
        )
        found.append(days.turned())
    assert [day for day in found if day] == [date(2027, 1, 1)]


def test_a_day_does_not_go_back_over_midnight(days, clock) -> None:
    clock.at = datetime(2026, 4, 2, 0, 3, tzinfo=JST)
    assert days.turned() == date(2026, 4, 2)
    clock.at -= timedelta(minutes=10)
    assert days.turned() is None
    clock.at += timedelta(minutes=10)
    assert days.turned() is None, "it had turned already"


def test_a_controller_that_starts_with_a_clock_behind_its_ledger_ends_nothing(days, office, clock) -> None:
    office.state([("operator", Fact("operator.set", {"name": "x", "value": 1}, office.today()))])
    clock.at -= timedelta(days=3)
    assert days.turned() is None
    clock.at += timedelta(days=3)
    assert days.turned() == date(2026, 4, 1)


def test_time_that_passes_is_no_step() -> None:
    assert abs(Steps().moved()) < timedelta(seconds=1)
