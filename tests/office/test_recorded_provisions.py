"""What no node can show is shown by what was done: each such provision has its fact on record, citing it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from floods import contract, party

from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.network.sheaf import SUMS, SheafName, first_second, written
from kitei.office import Office
from kitei.office.floods.reaging import pending, relearned, report, told_of
from kitei.office.floods.report import flood_report
from kitei.office.floods.values import send_report
from kitei.services.ddos import SERVICE
from kitei.services.ddos.edition import TERMS
from kitei.services.ddos.spoken import RECORDED
from kitei.store.history import History
from kitei.terms import coverage
from kitei.values import JST, Month

DAY = date(2026, 6, 10)


def now() -> datetime:
    return datetime(2026, 7, 2, 9, 0, tzinfo=JST)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", now, f"sqlite:///{tmp_path}/kitei.db")
    name = {"ja": "北極星", "en": "Polaris"}
    provider = {"name": name, "address": name, "registration": "T7000012050002", "contact": "b@example.jp"}
    opened.state([("operator", Fact("operator.set", {"name": "provider", "value": provider}, DAY))])
    contract(opened, "v1", "type-v", prefix="192.0.2.0/24")
    contract(opened, "e1", "type-e")
    option = Fact("option.added", {"option": "re-aging", "months": 0}, date(2026, 6, 1), ())
    opened.state([("contract:e1", option)])
    party(opened)
    yield opened
    opened.close()


@pytest.fixture
def history(office: Office) -> History:
    kept, at, nothing = History(office.home.folder / "history"), first_second(DAY), [0] * len(SUMS)
    lines = [
        written("minute", at, "e1", "prefix", "203.0.113.0/24", 60, *nothing, 1, *nothing),
        written("note", at, "n1", "seconds", 60),
    ]
    kept.take("n1", str(SheafName(at, 0, "n1")), "\n".join(lines))
    kept.gather()
    return kept


def month_reported(office: Office, history: History) -> str:
    send_report(office, flood_report(office, history, "v1", Month.parse("2026-06")))
    return "v1"


def thresholds_reported(office: Office, history: History) -> str:
    asked = {"by": "acme", "contract": "e1", "from": str(DAY), "to": str(DAY)}
    assert office.apply("reage", asked, service=SERVICE.name).decision.verdict is Verdict.ACCEPT
    waiting = pending(office.contract("e1"))
    assert waiting is not None
    report(office, told_of(office, relearned(office, history, "e1", waiting)))
    return "e1"


DONE: dict[str, Callable[[Office, History], str]] = {
    "art:1.1.t6": month_reported,
    "art:10.2.4.a2": thresholds_reported,
}


def test_every_such_provision_is_played_here() -> None:
    assert DONE.keys() == RECORDED.keys()


@pytest.mark.parametrize("path", sorted(RECORDED))
def test_it_is_on_record_citing_its_provision_once_it_was_done(
    path: str, office: Office, history: History
) -> None:
    cite, about = str(TERMS.editions[-1].cite(path)), [*office.contracts()]
    assert not [entry for id in about for entry in kept(office, id, path) if cite in entry]
    contract = DONE[path](office, history)
    assert kept(office, contract, path) == [(cite,)]


def kept(office: Office, contract: str, path: str) -> list[tuple[str, ...]]:
    """What the facts that show a provision cite."""
    entries = office.book.read(f"contract:{contract}")
    return [entry.fact.cites for entry in entries if entry.fact.kind == RECORDED[path]]


@pytest.mark.parametrize("path", sorted(RECORDED))
def test_without_it_the_provision_stands_open(path: str) -> None:
    said = SERVICE.spoken()
    account = coverage(TERMS.editions[-1], replace(said, network=said.network - {path}))
    assert path in {each.provision.path for each in account.open}
