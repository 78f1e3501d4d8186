"""An order book of this service through an office: decided, recorded, planned for nodes, and invoiced."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from kitei.desk import Verdict
from kitei.network import RadiusCaps, RadiusClient, RadiusGroup, RadiusProxy, RadiusServer, RadiusVpdn
from kitei.office import Office
from kitei.office.closing import preview
from kitei.office.dispatch import Dispatch
from kitei.office.hearing import Hearing
from kitei.office.orderbook import Outcome, read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import Logins
from kitei.office.safe import open_vault
from kitei.values import JST, Month

BOOK = """
service = "auth-outsource"

[provider]
name = { ja = "提供者", en = "Provider" }
address = { ja = "東京都", en = "Tokyo" }
registration = "T7123456789012"
contact = "billing@provider.example"

[[radius]]
node = "radius-1"
addresses = ["198.51.100.1"]

[[radius]]
node = "radius-2"
addresses = ["198.51.100.2"]

[[concentrator]]
address = "203.0.113.1"
carries = "D"

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "東京都", en = "Tokyo" }

[[holding]]
customer = "acme"
holds = "IIJモバイルサービス/タイプD"
id = "m1"
first = 2026-01-01
more = { item_class = "I" }

[[quote]]
customer = "acme"
fee = "initial"
amount = 40000
first = 2026-04-01

[[quote]]
customer = "acme"
fee = "monthly"
amount = 30000
first = 2026-04-01

[[quote]]
customer = "acme"
fee = "change"
amount = 3000
first = 2026-04-01

[[parameter]]
name = "max-sessions-per-realm"
value = 500

[[apply]]
id = "opening"
by = "acme"
at = 2026-04-01T10:00:00+09:00
expect = "accept"
services = [
  { kind = "クライアント", ip = "192.0.2.10" },
  { kind = "グループ", accounts = 100, realm = "acme.example" },
  { kind = "VPDN", item = "タイプD", realm = "vpn.acme.example", terminators = ["192.0.2.20", "192.0.2.21"] },
]

[[apply]]
id = "no-proxy-beside-a-group"
by = "acme"
at = 2026-04-01T10:10:00+09:00
expect = "refuse"
services = [{ kind = "プロキシ" }]

[[prepare]]
id = "secret"
by = "acme"
at = 2026-04-01T11:00:00+09:00
contract = "acme-client-1"
new_secret = true

[[prepare]]
id = "users"
by = "acme"
at = 2026-04-01T11:10:00+09:00
contract = "acme-group-1"
users = 80
methods = ["pap", "peap"]

[[start-billing]]
id = "bill-group"
by = "operator"
at = 2026-04-01T12:00:00+09:00
contract = "acme-group-1"
billing_start = 2026-04-01

[[change]]
id = "more-accounts"
by = "acme"
at = 2026-04-01T13:00:00+09:00
contract = "acme-group-1"
matter = "アカウント数"
number = 150
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(
        tmp_path / "home",
        lambda: datetime(2026, 4, 1, 15, 0, tzinfo=JST),
        f"sqlite:///{tmp_path}/kitei.db",
    )
    yield opened
    opened.close()


@pytest.fixture
def outcomes(office: Office, tmp_path: Path) -> dict[str, Outcome]:
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "book.toml").write_text(BOOK)
    return {each.decided.application: each for each in take_book(office, read_book(folder, office))}


def test_every_act_is_decided_as_expected(outcomes: dict[str, Outcome]) -> None:
    for name, each in outcomes.items():
        wanted = Verdict.REFUSE if name.startswith("no-") else Verdict.ACCEPT
        assert each.decided.decision.verdict is wanted, (
            name,
            [found.why.en for found in each.decided.decision.findings],
        )


