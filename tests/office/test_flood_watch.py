"""Policies are held against the contracts: who is watched, who may be defended, and what nobody watches."""

from datetime import date
from ipaddress import ip_network

import pytest

from kitei.collect.policies import read_policies
from kitei.collect.policy import Policy, book_of
from kitei.ledger.contracts import Contract
from kitei.office.floods.watch import Watched, compare, drafted, watched
from kitei.services.ddos.edition import TERMS

DAY = date(2026, 6, 1)


def contract(id: str, item: str, *prefixes: str, base: str | None = None) -> Contract:
    rows = [
        {
            "prefix": each,
            "designated_by": "customer",
            "since": "2026-01-01",
            "last": None,
            "cites": ["art:5.2"],
        }
        for each in prefixes
    ]
    return Contract(
        id, TERMS.service, "acme", "", item, "acme", "a1", date(2025, 11, 1), date(2026, 1, 1), date(2026, 1, 1),
        None, None, (), (), (), (), (), {"addresses": rows, "base": base}, (), 1, 1,
    )  # fmt: skip


@pytest.fixture
def found() -> tuple[Watched, ...]:
    contracts = [
        contract("x1", "type-x", "203.0.113.0/24", "2001:db8:5::/48"),
        contract("d1", "type-d", "198.51.100.0/24"),
        contract("m1", "type-m", base="x1"),
        contract("m2", "type-m", base="d1"),
    ]
    return watched({each.id: each for each in contracts}, DAY)


def policy(name: str, *prefixes: str) -> Policy:
    return Policy(name, tuple(ip_network(each) for each in prefixes), host={"bps": 1})


def told(found: tuple[Watched, ...], *policies: Policy) -> list[tuple[str, str]]:
    return [(each.place, each.words.en) for each in compare(book_of(policies), found)]


def test_the_item_says_who_may_be_defended_and_type_m_does_as_its_base(found: tuple[Watched, ...]) -> None:
    assert {each.contract: each.mitigates for each in found} == {
        "d1": False,
        "m1": True,
        "m2": False,
        "x1": True,
    }
    assert {each.contract: len(each.addresses) for each in found} == {"d1": 1, "m1": 2, "m2": 1, "x1": 2}


def test_policies_that_are_the_contracts_say_nothing(found: tuple[Watched, ...]) -> None:
    whole = (policy("x1", "203.0.113.0/24", "2001:db8:5::/48"), policy("d1", "198.51.100.0/24"))
    assert told(found, *whole) == []
    assert told(found, *whole, policy("m1/web", "203.0.113.80/32"), policy("x1/v4", "203.0.113.0/25")) == []


def test_what_is_not_protected_not_watched_or_no_contract_is_told(found: tuple[Watched, ...]) -> None:
    faults = told(found, policy("x1", "203.0.113.0/24", "192.0.2.0/24"), policy("gone", "198.51.100.0/24"))
    assert ("x1", "192.0.2.0/24 is not protected by this contract") in faults
    assert ("gone", "is no contract in force; there are d1, m1, m2, x1") in faults
    assert ("x1", "no policy watches 2001:db8:5::/48") in faults
    assert ("d1", "no policy watches 198.51.100.0/24") in faults


def test_a_draft_reads_back_and_is_the_contracts(found: tuple[Watched, ...]) -> None:
    book = read_policies(drafted(each for each in found if each.base is None))
    assert compare(book, found) == ()
    assert all(each.dry_run for each in book.policies)
