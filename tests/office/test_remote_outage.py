"""From a gateway where nobody could log in to a credit: article 15 of GIO Remote Access, without a network."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from test_remote_gateways import BOOK, CONTRACT, papers

from kitei.desk import Verdict
from kitei.network.report import Report, State
from kitei.office import Office
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.remote.users import Entrances
from kitei.office.trouble import cause_found
from kitei.values import Words
from kitei.watch import Cause

BEGUN = datetime(2026, 6, 10, tzinfo=UTC)
QUOTE = {"customer": "C1", "fee": "monthly", "amount": 30000, "first": date(2025, 4, 1), "scope": {"contract": CONTRACT}}  # fmt: skip


def tell(hearing: Hearing, clock: Any, at: datetime, is_up: bool) -> None:
    clock.at = at
    orders = hearing.publishing.orders_for("ra-c1")
    assert orders is not None
    states = (State(at, "tunnel-gateway", "gateway", is_up), State(at, "network-relay", "gateway", True))
    hearing.take_report(
        "ra-c1", Report("ra-c1", at, orders.generation, orders.intent.digest, True, (), (), states, True)
    )


def test_a_gateway_where_nobody_could_log_in_is_credited_and_its_network_is_not(
    office: Office, clock: Any
) -> None:
    clock.at = BEGUN - timedelta(days=5)
    list(take_book(office, read_book({**BOOK, "quote": [QUOTE]}, office)))
    asked = {"by": "operator", "contract": CONTRACT, "billing_start": clock.at.date().isoformat()}
    office.apply("start-billing", asked, service="gio-remote-access")
    entrances, publishing = Entrances.of(office), Publishing.of(office)
    entrances.put_papers("ra-c1", papers("vpn.example.jp"))
    entrances.import_users(CONTRACT, "name,password\nann,ann password\n")
    publishing.apply_plan()
    hearing = Hearing(office, publishing)
    tell(hearing, clock, BEGUN - timedelta(days=1), is_up=True)
    tell(hearing, clock, BEGUN, is_up=False)
    assert [alarm.contract for alarm in hearing.alarms()] == [CONTRACT]
    tell(hearing, clock, BEGUN + timedelta(hours=49), is_up=True)
    office.state(
        [cause_found(Cause(CONTRACT, BEGUN + timedelta(hours=1), "operator", Words("当社設備", "ours")))]
    )
    (outage,) = hearing.find_outages()
    assert outage.contract == CONTRACT and outage.hours() == 49
    claim = {"by": "C1", "contract": CONTRACT, "outage": outage.id}
    decided = office.apply("claim-credit", claim, service="gio-remote-access")
    assert decided.decision.verdict is Verdict.ACCEPT
    (credit,) = office.contract(CONTRACT).credits
    assert (credit.units, credit.amount) == (2, 2000)
