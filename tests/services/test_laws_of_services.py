"""Laws that decisions of every service keep, tried on every decided case."""

import importlib
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kitei.catalogue import SERVICES, packages
from kitei.desk import Decision, Situation, Verdict
from kitei.desk.casebook import Page, read_casebook
from kitei.service import Service
from kitei.values import day_of

FILE = Path(__file__).parents[3] / "shared" / "cases" / "cases.json"


def pages(*actions: str) -> list[Any]:
    if not FILE.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{FILE} is not there"))]
    return [
        pytest.param(page, id=page.id)
        for page in read_casebook(FILE.read_text())
        if page.case and (not actions or page.case.when["action"] in actions)
    ]


def translated(page: Page) -> tuple[Service, Any, Situation]:
    assert page.case is not None
    service = SERVICES[page.case.service]
    act, situation = importlib.import_module(f"{packages()[service.name]}.cases").translate(page.case)
    return service, act, situation


def of(situation: Situation, service: Service, contracts: dict[str, Any]) -> Situation:
    return Situation.of(situation.on, service.terms, contracts, situation.operator)


def said(decision: Decision) -> tuple[Any, ...]:
    return (
        decision.verdict,
        decision.proposed,
        decision.cites,
        dict(decision.dates),
        dict(decision.amounts),
        decision.missing,
        decision.conventions,
    )


@pytest.mark.parametrize("page", pages())
def test_a_contract_of_somebody_else_changes_nothing(page: Page) -> None:
    service, act, s = translated(page)
    strangers = {
        f"stranger-{name}": replace(
            each,
            id=f"stranger-{name}",
            customer="stranger",
            group=f"stranger-{each.group}",
            body={},
            devices=(),
        )
        for name, each in s.contracts.items()
    }
    alone = service.decide(act, s, act.at)
    beside = service.decide(act, of(s, service, {**s.contracts, **strangers}), act.at)
    assert said(beside) == said(alone)


def earlier(act: Any, days: int) -> Any:
    """The same notice, so many days before; the day it names stays."""
    names = {field.name for field in fields(act)}
    back = timedelta(days=days)
    moved = {"at": act.at - back}
    if "arrived" in names and act.arrived is not None:
        moved["arrived"] = act.arrived - back
    return replace(act, **moved)


@pytest.mark.parametrize("page", pages("cancel", "stop-option"))
@pytest.mark.parametrize("days", [1, 5])
def test_a_notice_that_comes_earlier_never_ends_later(page: Page, days: int) -> None:
    service, act, s = translated(page)
    before = earlier(act, days)
    first = Situation.of(day_of(before.at), service.terms, s.contracts, s.operator)
    now, then = service.decide(act, s, act.at), service.decide(before, first, before.at)
    if Verdict.REFUSE in (now.outcome, then.outcome) or "effective" not in now.dates:
        pytest.skip("there is nothing to compare: it is refused, or names no day")
    assert then.dates["effective"] <= now.dates["effective"]


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


@pytest.mark.parametrize("page", pages())
def test_amounts_add_up_from_what_the_findings_say(page: Page) -> None:
    service, act, s = translated(page)
    decision = service.decide(act, s, act.at)
    counted = [
        f for f in decision.findings if decision.verdict is not Verdict.REFUSE or f.verdict is Verdict.REFUSE
    ]
    found: dict[str, int] = {}
    for finding in counted:
        for name, amount in finding.amounts:
            found[name] = found.get(name, 0) + amount
        for charge in finding.charges:
            if charge.amount is not None:
                found[charge.name] = found.get(charge.name, 0) + charge.amount
    assert found == dict(decision.amounts)
    assert all(type(amount) is int for amount in found.values())
