"""One contract from its clause to a line of its invoice, each step found again by `why`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Verdict
from kitei.network.report import Report, State
from kitei.office import Office
from kitei.office.closing import close_month
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.trouble import cause_found
from kitei.office.why import Why, why_line, why_part
from kitei.services.ddos.defending import CONTROLLER
from kitei.values import JST, Month, Words
from kitei.watch import Cause

SERVICE, CONTRACT, HOST = "ddos-protection", "acme-ddos-1", "203.0.113.7"
START = datetime(2026, 5, 10, 9, 0, tzinfo=JST)
POLARIS = {"ja": "北極星", "en": "Polaris"}
QUOTES = {"initial": 100_000, "monthly": 300_000, "option-initial": 10_000, "option-monthly": 50_000}
BOOK: dict[str, Any] = {
    "service": SERVICE,
    "provider": {
        "name": POLARIS, "address": POLARIS, "registration": "T7000012050002", "contact": "b@example.jp",
    },
    "collector": [{"node": "see1", "addresses": ["192.0.2.10"]}],
    "scrubber": [{"node": "scrub1", "dirty_port": "d0", "next_hops": ["192.0.2.20"]}],
    "speaker": [{"node": "speak1", "asn": 64500, "router_id": "192.0.2.30"}],
    "upstream": [
        {"name": "border1", "speaker": "speak1", "address": "192.0.2.40", "asn": 64500, "families": ["ipv4"]}
    ],
    "holding": [{"customer": "acme", "holds": "インターネット接続サービス", "id": "I1", "first": "2020-01-01"}],
    "quote": [
        {"customer": "acme", "fee": fee, "amount": amount, "first": "2020-01-01"} for fee, amount in QUOTES.items()
    ],
}  # fmt: skip


class SetTime:
    at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def office(tmp_path: Path, time: SetTime) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", time, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    list(take_book(opened, read_book(BOOK, opened)))
    bandwidth = {"option": "bandwidth", "mbps": 500}
    wanted = {"item": "E", "addresses": ["203.0.113.0/24"], "options": [bandwidth]}
    ask(opened, "apply", "acme", services=[wanted])
    ask(opened, "start-billing", contract=CONTRACT, billing_start=date(2026, 5, 1))
    ask(opened, "set-policy", contract=CONTRACT, host={"syn-pps": "300"})
    Publishing.of(opened).apply_plan()
    yield opened
    opened.close()


def ask(office: Office, act: str, by: str = "operator", **written: Any) -> None:
    decided = office.apply(act, {"by": by, **written}, service=SERVICE).decision
    assert decided.verdict is Verdict.ACCEPT, [each.why.en for each in decided.findings]


def told(why: Why) -> list[str]:
    """The steps, in order: of the ledger's entries their kind."""
    return [step.name.split()[-1] if step.what.en == "ledger entry" else step.what.en for step in why.steps]


def paths(why: Why) -> set[str]:
    return {each.cite.partition("#")[2] for each in why.provisions}


def test_a_scrubbed_target_leads_back_to_order_alarm_policy_option_decision_and_clause(
    office: Office,
) -> None:
    seen = {
        "policy": CONTRACT, "scope": "host", "target": HOST, "metric": "syn-pps", "figure": 9000,
        "threshold": 300, "since": START, "node": "see1",
    }  # fmt: skip
    ask(office, "attack-detected", CONTROLLER, contract=CONTRACT, **seen)
    ask(office, "mitigate", CONTROLLER, contract=CONTRACT, target=HOST, step="divert")
    Publishing.of(office).apply_plan()
    for node, key in (("scrub1", f"scrubbing:{HOST}/32"), ("speak1", f"announcement:divert:{HOST}/32")):
        (why,) = why_part(office, node, key)
        assert told(why)[1:] == [
            "contract", "option.added", "policy.set", "attack.detected", "mitigation.ordered", "application", "decision",
        ]  # fmt: skip
        assert {"art:1.1.t1", "art:5.2", "art:10.2.5.a2"} <= paths(why)


def reported(office: Office, at: datetime, up: bool) -> None:
    orders = office.shelf.orders("see1")
    assert orders is not None
    state = State(at.astimezone(UTC), "flows", "engine", up)
    word = Report("see1", at.astimezone(UTC), orders.generation, "", True, states=(state,), whole=True)
    Hearing.of(office).take_report("see1", word)


def test_a_collector_that_was_dead_for_two_days_becomes_a_line_of_the_invoice_that_leads_back(
    office: Office, time: SetTime
) -> None:
    for hours, up in ((0, True), (1, False), (50, True)):
        time.at = START + timedelta(hours=hours)
        reported(office, time.at, up)
    cause = Cause(CONTRACT, START + timedelta(hours=2), "operator", Words("当社設備", "ours"))
    office.state([cause_found(cause)])
    (outage,) = Hearing.of(office).find_outages()
    assert outage.hours() == 49
    ask(office, "claim-credit", "acme", contract=CONTRACT, outage=outage.id)
    time.at = datetime(2026, 6, 1, 9, 0, tzinfo=JST)
    (bill,) = close_month(office, Month(2026, 5))
    assert bill.invoice is not None
    (credit,) = (each for each in bill.invoice.lines if each.is_returned)
    assert credit.amount == -2 * 300_000 // 30
    why = why_line(office, credit)
    steps = [each for each in told(why) if each != "reading of the terms"]
    assert steps == [
        "invoice line", "contract", "outage.found", "credit.claimed", "credit.granted", "application", "decision",
    ]  # fmt: skip
    assert {"art:14.1", "schedule:3", "art:1.1.t1"} <= paths(why)
