"""The order book of the examples: what is to be accepted is, and what is to be refused is, by its article."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from kitei.desk import Verdict
from kitei.ledger.contracts import Contract
from kitei.office import Office
from kitei.office.orderbook import Outcome, read_book, take_book
from kitei.services.managed_vpn.contract import is_site, site
from kitei.values import JST

BOOK = Path(__file__).parents[3] / "examples" / "order-book"
ARTICLES = {
    "no-public-lan": "art:22.2",
    "no-ipv6": "art:7.1",
    "no-orphan": "art:8.1",
    "no-two-parents": "art:22.4",
    "no-such-device": "art:3.1.t1",
    "no-item-change": "art:9.2",
    "no-order-by-a-childs-holder": "art:10.2",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("home")
    opened = Office.open(folder, lambda: datetime(2026, 6, 1, 9, tzinfo=JST), f"sqlite:///{folder}/kitei.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def outcomes(office: Office) -> dict[str, Outcome]:
    return {each.decided.application: each for each in take_book(office, read_book(BOOK, office))}


@pytest.fixture(scope="module")
def contracts(office: Office, outcomes: dict[str, Outcome]) -> dict[str, Contract]:
    return dict(office.contracts())


def test_every_act_says_what_is_expected_and_is_decided_so(outcomes: dict[str, Outcome]) -> None:
    for name, each in outcomes.items():
        assert each.asked.expect, f"{name} does not say what is expected"
        assert each.is_expected, (name, [f.why.en for f in each.decided.decision.findings])


@pytest.mark.parametrize("name", ARTICLES)
def test_what_must_be_refused_is_refused_by_its_article_alone(
    outcomes: dict[str, Outcome], name: str
) -> None:
    findings = [f for f in outcomes[name].decided.decision.findings if f.verdict is not Verdict.ACCEPT]
    assert len(findings) == 1, [finding.why.en for finding in findings]
    assert ARTICLES[name] in {cite.path for cite in findings[0].cites}
    assert findings[0].place and findings[0].remedy
    assert not outcomes[name].decided.contracts


def test_there_is_nothing_refused_that_is_not_named_here(outcomes: dict[str, Outcome]) -> None:
    refused = {name for name, each in outcomes.items() if each.decided.decision.outcome is Verdict.REFUSE}
    assert refused == set(ARTICLES)


def test_three_networks_of_all_items_with_three_children_or_more(contracts: dict[str, Contract]) -> None:
    networks: dict[str, list[Contract]] = {}
    for each in contracts.values():
        if is_site(each):
            networks.setdefault(each.group, []).append(each)
    assert len(networks) == 3
    assert {each.item for sites in networks.values() for each in sites} == {
        "single-star-single-edge",
        "dual-star-single-edge",
        "dual-star-dual-edge",
    }
    for sites in networks.values():
        assert sum(each.kind == "parent" for each in sites) == 1
        assert sum(each.kind == "child" for each in sites) >= 3


def test_both_customers_use_equal_prefixes_and_one_child_is_anothers(contracts: dict[str, Contract]) -> None:
    day = datetime(2026, 6, 1, tzinfo=JST).date()
    prefixes: dict[str, set[str]] = {}
    for each in filter(is_site, contracts.values()):
        holder = next(p.customer for p in contracts.values() if p.group == each.group and p.kind == "parent")
        prefixes.setdefault(holder, set()).update(lan.prefix for lan in site(each, day).lans)
    assert len(prefixes) == 2 and set.intersection(*prefixes.values())
    parents = {each.group: each.customer for each in contracts.values() if each.kind == "parent"}
    assert [each.id for each in contracts.values() if each.customer != parents[each.group]] == [
        "minato-sales-3"
    ]


def test_every_site_has_its_devices_and_one_is_watched(contracts: dict[str, Contract]) -> None:
    day = datetime(2026, 6, 1, tzinfo=JST).date()
    sites = [site(each, day) for each in contracts.values() if is_site(each)]
    dual = {
        ("parent", "dual-star-single-edge"),
        ("parent", "dual-star-dual-edge"),
        ("child", "dual-star-dual-edge"),
    }
    assert all(len(each.devices) == 1 + ((each.kind, each.item) in dual) for each in sites)
    assert [each.contract for each in sites if each.monitored] == ["yamato-core-2"]


def test_the_book_again_records_nothing(office: Office, outcomes: dict[str, Outcome]) -> None:
    head = office.book.head()
    assert all(each.decided.repeated for each in take_book(office, read_book(BOOK, office)))
    assert office.book.head() == head
