"""Whole months on the invoice: accounts counted by days, charges of changes, credits and settlements by what was told."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kitei.accounts import Invoice
from kitei.office import Office
from kitei.office.closing import close_month, invoices, made_again
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import Logins
from kitei.office.trouble import cause_found
from kitei.office.why import why_line
from kitei.values import JST, Month, Words
from kitei.watch import Cause, Observation, outage_of

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

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "東京都", en = "Tokyo" }

[[apply]]
id = "opening"
by = "acme"
at = 2026-03-20T10:00:00+09:00
services = [
  { kind = "client", ip = "192.0.2.10" },
  { kind = "group", accounts = 100, realm = "acme.example" },
]

[[start-billing]]
id = "bill-group"
by = "operator"
at = 2026-03-20T12:00:00+09:00
contract = "acme-group-1"
billing_start = 2026-04-01

[[change]]
id = "more"
by = "acme"
at = 2026-04-16T10:00:00+09:00
contract = "acme-group-1"
matter = "accounts"
number = 150

[[change]]
id = "fewer"
by = "acme"
at = 2026-05-11T10:00:00+09:00
contract = "acme-group-1"
matter = "accounts"
number = 120
"""
QUOTE = """
[[quote]]
customer = "acme"
fee = "{fee}"
amount = {amount}
first = 2026-01-01
"""
BY_ACCOUNT = {"initial": 40000, "change": 3000, "monthly-account": 300}


