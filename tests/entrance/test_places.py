"""The last place is given out once, however many come for it at the same moment."""

import os
import subprocess
import sys
from pathlib import Path

import kitei
from kitei.entrance.places import take
from kitei.entrance.words import LANE, REFUSED, TOO_MANY
from kitei.spool import Taking

CODE = str(Path(str(kitei.__file__)).parents[1])


def folder(tmp_path: Path, most: int) -> Path:
    (tmp_path / "most").write_text(f"{most}\n")
    return tmp_path


def test_a_place_is_free_again_when_who_served_it_is_gone(tmp_path: Path) -> None:
    at, alive = folder(tmp_path, 2), {"1", "2", "3"}
    assert take(at, "10.0.0.1", "1", alive.__contains__)
    assert take(at, "10.0.0.2", "2", alive.__contains__)
    assert not take(at, "10.0.0.3", "3", alive.__contains__)
    alive.remove("1")
    assert take(at, "10.0.0.3", "3", alive.__contains__)


def test_who_comes_back_to_an_address_takes_over_its_own_place(tmp_path: Path) -> None:
    at = folder(tmp_path, 1)
    assert take(at, "10.0.0.1", "1", lambda process: True)
    assert take(at, "10.0.0.1", "2", lambda process: True), "the same tunnel, served by another process"
    assert not take(at, "10.0.0.2", "3", lambda process: True)


def test_without_a_number_agreed_everybody_gets_in(tmp_path: Path) -> None:
    at = folder(tmp_path, 0)
    assert all(take(at, f"10.0.0.{n}", str(n), lambda process: True) for n in range(1, 50))


def test_a_race_of_processes_for_the_last_places_has_as_many_winners_as_places(tmp_path: Path) -> None:
    """As ocserv calls it: processes of their own, all at once; each place is held by a process that lives."""
    most, racing = 3, 16
    at = folder(tmp_path, most)
    (tmp_path / "ocserv-sleep").symlink_to("/bin/sleep")  # places are served by what is called so
    served = [subprocess.Popen([str(tmp_path / "ocserv-sleep"), "60"]) for _ in range(racing)]
    try:
        argv = [sys.executable, "-m", "kitei.entrance.places", str(at), str(tmp_path / "events")]
        comers = [
            subprocess.Popen(
                argv,
                env={
                    **os.environ,
                    "PYTHONPATH": CODE,
                    "ID": str(each.pid),
                    "USERNAME": f"u{number}",
                    "IP_REMOTE": f"10.0.0.{number}",
                    "IP_REAL": "198.51.100.1",
                },
            )
            for number, each in enumerate(served)
        ]
        codes = [each.wait(60) for each in comers]
    finally:
        for each in served:
            each.kill()
            each.wait()
    assert sorted(codes) == [0] * most + [1] * (racing - most)
    told = Taking(tmp_path / "events" / LANE).due(100)
    losers = {f"u{number}" for number, code in enumerate(codes) if code}
    assert {each["body"]["user"] for each in told} == losers  # type: ignore[index,call-overload]
    assert {(each["kind"], each["body"]["why"]) for each in told} == {(REFUSED, TOO_MANY)}  # type: ignore[index,call-overload]
