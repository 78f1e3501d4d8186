"""The shared decided cases through the code that serves a customer, and the words that cases may use."""

import json
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Unreadable
from kitei.desk.cases import case_of, run_case
from kitei.services.gio_remote.cases import run
from kitei.services.gio_remote.edition import TERMS

SHARED = Path(__file__).parents[4] / "shared" / "cases" / "cases.json"
OWN = Path(__file__).parents[2] / "cases" / "gio-remote-access.json"


def written(file: Path) -> list[dict[str, Any]]:
    return [each for each in json.loads(file.read_text()) if each["service"] == TERMS.service]


def cases() -> list[Any]:
    if not SHARED.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{SHARED} is not there"), id="shared")]
    return [pytest.param(each, id=each["id"]) for each in written(SHARED)]


@pytest.mark.parametrize("case", cases())
def test_a_decided_case_is_decided_so(case: dict[str, Any]) -> None:
    outcome = run_case(case_of(case), run)
    assert outcome.passed, "; ".join(words.en for words in outcome.differences)


def test_our_own_cases_name_every_provision() -> None:
    """A provision that no case names could say anything."""
    named = {path for each in written(OWN) for path in each["then"]["provisions"]}
    assert [path for path in TERMS.first.provisions if path not in named] == []


def case(**when: Any) -> dict[str, Any]:
    gateway = {"id": "G1", "customer": "C1", "kind": "IIJ GIOリモートアクセスサービス/ゲートウェイ"}
    return {
        "id": "X",
        "service": "gio-remote-access",
        "given": {"contracts": [{**gateway, "item": "タイプA", "billing_start": "2025-10-01"}]},
        "when": {
            "action": "readiness-check",
            "at": "2026-06-10T10:00:00+09:00",
            "contract": "G1",
            **when,
        },
        "then": {"decision": "n/a", "provisions": ["art:7.3"]},
    }


def test_a_word_nobody_knows_is_named_with_those_that_are() -> None:
    with pytest.raises(Unreadable, match=r"X\.when\.colour: is not known here; known are .*contract"):
        run_case(case_of(case(colour="red")), run)
    with pytest.raises(Unreadable, match=r"X\.when\.action: 'dance' is not one of apply"):
        run_case(case_of(case(action="dance")), run)
    with pytest.raises(Unreadable, match=r"X\.when\.event: 'dance' is not one of new session"):
        run_case(case_of(case(action="network-event", event="dance")), run)
    with pytest.raises(Unreadable, match=r"readiness: 'art:8\.1' is not one of art:7\.3\.1"):
        run_case(case_of(case(action="provision", readiness={"art:8.1": False})), run)


def test_what_must_come_of_a_case_is_compared_and_not_taken_for_granted() -> None:
    wrong = case()
    wrong["then"] = {"decision": "refuse", "provisions": ["art:12.1"], "amount_jpy": 1}
    outcome = run_case(case_of(wrong), run)
    told = [words.en.split(":")[0] for words in outcome.differences]
    assert told == ["decision", "provisions", "amount_jpy"]
