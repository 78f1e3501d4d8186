"""From a customer's application to an Access-Accept: decided, recorded, planned, handed out, answered; and ended."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from radius_stand import ask, put_sack
from test_freeradius_lab import eventually

from kitei.drivers.freeradius import Freeradius
from kitei.network import sacks_of
from kitei.office import Office
from kitei.office.dispatch import Dispatch
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import Logins
from kitei.values import JST

pytestmark = pytest.mark.lab

BOOK = """
service = "auth-outsource"

[[radius]]
node = "radius-1"
addresses = ["127.0.0.1"]

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "東京都", en = "Tokyo" }

[[apply]]
id = "opening"
by = "acme"
at = 2026-04-01T10:00:00+09:00
services = [
  { kind = "client", ip = "127.0.0.2" },
  { kind = "group", accounts = 10, realm = "acme.example" },
]

[[start-billing]]
id = "bill-group"
by = "operator"
at = 2026-04-01T12:00:00+09:00
contract = "acme-group-1"
billing_start = 2026-04-01
"""
SECRET = "the secret of Acme's terminal"


class Provider:
    """An office whose clock the test turns, and its one RADIUS node."""

    def __init__(self, folder: Path, host, make_right) -> None:
        self.now = datetime(2026, 4, 1, 15, 0, tzinfo=JST)
        self.office = Office.open(folder / "home", lambda: self.now, f"sqlite:///{folder}/kitei.db")
        self.publishing = Publishing.of(self.office)
        self.dispatch = Dispatch(self.office, self.publishing, Hearing(self.office, self.publishing))
        self.host, self._make_right = host, make_right
        book = folder / "book"
        book.mkdir()
        (book / "book.toml").write_text(BOOK)
        for each in take_book(self.office, read_book(book, self.office)):
            assert each.decided.decision.verdict.name == "ACCEPT", each.decided.decision.findings

    def roll_out(self) -> None:
        """What controller and agent do: orders down, the sacks they name, and the machine is made so."""
        self.dispatch.published()
        orders = self.publishing.orders_for("radius-1")
        assert orders is not None
        for name in sacks_of(orders.intent.parts):
            put_sack(self.host, name, self.dispatch.sack("radius-1", name))
        self._make_right(Freeradius(), self.host, orders.intent.parts)

    def login(self, user: str, password: str, secret: str = SECRET) -> str:
        return ask(self.host, "127.0.0.2", secret, f'User-Name={user}, User-Password="{password}"')[0]


@pytest.fixture
def provider(bench, make_right, tmp_path: Path) -> Iterator[Provider]:
    provider = Provider(tmp_path, bench.node("r"), make_right)
    yield provider
    provider.office.close()


def test_a_contract_is_answers_from_its_order_to_the_end_of_its_last_day(provider) -> None:
    logins = Logins.of(provider.office)
    logins.put_secret("acme-client-1", SECRET)
    logins.import_users("acme-group-1", "name,password\nalice,correct horse\nbob,battery staple\n")
    provider.publishing.apply_plan()
    provider.roll_out()
    assert eventually(lambda: provider.login("alice@acme.example", "correct horse") == "Access-Accept")
    assert provider.login("alice@acme.example", "battery staple") == "Access-Reject"

    logins.import_users("acme-group-1", "name,password\nalice,another horse\n")
    logins.put_secret("acme-client-1", "a newer secret of Acme")
    provider.publishing.apply_plan()
    provider.roll_out()
    newer = "a newer secret of Acme"
    assert eventually(lambda: provider.login("alice", "another horse", newer) == "Access-Accept")
    assert provider.login("alice", "correct horse", newer) == "Access-Reject"
    with pytest.raises(PermissionError):
        provider.dispatch.sack("radius-1", "client.acme-client-1@1")

    asked = {"by": "acme", "contract": "acme-client-1", "effective": "2026-05-10"}
    ended = provider.office.apply("cancel", asked, service="auth-outsource")
    assert ended.decision.verdict.name == "ACCEPT", ended.decision.findings
    provider.roll_out()
    assert provider.login("alice", "another horse", newer) == "Access-Accept"
    provider.now += timedelta(days=45)
    provider.roll_out()
    assert eventually(lambda: provider.login("alice", "another horse", newer) == "nothing")
