"""At a policy's limit: no further step, said once of each attack on the contract, by alert and with the attack."""

from pathlib import Path

import pytest
from test_defence import Clock, E, clock, defence, hear, office, on_nodes, pass_, seen, word

from kitei.network import Announcement
from kitei.office import Office
from kitei.office.floods.alerting import alerts_of
from kitei.office.floods.attacks import attacks_of
from kitei.office.floods.defence import Defence
from kitei.services.ddos.defence import attacks, mitigations

__all__ = ["clock", "defence", "office"]  # fixtures of the defence's own tests

HOSTS = tuple(f"203.0.113.{n}" for n in (7, 8, 9))


@pytest.fixture
def limited(office: Office, defence: Defence) -> Defence:
    policy = {
        "by": "operator",
        "contract": E,
        "host": {"udp-bps": "100M"},
        "ladder": {"most": 1, "linger": 0},
    }
    office.apply("set-policy", policy, service="ddos-protection")
    return defence


def withheld(office: Office) -> list[str]:
    entries = [e for e in office.book.read(f"contract:{E}") if e.fact.kind == "mitigation.withheld"]
    assert all("ddos-protection@2025-11-01#art:15.1" in each.fact.cites for each in entries)
    return [str(each.fact.body["target"]) for each in entries]


def test_what_gets_no_step_is_said_once_of_each_attack(
    office: Office, limited: Defence, clock: Clock
) -> None:
    everything = tuple(seen(target=each) for each in HOSTS)
    hear(limited, word(*everything))
    pass_(clock, limited, 60, word=word(standing=everything))
    assert len(mitigations(office.contract(E))) == len(on_nodes(office, Announcement)) == 1
    assert withheld(office) == ["203.0.113.8/32", "203.0.113.9/32"]
    assert [each.withheld for each in attacks(office.contract(E))] == [False, True, True]


def test_when_there_is_room_again_the_step_is_taken(office: Office, limited: Defence, clock: Clock) -> None:
    hear(limited, word(*(seen(target=each) for each in HOSTS[:2])))
    hear(limited, word(seen("release", HOSTS[0])))
    pass_(clock, limited, 5, word=word(standing=(seen(target=HOSTS[1]),)))
    (left,) = on_nodes(office, Announcement)
    assert left.prefix == "203.0.113.8/32" and withheld(office) == ["203.0.113.8/32"]


def test_it_is_told_as_an_alert_and_with_the_attack(office: Office, limited: Defence, tmp_path: Path) -> None:
    hear(limited, word(*(seen(target=each) for each in HOSTS[:2])))
    entries = tuple(office.book.read(f"contract:{E}"))
    (line,) = (each.line.en for each in alerts_of(office, entries) if each.event == "mitigation.withheld")
    assert "203.0.113.8" in line and "limit of 1" in line
    (_, other) = attacks_of(entries)
    told = [each.words.en for each in other.happenings]
    assert "withheld at the policy's limit (divert and scrub, no more than 1 at once)" in told


def test_killed_and_begun_again_it_is_not_said_twice(office: Office, limited: Defence, clock: Clock) -> None:
    everything = tuple(seen(target=each) for each in HOSTS)
    hear(limited, word(*everything))
    other = Defence(office, clock.now)
    hear(other, word(standing=everything))
    assert withheld(office) == ["203.0.113.8/32", "203.0.113.9/32"]
