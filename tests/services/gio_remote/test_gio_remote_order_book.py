"""An order book of this service through an office: decided, recorded, planned for nobody, and invoiced."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from kitei.catalogue import SERVICES
from kitei.desk import Operator, Situation, Verdict
from kitei.desk.operator import Holding
from kitei.office import Office
from kitei.office.closing import preview
from kitei.office.orderbook import Outcome, read_book, take_book
from kitei.office.publishing import Publishing
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.rules.eligibility import vpdn_of
from kitei.values import JST, Month, Span

BOOK = """
service = "gio-remote-access"

[provider]
name = { ja = "提供者", en = "Provider" }
address = { ja = "東京都", en = "Tokyo" }
registration = "T7123456789012"
contact = "billing@provider.example"

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "東京都", en = "Tokyo" }

[[holding]]
customer = "acme"
holds = "IIJ認証アウトソースサービス"
id = "v1"
first = 2025-01-01
more = { kind = "IIJ認証アウトソースサービス/VPDN" }

[[quote]]
customer = "acme"
fee = "initial"
amount = 50000
first = 2026-04-01

[[quote]]
customer = "acme"
fee = "monthly"
amount = 30000
first = 2026-04-01
scope = { kind = "gateway" }

[[quote]]
customer = "acme"
fee = "monthly"
amount = 12000
first = 2026-04-01
scope = { kind = "network" }

[[quote]]
customer = "acme"
fee = "out-of-hours-change"
amount = 40000
first = 2026-04-01

[[apply]]
id = "acme-remote"
by = "acme"
at = 2026-04-06T10:00:00+09:00
billing_start = 2026-05-01
expect = "accept"

[[apply.services]]
kind = "ゲートウェイ"
item = "タイプA"
sessions = 100
l2tp = true
hosts = [{ host = "10.1.1.10" }, { host = "2001:db8::/64" }]

[[apply.services]]
kind = "ネットワーク"

[[apply]]
id = "nobody-remote"
by = "nobody"
at = 2026-04-06T11:00:00+09:00
services = [{ kind = "gateway", item = "type-a", l2tp = true }, { kind = "network" }]
expect = "refuse"

[[start-billing]]
id = "gateway-billed"
by = "operator"
at = 2026-05-01T09:00:00+09:00
contract = "acme-gateway-1"
billing_start = 2026-05-01
expect = "accept"

[[start-billing]]
id = "network-billed"
by = "operator"
at = 2026-05-01T09:00:00+09:00
contract = "acme-network-1"
billing_start = 2026-05-01
expect = "accept"

[[add-option]]
id = "night-work"
by = "acme"
at = 2026-05-12T10:00:00+09:00
contract = "acme-gateway-1"
option = "時間外設定変更オプション"
work = "new hosts"
expect = "accept"

[[cancel]]
id = "gateway-over"
by = "acme"
at = 2026-05-31T10:00:00+09:00
contract = "acme-gateway-1"
designated = 2026-06-30
expect = "accept"

[[claim-credit]]
id = "no-outage"
by = "acme"
at = 2026-06-10T10:00:00+09:00
contract = "acme-gateway-1"
expect = "refuse"
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("home")
    opened = Office.open(folder, lambda: datetime(2026, 7, 1, 9, tzinfo=JST), f"sqlite:///{folder}/kitei.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def outcomes(office: Office, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    book: Path = tmp_path_factory.mktemp("book") / "remote.toml"
    book.write_text(BOOK)
    return {each.decided.application: each for each in take_book(office, read_book(book, office))}


def test_every_act_is_decided_as_expected(outcomes: dict[str, Outcome]) -> None:
    for name, each in outcomes.items():
        assert each.is_expected, (name, [f.why.en for f in each.decided.decision.findings])
    refused = outcomes["nobody-remote"].decided.decision
    assert [f.cites[0].path for f in refused.findings if f.verdict is Verdict.REFUSE] == ["art:6.1"]


def test_each_month_is_invoiced_from_the_contracts(office: Office, outcomes: dict[str, Outcome]) -> None:
    assert outcomes
    amounts: dict[str, list[int]] = {}
    for month in ("2026-04", "2026-05", "2026-06", "2026-07"):
        for bill in preview(office, Month.parse(month)):
            assert bill.invoice is not None, bill.incomplete
            amounts[month] = sorted(line.amount for line in bill.invoice.lines)
    assert amounts == {
        "2026-04": [50000],
        "2026-05": [12000, 30000, 40000],
        "2026-06": [12000, 30000],
        "2026-07": [12000],
    }


def test_nothing_is_ordered_of_any_node(office: Office, outcomes: dict[str, Outcome]) -> None:
    assert outcomes and not Publishing.of(office).plan().changes


def test_a_vpdn_contract_of_our_own_counts_under_its_own_name() -> None:
    """What the catalogue tells of a contract beside this one is its service and kind, by their slugs."""
    kinds = SERVICES["auth-outsource"].terms.editions[-1].value("kinds")
    vpdn = kinds.choose("IIJ認証アウトソースサービス/VPDN")
    assert vpdn is not None
    for slug, counts in ((each.slug, each.slug == vpdn.slug) for each in kinds.choices):
        held = Holding("auth-outsource", "v1", Span(date(2026, 1, 1)), {"kind": slug, "item": "type-d"})
        situation = Situation.of(date(2026, 4, 1), TERMS, {}, Operator(holdings={"acme": (held,)}))
        assert (vpdn_of(situation, "acme", date(2026, 4, 1)) is not None) == counts, slug
