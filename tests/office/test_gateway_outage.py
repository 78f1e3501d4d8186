"""From a gateway that told it was down to a credit: article 14 of Secure Access, without a network."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kitei.desk import Verdict
from kitei.network.report import Report, State
from kitei.office import Office
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.trouble import cause_found
from kitei.values import Words
from kitei.watch import Cause

FIREWALL, REMOTE, WEB = "acme-firewall-1-1", "acme-remote-connect-1", "acme-web-gateway-1"
KINDS = ({"kind": "firewall-1"}, {"kind": "remote-connect", "item": "type-a"}, {"kind": "web-gateway"})
BOOK = {
    "service": "secure-access",
    "quote": [
        {"customer": "acme", "fee": "monthly", "amount": 30000, "first": date(2026, 4, 1), "scope": {"contract": name}}
        for name in (FIREWALL, REMOTE, WEB)
    ],
    "gateway": [
        {
            "node": "gw-acme",
            "customer": "acme",
            "outside": "wan0",
            "shared": ["203.0.113.100"],
            "pools": ["10.255.0.0/24"],
            "endpoint": "203.0.113.7",
            "visits": ["http://status.example.jp/alive"],
        }
    ],
    "apply": [{"id": "S-1", "by": "acme", "services": [{**each, "accounts": 50} for each in KINDS]}],
}  # fmt: skip


@pytest.fixture
def hearing(office: Office) -> Hearing:
    list(take_book(office, read_book(BOOK, office)))
    for name in (FIREWALL, REMOTE, WEB):
        asked = {"by": "operator", "contract": name, "billing_start": "2026-04-01"}
        office.apply("start-billing", asked, service="secure-access")
    publishing = Publishing.of(office)
    publishing.apply_plan()
    return Hearing(office, publishing)


def tell(hearing: Hearing, clock: Any, at: datetime, **up: bool) -> None:
    clock.at = at
    orders = hearing.publishing.orders_for("gw-acme")
    assert orders is not None
    states = tuple(State(at, key.replace("_", "-"), "gateway", value) for key, value in up.items())
    report = Report("gw-acme", at, orders.generation, orders.intent.digest, True, (), (), states, True)
    hearing.take_report("gw-acme", report)


@pytest.mark.parametrize(
    ("part", "contract"), [("remote_access", REMOTE), ("web_gateway", WEB), ("filter", FIREWALL)]
)
def test_what_rests_on_the_part_that_was_down_is_credited_and_nothing_else(
    office: Office, hearing: Hearing, clock: Any, part: str, contract: str
) -> None:
    right = {"filter": True, "remote_access": True, "web_gateway": True}
    begun = datetime(2026, 4, 10, tzinfo=UTC)
    tell(hearing, clock, begun - timedelta(days=1), **right)
    tell(hearing, clock, begun, **{**right, part: False})
    assert [alarm.contract for alarm in hearing.alarms()] == [contract]
    tell(hearing, clock, begun + timedelta(hours=49), **right)
    cause = Cause(contract, begun + timedelta(hours=1), "operator", Words("当社設備", "ours"))
    office.state([cause_found(cause)])
    (outage,) = hearing.find_outages()
    assert outage.contract == contract and outage.hours() == 49
    claim = {"by": "acme", "contract": contract, "outage": outage.id}
    decided = office.apply("claim-credit", claim, service="secure-access")
    assert decided.decision.verdict is Verdict.ACCEPT
    assert "art:14.1" in {cite.path for each in decided.decision.findings for cite in each.cites}
    (credit,) = office.contract(contract).credits
    assert (credit.units, credit.amount) == (2, 2000)
