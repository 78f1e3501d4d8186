"""What an option costs may depend on what it was taken with, and each that was taken is billed and done."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.office import Office
from kitei.office.closing import preview
from kitei.office.due import due
from kitei.services.ddos import SERVICE
from kitei.values import JST, JsonObject, Month


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


def quote(fee: str, amount: int, **scope: str) -> tuple[str, Fact]:
    body: JsonObject = {"fee": fee, "amount": amount, "first": "2025-01-01", "last": None, "scope": scope}
    return "customer:acme", Fact("quote.recorded", {"service": SERVICE.name, **body}, date(2025, 1, 1))


@pytest.fixture
def office(tmp_path: Path, time: SetTime) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", time, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    polaris: JsonObject = {"ja": "北極星", "en": "Polaris"}
    provider: JsonObject = {
        "name": polaris, "address": polaris, "registration": "T7000012050002", "contact": "b@example.jp",
    }  # fmt: skip
    holding: JsonObject = {
        "holds": "インターネット接続サービス",
        "id": "I1",
        "first": "2020-01-01",
        "last": None,
    }
    opened.state(
        [
            ("customer:acme", Fact("service.held", holding, date(2020, 1, 1))),
            ("operator", Fact("operator.set", {"name": "provider", "value": provider}, date(2025, 1, 1))),
            quote("initial", 100_000),
            quote("monthly", 300_000),
            quote("option-initial", 10_000),
            quote("option-initial", 19_000, option="onsite-work", variant="out-of-hours"),
            quote("option-monthly", 50_000),
            quote("option-monthly", 90_000, option="bandwidth", mbps="1000"),
        ]
    )
    yield opened
    opened.close()


def accepted(office: Office, act: str, **written: Any) -> Any:
    decision = office.apply(act, {"by": "acme", **written}, service=SERVICE.name).decision
    assert decision.verdict is Verdict.ACCEPT, [each.why.en for each in decision.findings]
    return decision


def start(office: Office, on: str, option: str | None = None) -> Any:
    more = {"option": option} if option else {}
    written = {"by": "operator", "contract": "acme-ddos-1", "billing_start": on, **more}
    return office.apply("start-billing", written, service=SERVICE.name).decision


def lines(office: Office, month: str) -> dict[str, int]:
    (bill,) = preview(office, Month.parse(month))
    assert bill.invoice is not None, bill
    return {each.words.en: each.amount for each in bill.invoice.lines}


def test_an_extension_is_priced_by_its_mbps_and_says_them(office: Office, time: SetTime) -> None:
    for mbps in (500, 1000):
        options = [{"option": "bandwidth", "mbps": mbps}]
        accepted(
            office, "apply", services=[{"item": "E", "addresses": ["203.0.113.0/24"], "options": options}]
        )
    time.go("2026-01-01")
    for number in (1, 2):
        for option in (None, "bandwidth"):
            written = {"by": "operator", "contract": f"acme-ddos-{number}", "billing_start": "2026-01-01"}
            accepted(office, "start-billing", **written, **({"option": option} if option else {}))
    found = lines(office, "2026-01")
    assert found["Bandwidth extension, monthly fee (500 Mbps)"] == 50_000
    assert found["Bandwidth extension, monthly fee (1,000 Mbps)"] == 90_000
    time.go("2026-01-31")
    ended = accepted(office, "stop-option", contract="acme-ddos-2", option="bandwidth")
    assert ended.verdict is Verdict.ACCEPT


def test_an_initial_fee_is_priced_by_the_variant_also_where_the_quote_comes_later(
    office: Office, time: SetTime
) -> None:
    router = {"option": "tunnel-router", "item": "rental", "model": "m1"}
    visit = {"option": "onsite-work", "variant": "out-of-hours"}
    services = [{"item": "E", "addresses": ["203.0.113.0/24"], "options": [router, visit]}]
    decision = accepted(office, "apply", services=services)
    assert decision.amounts["option-initial"] in (19_000, 29_000)
    found = lines(office, "2025-12")
    assert found["Initial fee, option (On-site work)"] == 19_000
    assert found["Initial fee, option (Tunnel router)"] == 10_000


def test_a_second_extension_is_billed_from_its_own_day_and_the_first_goes_on(
    office: Office, time: SetTime
) -> None:
    options = [{"option": "bandwidth", "mbps": 500}]
    accepted(office, "apply", services=[{"item": "E", "addresses": ["203.0.113.0/24"], "options": options}])
    time.go("2026-01-01")
    assert start(office, "2026-01-01").verdict is Verdict.ACCEPT
    assert start(office, "2026-01-01", "bandwidth").verdict is Verdict.ACCEPT
    time.go("2026-01-15")
    accepted(office, "add-option", contract="acme-ddos-1", option="bandwidth", mbps=1000)
    assert start(office, "2026-02-01", "bandwidth").verdict is Verdict.ACCEPT
    time.go("2026-02-01")
    assert start(office, "2026-02-01", "bandwidth").verdict is Verdict.REFUSE
    first, second = (each for each in office.contract("acme-ddos-1").options)
    assert (first.billing_start, second.billing_start) == (date(2026, 1, 1), date(2026, 2, 1))
    january, february = lines(office, "2026-01"), lines(office, "2026-02")
    assert "Bandwidth extension, monthly fee (1,000 Mbps)" not in january
    assert january["Bandwidth extension, monthly fee (500 Mbps)"] == 50_000
    assert february["Bandwidth extension, monthly fee (500 Mbps)"] == 50_000
    assert february["Bandwidth extension, monthly fee (1,000 Mbps)"] == 90_000


def test_work_that_was_bought_is_told_of_until_it_is_done_as_often_as_it_was_taken(
    office: Office, time: SetTime
) -> None:
    router = {"option": "tunnel-router", "item": "rental", "model": "m1"}
    bought = (
        {"option": "onsite-work", "variant": "in-hours"},
        {"option": "out-of-hours-work"},
        {"option": "re-aging"},
    )
    services = [{"item": "E", "addresses": ["203.0.113.0/24"], "options": [router, *bought]}]
    accepted(office, "apply", services=services)

    def left() -> list[str]:
        found = [each for each in due(office, office.today()) if each.kind == "option-work"]
        assert all(each.on == office.today() and each.cites for each in found)
        return [each.about.split()[0] for each in found]

    assert left() == ["onsite-work", "out-of-hours-work", "re-aging"]
    time.go("2025-12-10")
    accepted(office, "add-option", contract="acme-ddos-1", option="out-of-hours-work")
    work = {"by": "operator", "contract": "acme-ddos-1"}
    for option in ("onsite-work", "out-of-hours-work"):
        accepted(office, "work", **work, option=option)
    assert left() == ["out-of-hours-work", "re-aging"]
    accepted(office, "work", **work, option="out-of-hours-work")
    accepted(office, "reage", contract="acme-ddos-1", **{"from": "2025-12-09", "to": "2025-12-09"})
    assert left() == []


def test_a_contract_that_is_paid_for_is_told_of_until_a_policy_of_it_is_set(
    office: Office, time: SetTime
) -> None:
    accepted(office, "apply", services=[{"item": "E", "addresses": ["203.0.113.0/24"]}])

    def told() -> list[str]:
        return [each.contract for each in due(office, office.today()) if each.kind == "policy-unset"]

    assert told() == []  # nothing is owed yet
    time.go("2026-01-01")
    assert start(office, "2026-01-01").verdict is Verdict.ACCEPT
    assert told() == ["acme-ddos-1"]
    accepted(office, "set-policy", by="operator", contract="acme-ddos-1", host={"bps": "1G"})
    assert told() == []
