"""The rank of the thread beside the calls: last while it has the time, as any other when it has not."""

import os
import threading
from collections.abc import Callable

import pytest

from kitei.radius import turns
from kitei.radius.turns import Turns

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give up a low rank again")


def alone(work: Callable[[], list[int]]) -> list[int]:
    """What a thread of its own finds: this one keeps its rank."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.extend(work()))
    thread.start()
    thread.join(30)
    return found


def rank() -> int:
    return os.sched_getscheduler(0)


@root
def test_it_is_last_while_it_keeps_up_and_as_others_while_it_is_behind() -> None:
    behind = [0.0]

    def work() -> list[int]:
        made, ranks = Turns(lambda: behind[0]), []
        for now in (0.0, 0.4, 0.6, 0.4, 0.1):
            behind[0] = now
            made.give_way()
            ranks.append(rank())
        return ranks

    last, other = os.SCHED_IDLE, os.SCHED_OTHER
    assert alone(work) == [last, last, other, other, last]


@root
def test_threads_that_it_begins_are_as_others() -> None:
    def work() -> list[int]:
        made = Turns(lambda: 0.0)
        made.wait(was_something=True)
        made.be_as_others()
        return [rank(), *alone(lambda: [rank()])]

    assert alone(work) == [os.SCHED_OTHER, os.SCHED_OTHER]


@root
def test_who_was_kept_waiting_is_as_others_for_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(turns.time, "monotonic", lambda: clock[0])
    late = [0.0]

    def rest(seconds: float) -> None:
        clock[0] += seconds + late[0]

    monkeypatch.setattr(turns.time, "sleep", rest)

    def spell(made: Turns) -> int:
        """Kept waiting once; in how many tenths of a second it is last again."""
        late[0] = 0.5
        made.wait(was_something=True)
        late[0] = 0.0
        for tenths in range(1000):
            made.wait(was_something=True)
            if rank() == os.SCHED_IDLE:
                return tenths
            clock[0] += 0.1
        raise AssertionError("never again")

    def work() -> list[int]:
        made = Turns(lambda: 0.0)
        first, second, third = spell(made), spell(made), spell(made)
        clock[0] += 100.0
        return [first, second, third, spell(made)]

    first, second, third, later = alone(work)
    assert 9 <= first <= 11 and 19 <= second <= 21 and 39 <= third <= 41
    assert later == first


def test_without_the_right_to_take_it_back_the_rank_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def work() -> list[int]:
        Turns(lambda: 0.0).wait(was_something=True)
        return [rank()]

    assert alone(work) == [os.SCHED_OTHER]