class Clock:
    at = datetime(2026, 3, 20, 9, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    yield opened
    opened.close()


def take(office: Office, folder: Path, quotes: dict[str, int]) -> None:
    book = folder / "book"
    book.mkdir()
    told = "".join(QUOTE.format(fee=fee, amount=amount) for fee, amount in quotes.items())
    (book / "book.toml").write_text(BOOK + told)
    for each in take_book(office, read_book(book, office)):
        assert each.decided.decision.verdict.name == "ACCEPT", each.decided.decision.findings


def closed(office: Office, clock: Clock, month: int) -> Invoice:
    clock.at = datetime(2026, month + 1, 1, 9, 0, tzinfo=JST)
    (bill,) = close_month(office, Month(2026, month))
    assert bill.invoice is not None, bill.incomplete
    return bill.invoice


def lines(invoice: Invoice) -> list[tuple[str, str, int]]:
    return [(line.name, line.measure.en, int(line.amount)) for line in invoice.lines]


def test_a_month_counts_accounts_by_the_days_they_were_contracted(
    office: Office, clock: Clock, tmp_path: Path
) -> None:
    take(office, tmp_path, BY_ACCOUNT)
    assert lines(closed(office, clock, 3)) == [("initial", "lump sum", 40000)]
    april = closed(office, clock, 4)
    assert lines(april) == [
        ("monthly", "100 accounts × 15/30 days", 15000),
        ("monthly", "150 accounts × 15/30 days", 22500),
        ("change", "lump sum", 3000),
    ]
    assert all(any("schedule:1" in cite for cite in line.cites) for line in april.lines)
    assert lines(closed(office, clock, 5)) == [
        ("monthly", "150 accounts × 10/31 days", 14516),
        ("monthly", "120 accounts × 21/31 days", 24387),
        ("change", "lump sum", 3000),
    ]
    assert [made_again(office, each) for each in invoices(office)] == list(invoices(office))


def test_a_fee_told_as_a_whole_goes_before_that_by_account(
    office: Office, clock: Clock, tmp_path: Path
) -> None:
    take(office, tmp_path, {**BY_ACCOUNT, "monthly": 30000})
    closed(office, clock, 3)
    assert sorted(line.amount for line in closed(office, clock, 4).lines) == [3000, 30000]


def test_a_month_whose_fee_was_not_told_cannot_be_computed(
    office: Office, clock: Clock, tmp_path: Path
) -> None:
    take(office, tmp_path, {"initial": 40000, "change": 3000})
    clock.at = datetime(2026, 5, 1, 9, 0, tzinfo=JST)
    (bill,) = close_month(office, Month(2026, 4))
    assert bill.invoice is None and bill.incomplete is not None
    assert {each.fee for each in bill.incomplete.missing} == {"monthly"}


def test_an_outage_that_synthetic_logins_saw_is_credited_on_claim_by_the_accounts_of_its_day(
    office: Office, clock: Clock, tmp_path: Path
) -> None:
    take(office, tmp_path, BY_ACCOUNT)
    logins = Logins.of(office)
    logins.put_secret("acme-client-1", "a shared secret")
    logins.import_users("acme-group-1", "name,password\nalice,correct horse\n")
    Publishing.of(office).apply_plan()
    hearing = Hearing(office, Publishing.of(office), lambda: 1000.0)
    begins = datetime(2026, 4, 20, 9, 0, tzinfo=JST)
    ways = [(one, f"acme-group-1@{other}") for one in NODES for other in NODES]

    def see(at: datetime, up: bool, some: list[Any]) -> None:
        office.shelf.observe(Observation(at, node, name, "login", up, at) for node, name in some)

    see(begins - timedelta(days=1), True, ways)
    see(begins - timedelta(hours=5), False, ways[:3])
    see(begins, False, ways[3:])
    see(begins + timedelta(hours=50), True, ways[:1])
    clock.at = begins + timedelta(hours=51)
    hearing.look_around()
    assert [each["known_at"] for each in office.contract("acme-group-1").outages] == [begins.isoformat()]
    found = hearing.find_outages()
    assert {(o.contract, o.began_at, o.hours()) for o in found} == {
        ("acme-group-1", begins, 50),
        ("acme-client-1", begins, 50),
    }
    told = Words("当社の認証装置の故障", "our authentication device failed")
    causes = [cause_found(Cause(o.contract, o.began_at, "operator", told)) for o in found]
    office.state(causes, "operator")
    hearing.find_outages()
    asked = {"by": "acme", "contract": "acme-group-1"}
    claim = office.apply("claim-credit", asked, service="auth-outsource")
    assert claim.decision.verdict.name == "ACCEPT", claim.decision.findings
    (credit,) = office.contract("acme-group-1").credits
    assert (credit.units, credit.amount) == (2, 150 * 300 * 2 // 30)
    april = closed(office, clock, 4)
    assert [line.amount for line in april.lines if line.amount < 0] == [-3000]
    (returned,) = (line for line in april.lines if line.amount < 0)
    why = why_line(office, returned)
    told_by = [
        step.name.split()[-1] if step.what.en == "ledger entry" else step.what.en for step in why.steps
    ]
    assert [each for each in told_by if each != "reading of the terms"] == [
        *("invoice line", "contract", "outage.found", "outage.found", "credit.claimed", "credit.granted"),
        *("application", "decision"),
    ]
    seen_there = next(step.detail.en for step in why.steps if step.name.endswith("outage.found"))
    assert "all 4 path(s) down" in seen_there, "what nodes observed"
    assert {"art:12.1", "schedule:3"} <= {each.cite.partition("#")[2] for each in why.provisions}


def test_a_price_by_account_is_a_quote_of_the_month(office: Office, clock: Clock, tmp_path: Path) -> None:
    take(office, tmp_path, BY_ACCOUNT)
    assert office.decided("bill-group").decision.missing == ()


def test_an_outage_that_was_explained_stays_so_however_often_it_is_looked_for(
    office: Office, clock: Clock, tmp_path: Path
) -> None:
    take(office, tmp_path, BY_ACCOUNT)
    logins = Logins.of(office)
    logins.put_secret("acme-client-1", "a shared secret")
    logins.import_users("acme-group-1", "name,password\nalice,correct horse\n")
    Publishing.of(office).apply_plan()
    hearing, begins = Hearing.of(office), datetime(2026, 4, 20, 9, 0, tzinfo=JST)
    ways = [(one, f"acme-group-1@{other}") for one in NODES for other in NODES]

    def see(hours: int, up: bool) -> None:
        clock.at = begins + timedelta(hours=hours)
        office.shelf.observe(Observation(clock.at, node, name, "login", up, clock.at) for node, name in ways)
        hearing.find_outages()

    see(-1, True)
    see(0, False)
    (found,) = office.contract("acme-group-1").outages
    told = {"by": "operator", "contract": "acme-group-1", "outage": found["id"], "limit": "not-prepared"}
    assert office.apply("explain-outage", told, service="auth-outsource").decision.verdict.name == "ACCEPT"
    see(50, True)
    (found,) = office.contract("acme-group-1").outages
    assert (found["cause"], found["limit"]) == ("customer", "not-prepared") and found["restored_at"]
    facts = [entry.fact.kind for entry in office.book.read("contract:acme-group-1")]
    Hearing.of(office).find_outages()
    assert [entry.fact.kind for entry in office.book.read("contract:acme-group-1")] == facts
    claim = office.apply("claim-credit", {"by": "acme", "contract": "acme-group-1"}, service="auth-outsource")
    assert "art:5.7" in {cite.path for cite in claim.decision.cites}
    assert not office.contract("acme-group-1").credits


def test_late_news_parts_and_joins_what_is_on_record_once_and_for_all(
    office: Office, clock: Clock, tmp_path: Path
) -> None:
    take(office, tmp_path, BY_ACCOUNT)
    logins = Logins.of(office)
    logins.put_secret("acme-client-1", "a shared secret")
    logins.import_users("acme-group-1", "name,password\nalice,correct horse\n")
    Publishing.of(office).apply_plan()
    hearing, begins = Hearing.of(office), datetime(2026, 4, 20, 9, 0, tzinfo=JST)
    clock.at = begins + timedelta(hours=60)

    def see(hours: float, up: bool) -> None:
        at = begins + timedelta(hours=hours)
        ways = [(one, f"acme-group-1@{other}") for one in NODES for other in NODES]
        office.shelf.observe(Observation(at, node, name, "login", up, clock.at) for node, name in ways)

    def looked() -> list[tuple[str, int]]:
        """The outages on record after many looks, and that the ledger does not grow by them."""
        hearing.find_outages()
        before = len(list(office.book.read("contract:acme-group-1")))
        for each in (hearing, Hearing.of(office), hearing):
            each.find_outages()
        assert len(list(office.book.read("contract:acme-group-1"))) == before
        found = [outage_of(body) for body in office.contract("acme-group-1").outages]
        return sorted(
            (each.id, int((each.restored_at - each.began_at).total_seconds() // 3600)) for each in found
        )

    for hours, up in ((-1, True), (0, False), (50, True)):
        see(hours, up)
    ((first, whole),) = looked()
    assert whole == 50
    see(10, True)
    see(20, False)
    (one, ten), (_, thirty) = looked()
    assert (one, ten, thirty) == (first, 10, 30)


def test_an_open_outage_ends_or_goes_on_under_the_logins_that_took_the_place_of_others(
    office: Office, clock: Clock, tmp_path: Path
) -> None:
    take(office, tmp_path, BY_ACCOUNT)
    logins = Logins.of(office)
    logins.put_secret("acme-client-1", "a shared secret")
    logins.import_users("acme-group-1", "name,password\nalice,correct horse\n")
    Publishing.of(office).apply_plan()
    begins = datetime(2026, 4, 20, 9, 0, tzinfo=JST)

    def see(hours: float, up: bool, asking: Sequence[str]) -> list[tuple[float, float | None]]:
        """What is on record in hours, after these were heard."""
        clock.at = at = begins + timedelta(hours=hours)
        ways = [(one, f"acme-group-1@{other}") for one in asking for other in NODES]
        office.shelf.observe(Observation(at, node, name, "login", up, at) for node, name in ways)
        return looked()

    def looked() -> list[tuple[float, float | None]]:
        for _ in range(2):
            Hearing.of(office).find_outages()
        of_group, of_client = (
            [
                tuple(each and (each - begins) / timedelta(hours=1) for each in (o.began_at, o.restored_at))
                for o in map(outage_of, office.contract(name).outages)
            ]
            for name in ("acme-group-1", "acme-client-1")
        )
        assert of_group == of_client, "a client can be used as its realm can"
        return of_group

    def asked_by(node: str, address: str) -> None:
        told = {"service": "auth-outsource", "prober": {"node": node, "address": address}}
        list(take_book(office, read_book(told, office)))
        Publishing.of(office).apply_plan()

    assert see(-1, True, NODES) == []
    assert see(0, False, NODES) == [(0, None)]
    clock.at = begins + timedelta(hours=2)
    asked_by("prober-1", "198.51.100.9")
    assert looked() == [(0, None)], "nobody has heard of the new prober yet"
    assert see(3, False, ["prober-1"]) == [(0, None)]
    assert see(4, True, ["prober-1"]) == [(0, 4)]
    assert see(5, False, ["prober-1"]) == [(0, 4), (5, None)]
    clock.at = begins + timedelta(hours=6)
    asked_by("prober-2", "198.51.100.10")
    assert see(7, True, ["prober-2"]) == [(0, 4), (5, 7)]


NODES = ("radius-1", "radius-2")
