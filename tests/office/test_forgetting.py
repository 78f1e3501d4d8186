"""Secrets and users of ended contracts: kept for some days, then gone, and that is on record."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kitei.ledger import Fact
from kitei.network import RadiusGroup
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.forgetting import FORGOTTEN, due, forget_ended
from kitei.office.radius.forms import forget_forms, needless
from kitei.office.radius.logins import Logins
from kitei.radius.document import read_user
from kitei.radius.secret import matches
from kitei.store import StoreError
from kitei.values import JST

BOOK = """
service = "auth-outsource"

[[radius]]
node = "radius-1"
addresses = ["127.0.0.1"]

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "東京都", en = "Tokyo" }

[[party]]
id = "bolt"
name = { ja = "ボルト", en = "Bolt" }
address = { ja = "東京都", en = "Tokyo" }

[[apply]]
id = "opening"
by = "acme"
at = 2026-04-01T10:00:00+09:00
services = [
  { kind = "client", ip = "127.0.0.2" },
  { kind = "group", accounts = 10, realm = "shop.example" },
]
"""
USERS = "name,password\nalice,correct horse\nbob,battery staple\n"


@pytest.fixture
def logins(office: Office, tmp_path: Path) -> Logins:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "book.toml").write_text(BOOK)
    for each in take_book(office, read_book(tmp_path / "book", office)):
        assert each.decided.decision.verdict.name == "ACCEPT", each.decided.decision.findings
    logins = Logins.of(office)
    logins.put_secret("acme-client-1", "the secret of a terminal")
    logins.import_users("acme-group-1", USERS)
    return logins


def end(logins: Logins, *contracts: str) -> None:
    for contract in contracts:
        asked = {"by": "acme", "contract": contract}
        ended = logins.office.apply("cancel", asked, service="auth-outsource")
        assert ended.decision.verdict.name == "ACCEPT"
        assert logins.office.contract(contract).ending.last == date(2026, 5, 1)


def test_they_are_kept_for_the_days_and_gone_after(logins, clock) -> None:
    end(logins, "acme-client-1", "acme-group-1")
    clock.at = datetime(2026, 5, 31, 23, 59, tzinfo=JST)
    assert forget_ended(logins) == () and logins.vault.users("shop.example").keys() == {"alice", "bob"}
    clock.at += timedelta(minutes=2)
    client, group = forget_ended(logins)
    assert (client.secrets, client.realm) == (("client.acme-client-1",), "")
    assert (group.secrets, group.realm, group.users) == ((), "shop.example", 2)
    assert logins.vault.sacks() == {} and logins.vault.realms() == ()
    with pytest.raises(StoreError):
        logins.vault.content("client.acme-client-1@1")
    told = [each for each in logins.office.picture().said if each.fact.kind == FORGOTTEN]
    assert [each.fact.body["contract"] for each in told] == ["acme-client-1", "acme-group-1"]
    assert "correct" not in str(told) and forget_ended(logins) == ()


def test_the_operator_says_for_how_many_days(logins, clock) -> None:
    end(logins, "acme-client-1")
    said = Fact("operator.set", {"name": "secret-days", "value": 0}, logins.office.today())
    logins.office.state([("operator", said)])
    clock.at = datetime(2026, 5, 1, 23, 0, tzinfo=JST)
    assert not list(due(logins)), "its last day is not over"
    clock.at += timedelta(hours=2)
    assert [each.contract for each in due(logins)] == ["acme-client-1"]


def test_a_realms_new_contract_has_none_of_the_users_before_it(logins, clock) -> None:
    end(logins, "acme-client-1", "acme-group-1")
    clock.at = datetime(2026, 5, 12, 10, 0, tzinfo=JST)
    asked = {
        "by": "bolt",
        "services": [
            {"kind": "client", "ip": "127.0.0.3"},
            {"kind": "group", "accounts": 10, "realm": "shop.example"},
        ],
    }
    assert logins.office.apply("apply", asked, service="auth-outsource").decision.verdict.name == "ACCEPT"
    logins.put_secret("bolt-client-1", "the secret of another")
    publishing = Publishing.of(logins.office)
    assert not [part for node in publishing.plan().after.nodes.values() for part in node.parts]
    assert logins.import_users("bolt-group-1", "name,password\ncarol,a third horse\n") == (1, 1)
    assert logins.vault.users("shop.example").keys() == {"carol"}
    parts = [part for node in publishing.plan().after.nodes.values() for part in node.parts]
    assert [part.users for part in parts if isinstance(part, RadiusGroup)] == ["users.shop.example@3"]
    clock.at = datetime(2026, 7, 1, 10, 0, tzinfo=JST)
    assert [each.realm for each in forget_ended(logins)] == [""], "the realm's users are the new contract's"
    assert logins.vault.users("shop.example").keys() == {"carol"}


def prepared(logins, **told) -> str:
    """What a preparation of the group was accepted with."""
    asked = {"by": "acme", "contract": "acme-group-1", **told}
    found = logins.office.apply("prepare", asked, service="auth-outsource").decision
    assert found.verdict.name == "ACCEPT", found.findings
    return " ".join(each.why.en for each in found.findings)


def forms_of(logins, name: str) -> tuple[bool, bool, bool]:
    user = read_user(logins.vault.users("shop.example")[name])
    return bool(user.hashed), bool(user.nt), bool(user.clear)


def test_a_weaker_form_of_a_password_is_kept_for_its_method_alone_and_said_so(logins) -> None:
    assert forms_of(logins, "alice") == (True, False, False)
    assert "can be had back" in prepared(logins, methods=["pap", "chap"])
    assert "NT hash" in prepared(logins, methods=["chap", "peap"])
    assert "kept" not in prepared(logins, methods=["pap", "ttls", "tls"])
    prepared(logins, methods=["chap"])
    logins.import_users("acme-group-1", "name,password\nalice,another horse\n")
    assert forms_of(logins, "alice") == (True, False, True)
    version = logins.vault.user_sacks("shop.example").users
    assert forget_forms(logins) == {"acme-group-1": 0}, "no NT hash was ever made"
    prepared(logins, methods=["peap"])
    assert [each.contract for each in needless(logins)] == ["acme-group-1"]
    assert forget_forms(logins) == {"acme-group-1": 1}
    assert forms_of(logins, "alice") == (True, True, False), "made of what was there, before it went"
    prepared(logins, methods=["ttls"])
    assert forget_forms(logins) == {"acme-group-1": 1} and forms_of(logins, "alice") == (True, False, False)
    assert list(needless(logins)) == [] and forget_forms(logins) == {}
    assert logins.vault.user_sacks("shop.example").users != version, "nodes are told"
    assert matches("another horse", read_user(logins.vault.users("shop.example")["alice"]).hashed)


def test_what_logs_in_at_a_customers_own_server_is_forgotten_with_it(logins, clock) -> None:
    logins.vault.keep("login.acme-group-1", "a password of the customer's")
    logins.vault.keep("probe.acme-group-1", "nobody chose this")
    end(logins, "acme-client-1", "acme-group-1")
    clock.at = datetime(2026, 6, 2, 0, 1, tzinfo=JST)
    forget_ended(logins)
    assert logins.vault.sacks() == {}
