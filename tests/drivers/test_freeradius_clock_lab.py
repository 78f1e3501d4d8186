"""A node whose clock is set by hours or years while it answers: nobody is kept out by it.

The machine's own clock cannot be set here. Its programs are given another: libfaketime for the server itself and the
watch; what the server loads looks past it, so Python in the server gets the same seconds by its first module.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from radius_stand import ask, put_sack, put_users, record, start_home
from test_freeradius_lab import FOR, GROUP, OTHER, SECRET, SHOP, Node, eventually

import kitei
from kitei.network import HomeServer, RadiusCaps, RadiusProxy

pytestmark = pytest.mark.lab

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
HOUR, YEAR = 3600, 366 * 86_400
_GATE = """
import time
_real = time.time
def _time():
    with open({file!r}) as ahead:
        return _real() + int(ahead.read())
time.time = _time
with open({gate!r}) as file:
    exec(compile(file.read(), {gate!r}, "exec"))
"""


class Clock:
    """Seconds that the node's programs are ahead of the time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, ahead: int) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{ahead:+d}\n")
        os.replace(draft, self._file)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    if not FAKETIME.exists():
        pytest.skip(f"{FAKETIME} is not there: package libfaketime")
    clock = Clock(tmp_path / "ahead")
    monkeypatch.setattr(kitei, "__file__", str(_package(tmp_path) / "__init__.py"))
    for name, value in {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "ahead"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }.items():
        monkeypatch.setenv(name, value)
    yield clock


def _package(folder: Path) -> Path:
    """This very package, but for what the server loads first: it gives Python there the other clock."""
    real, made = Path(str(kitei.__file__)).parent, folder / "site" / "kitei"
    (made / "radius").mkdir(parents=True)
    for each in (*real.iterdir(), *(real / "radius").iterdir()):
        place = made / each.relative_to(real)
        if each not in (real / "radius", real / "radius" / "gate.py"):
            place.symlink_to(each)
    gate = _GATE.format(file=str(folder / "ahead"), gate=str(real / "radius" / "gate.py"))
    (made / "radius" / "gate.py").write_text(gate)
    return made


@pytest.fixture
def node(bench, make_right, clock) -> Node:
    return Node(bench.node("r"), make_right)


def account(node: Node, status: str, session: str, user: str = "alice") -> str:
    told = f"User-Name={user}@shop.example, Acct-Status-Type={status}, Acct-Session-Id={session}"
    return ask(node.host, "127.0.0.2", SECRET, told, "acct")[0]


@pytest.mark.parametrize(
    "step", [-HOUR, -3 * YEAR, HOUR, YEAR], ids=["hour back", "years back", "hour on", "year on"]
)
def test_a_clock_that_is_set_keeps_nobody_out(node, clock, step) -> None:
    put_users(node.host, "others@1", {"x": record("x")})
    other = replace(GROUP, realm="other.example", users="others@1")
    caps = RadiusCaps(FOR, "shop.example", 0, 1, 0, 0)
    node.make(SHOP, OTHER, GROUP, other, caps)
    assert node.login("alice", "pw-alice")[0] == "Access-Accept"
    assert node.login("x", "x", "127.0.0.3", "another's secret")[0] == "Access-Accept"
    assert account(node, "Start", "s1") == "Accounting-Response"
    assert eventually(lambda: node.login("alice", "pw-alice")[0] == "Access-Reject"), "one session each"
    server = node.host.running()["radius"]
    clock.set(step)
    if step < 0:
        assert eventually(lambda: node.host.running().get("radius", server) != server), "begun anew"
    assert eventually(lambda: node.login("bob", "pw-bob")[0] == "Access-Accept")
    put_sack(node.host, "other@2", "a newer secret")
    node.make(SHOP, replace(OTHER, sack="other@2"), GROUP, other, caps)
    newer = lambda: node.login("x", "x", "127.0.0.3", "a newer secret", tries=1)[0]  # noqa: E731
    assert eventually(lambda: newer() == "Access-Accept", 5.0), "a changed secret is live at once"
    assert account(node, "Stop", "s1") == "Accounting-Response"
    assert eventually(lambda: node.login("alice", "pw-alice")[0] == "Access-Accept")
    assert '"trouble": ""' in (node.host.read(node.host.state("radius", "state.json")) or "")


def test_a_relay_is_begun_anew_when_the_clock_is_set_back(node, clock) -> None:
    start_home(node.host, "one", "127.0.1.1", {"carol@shop.example": "pw-carol"})
    home = HomeServer(FOR, "shop.example", "127.0.1.1", 1812, "udp", "home@1", 1, 1, False, "", None)
    node.make(SHOP, RadiusProxy(FOR, "shop.example", False, False), home)
    assert node.login("carol@shop.example", "pw-carol")[0] == "Access-Accept"
    relay = node.host.running()["radius-relay-0"]
    clock.set(-HOUR)
    assert eventually(lambda: node.host.running().get("radius-relay-0", relay) != relay)
    assert eventually(lambda: node.login("carol@shop.example", "pw-carol")[0] == "Access-Accept")


@pytest.mark.parametrize("zone", ["", "Pacific/Kiritimati", "Nowhere/Unknown"])
def test_no_answer_hangs_on_the_time_zone(bench, make_right, monkeypatch, zone) -> None:
    if zone:
        monkeypatch.setenv("TZ", zone)
    else:
        monkeypatch.delenv("TZ", raising=False)
    node = Node(bench.node("r"), make_right)
    node.make(SHOP, GROUP, RadiusCaps(FOR, "shop.example", 0, 0, 1000, 0))
    assert node.login("alice", "pw-alice")[0] == "Access-Accept"
    assert account(node, "Start", "s1") == "Accounting-Response"
    assert eventually(
        lambda: '"sessions": 1' in (node.host.read(node.host.state("radius", "state.json")) or "")
    )
