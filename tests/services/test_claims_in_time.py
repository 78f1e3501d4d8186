"""A credit can be claimed to the end of its last day and not a day longer, whatever the service."""

import importlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from decided_pages import pages

from kitei.catalogue import SERVICES, packages
from kitei.desk import Situation, Verdict
from kitei.desk.casebook import Page
from kitei.service import Service


def translated(page: Page) -> tuple[Service, Any, Situation]:
    assert page.case is not None
    service = SERVICES[page.case.service]
    act, situation = importlib.import_module(f"{packages()[service.name]}.cases").translate(page.case)
    return service, act, situation


@pytest.mark.parametrize("page", pages("claim-credit"))
def test_a_claim_earns_the_same_on_every_day_until_its_last(page: Page) -> None:
    service, act, s = translated(page)
    decision = service.decide(act, s, act.at)
    last = decision.dates.get("deadline")
    if last is None or decision.outcome is Verdict.REFUSE:
        pytest.skip("there is nothing to compare: it is refused, or names no day")
    for day in (last, last + timedelta(days=1)):
        at = datetime.combine(day, act.at.timetz())
        asked, on = replace(act, at=at), Situation.of(day, service.terms, s.contracts, s.operator)
        later = service.decide(asked, on, at)
        assert (later.outcome is Verdict.REFUSE) == (day > last)
        if day == last:
            assert later.amounts.get("credit") == decision.amounts.get("credit")
