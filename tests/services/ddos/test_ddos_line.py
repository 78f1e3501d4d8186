"""The whole line without a network: recorded holdings, application, options, cascade, month, and what is due."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from kitei.accounts import Line
from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.office import Office
from kitei.office.closing import preview
from kitei.office.due import due
from kitei.office.impact import impact
from kitei.services.ddos import SERVICE
from kitei.services.ddos.contract import addresses, router
from kitei.values import JST, JsonObject, Month, Span

NAME = SERVICE.name
FEES = {
    "initial": 100_000,
    "monthly": 300_000,
    "option-initial": 10_000,
    "option-monthly": 50_000,
    "item-change": 40_000,
    "device-change": 30_000,
    "lost-device": 200_000,
    "device-failure": 45_000,
    "router-count-change": 15_000,
}


class SetTime:
    def __init__(self) -> None:
        self.at = datetime(2025, 12, 1, 9, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at

    def go(self, text: str) -> None:
        self.at = datetime.fromisoformat(text).replace(hour=9, tzinfo=JST)


@pytest.fixture
def time() -> SetTime:
    return SetTime()


def held(service: str, name: str, **more: Any) -> tuple[str, Fact]:
    body: JsonObject = {"holds": service, "id": name, "first": "2020-01-01", "last": None, **more}
    return "customer:acme", Fact("service.held", body, date(2020, 1, 1))


@pytest.fixture
def office(tmp_path: Path, time: SetTime) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", time, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    told = [held("インターネット接続サービス", "I1")]
    for fee, amount in FEES.items():
        body: JsonObject = {"fee": fee, "amount": amount, "first": "2025-01-01", "last": None, "scope": {}}
        told.append(("customer:acme", Fact("quote.recorded", {"service": NAME, **body}, date(2025, 1, 1))))
    models: JsonObject = {"service": NAME, "list": "tunnel-router-models", "entries": ["m1", "m2"]}
    told.append(("operator", Fact("operator.listed", models, date(2025, 1, 1))))
    polaris: JsonObject = {"ja": "北極星", "en": "Polaris"}
    provider: JsonObject = {
        "name": polaris,
        "address": polaris,
        "registration": "T7000012050002",
        "contact": "b@example.jp",
    }
    told.append(("operator", Fact("operator.set", {"name": "provider", "value": provider}, date(2025, 1, 1))))
    opened.state(told)
    yield opened
    opened.close()


def ask(office: Office, act: str, **written: Any) -> Any:
    by = written.pop("by", "acme")
    return office.apply(act, {"by": by, **written}, service=NAME).decision


def accepted(office: Office, act: str, **written: Any) -> Any:
    decision = ask(office, act, **written)
    assert decision.verdict is Verdict.ACCEPT, [
        str(finding.why.en) for finding in decision.findings if finding.verdict is not Verdict.ACCEPT
    ]
    return decision


def billed(office: Office, month: date) -> tuple[Line, ...]:
    (bill,) = preview(office, Month.of(month))
    assert bill.invoice is not None, bill
    return bill.invoice.lines


@pytest.fixture
def served(office: Office, time: SetTime) -> Office:
    """A type X with a lent router, and a type M added to it; both billed from January."""
    option = {"option": "tunnel-router", "item": "rental", "model": "m1"}
    wanted = [
        {"item": "タイプX", "name": "edge", "addresses": ["203.0.113.0/24"], "options": [option]},
        {"item": "タイプM", "base": "edge"},
    ]
    decision = accepted(office, "apply", services=wanted)
    assert decision.amounts == {"initial": 100_000, "option-initial": 10_000}
    time.go("2026-01-01")
    for contract, more in (
        ("acme-ddos-1", {}),
        ("acme-ddos-1", {"option": "tunnel-router"}),
        ("acme-ddos-2", {}),
    ):
        accepted(
            office, "start-billing", by="operator", contract=contract, billing_start="2026-01-01", **more
        )
    event = {"by": "operator", "contract": "acme-ddos-1", "serial": "TR1"}
    accepted(office, "device-event", event="assigned", model="m1", **event)
    accepted(office, "device-event", event="installed", **event)
    return office


def test_an_application_becomes_contracts_that_know_what_they_rest_on(served: Office) -> None:
    base, added = served.contract("acme-ddos-1"), served.contract("acme-ddos-2")
    assert (base.item, base.body["rests_on"], base.body["base"]) == ("type-x", "I1", None)
    assert (added.item, added.body["rests_on"], added.body["base"]) == ("type-m", None, "acme-ddos-1")
    assert base.term and base.term.last == date(2026, 12, 31)
    taken = router(base, date(2026, 1, 2))
    assert taken and taken.term and taken.term.last == date(2026, 12, 31)
    assert [each.prefix for each in addresses(base, date(2026, 1, 2))] == ["203.0.113.0/24"]


def test_a_month_is_billed_by_the_row_of_each_item(served: Office, time: SetTime) -> None:
    time.go("2026-03-01")
    lines = {line.words.en: line.amount for line in billed(served, date(2026, 2, 1))}
    assert sum(lines.values()) == 300_000 + 50_000 + 300_000
    assert any("Type X" in words or "type X" in words for words in lines)


def test_the_connection_that_ends_takes_both_contracts_along(served: Office, time: SetTime) -> None:
    time.go("2026-08-31")
    decision = accepted(served, "external-ended", by="operator", holding="I1")
    assert decision.dates["effective"] == date(2026, 8, 31)
    assert decision.amounts == {"settlement": 2 * 4 * 300_000, "option-settlement": 4 * 50_000}
    for name in ("acme-ddos-1", "acme-ddos-2"):
        ending = served.contract(name).ending
        assert ending and (ending.last, ending.ground) == (date(2026, 8, 31), "cascade")
    assert ask(served, "apply", services=[{"item": "type-e"}]).verdict is Verdict.ACCEPT
    time.go("2026-09-01")
    assert ask(served, "apply", services=[{"item": "type-e"}]).verdict is Verdict.REFUSE
    (device,) = served.contract("acme-ddos-1").devices
    assert device.return_by == date(2026, 9, 30)
    ours = [each.on for each in due(served, date(2026, 12, 31)) if each.contract == "acme-ddos-1"]
    assert date(2026, 9, 30) in ours


def test_a_device_that_does_not_come_back_is_charged_once(served: Office, time: SetTime) -> None:
    time.go("2026-08-31")
    accepted(served, "external-ended", by="operator", holding="I1")
    time.go("2026-10-01")
    first = accepted(served, "day-check", by="operator", contract="acme-ddos-1")
    again = accepted(served, "day-check", by="operator", contract="acme-ddos-1")
    assert (first.amounts["lost-device"], again.amounts["lost-device"]) == (200_000, 0)


def test_another_connection_takes_over_and_is_recorded(served: Office, time: SetTime) -> None:
    served.state([held("インターネット接続サービス", "I2")])
    time.go("2026-08-31")
    decision = accepted(served, "external-ended", by="operator", holding="I1")
    assert decision.review and decision.amounts == {}
    contract = served.contract("acme-ddos-1")
    assert contract.ending is None and contract.body["rests_on"] == "I2"


def test_a_stopped_router_is_asked_back_and_due_only_when_the_contract_ends(
    served: Office, time: SetTime
) -> None:
    time.go("2027-01-04")
    decision = accepted(served, "stop-option", contract="acme-ddos-1", option="tunnel-router")
    assert decision.dates["effective"] == date(2027, 2, 3)
    assert decision.dates["return_request"] == date(2027, 3, 5)
    asked = [each for each in due(served, date(2027, 12, 31)) if each.kind == "device-asked-back"]
    assert [(each.on, each.about, each.loses) for each in asked] == [(date(2027, 3, 5), "TR1", "")]
    time.go("2027-04-01")
    assert accepted(served, "day-check", by="operator", contract="acme-ddos-1").amounts == {"lost-device": 0}
    accepted(served, "cancel", contract="acme-ddos-1")
    time.go("2027-06-01")
    late = accepted(served, "day-check", by="operator", contract="acme-ddos-1")
    assert late.amounts == {"lost-device": 200_000}


def test_a_changed_device_starts_a_year_for_its_option_alone(served: Office, time: SetTime) -> None:
    time.go("2026-08-01")
    device = {"from": "m1", "to": "m2"}
    accepted(served, "change", contract="acme-ddos-1", option="tunnel-router", device=device)
    time.go("2026-09-01")
    accepted(
        served,
        "start-billing",
        by="operator",
        contract="acme-ddos-1",
        option="tunnel-router",
        billing_start="2026-09-01",
    )
    contract = served.contract("acme-ddos-1")
    taken = router(contract, date(2026, 9, 2))
    assert taken and taken.term and taken.term.last == date(2027, 8, 31)
    assert contract.term and contract.term.last == date(2026, 12, 31)
    read = accepted(served, "read-term", contract="acme-ddos-1", option="tunnel-router")
    assert read.dates["term_end"] == date(2027, 8, 31)
    assert "art:10.5.s2" in {cite.path for cite in read.cites}


def test_a_change_of_item_ends_what_the_new_one_lacks(served: Office, time: SetTime) -> None:
    time.go("2026-02-01")
    accepted(
        served, "add-option", contract="acme-ddos-1", option="extended-support", billing_start="2026-02-01"
    )
    time.go("2026-07-31")
    decision = accepted(served, "change", contract="acme-ddos-1", item="type-p")
    assert decision.amounts == {"item-change": 40_000, "option-settlement": 6 * 50_000}
    contract = served.contract("acme-ddos-1")
    assert contract.item == "type-p" and contract.term and contract.term.last == date(2026, 12, 31)
    ended = {each.name: each.ending.last for each in contract.options if each.ending}
    assert ended == {"extended-support": date(2026, 7, 31)}


def test_route_control_is_done_with_consent_until_somebody_complains(served: Office, time: SetTime) -> None:
    time.go("2026-02-01")
    wanted = {
        "contract": "acme-ddos-1",
        "option": "multi-isp",
        "multihomed_with": "Other Carrier",
        "route_control": True,
        "accepts": ["limits", "no-warranty", "explanation"],
    }
    referred = office_refers(served, "add-option", **wanted)
    assert referred.on_topic("route-control") is None
    accepted(served, "add-option", known={"operable": True}, **wanted)
    assert multi_isp(served) == "operator"
    office_refers(served, "route-control-complaint", by="operator", contract="acme-ddos-1", complainant="N")
    accepted(
        served,
        "route-control-complaint",
        by="operator",
        contract="acme-ddos-1",
        complainant="N",
        known={"instruction": "stop"},
    )
    assert multi_isp(served) == "stopped"


def office_refers(office: Office, act: str, **written: Any) -> Any:
    decision = ask(office, act, **written)
    assert decision.verdict is Verdict.REFER
    return decision


def multi_isp(office: Office) -> Any:
    (taken,) = [each for each in office.contract("acme-ddos-1").options if each.name == "multi-isp"]
    return taken.body["route_control"]


def test_what_is_referred_is_recorded_as_the_operator_answers(served: Office, time: SetTime) -> None:
    time.go("2026-02-01")
    wanted = {
        "contract": "acme-ddos-1",
        "option": "multi-isp",
        "multihomed_with": "Other Carrier",
        "route_control": True,
        "accepts": ["limits", "no-warranty", "explanation"],
    }
    office_refers(served, "add-option", id="A-1", **wanted)
    served.answer("A-1", Verdict.ACCEPT, by="kato", why="運用できる")
    assert multi_isp(served) == "operator"


def test_a_report_of_type_v_is_due_every_month(office: Office, time: SetTime) -> None:
    link = {
        "holds": "IIJ GIOコンテンツアクセラレーションサービス",
        "id": "A1",
        "options": "DDoSプロテクション連携オプション",
    }
    office.state([("customer:acme", Fact("service.held", {**link, "first": "2020-01-01"}, date(2020, 1, 1)))])
    accepted(office, "apply", services=[{"item": "V"}])
    days = [each.on for each in due(office, date(2026, 12, 31)) if each.kind == "monthly-report"]
    assert days == [date(2026, 1, 31)], "December's can be made from 1 January on"
    time.go("2026-02-10")
    days = [each.on for each in due(office, date(2026, 12, 31)) if each.kind == "monthly-report"]
    assert days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    (contract,) = office.contracts()
    sent = Fact("report.sent", {"month": "2026-01"}, time.at.date())
    office.state([(f"contract:{contract}", sent)])
    days = [each.on for each in due(office, date(2026, 12, 31)) if each.kind == "monthly-report"]
    assert days == [date(2026, 1, 31), date(2026, 3, 31)]


def test_a_month_in_which_the_item_changes_is_billed_by_both(office: Office, time: SetTime) -> None:
    told: list[tuple[str, Fact]] = []
    for item, amount in (("type-d", 100_000), ("type-x", 400_000)):
        body: JsonObject = {
            "service": NAME,
            "fee": "monthly",
            "amount": amount,
            "first": "2025-01-01",
            "last": None,
        }
        told.append(
            ("customer:acme", Fact("quote.recorded", {**body, "scope": {"item": item}}, date(2025, 1, 1)))
        )
    office.state(told)
    accepted(office, "apply", services=[{"item": "type-d"}])
    time.go("2026-01-01")
    accepted(office, "start-billing", by="operator", contract="acme-ddos-1", billing_start="2026-01-01")
    time.go("2026-04-03")
    accepted(office, "change", contract="acme-ddos-1", item="type-x", change_on="2026-04-16")
    watching = ask(office, "network-event", by="operator", contract="acme-ddos-1", event="attack")
    assert watching.verdict is Verdict.REFUSE, "until the day of the change it is a type D"
    time.go("2026-05-01")
    assert ask(office, "network-event", by="operator", contract="acme-ddos-1", event="attack").verdict is (
        Verdict.ACCEPT
    )
    lines = billed(office, date(2026, 4, 1))
    monthly = [line for line in lines if line.name == "monthly"]
    assert [(line.amount, line.period) for line in monthly] == [
        (50_000, Span(date(2026, 4, 1), date(2026, 4, 15))),
        (200_000, Span(date(2026, 4, 16), date(2026, 4, 30))),
    ]
    rows = [{cite.partition("#")[2] for cite in line.cites} for line in monthly]
    assert "schedule:1.2.1.t4" in rows[0] and "schedule:1.2.1.t2" in rows[1]
    (charge,) = [line for line in lines if line.name == "item-change"]
    assert charge.amount == 40_000 and "Type D → Type X" in charge.words.en
    time.go("2026-08-31")
    ended = accepted(office, "external-ended", by="operator", holding="I1")
    assert ended.amounts == {"settlement": 4 * 400_000}
    assert "art:6.1.1.i" in {cite.path for cite in ended.cites}


def test_a_draft_with_a_longer_term_is_told_what_it_would_change(served: Office) -> None:
    edition = SERVICE.terms.editions[-1]
    longer = replace(edition.value("minimum_term_months"), value=24)
    steps = replace(edition.value("option_notice_days"), value=60)
    draft = replace(
        edition,
        in_force=date(2027, 4, 1),
        values={**edition.values, "minimum_term_months": longer, "option_notice_days": steps},
    )
    found = impact(served, draft)
    assert found.contracts == 2 and not found.failed
    assert {(change.question.act, change.question.about) for change in found.changes} == {
        ("stop-option", "tunnel-router")
    }
