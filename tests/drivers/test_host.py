"""A host: commands, files that are whole, and programs that outlive their keeper."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kitei.drivers.host import LinuxHost
from kitei.network import PermanentError, TemporaryError

SLEEP = ["sleep", "60"]


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LinuxHost]:
    host = LinuxHost("a", tmp_path / "a")
    yield host
    for name in tuple(host.running()):
        host.stop(name)


def test_a_command_tells_its_code_and_output(host: LinuxHost) -> None:
    ran = host.run(["sh", "-c", "cat; echo wrong >&2; exit 3"], stdin="told")
    assert (ran.code, ran.out, ran.err) == (3, "told", "wrong\n")


def test_a_slow_command_is_a_temporary_and_a_missing_one_a_permanent_error(host: LinuxHost) -> None:
    with pytest.raises(TemporaryError, match=r"sleep on a did not end within 0\.1 s"):
        host.run(SLEEP, timeout=0.1)
    with pytest.raises(PermanentError, match="no-such-program is not installed on a"):
        host.run(["no-such-program"])


def test_a_file_is_replaced_as_a_whole_with_its_mode(host: LinuxHost) -> None:
    path = host.state("deep", "file")
    assert host.read(path) is None
    host.write(path, "old", 0o644)
    host.write(path, "new")
    assert host.read(path) == "new" and os.stat(path).st_mode & 0o777 == 0o600
    assert os.listdir(os.path.dirname(path)) == ["file"], "no drafts stay"
    host.remove(path)
    host.remove(path)
    assert host.read(path) is None


def test_state_is_for_root_alone(host: LinuxHost) -> None:
    assert os.stat(host.state()).st_mode & 0o777 == 0o700


def test_a_full_disk_leaves_the_old_file(host: LinuxHost) -> None:
    path = host.state("file")
    host.write(path, "old")
    os.mkdir(host.state("taken"))
    with pytest.raises(TemporaryError, match="cannot be written"):
        host.write(host.state("taken"), "a folder stands here")
    assert host.read(path) == "old" and sorted(os.listdir(host.state())) == ["file", "programs", "taken"]


def test_a_program_that_dies_is_started_again_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    host = LinuxHost("a", tmp_path, restarted=told.append)
    host.keep_running("sleeper", SLEEP)
    first = host.running()["sleeper"]
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: host.running().get("sleeper", first) != first)
    assert eventually(lambda: told == ["sleeper"])
    host.stop("sleeper")
    assert host.running() == {}


def test_a_program_that_cannot_live_is_tried_less_and_less_often(host: LinuxHost) -> None:
    count = Path(host.state("count"))
    host.keep_running("mayfly", ["sh", "-c", f"echo x >> {count}; exit 1"])
    time.sleep(1.0)
    assert 2 <= len(count.read_text().split()) <= 5
    host.stop("mayfly")


def test_the_same_order_again_changes_nothing_and_another_replaces(host: LinuxHost) -> None:
    host.keep_running("sleeper", SLEEP)
    first = host.running()["sleeper"]
    host.keep_running("sleeper", SLEEP)
    assert host.running()["sleeper"] == first
    host.keep_running("sleeper", ["sleep", "61"])
    assert host.running()["sleeper"] != first and not is_alive(first)


def test_stopping_ends_children_too(host: LinuxHost) -> None:
    mark = f"{60 + os.getpid() / 1e7:.7f}"
    host.keep_running("family", ["sh", "-c", f"trap '' TERM; sleep {mark} & wait; sleep {mark}"])
    assert eventually(lambda: host.run(["pgrep", "-f", f"^sleep {mark}"]).code == 0)
    host.stop("family")
    assert eventually(lambda: host.run(["pgrep", "-f", f"^sleep {mark}"]).code == 1)


def test_programs_outlive_their_keeper_and_the_next_takes_them_over(tmp_path: Path) -> None:
    keeper = os.fork()
    if keeper == 0:
        LinuxHost("a", tmp_path).keep_running("sleeper", ["env", "sleep", "60"])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(keeper, 0)
    host = LinuxHost("a", tmp_path)
    pid = host.running()["sleeper"]
    assert is_alive(pid)
    host.keep_running("sleeper", ["env", "sleep", "60"])
    assert host.running()["sleeper"] == pid, "taken over, not started anew"
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: host.running().get("sleeper", pid) != pid), "and kept from now on"
    host.stop("sleeper")


def test_a_stranger_with_the_number_of_a_dead_program_is_not_taken_over(tmp_path: Path) -> None:
    first = LinuxHost("a", tmp_path)
    first.keep_running("sleeper", SLEEP)
    file = tmp_path / "programs" / "sleeper.json"
    told = file.read_text()
    first.stop("sleeper")
    file.write_text(told.replace(f'"pid": {told.split(": ")[1].split(",")[0]}', f'"pid": {os.getpid()}'))
    assert LinuxHost("a", tmp_path).running() == {} and not file.exists()


def test_what_nobody_listens_to_is_a_temporary_error(host: LinuxHost) -> None:
    with pytest.raises(TemporaryError, match="nobody answers at"):
        host.connect(host.state("programs", "socket"))
    with pytest.raises(TemporaryError, match="nobody answers at"):
        host.connect(host.state("nowhere", "socket"))
