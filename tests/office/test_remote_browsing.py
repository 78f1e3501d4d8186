"""Gateways of GIO Remote Access for browsers at the office: accounts as agreed, visits on record, and why not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_remote_gateways import NOW, PLACE, papers

from kitei.network.events import Event
from kitei.office import Office, Refusal
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.remote.fullness import fullness
from kitei.office.remote.users import Entrances
from kitei.office.remote.visits import take_remote
from kitei.office.remote.why import why_user
from kitei.store.engine import writing
from kitei.store.visits import visits_of

GATEWAY = {
    "kind": "gateway",
    "item": "type-b",
    "accounts": 3,
    "browser": "Soliton",
    "browser_terms_accepted": True,
    "hosts": [{"host": "10.1.1.10"}, {"host": "app.c1.example"}],
}
CONTRACT = "C1-gateway-1"
USERS = "name,password\n" + "".join(f"{name},{name} password\n" for name in ("ann", "bob", "cho"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office.open(tmp_path / "home", lambda: NOW, f"sqlite:///{tmp_path}/kitei.db")
    apply = {"id": "A-1", "by": "C1", "services": [GATEWAY, {"kind": "network"}]}
    place = {**PLACE, "pools": [], "resolvers": ["10.1.1.53"]}
    book = {"service": "gio-remote-access", "remote_gateway": [place], "apply": [apply]}
    (done,) = take_book(office, read_book(book, office))
    assert done.decided.decision.verdict.name == "ACCEPT", done.decided.decision.findings
    yield office
    office.close()


def tell(office: Office, *events: tuple[str, dict[str, Any]]) -> None:
    at = datetime.now(UTC)
    told = tuple(Event(number, at, kind, body) for number, (kind, body) in enumerate(events, 2))
    with writing(office.book.engine) as connection:
        take_remote(office, "ra-c1", told, connection)


def visit(user: str, host: str, why: str) -> tuple[str, dict[str, Any]]:
    figures = {"count": 2, "received": 100, "sent": 2000}
    place = {"user": user, "source": "198.51.100.7", "host": host, "port": "443", "why": why}
    return "remote.visited", {**place, **figures}


def test_no_more_users_than_accounts_and_the_clause_says_so(office: Office) -> None:
    entrances = Entrances.of(office)
    assert entrances.import_users(CONTRACT, USERS) == (3, 3)
    with pytest.raises(Refusal) as refused:
        entrances.import_users(CONTRACT, "name,password\ndai,dai password\n")
    assert "art:8.1.2" in str(refused.value) and "3" in str(refused.value)
    assert entrances.import_users(CONTRACT, "name,password,state\ndai,dai password,\nann,,gone\n") == (2, 3)
    asked = {"by": "C1", "contract": CONTRACT, "matter": "accounts", "number": 2}
    office.apply("change", asked, service="gio-remote-access")
    assert "art:8.1.2" in [each.path for each in entrances.unserved()]
    assert entrances.import_users(CONTRACT, "name,state\nbob,gone\n") == (1, 2), "fewer is always possible"
    assert "art:8.1.2" not in [each.path for each in entrances.unserved()]


def test_a_full_gateway_for_browsers_is_proposed_more_accounts(office: Office) -> None:
    entrances = Entrances.of(office)
    assert fullness(entrances, CONTRACT).proposes is None
    entrances.import_users(CONTRACT, USERS)
    found = fullness(entrances, CONTRACT)
    assert (found.agreed, found.accounts, found.proposes) == (3, 3, 13)


def test_visits_are_the_contracts_own_and_why_tells_of_hosts(office: Office) -> None:
    entrances, publishing = Entrances.of(office), Publishing.of(office)
    entrances.put_papers("ra-c1", papers("vpn.example.jp"))
    entrances.import_users(CONTRACT, USERS)
    assert publishing.apply_plan().nodes == ("ra-c1",) and not entrances.unserved()
    locked = {"user": "bob", "source": "198.51.100.7", "why": "locked"}
    tell(
        office,
        visit("ann", "app.c1.example", ""),
        visit("ann", "10.9.9.9", "not-designated"),
        ("remote.refused", locked),
    )
    rows = visits_of(office.book.engine, CONTRACT)
    assert [(row.contract, row.host, row.why, row.count) for row in rows] == [
        (CONTRACT, "10.9.9.9", "not-designated", 2),
        (CONTRACT, "app.c1.example", "", 2),
    ]
    ((row, reason, provisions),) = why_user(entrances, CONTRACT, "ann").hosts
    assert row.host == "10.9.9.9" and "designated" in reason.en
    assert {each.cite.partition("#")[2] for each in provisions} == {"art:1.1.t1", "art:5.3"}
    assert [each.reason for each in why_user(entrances, CONTRACT, "bob").logins] == ["locked"]
    with pytest.raises(ValueError):
        tell(office, ("remote.visited", {"user": "ann"}))


def test_an_old_visit_is_forgotten(office: Office) -> None:
    Publishing.of(office)
    tell(office, visit("ann", "a", ""))
    assert visits_of(office.book.engine, "")
    later = Office(office.home, office.book, lambda: NOW + timedelta(days=181))
    with writing(office.book.engine) as connection:
        take_remote(later, "ra-c1", (Event(257, datetime.now(UTC), *visit("bob", "b", "")),), connection)
    assert [row.user for row in visits_of(office.book.engine, "")] == ["bob"]
