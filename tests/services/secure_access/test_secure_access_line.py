"""The whole line without a network: batches, accounts, options, endings, credits and months as they are billed."""

from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kitei.accounts import Line, Provider, Recipient
from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.office import Office
from kitei.office.closing import preview
from kitei.office.due import due
from kitei.office.papers import Letter, decision_html
from kitei.services.secure_access import SERVICE
from kitei.services.secure_access.contract import accounts_on
from kitei.values import JST, JsonObject, Month, Words

NAME = SERVICE.name
FEES = {
    "initial": 100_000,
    "basic": 10_000,
    "monthly-account": 300,
    "option-initial": 50_000,
    "option-monthly-account": 150,
}


class SetTime:
    def __init__(self) -> None:
        self.at = datetime(2026, 5, 1, 9, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at

    def go(self, text: str) -> None:
        self.at = datetime.fromisoformat(text).replace(hour=9, tzinfo=JST)


@pytest.fixture
def time() -> SetTime:
    return SetTime()


def quoted(fee: str, amount: int, **scope: str) -> tuple[str, Fact]:
    body: JsonObject = {"fee": fee, "amount": amount, "first": "2025-01-01", "last": None, "scope": {**scope}}
    return "customer:acme", Fact("quote.recorded", {"service": NAME, **body}, date(2025, 1, 1))


@pytest.fixture
def office(tmp_path: Path, time: SetTime) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", time, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    opened.state([quoted(fee, amount) for fee, amount in FEES.items()])
    name: JsonObject = {"ja": "北極星", "en": "Polaris"}
    provider: JsonObject = {
        "name": name,
        "address": name,
        "registration": "T7000012050002",
        "contact": "b@example.jp",
    }
    opened.state(
        [("operator", Fact("operator.set", {"name": "provider", "value": provider}, date(2025, 1, 1)))]
    )
    yield opened
    opened.close()


def ask(office: Office, act: str, **written: Any) -> Any:
    by = written.pop("by", "acme")
    return office.apply(act, {"by": by, **written}, service=NAME)


def accepted(office: Office, act: str, **written: Any) -> Any:
    decision = ask(office, act, **written).decision
    assert decision.verdict is Verdict.ACCEPT, [f.why.en for f in decision.findings if f.verdict]
    return decision


def billed(office: Office, month: date) -> tuple[Line, ...]:
    (bill,) = preview(office, Month.of(month))
    assert bill.invoice is not None, bill
    return bill.invoice.lines


@pytest.fixture
def served(office: Office, time: SetTime) -> Office:
    """A Web gateway of 60 accounts with the sandbox, billed from June."""
    accepted(office, "apply", services=[{"kind": "web-gateway", "accounts": 60}])
    accepted(office, "add-option", contract="acme-web-gateway-1", option="web-sandbox")
    time.go("2026-06-01")
    for more in ({}, {"option": "web-sandbox"}):
        told = {"contract": "acme-web-gateway-1", "billing_start": "2026-06-01", **more}
        accepted(office, "start-billing", by="operator", **told)
    return office


def test_of_a_batch_only_the_excess_is_refused_and_the_rest_is_concluded(office: Office) -> None:
    wanted = [{"kind": "web-gateway", "accounts": 50} for _ in range(4)]
    found = ask(office, "apply", id="A1", services=wanted)
    assert found.decision.verdict is Verdict.REFUSE
    assert [found.decision.of_part(part).name for part in range(4)] == ["ACCEPT"] * 3 + ["REFUSE"]
    assert found.contracts == tuple(f"acme-web-gateway-{number}" for number in (1, 2, 3))
    for name in found.contracts:
        cites = office.contract(name).cites
        assert any(cite.endswith("#art:4.2") for cite in cites)
        assert not any(cite.endswith("#art:4.3") for cite in cites)  # that speaks of the fourth alone
    charges = [charge.amount for name in found.contracts for charge in office.contract(name).charges]
    assert charges == [100_000]  # one price for the batch
    polaris, acme = Words("北極星", "Polaris"), Words("アクメ", "Acme")
    provider = Provider(polaris, "T7000012050002", polaris, "b@example.jp", polaris)
    about = Words("申込", "an application")
    letter = Letter("A1", about, Recipient(acme, acme), provider, found.decision, found.contracts)
    assert "Accepted in part" in decision_html(letter, "en")
    again = ask(office, "apply", id="A1", services=wanted)
    assert again.repeated and again.contracts == found.contracts
    none = ask(office, "apply", services=wanted[:1])
    assert none.decision.verdict is Verdict.REFUSE and none.contracts == ()


def test_a_fault_of_one_application_spares_the_others_and_takes_no_place(office: Office) -> None:
    wanted = [
        {"kind": "web-gateway", "accounts": 49},
        {"kind": "remote-connect", "item": "type-a", "accounts": 50},
        {"kind": "firewall-1", "accounts": 50},
    ]
    found = ask(office, "apply", services=wanted)
    assert [found.decision.of_part(part).name for part in range(3)] == ["REFUSE", "ACCEPT", "ACCEPT"]
    assert found.contracts == ("acme-remote-connect-1", "acme-firewall-1-1")


def test_a_batch_with_nothing_that_stands_concludes_nothing(office: Office) -> None:
    wanted = [{"kind": "web-gateway", "accounts": 1}, {"kind": "remote-connect", "accounts": 50}]
    found = ask(office, "apply", services=wanted)
    assert found.decision.verdict is Verdict.REFUSE and found.contracts == () and not office.contracts()


def test_a_month_is_billed_by_account_and_by_each_number_from_its_day(served: Office, time: SetTime) -> None:
    told = {(line.name, int(line.quantity)): line for line in billed(served, date(2026, 6, 1))}
    assert sum(line.amount for line in told.values()) == 10_000 + 60 * 300 + 60 * 150
    assert told["monthly", 60].measure.en == "60 accounts × 1 month"
    assert any(cite.endswith("#schedule:1.2.1.t1") for cite in told["monthly", 60].cites)
    accepted(served, "change", contract="acme-web-gateway-1", accounts=90, change_on="2026-07-11")
    lines = [line for line in billed(served, date(2026, 7, 1)) if line.name == "monthly"]
    assert [(line.period and line.period.first.day, line.unit) for line in lines] == [(1, 300), (11, 300)]
    assert [(line.quantity, line.amount) for line in lines] == [
        (Fraction(600, 31), 5_806),  # 60 x 10/31 x 300
        (Fraction(1_890, 31), 18_290),  # 90 x 21/31 x 300
    ]
    time.go("2026-09-01")
    august = sum(line.amount for line in billed(served, date(2026, 8, 1)))
    assert august == 10_000 + 90 * 300 + 90 * 150


def test_a_price_told_as_a_whole_goes_before_its_parts(served: Office) -> None:
    served.state([quoted("monthly", 25_000, contract="acme-web-gateway-1")])
    names = {line.name: line.amount for line in billed(served, date(2026, 6, 1))}
    assert names == {"monthly": 25_000, "option-monthly:web-sandbox": 9_000}


def test_a_part_that_was_not_told_is_missed_and_never_nothing(office: Office, time: SetTime) -> None:
    accepted(office, "apply", services=[{"kind": "firewall-2", "accounts": 50}])
    holding: JsonObject = {"holds": "IIJ Private Backbone Service", "id": "B1", "first": "2025-01-01"}
    office.state([("customer:acme", Fact("service.held", holding, date(2025, 1, 1)))])
    accepted(office, "apply", services=[{"kind": "private-connect", "item": "1gbps", "accounts": 50}])
    time.go("2026-06-01")
    told = {"contract": "acme-private-connect-1", "billing_start": "2026-06-01"}
    decision = accepted(office, "start-billing", by="operator", **told)
    assert decision.missing == ("monthly-kind",)
    (bill,) = preview(office, Month.of(date(2026, 6, 1)))
    assert bill.invoice is None and bill.incomplete is not None
    assert {each.fee for each in bill.incomplete.missing} == {"monthly-kind"}
    office.state([quoted("monthly-kind", 80_000)])
    assert sum(line.amount for line in billed(office, date(2026, 6, 1))) == 90_000


def test_a_settlement_explains_itself_by_the_accounts_of_its_day(served: Office, time: SetTime) -> None:
    accepted(served, "change", contract="acme-web-gateway-1", accounts=100, change_on="2026-06-10")
    told = {"contract": "acme-web-gateway-1", "effective": "2026-06-15", "ground": "breach"}
    decision = accepted(served, "operator-terminate", by="operator", **told)
    assert decision.amounts["settlement"] == 20_000 and decision.amounts["option-settlement"] == 7_500
    time.go("2026-07-01")
    lines = {line.name: line for line in billed(served, date(2026, 6, 1))}
    assert lines["settlement"].amount == 20_000 and lines["settlement"].unit == 40_000
    assert lines["option-settlement"].amount == 7_500 and lines["option-settlement"].unit == 15_000
    steps = [step.en for step in lines["settlement"].steps]
    assert any("15/30" in step for step in steps) and "the monthly fee counts 100 accounts" in steps
    assert ("settlement.account-count-day", "effective-day") in lines["settlement"].conventions


def test_a_credit_is_a_part_of_the_fee_by_account(served: Office, time: SetTime) -> None:
    outage: JsonObject = {
        "id": "O1",
        "began_at": "2026-06-10T00:00:00+09:00",
        "known_at": "2026-06-10T00:00:00+09:00",
        "restored_at": "2026-06-12T00:00:00+09:00",
        "total": True,
        "equally_bad": False,
        "cause": "operator",
        "evidence": [],
        "contract": "acme-web-gateway-1",
    }
    served.state([("contract:acme-web-gateway-1", Fact("outage.found", outage, date(2026, 6, 12)))])
    time.go("2026-06-20")
    decision = accepted(served, "claim-credit", contract="acme-web-gateway-1", outage="O1")
    assert decision.amounts["credit"] == 1_867  # 28,000 x 2/30
    (line,) = [each for each in billed(served, date(2026, 6, 1)) if each.name == "credit"]
    assert line.amount == -1_867 and line.unit == 28_000


def test_the_sandbox_of_before_goes_on_as_an_option_that_is_recorded(office: Office, time: SetTime) -> None:
    time.go("2026-03-01")
    accepted(office, "apply", services=[{"kind": "web-gateway", "accounts": 50}])
    accepted(office, "keep-sandbox", contract="acme-web-gateway-1", at="2026-03-31T23:59:59+09:00")
    time.go("2026-04-01")
    accepted(office, "evaluate", by="operator", contract="acme-web-gateway-1")
    (taken,) = office.contract("acme-web-gateway-1").options
    assert (taken.name, taken.billing_start) == ("web-sandbox", date(2026, 4, 1))
    assert taken.term is not None and taken.term.last == date(2026, 4, 30)
    accepted(office, "evaluate", by="operator", contract="acme-web-gateway-1")
    assert len(office.contract("acme-web-gateway-1").options) == 1  # asking again changes nothing


def test_accounts_follow_their_days(served: Office) -> None:
    accepted(served, "change", contract="acme-web-gateway-1", accounts=90, change_on="2026-07-11")
    accepted(served, "change", contract="acme-web-gateway-1", accounts=95, change_on="2026-07-11")
    contract = served.contract("acme-web-gateway-1")
    days = [date(2026, 4, 1), date(2026, 7, 10), date(2026, 7, 11), date(2027, 1, 1)]
    assert [accounts_on(contract, day) for day in days] == [60, 60, 95, 95]


def test_what_was_told_of_environment_and_software_is_kept(served: Office) -> None:
    line = {"contract": "acme-web-gateway-1", "operator": "other carrier", "changed_on": "2026-06-01"}
    accepted(served, "disclose-environment", **line)
    accepted(served, "change-settings", contract="acme-web-gateway-1", detail="a new filter list")
    accepted(served, "apply", services=[{"kind": "remote-connect", "item": "type-a", "accounts": 50}])
    accepted(served, "get-software", contract="acme-remote-connect-1", licence_accepted=True)
    gateway, remote = served.contract("acme-web-gateway-1"), served.contract("acme-remote-connect-1")
    environment: Any = gateway.body["environment"]
    assert environment["operator"] == "other carrier" and environment["change_notified"] is True
    assert "settings_changed" in gateway.body and "software" in remote.body


def test_the_loss_of_a_basis_is_flagged_and_ends_nothing(served: Office, time: SetTime) -> None:
    accepted(served, "apply", services=[{"kind": "remote-connect", "item": "type-a", "accounts": 50}])
    decision = accepted(served, "cancel", contract="acme-web-gateway-1")
    assert any(cite.path == "art:6.1" for cite in decision.cites)
    assert served.contract("acme-remote-connect-1").ending is None
    time.go("2026-08-01")
    checked = accepted(served, "day-check", by="operator", contract="acme-remote-connect-1")
    assert checked.review and any("lost what it rests on" in f.why.en for f in checked.findings)


def test_an_outage_that_came_of_what_was_accepted_is_found_by_the_operator(served: Office) -> None:
    outage = {"contract": "acme-web-gateway-1", "outage": "O9", "risk": "設定変更"}
    found = ask(served, "explain-outage", by="operator", **outage).decision
    assert found.verdict is Verdict.REFUSE  # nothing of that name is on record
    assert any(finding.remedy and "none" in finding.remedy.en for finding in found.findings)


def test_the_right_to_keep_the_sandbox_is_tracked_until_it_is_used(office: Office, time: SetTime) -> None:
    time.go("2026-03-01")
    accepted(office, "apply", services=[{"kind": "web-gateway", "accounts": 50}])

    def last_days() -> list[tuple[str, date, str]]:
        return [
            (each.kind, each.on, each.loses)
            for each in due(office, date(2026, 4, 30))
            if each.kind == "sandbox-kept"
        ]

    assert last_days() == [("sandbox-kept", date(2026, 3, 31), "right")]
    accepted(office, "keep-sandbox", contract="acme-web-gateway-1")
    assert last_days() == []


def test_where_the_basis_is_read_as_lasting_what_rests_on_it_ends_with_it(served: Office) -> None:
    body: JsonObject = {"convention": "eligibility.when", "value": "continuing"}
    served.state([("operator", Fact("operator.set", body, date(2025, 1, 1)))])
    accepted(served, "apply", services=[{"kind": "remote-connect", "item": "type-a", "accounts": 50}])
    decision = accepted(served, "cancel", contract="acme-web-gateway-1")
    assert ("eligibility.when", "continuing") in decision.conventions
    endings = [served.contract(f"acme-{name}-1").ending for name in ("web-gateway", "remote-connect")]
    assert [ending and (ending.last, ending.ground) for ending in endings] == [
        (date(2026, 7, 1), "customer-notice"),
        (date(2026, 7, 1), "cascade"),
    ]


def test_what_an_operator_grants_of_a_batch_is_concluded_whole(office: Office) -> None:
    holding: JsonObject = {"holds": "IIJ Private Backbone Service", "id": "B1", "first": "2025-01-01"}
    office.state([("customer:acme", Fact("service.held", holding, date(2025, 1, 1)))])
    private = {"kind": "private-connect", "item": "1gbps", "accounts": 50}
    wanted = [{"kind": "firewall-1", "accounts": 50}, {**private, "options": [{"option": "dedicated-ip"}]}]
    asked = ask(office, "apply", id="B1", services=wanted)
    assert asked.decision.verdict is Verdict.REFER and asked.decision.outcome is Verdict.REFUSE
    assert not asked.contracts  # nothing is granted before the person has answered
    found = office.answer("B1", Verdict.ACCEPT, by="clerk", why="the customer has a use for it")
    assert found.contracts == ("acme-firewall-1-1", "acme-private-connect-1")
    assert [each.name for each in office.contract("acme-private-connect-1").options] == ["dedicated-ip"]
