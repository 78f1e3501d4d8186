"""What a node tells of its scrubber: each contract's state, and in events all that was counted, once."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kitei.agent import scrubs
from kitei.agent.senses import Feeling, Numb
from kitei.drivers.host import LinuxHost
from kitei.drivers.scrubber.tallies import Count, Tally, since
from kitei.network import Origin, PermanentError
from kitei.network.ddos import Scrubber, Scrubbing

FOR = Origin("acme", ())
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def cleaning(contract: str, until: str | None = None) -> Scrubbing:
    return Scrubbing(FOR, contract, "203.0.113.0/24", 0, 0, False, (), "pass", (), (), until)


PARTS = (
    Scrubber(FOR, "dirty", "auto"),
    cleaning("acme"),
    cleaning("beta"),
    cleaning("gone", NOW.isoformat()),
)


def tally(contract: str, passed: int, denied: int = 0) -> Tally:
    return Tally(
        contract, Count(passed, 100 * passed), {"denied": Count(denied, 100 * denied), "source": Count()}
    )


@dataclass
class Machine:
    """The scrubber's counters and the time, as a test sets them."""

    folder: Path
    counted: tuple[Tally, ...] | Exception = ()
    at: float = 0.0
    sense: scrubs.Scrubs = field(init=False)

    def __post_init__(self) -> None:
        self.sense = scrubs.Scrubs(LinuxHost("a", self.folder), lambda: NOW)

    def read(self, _: object) -> tuple[Tally, ...]:
        if isinstance(self.counted, Exception):
            raise self.counted
        return self.counted

    def told(self) -> list[dict]:
        files = sorted((self.folder / "events" / "scrubs").glob("*.jsonl"))
        return [json.loads(line)["body"] for each in files for line in each.read_text().splitlines()]


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setattr(scrubs, "read_tallies", machine.read)
    monkeypatch.setattr(scrubs.time, "monotonic", lambda: machine.at)
    return machine


def test_a_contract_is_up_while_it_is_scrubbed_and_unheard_of_when_it_has_ended(machine) -> None:
    machine.counted = (tally("acme", 1),)
    felt = machine.sense.feel(PARTS)
    assert felt == {("scrubbing", "acme"): Feeling(True, {}), ("scrubbing", "beta"): Feeling(False, {})}
    assert machine.sense.feel(()) == {}


def test_all_that_was_counted_is_told_once_to_the_last(machine) -> None:
    machine.sense.feel(PARTS)
    for second in range(1, 13):
        machine.at = float(second)
        machine.counted = (tally("acme", 50 * second, 1000 * second),)
        machine.sense.feel(PARTS)
    machine.at, machine.counted = 13.0, ()
    machine.sense.feel(PARTS)
    bodies = machine.told()
    assert [body["seconds"] for body in bodies] == [5, 5, 2]
    assert sum(body["passed_pps"] * body["seconds"] for body in bodies) == 600
    assert sum(body["dropped"]["denied"] * body["seconds"] for body in bodies) == 12_000
    assert sum(body["offered_bps"] * body["seconds"] for body in bodies) == 12_600 * 800


def test_what_an_agent_before_has_told_is_not_told_again_and_silence_is_no_event(machine) -> None:
    machine.counted = (tally("acme", 10**6),)
    for second in (0, 6, 12):
        machine.at = float(second)
        machine.sense.feel(PARTS)
    assert machine.told() == []
    machine.at, machine.counted = 18.0, (tally("acme", 10**6 + 60),)
    machine.sense.feel(PARTS)
    (body,) = machine.told()
    assert (body["passed_pps"], body["seconds"], body["dropped"]) == (10, 6, {})


def test_counters_that_begin_anew_are_no_less_than_nothing() -> None:
    assert since(tally("acme", 10), tally("acme", 5000), 1)["passed_pps"] == 10


def test_what_cannot_be_read_is_said(machine) -> None:
    machine.counted = PermanentError("the map tallies cannot be read")
    with pytest.raises(Numb, match="tallies"):
        machine.sense.feel(PARTS)
