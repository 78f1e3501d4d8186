"""The shared decided cases, each through the code that serves a customer, and what our own have to name."""

import json
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Unreadable
from kitei.desk.cases import case_of, run_case
from kitei.services.ddos.cases import run
from kitei.services.ddos.edition import TERMS

SHARED = Path(__file__).parents[4] / "shared" / "cases" / "cases.json"
OWN = Path(__file__).parents[2] / "cases" / "ddos-protection.json"
# Nothing is decided by these: headings whose content is in their items, and what is kept as data or shown.
SHOWN = {"art:7.1", "art:7.1.4", "art:12.1", "suppl:dates"}


def written(file: Path) -> list[dict[str, Any]]:
    return [each for each in json.loads(file.read_text()) if each["service"] == TERMS.service]


def cases() -> list[Any]:
    """The shared ones; our own are run with those of all services."""
    if not SHARED.exists():
        missing = pytest.mark.skip(reason=f"{SHARED} is not there")
        return [pytest.param(None, marks=missing, id="shared")]
    return [pytest.param(each, id=each["id"]) for each in written(SHARED)]


@pytest.mark.parametrize("case", cases())
def test_a_decided_case_is_decided_so(case: dict[str, Any]) -> None:
    outcome = run_case(case_of(case), run)
    assert outcome.passed, "; ".join(words.en for words in outcome.differences)


def test_our_own_cases_name_every_provision_that_decides() -> None:
    """A provision that no case names could say anything."""
    named = {path for each in written(OWN) for path in each["then"]["provisions"]}
    assert {path for path in TERMS.first.provisions if path not in named} <= SHOWN


def case(**when: Any) -> dict[str, Any]:
    asked = {"action": "readiness-check", "at": "2026-06-10T10:00:00+09:00", "contract": "K1", **when}
    contract = {"id": "K1", "customer": "C1", "item": "タイプX", "billing_start": "2026-01-01"}
    return {
        "id": "T",
        "service": TERMS.service,
        "given": {"contracts": [contract]},
        "when": asked,
        "then": {"decision": "n/a", "provisions": ["art:4.1"]},
    }


def test_a_word_nobody_knows_is_named_with_those_that_are() -> None:
    with pytest.raises(Unreadable, match=r"T\.when\.colour: is not known here; known are .*contract"):
        run_case(case_of(case(colour="red")), run)
    with pytest.raises(Unreadable, match=r"T\.when\.action: 'dance' is not one of apply"):
        run_case(case_of(case(action="dance")), run)
    with pytest.raises(Unreadable, match=r"T\.when\.event: 'sing' is not one of stop"):
        run_case(case_of(case(action="device-event", event="sing")), run)


def test_every_word_left_over_is_named_at_once() -> None:
    odd = case(colour="red")
    odd["given"]["weather"] = "fine"
    with pytest.raises(Unreadable) as raised:
        run_case(case_of(odd), run)
    assert {each.place for each in raised.value.faults} == {"T.when.colour", "T.given.weather"}


def test_what_must_come_of_a_case_is_compared_and_not_taken_for_granted() -> None:
    odd = case()
    odd["then"] = {"decision": "refuse", "provisions": ["art:11.2"], "amount_jpy": 1}
    outcome = run_case(case_of(odd), run)
    assert [words.en.split(":")[0] for words in outcome.differences] == [
        "decision",
        "provisions",
        "amount_jpy",
    ]
