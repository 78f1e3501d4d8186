"""The shared decided cases, and the words that cases are written in."""

import json
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Unreadable
from kitei.desk.cases import case_of, run_case
from kitei.services.auth_outsource.cases import run
from kitei.services.auth_outsource.edition import TERMS
from kitei.services.auth_outsource.rules import SPOKEN

SHARED = Path(__file__).parents[4] / "shared" / "cases" / "cases.json"
OWN = Path(__file__).parents[2] / "cases" / "auth-outsource.json"


def written(file: Path) -> list[dict[str, Any]]:
    return [each for each in json.loads(file.read_text()) if each["service"] == TERMS.service]


def shared() -> list[Any]:
    if not SHARED.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{SHARED} is not there"), id="shared")]
    return [pytest.param(each, id=each["id"]) for each in written(SHARED)]


@pytest.mark.parametrize("case", shared())
def test_a_shared_case_is_decided_so(case: dict[str, Any]) -> None:
    outcome = run_case(case_of(case), run)
    assert outcome.passed, "; ".join(words.en for words in outcome.differences)


def test_our_own_cases_name_every_provision_that_a_rule_speaks_for() -> None:
    """A provision that no case names could say anything."""
    named = {path for each in written(OWN) for path in each["then"]["provisions"]}
    assert [path for path in sorted(SPOKEN) if path not in named] == []


def test_every_citation_is_one_of_the_edition() -> None:
    named = {path for each in written(OWN) for path in each["then"]["provisions"]}
    assert named <= set(TERMS.first.provisions)


def case(**when: Any) -> dict[str, Any]:
    contract = {"id": "V1", "customer": "C1", "kind": "IIJ認証アウトソースサービス/VPDN", "item": "タイプD"}
    return {
        "id": "X",
        "service": "auth-outsource",
        "given": {"contracts": [{**contract, "billing_start": "2025-10-01"}]},
        "when": {
            "action": "readiness-check",
            "at": "2026-06-10T10:00:00+09:00",
            "contract": "V1",
            **when,
        },
        "then": {"decision": "n/a", "provisions": ["art:5.6"]},
    }


def test_a_word_nobody_knows_is_named_with_those_that_are() -> None:
    with pytest.raises(Unreadable, match=r"X\.when\.colour: is not known here; known are .*contract"):
        run_case(case_of(case(colour="red")), run)
    with pytest.raises(Unreadable, match=r"X\.when\.action: 'dance' is not one of apply"):
        run_case(case_of(case(action="dance")), run)
    with pytest.raises(Unreadable, match=r"X\.when\.event: 'dance' is not one of access-request"):
        run_case(case_of(case(action="network-event", event="dance")), run)
    unready = case(action="provision")
    unready["given"]["facts"] = {"readiness": {"art:8.1": False}}
    with pytest.raises(Unreadable, match=r"readiness: 'art:8\.1' is not one of art:5\.6\.1"):
        run_case(case_of(unready), run)


def test_what_must_come_of_a_case_is_compared_and_not_taken_for_granted() -> None:
    wrong = case()
    wrong["then"] = {"decision": "refuse", "provisions": ["art:9.1"], "amount_jpy": 1}
    outcome = run_case(case_of(wrong), run)
    told = [words.en.split(":")[0] for words in outcome.differences]
    assert told == ["decision", "provisions", "amount_jpy"]
