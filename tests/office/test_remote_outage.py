"""From a gateway where nobody could log in to a credit: article 15 of GIO Remote Access, without a network."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from test_remote_gateways import BOOK, CONTRACT, papers

from kitei.desk import Verdict
from kitei.network import EntranceProbe, LoginProbe
from kitei.network.report import Report, State
from kitei.office import Office
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import Logins
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


PROBER = {"node": "watch-1", "address": "198.51.100.1"}


def test_a_gateway_that_is_dead_is_known_from_outside_and_one_that_lives_knows_better(
    office: Office, clock: Any
) -> None:
    clock.at = BEGUN - timedelta(days=5)
    list(take_book(office, read_book({**BOOK, "prober": [PROBER]}, office)))
    entrances, publishing = Entrances.of(office), Publishing.of(office)
    entrances.put_papers("ra-c1", papers("vpn.example.jp"))
    entrances.import_users(CONTRACT, "name,password\nann,ann password\n")
    assert publishing.apply_plan().nodes == ("ra-c1", "watch-1")
    hearing = Hearing(office, publishing)

    def look(at: datetime, is_reached: bool) -> None:
        clock.at = at
        orders = publishing.orders_for("watch-1")
        assert orders is not None
        names = [part.name for part in orders.intent.parts if isinstance(part, EntranceProbe)]
        assert names == [f"{CONTRACT}@192.0.2.1", f"{CONTRACT}@2001:db8::1"]
        states = tuple(State(at, name, "entrance", is_reached) for name in names)
        told = Report("watch-1", at, orders.generation, orders.intent.digest, True, (), (), states, True)
        hearing.take_report("watch-1", told)

    look(BEGUN - timedelta(days=1), is_reached=True)
    tell(hearing, clock, BEGUN - timedelta(days=1), is_up=True)
    look(BEGUN, is_reached=False)
    clock.at = BEGUN + timedelta(minutes=10)
    (outage,) = hearing.find_outages()
    assert (outage.contract, outage.began_at) == (CONTRACT, BEGUN), "though its own node says nothing"
    look(BEGUN + timedelta(hours=1), is_reached=True)
    (outage,) = hearing.find_outages()
    assert outage.restored_at == BEGUN + timedelta(hours=1)
    tell(hearing, clock, BEGUN + timedelta(hours=2), is_up=False)
    assert [each.began_at for each in hearing.find_outages() if each.restored_at is None] == [
        BEGUN + timedelta(hours=2)
    ], "it is reached, and nobody can log in"


def test_one_prober_looks_for_every_service(office: Office, clock: Any) -> None:
    clock.at = BEGUN + timedelta(days=10)
    books = Path(__file__).parents[2] / "examples"
    list(take_book(office, read_book(books / "order-book" / "00-provider.toml", office)))
    for name in ("logins", "remote"):
        list(take_book(office, read_book(books / name, office)))
    list(take_book(office, read_book({"service": "auth-outsource", "prober": [PROBER]}, office)))
    Logins.of(office).import_users("sakura-group-1", "name,password\nann,ann password\n")
    Logins.of(office).put_secret("sakura-client-1", "a secret that nobody guesses")
    entrances = Entrances.of(office)
    entrances.put_papers("ra-momiji", papers("momiji.web.example.jp"))
    entrances.import_users("momiji-gateway-1", "name,password\ncho,cho password\n")
    Publishing.of(office).apply_plan()
    orders = Publishing.of(office).orders_for("watch-1")
    assert orders is not None
    assert {type(part) for part in orders.intent.parts} == {EntranceProbe, LoginProbe}
