"""States of engines: only changes are told, and what does not answer keeps its last state."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stand import FOR

from kitei.agent.senses import Feeling, Numb, Senses
from kitei.agent.sources import Bfd, Bgp, Programs, ask_daemon
from kitei.network import BgpNeighbour, Probe, TemporaryError
from kitei.network.report import State

HUB = BgpNeighbour(FOR, "100.80.0.0", 4200000000, "hub-1", ("10.0.0.0/16",), 0)


class Dial:
    """A source that feels what a test sets."""

    name = "dial"
    kinds = frozenset({"bgp"})

    def __init__(self) -> None:
        self.is_up = False
        self.is_numb = False
        self.is_there = True

    def feel(self, parts):
        if self.is_numb:
            raise Numb("silent")
        return {("bgp", "hub-1"): Feeling(self.is_up, {"prefixes": 1})} if self.is_there else {}


@pytest.fixture
def dial() -> Dial:
    return Dial()


def senses(dial: Dial, grace: float = 0.0) -> tuple[Senses, list[State]]:
    told: list[State] = []
    return Senses((dial,), lambda: datetime.now(UTC), told.append, grace), told


def test_only_changes_are_told(dial: Dial) -> None:
    felt, told = senses(dial)
    for dial.is_up in (True, True, False, False, True):
        felt.feel()
    assert [state.up for state in told] == [True, False, True]
    assert [state.up for state in felt.states()] == [True]


def test_a_source_that_does_not_answer_keeps_its_state_and_is_a_fault(dial: Dial) -> None:
    felt, told = senses(dial)
    dial.is_up = True
    felt.feel()
    dial.is_numb = True
    felt.feel()
    assert [state.up for state in felt.states()] == [True]
    assert [(fault.kind, fault.subject) for fault in felt.faults()] == [("watching", "dial")]
    dial.is_numb = False
    felt.feel()
    assert not felt.faults()
    assert len(told) == 1


def test_what_was_never_up_is_not_down_before_grace(dial: Dial) -> None:
    felt, told = senses(dial, grace=1000)
    felt.feel()
    assert told == []
    dial.is_up = True
    felt.feel()
    dial.is_up = False
    felt.feel()
    assert [state.up for state in told] == [True, False]


def test_what_is_no_longer_wanted_is_no_longer_a_state(dial: Dial) -> None:
    felt, _ = senses(dial)
    felt.feel()
    dial.is_there = False
    felt.feel()
    assert felt.states() == ()


class Daemon:
    """Speaks as FRR's daemons do on their vty sockets."""

    def __init__(self, place: Path, answer: bytes) -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(place))
        self.listening.listen()
        threading.Thread(target=self._speak, daemon=True).start()

    def _speak(self) -> None:
        while True:
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            with line:
                while words := line.recv(4096):
                    self.heard.append(words.rstrip(b"\0"))
                    line.sendall((b"" if words.startswith(b"enable") else self.answer) + bytes(4))


class Wired:
    """A host whose daemons listen in one folder."""

    name = "n1"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: dict[str, int] = {}

    def connect(self, path: str) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(self.folder / Path(path).name))
        except OSError as error:
            line.close()
            raise TemporaryError(str(error)) from error
        return line

    def running(self) -> dict[str, int]:
        return self.programs


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    yield Wired(tmp_path)


def test_bfd_is_up_where_bfdd_says_so(wired: Wired) -> None:
    peers = [{"peer": "100.80.0.0", "status": "up"}, {"peer": "100.80.0.2", "status": "down"}]
    daemon = Daemon(wired.folder / "bfdd.vty", json.dumps(peers).encode())
    assert Bfd(wired).feel([HUB]) == {("bfd", "hub-1"): Feeling(True, {})}
    assert daemon.heard == [b"enable", b"show bfd peers json"]


def test_bgp_tells_prefixes_received(wired: Wired) -> None:
    peers = {"100.80.0.0": {"state": "Established", "pfxRcd": 3}}
    Daemon(wired.folder / "bgpd.vty", json.dumps({"ipv4Unicast": {"peers": peers}}).encode())
    assert Bgp(wired).feel([HUB]) == {("bgp", "hub-1"): Feeling(True, {"prefixes": 3})}


def test_sessions_are_down_where_their_daemon_is_dead(wired: Wired) -> None:
    assert Bfd(wired).feel([HUB]) == {("bfd", "hub-1"): Feeling(False, {})}
    assert Bgp(wired).feel([HUB]) == {("bgp", "hub-1"): Feeling(False, {})}


def test_a_daemon_that_talks_nonsense_is_numb(wired: Wired) -> None:
    Daemon(wired.folder / "bgpd.vty", b"% Unknown command")
    with pytest.raises(Numb, match="show bgp"):
        ask_daemon(wired, "bgpd", "show bgp")


def test_nothing_is_asked_where_nothing_is_wanted(wired: Wired) -> None:
    assert Bfd(wired).feel([Probe(FOR, "p", "127.0.0.1", "127.0.0.1", 1000, "closed")]) == {}


def test_a_program_that_became_another_process_has_lost_what_it_was_told(wired: Wired) -> None:
    calls: list[None] = []
    programs = Programs(wired, lambda: calls.append(None))
    wired.programs = {"charon": 7, "bgpd": 8}
    programs.expect()
    assert all(feeling.up for feeling in programs.feel([]).values())
    assert calls == []
    wired.programs = {"bgpd": 8}
    assert programs.feel([])["engine", "charon"] == Feeling(False, {})
    assert calls == []
    wired.programs = {"charon": 9, "bgpd": 8}
    assert programs.feel([])["engine", "charon"].up
    programs.feel([])
    assert len(calls) == 1
