"""Laws of every service, over whatever decided cases there are: ours, and the shared ones where they are."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.catalogue import SERVICES
from kitei.desk import Decision
from kitei.desk.cases import Case, case_of

HERE = Path(__file__).parents[1] / "cases"
SHARED = Path(__file__).parents[3] / "shared" / "cases"


def written() -> Iterator[dict[str, Any]]:
    for place in (*sorted(HERE.glob("*.json")), *sorted(SHARED.glob("*.json"))):
        yield from json.loads(place.read_text())


CASES = [case for case in map(case_of, written()) if case.service in SERVICES]
ENDINGS = [
    case
    for case in CASES
    if case.when["action"] in ("cancel", "stop-option") and "effective" not in case.when
]


def decided(case: Case) -> Decision:
    return SERVICES[case.service].run_case(case)


def told(decision: Decision) -> tuple[Any, ...]:
    return decision.verdict, decision.outcome, decision.dates, decision.amounts, decision.missing


def changed(case: Case, **when: Any) -> Case:
    return replace(
        case, when={key: value for key, value in {**case.when, **when}.items() if value is not None}
    )


if not CASES:
    pytest.skip("there are no decided cases here", allow_module_level=True)


@pytest.mark.parametrize("service", SERVICES)
def test_the_same_question_has_the_same_answer(service: str) -> None:
    for case in CASES:
        if case.service == service:
            assert decided(case) == decided(copy.deepcopy(case)), case.id


@pytest.mark.parametrize("service", SERVICES)
def test_another_customers_contract_changes_nothing(service: str) -> None:
    for case in CASES:
        contracts = case.given.get("contracts", [])
        if case.service != service or not contracts:
            continue
        other = {**contracts[0], "id": "Z9", "customer": "CZ"}
        for key in ("vpn_network", "ip", "base"):
            if key in other:
                other[key] = {"ip": "203.0.113.99", "vpn_network": "NZ"}.get(key, "Z9")
        beside = replace(case, given={**case.given, "contracts": [*contracts, other]})
        assert told(decided(beside)) == told(decided(case)), case.id


def test_amounts_are_the_sum_of_their_findings() -> None:
    for case in CASES:
        decision = decided(case)
        refused = decision.verdict.name == "REFUSE"
        parts = [
            (name, amount)
            for finding in decision.findings
            if not refused or finding.verdict is decision.verdict
            for name, amount in (
                *finding.amounts,
                *((each.name, each.amount) for each in finding.charges if each.amount is not None),
            )
        ]
        for name, amount in decision.amounts.items():
            assert amount == sum(each for other, each in parts if other == name), case.id


@given(some.sampled_from(ENDINGS), some.integers(0, 400), some.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_an_earlier_notice_never_ends_later(case: Case, first: int, later: int) -> None:
    at = datetime.fromisoformat(case.when["at"])
    ends = []
    for days in (first, first + later):
        moved = at + timedelta(days=days)
        arrived = moved.date().isoformat() if "arrived" in case.when else None
        ends.append(decided(changed(case, at=moved.isoformat(), arrived=arrived)).dates.get("effective"))
    if all(ends):
        assert ends[0] <= ends[1]


@pytest.mark.parametrize("service", SERVICES)
@given(
    start=some.integers(0, 100),
    hours=some.integers(1, 200),
    split=some.floats(0, 1),
    gap=some.integers(0, 30),
)
@settings(max_examples=60, deadline=None)
def test_split_outages_never_earn_more_than_the_whole(
    service: str, start: int, hours: int, split: float, gap: int
) -> None:
    claims = [each for each in CASES if each.service == service and each.when["action"] == "claim-credit"]
    if not claims:
        pytest.skip(f"no claim among the cases of {service}")
    case = claims[0]
    begun = datetime.fromisoformat(case.when["at"]) - timedelta(days=30) + timedelta(hours=start)
    middle, end = begun + timedelta(hours=hours * split), begun + timedelta(hours=hours)
    again = min(middle + timedelta(hours=gap), end)

    def credit(*outages: tuple[datetime, datetime]) -> int:
        told = [
            {"known": known.isoformat(), "restored": restored.isoformat(), "cause": "operator", "total": True}
            for known, restored in outages
            if known < restored
        ]
        facts = {"outages": told}
        moved = end + timedelta(hours=1)
        asked = {key: value for key, value in case.when.items() if key != "outage"}
        found = decided(
            replace(case, given={**case.given, "facts": facts}, when={**asked, "at": moved.isoformat()})
        )
        return int(found.amounts.get("credit", 0))

    whole = credit((begun, end))
    assert (whole > 0) == (hours >= 24)
    assert credit((begun, middle), (again, end)) <= whole


def test_dates_are_days() -> None:
    for case in CASES:
        for name, day in decided(case).dates.items():
            assert type(day) is date, (case.id, name)
