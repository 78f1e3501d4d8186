"""A room is entered whole or not at all, and what keeps dying in it is given up and named."""

import time
from pathlib import Path

import pytest

from kitei.lab.inside import ErrandFailed, call, send
from kitei.lab.lab import Lab, LabError, join_lab, open_lab


def test_a_home_that_the_room_would_hide_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(LabError, match="/run/kitei lies in a folder the lab has its own of"),
        open_lab(Path("/run/kitei")),
    ):
        pass


def test_joining_where_no_lab_runs_says_what_starts_one(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"no lab runs at .* `\./run demo` starts one"):
        join_lab(tmp_path)


def test_an_errand_tells_its_result_or_what_went_wrong() -> None:
    assert call(None, sorted, [3, 1, 2]) == [1, 2, 3]
    with pytest.raises(ErrandFailed, match="int in the room: ValueError: invalid literal"):
        call(None, int, "three")
    with pytest.raises(ErrandFailed, match=r"sleep in the room: no result within 0\.2 s"):
        send(None, time.sleep, 60).finish(0.2)


@pytest.mark.lab
def test_two_terminals_can_order_one_lab(empty_lab: Lab) -> None:
    other = join_lab(empty_lab.home)
    assert other.status() == empty_lab.status()
    other.hang_up()
    assert empty_lab.status()["lost"] == []


@pytest.mark.lab
def test_a_process_that_dies_again_and_again_is_given_up_and_named(empty_lab: Lab) -> None:
    empty_lab.start_controller("os:getpgid")  # which a folder is no argument for
    until = time.monotonic() + 20
    while not empty_lab.status()["lost"] and time.monotonic() < until:
        time.sleep(0.1)
    assert empty_lab.status()["lost"] == ["controller"]
    assert (empty_lab.home / "controller.log").read_text().count("TypeError") == 5
    empty_lab.stop("controller")
    assert empty_lab.status() == {"running": {}, "lost": [], "harmed": {}}
