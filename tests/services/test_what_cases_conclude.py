"""What decided cases would record can be recorded: it folds, and what was referred can be answered either way."""

import importlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from decided_pages import pages

from kitei.catalogue import SERVICES, packages
from kitei.desk import Decision, Situation, Verdict
from kitei.desk.casebook import Page
from kitei.ledger import Entry, Fact
from kitei.office.record import decision_json, decision_of
from kitei.values import canonical


def decided(page: Page) -> tuple[Any, Situation, Decision]:
    assert page.case is not None
    service = SERVICES[page.case.service]
    cases = importlib.import_module(f"{packages()[service.name]}.cases")
    act, situation = cases.translate(page.case)
    return act, situation, service.decide(act, situation, act.at)


def entry(stream: str, version: int, fact: Fact) -> Entry:
    return Entry(version, stream, version, fact, datetime(2026, 1, 1, tzinfo=UTC), "", "", "")


@pytest.mark.parametrize("page", pages())
def test_what_is_accepted_folds_into_the_contracts(page: Page) -> None:
    act, situation, decision = decided(page)
    if decision.verdict is Verdict.REFUSE:
        return
    assert page.case is not None
    service, contracts = SERVICES[page.case.service], dict(situation.contracts)
    accepted = replace(decision, verdict=Verdict.ACCEPT, proposed=None)
    for stream, fact in service.conclude(act, accepted, situation):
        canonical(fact.body)  # a ledger can hold it
        kind, _, name = stream.partition(":")
        if kind == "contract":
            before = contracts.get(name)
            contracts[name] = service.fold(before, entry(stream, before.version + 1 if before else 1, fact))


@pytest.mark.parametrize("page", pages())
def test_a_decision_is_the_same_again_and_survives_the_ledger(page: Page) -> None:
    _, _, decision = decided(page)
    assert decision == decided(page)[2]
    written = decision_of(decision_json(decision))
    assert (written.verdict, written.proposed, written.cites) == (
        decision.verdict,
        decision.proposed,
        decision.cites,
    )
    assert (dict(written.dates), dict(written.amounts)) == (dict(decision.dates), dict(decision.amounts))
    assert [each.conventions for each in written.findings] == [each.conventions for each in decision.findings]
