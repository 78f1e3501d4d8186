"""Every decided case of every service comes out as it was decided, through the code that serves a customer."""

import json
from pathlib import Path
from typing import Any

import pytest

from kitei.catalogue import SERVICES
from kitei.desk.cases import case_of, run_case

FILES = sorted((Path(__file__).parents[1] / "cases").glob("*.json"))


def test_there_are_cases_of_every_service() -> None:
    assert {file.stem for file in FILES} == set(SERVICES)


@pytest.mark.parametrize(
    "written", [pytest.param(each, id=each["id"]) for file in FILES for each in json.loads(file.read_text())]
)
def test_a_decided_case_is_decided_so(written: dict[str, Any]) -> None:
    case = case_of(written)
    outcome = run_case(case, SERVICES[case.service].run_case)
    assert outcome.passed, "; ".join(words.en for words in outcome.differences)
