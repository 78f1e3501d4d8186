"""Decided cases of Secure Access: the shared ones, what ours name, and how words that nobody knows are told."""

import json
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Unreadable
from kitei.desk.cases import case_of, run_case
from kitei.services.secure_access.cases import run
from kitei.services.secure_access.edition import TERMS

SHARED = Path(__file__).parents[4] / "shared" / "cases" / "cases.json"
OWN = Path(__file__).parents[2] / "cases" / "secure-access.json"


def written(file: Path) -> list[dict[str, Any]]:
    return [each for each in json.loads(file.read_text()) if each["service"] == TERMS.service]


def shared() -> list[Any]:
    if not SHARED.exists():
        missing = pytest.mark.skip(reason=f"{SHARED} is not there")
        return [pytest.param(None, marks=missing, id="shared")]
    return [pytest.param(each, id=each["id"]) for each in written(SHARED)]


@pytest.mark.parametrize("case", shared())
def test_a_case_that_others_decided_is_decided_so(case: dict[str, Any]) -> None:
    outcome = run_case(case_of(case), run)
    assert outcome.passed, "; ".join(words.en for words in outcome.differences)


def test_our_own_cases_name_every_provision() -> None:
    """A provision that no case names could say anything."""
    named = {path for each in written(OWN) for path in each["then"]["provisions"]}
    assert [path for path in TERMS.first.provisions if path not in named] == []


def case(**when: Any) -> dict[str, Any]:
    gateway = {"id": "W1", "customer": "C1", "kind": "Webゲートウェイ", "billing_start": "2026-05-01"}
    return {
        "id": "X",
        "service": "secure-access",
        "given": {"contracts": [gateway]},
        "when": {
            "action": "readiness-check",
            "at": "2026-06-10T10:00:00+09:00",
            "contract": "W1",
            **when,
        },
        "then": {"decision": "n/a", "provisions": ["art:7.1"]},
    }


def test_a_word_nobody_knows_is_named_with_those_that_are() -> None:
    for told, wanted in (
        ({"colour": "red"}, r"X\.when\.colour: is not known here; known are .*contract"),
        ({"action": "dance"}, r"X\.when\.action: 'dance' is not one of apply"),
        (
            {"action": "provision", "readiness": {"art:8.1": False}},
            r"readiness: 'art:8\.1' is not one of art:7",
        ),
        (
            {"action": "network-event", "egress_ip": "192.0.2.1"},
            r"egress_ip: '192\.0\.2\.1' is not one of the",
        ),
    ):
        with pytest.raises(Unreadable, match=wanted):
            run_case(case_of(case(**told)), run)


def test_what_must_come_of_a_case_is_compared_and_not_taken_for_granted() -> None:
    wrong = case()
    wrong["then"] = {"decision": "refuse", "provisions": ["art:11.1"], "amount_jpy": 1}
    told = [words.en.split(":")[0] for words in run_case(case_of(wrong), run).differences]
    assert told == ["decision", "provisions", "amount_jpy"]
