"""The decided cases, each through the code that serves a customer."""

import json
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Unreadable
from kitei.desk.cases import case_of, run_case
from kitei.services.managed_vpn.cases import run

FILE = Path(__file__).parents[4] / "shared" / "cases" / "cases.json"


def cases() -> list[Any]:
    if not FILE.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{FILE} is not there"))]
    written = json.loads(FILE.read_text())
    return [pytest.param(each, id=each["id"]) for each in written if each["service"] == "managed-vpn-pro"]


@pytest.mark.parametrize("written", cases())
def test_a_decided_case_is_decided_so(written: dict[str, Any]) -> None:
    outcome = run_case(case_of(written), run)
    assert outcome.passed, "; ".join(words.en for words in outcome.differences)


def case(**when: Any) -> dict[str, Any]:
    asked = {"action": "readiness-check", "at": "2026-06-10T10:00:00+09:00", "contract": "P1", **when}
    contract = {
        "id": "P1",
        "customer": "C1",
        "kind": "親拠点",
        "vpn_network": "N1",
        "billing_start": "2025-04-01",
    }
    return {
        "id": "X",
        "service": "managed-vpn-pro",
        "given": {"contracts": [contract]},
        "when": asked,
        "then": {"decision": "n/a", "provisions": ["art:8.2"]},
    }


def test_a_word_nobody_knows_is_named_with_those_that_are() -> None:
    with pytest.raises(Unreadable, match=r"X\.when\.colour: is not known here; known are .*contract"):
        run_case(case_of(case(colour="red")), run)
    with pytest.raises(Unreadable, match=r"X\.when\.action: 'dance' is not one of apply"):
        run_case(case_of(case(action="dance")), run)


def test_what_must_come_of_a_case_is_compared_and_not_taken_for_granted() -> None:
    written = case()
    written["then"] = {"decision": "refuse", "provisions": ["art:18.1"], "amount_jpy": 1}
    outcome = run_case(case_of(written), run)
    assert [words.en.split(":")[0] for words in outcome.differences] == [
        "decision",
        "provisions",
        "amount_jpy",
    ]
