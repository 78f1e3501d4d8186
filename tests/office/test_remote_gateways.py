"""Gateways of GIO Remote Access at the office: stated, what is handed over, and how full they are."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kitei.desk import Unreadable
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.forgetting import forget_ended
from kitei.office.radius.logins import Logins
from kitei.office.remote.fullness import Peak, fullness, peaks, proposal
from kitei.office.remote.users import Entrances
from kitei.office.statements import read_statement
from kitei.radius.papers import server_fault
from kitei.radius.users import Faulty
from kitei.services.gio_remote.edition import TERMS
from kitei.store.engine import writing
from kitei.store.logins import SessionRow, prepare, put_session
from kitei.values import JST

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=JST)
PLACE = {
    "node": "ra-c1",
    "customer": "C1",
    "outside": ["192.0.2.1", "2001:db8::1"],
    "name": "vpn.example.jp",
    "inside": "lan0",
    "pools": ["10.99.0.0/24"],
}
BOOK = {
    "service": "gio-remote-access",
    "remote_gateway": [PLACE],
    "apply": [
        {
            "id": "A-1",
            "by": "C1",
            "services": [
                {"kind": "gateway", "item": "type-a", "sessions": 10, "hosts": [{"host": "10.1.1.10"}]},
                {"kind": "network"},
            ],
        }
    ],
}
CONTRACT = "C1-gateway-1"


def papers(name: str, days: int = 30, other_key: bool = False) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before((NOW - timedelta(days=60)).astimezone(UTC))
        .not_valid_after((NOW + timedelta(days=days)).astimezone(UTC))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    shown = ec.generate_private_key(ec.SECP256R1()) if other_key else key
    plain = serialization.NoEncryption()
    secret = shown.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return made.public_bytes(serialization.Encoding.PEM).decode() + secret.decode()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office.open(tmp_path / "home", lambda: NOW, f"sqlite:///{tmp_path}/kitei.db")
    list(take_book(office, read_book(BOOK, office)))
    yield office
    office.close()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("node", "", "node"),
        ("name", "vpn", "name"),
        ("inside", "a port", "inside"),
        ("outside", ["2001:db8::1"], "outside"),
        ("outside", ["192.0.2.1", "192.0.2.2"], "outside"),
        ("outside", ["192.0.2.1/24"], "outside[0]"),
        ("pools", ["10.0.0.1/24"], "pools[0]"),
        ("port", 0, "port"),
    ],
)
def test_what_could_not_stand_is_told_by_its_place(field: str, value: Any, told: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_statement("remote_gateway", {**PLACE, field: value}, "remote_gateway[0]", TERMS.first)
    assert f"remote_gateway[0].{told}" in [each.place for each in error.value.faults]


def test_a_gateway_stands_once_users_and_certificate_are_handed_over(office: Office) -> None:
    entrances, publishing = Entrances.of(office), Publishing.of(office)
    assert publishing.plan().is_empty
    assert [each.path for each in entrances.unserved()] == ["art:1.1.t1", "art:1.1.t1"]
    entrances.put_papers("ra-c1", papers("vpn.example.jp"))
    with pytest.raises(Faulty):
        entrances.import_users(CONTRACT, "name,password\nann,short\n")
    assert entrances.import_users(CONTRACT, "name,password\nann,ann password\n") == (1, 1)
    assert "ann password" not in entrances.export_users(CONTRACT) and "ann" in entrances.export_users(
        CONTRACT
    )
    assert publishing.apply_plan().nodes == ("ra-c1",) and not entrances.unserved()
    before = publishing.published_intent().digest
    assert entrances.import_users(CONTRACT, "name,state\nann,gone\n") == (1, 0)
    assert publishing.published_intent().digest != before, "the node is told at once"


@pytest.mark.parametrize(
    ("pem", "right"),
    [
        (papers("vpn.example.jp"), True),
        (papers("*.example.jp"), True),
        (papers("*.jp"), False),
        (papers("other.example.jp"), False),
        (papers("vpn.example.jp", days=-1), False),
        (papers("vpn.example.jp", other_key=True), False),
        ("garbage", False),
    ],
)
def test_papers_have_to_be_the_servers_own_and_of_today(pem: str, right: bool) -> None:
    assert (server_fault(pem, "vpn.example.jp", NOW) is None) is right


def session(name: str, since: datetime, ended: datetime | None) -> SessionRow:
    return SessionRow("192.0.2.1", name, CONTRACT, "ann", "", "10.99.0.2", since, since, ended, 0, 0)


def test_peaks_are_counted_day_by_day_over_midnight() -> None:
    evening = datetime(2026, 6, 8, 23, 0, tzinfo=JST)
    hour = timedelta(hours=1)
    rows = [
        session("1", evening, evening + 3 * hour),
        session("2", evening + hour / 2, evening + hour * 3 / 4),
        session("3", evening + 3 * hour, evening + 4 * hour),
        session("4", evening + 10 * hour, None),
    ]
    midnight = datetime(2026, 6, 10, tzinfo=JST)
    assert peaks(rows, NOW) == (
        Peak(date(2026, 6, 8), 2, evening + hour / 2),
        Peak(date(2026, 6, 9), 1, evening + hour),
        Peak(date(2026, 6, 10), 1, midnight),
    )
    assert peaks([], NOW) == ()


def test_a_change_is_proposed_where_sessions_come_near_what_was_agreed(office: Office) -> None:
    assert [proposal(100, most) for most in (89, 90, 100)] == [None, 110, 120]
    assert proposal(None, 1000) is None and proposal(7, 7) == 17
    engine = office.book.engine
    prepare(engine)
    with writing(engine) as connection:
        for number in range(9):
            put_session(connection, session(str(number), NOW - timedelta(hours=1), None))
    found = fullness(Entrances.of(office), CONTRACT)
    assert (found.agreed, found.most and found.most.sessions, found.proposes) == (10, 9, 20)


@pytest.mark.parametrize("page", ["remote-access.md", "remote-access.ja.md"])
def test_the_gateway_of_the_documentation_can_be_stated(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    stated = text.partition("```toml\n")[2].partition("```")[0]
    (each,) = tomllib.loads(stated)["remote_gateway"]
    assert (
        read_statement("remote_gateway", each, "remote_gateway[0]", TERMS.first).kind
        == "remote-gateway.placed"
    )


def test_users_and_own_papers_of_an_ended_gateway_are_forgotten(office: Office) -> None:
    entrances, logins = Entrances.of(office), Logins.of(office)
    asked = {
        "by": "C1",
        "contract": CONTRACT,
        "option": "server-certificate",
        "server_name": "vpn.c1.example",
    }
    office.apply("add-option", asked, service="gio-remote-access")
    entrances.import_users(CONTRACT, "name,password\nann,ann password\n")
    entrances.put_papers(CONTRACT, papers("vpn.c1.example"))
    office.apply("cancel", {"by": "C1", "contract": CONTRACT}, service="gio-remote-access")
    ending = office.contract(CONTRACT).ending
    assert ending is not None and not forget_ended(logins)
    later = datetime.combine(ending.last + timedelta(days=31), time(), JST)
    after = Office(office.home, office.book, lambda: later)
    (found,) = forget_ended(Logins.of(after))
    assert found.secrets == (f"papers.{CONTRACT}",) and found.users == 1
    assert entrances.vault.realms() == () and not forget_ended(Logins.of(after))