def test_what_is_planned_serves_it_on_both_nodes(office: Office, outcomes: dict[str, Outcome]) -> None:
    assert Publishing.of(office).plan().is_empty is False, "the VPDN needs no secret"
    vault = open_vault(office.home, office.book.engine)
    vault.keep("client.acme-client-1", "a shared secret")
    vault.keep("concentrator.203.0.113.1", "the carrier's secret")
    vault.change_users("acme.example", {"alice": "{}"})
    plan = Publishing.of(office).plan()
    assert sorted(plan.nodes) == ["radius-1", "radius-2"]
    for node in plan.after.nodes.values():
        by_kind = {type(part): part for part in node.parts}
        assert {RadiusServer, RadiusClient, RadiusGroup, RadiusVpdn, RadiusCaps} <= by_kind.keys()
        assert RadiusProxy not in by_kind
        group, vpdn, caps = by_kind[RadiusGroup], by_kind[RadiusVpdn], by_kind[RadiusCaps]
        assert isinstance(group, RadiusGroup) and isinstance(vpdn, RadiusVpdn)
        assert (group.realm, group.accounts, group.users) == ("acme.example", 150, "users.acme.example@1")
        assert (vpdn.realm, vpdn.item, vpdn.spread) == ("vpn.acme.example/d", "D", False)
        assert isinstance(caps, RadiusCaps) and caps.sessions == 500


def test_the_month_costs_what_was_told(office: Office, outcomes: dict[str, Outcome]) -> None:
    asked = {"by": "acme", "at": "2026-04-30T10:00:00+09:00"}
    decision = office.decide("month-close", asked, service="auth-outsource").decision
    assert decision.amounts == {"initial": 40000, "monthly": 30000, "change": 3000}


def test_the_invoice_has_a_line_of_each_with_its_provisions(
    office: Office, outcomes: dict[str, Outcome]
) -> None:
    (bill,) = preview(office, Month(2026, 4))
    assert bill.incomplete is None and bill.invoice is not None
    lines = {line.words.en: line for line in bill.invoice.lines}
    assert {name: line.amount for name, line in lines.items()} == {
        "Initial fee, base service": 40000,
        "Monthly fee, base service (group)": 30000,
        "Handling charge of a change": 3000,
    }
    assert any("schedule:1.3.1" in cite for cite in lines["Handling charge of a change"].cites)


def test_one_users_change_is_a_small_sack_beside_the_table_nodes_have(
    office: Office, outcomes: dict[str, Outcome]
) -> None:
    vault = open_vault(office.home, office.book.engine)
    vault.keep("client.acme-client-1", "a shared secret")
    vault.change_users("acme.example", {"alice": "{}", "bob": "{}"})
    publishing = Publishing.of(office)
    publishing.apply_plan()
    vault.change_users("acme.example", {"alice": None})
    (change, _) = publishing.plan().changes
    assert isinstance(change.after, RadiusGroup)
    assert (change.after.users, change.after.changes) == (
        "users.acme.example@1",
        "changes.acme.example@1-2",
    )


def test_the_key_is_nobody_elses_to_read_and_no_secret_is_in_what_nodes_are_told(
    office: Office, outcomes: dict[str, Outcome]
) -> None:
    vault = open_vault(office.home, office.book.engine)
    vault.keep("client.acme-client-1", "a shared secret")
    (key,) = (office.home.secrets / "vault").iterdir()
    assert key.stat().st_mode & 0o077 == 0
    Publishing.of(office).apply_plan()
    for node in ("radius-1", "radius-2"):
        assert "a shared secret" not in str(Publishing.of(office).orders_for(node))
    again = open_vault(office.home, office.book.engine)
    assert again.content("client.acme-client-1@1") == b"a shared secret"


def test_a_node_gets_the_sacks_its_orders_name_until_the_contract_is_over(
    office: Office, outcomes: dict[str, Outcome]
) -> None:
    logins = Logins.of(office)
    logins.put_secret("acme-client-1", "a shared secret")
    logins.import_users("acme-group-1", "name,password\nalice,correct horse\n")
    publishing = Publishing.of(office)
    publishing.apply_plan()
    dispatch = Dispatch(office, publishing, Hearing(office, publishing))
    assert dispatch.sack("radius-1", "client.acme-client-1@1") == b"a shared secret"
    over = publishing.plan(on=date(2026, 5, 1))
    assert over.is_empty
    asked = {"by": "acme", "at": "2026-04-01T14:00:00+09:00", "contract": "acme-group-1"}
    office.apply("cancel", {**asked, "id": "end"}, service="auth-outsource")
    assert publishing.plan(on=date(2026, 5, 1)).is_empty, "the first of May is its last day"
    gone = {each.before.key for each in publishing.plan(on=date(2026, 5, 2)).changes if each.before}
    assert {"radius-group:acme.example", "radius-client:192.0.2.10"} <= gone
