"""What breaks an agent does not break its node: kills, full disks, orders that darken probes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stand import Node, Served, eventually, make_orders, route

from kitei.lab.space import enter

SCENES = Path(__file__).with_name("scenes.py")


@pytest.mark.lab
@pytest.mark.parametrize(
    "scene",
    [
        "orders_that_darken_a_probe_are_taken_back",
        "a_loss_that_only_coincides_does_not_hold_orders_back",
        "a_fall_back_survives_the_agents_death",
    ],
)
def test_in_a_network_of_its_own(scene: str, tmp_path: Path) -> None:
    played = subprocess.run(
        ["unshare", "--net", sys.executable, str(SCENES), scene, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert played.returncode == 0, played.stdout + played.stderr


@pytest.mark.lab
def test_a_network_with_every_engine_comes_up_and_survives_kills(tmp_path: Path) -> None:
    log = tmp_path / "log"
    whole = Path(__file__).with_name("whole.py")
    room = enter(
        [sys.executable, str(whole), "from_nothing_to_green_through_kills", str(tmp_path)], output=log
    )
    try:
        assert room.room.wait(120) == 0, log.read_text()
    finally:
        room.leave()


class Killable:
    """An agent in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = self.started()

    def started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, str(SCENES), "agent", str(self.folder)])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def killable(tmp_path: Path, served: Served) -> Iterator[Killable]:
    killable = Killable(tmp_path)
    yield killable
    killable.kill()


def test_an_agent_killed_amid_its_work_goes_on_where_it_was(
    killable: Killable, served: Served, tmp_path: Path
) -> None:
    made, kept = tmp_path / "made", tmp_path / "state" / "orders.json"
    for generation, kills_at in ((1, (1, 9, 17)), (2, (26, 38))):
        wanted = 20 * generation
        served.office.publish(make_orders(generation, *(route(n) for n in range(wanted))))
        for count in kills_at:
            assert eventually(lambda count=count: len(list(made.glob("10.*"))) >= count)
            killable.kill()
            assert len(list(made.glob("10.*"))) < wanted, "it was killed too late to tell anything"
            assert json.loads(kept.read_text())["trial"]["orders"]["generation"] == generation
            killable.process = killable.started()
        assert eventually(lambda wanted=wanted: len(list(made.glob("10.*"))) == wanted)
    told = served.office.reports
    assert eventually(lambda: bool(told) and (told[-1].generation, told[-1].applied) == (2, True))


def test_a_second_agent_of_a_node_ends_at_once(killable: Killable, tmp_path: Path) -> None:
    assert eventually(lambda: (tmp_path / "state" / "agent.lock").exists())
    second = subprocess.run(
        [sys.executable, str(SCENES), "agent", str(tmp_path)], capture_output=True, text=True, timeout=30
    )
    assert second.returncode == 1
    assert "another agent of n1 is running" in second.stderr
    assert killable.process.poll() is None


def test_an_agent_asked_to_end_ends_and_leaves_the_machine_as_it_is(
    killable: Killable, served: Served, tmp_path: Path
) -> None:
    served.office.publish(make_orders(1, route(1)))
    assert eventually(lambda: bool(served.office.reports) and served.office.reports[-1].applied)
    killable.process.send_signal(signal.SIGTERM)
    assert killable.process.wait(10) == 0
    assert (tmp_path / "made" / "10.1.0.0_16").exists()


@pytest.fixture
def small_disk(node: Node) -> Iterator[Path]:
    """The node's state folder is a file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("a full disk needs root to mount one")
    place = node.folder / "state"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=True)
    (place / "programs").mkdir()
    try:
        yield place
    finally:
        node.stop()
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.lab
def test_on_a_full_disk_the_orders_before_stay_whole_and_in_force(node: Node, small_disk: Path) -> None:
    node.office.publish(make_orders(1, route(1)))
    node.start()
    assert eventually(lambda: node.reports(1))
    with (small_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(bytes(4096))
    node.office.publish(make_orders(2, route(1), *(route(n) for n in range(2, 90))))
    assert eventually(lambda: any(fault.kind == "disk" for fault in node.report.faults))
    assert node.report.generation == 1
    assert set(node.made()) == {"10.1.0.0_16"}, "what cannot be kept is not begun"
    assert json.loads((small_disk / "orders.json").read_text())["good"]["generation"] == 1
    (small_disk / "filler").unlink()
    assert eventually(lambda: node.reports(2) and not node.report.faults)
