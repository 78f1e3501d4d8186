"""Every provision of the edition is honoured by code that exists: take a rule away and its provision stands open."""

from dataclasses import replace

import pytest

from kitei.services.gio_remote import SERVICE
from kitei.services.gio_remote.application import ACTS
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.rules import RULES
from kitei.services.gio_remote.spoken import NETWORK
from kitei.terms import coverage

EDITION = TERMS.editions[-1]
BY_RULE = sorted(
    {
        str(each.what)
        for provision in EDITION.provisions.values()
        for each in provision.honoured
        if each.by == "rule"
    }
)


def test_all_69_provisions_are_honoured() -> None:
    account = coverage(EDITION, SERVICE.spoken())
    assert [str(each) for each in account.open] == [] and account.is_complete
    assert len(account.honoured) == 69


def test_what_no_node_does_yet_is_told_as_still_to_come() -> None:
    account = coverage(EDITION, SERVICE.spoken())
    by_network = {
        path
        for path, provision in EDITION.provisions.items()
        if any(each.by == "network" for each in provision.honoured)
    }
    waiting = {"art:6.1", "art:10.1"}
    assert {each.path for each in account.awaiting} == waiting == by_network - NETWORK


@pytest.mark.parametrize("path", BY_RULE)
def test_a_rule_that_is_taken_away_leaves_its_provisions_open(path: str) -> None:
    said = SERVICE.spoken()
    account = coverage(EDITION, replace(said, rules=said.rules - {path}))
    resting = [
        provision.path
        for provision in EDITION.provisions.values()
        if any(each.by == "rule" and each.what == path for each in provision.honoured)
    ]
    assert sorted(each.provision.path for each in account.open) == sorted(resting)


def test_every_act_has_its_rules_and_every_rule_an_act() -> None:
    assert set(ACTS.values()) == set(RULES)


def test_no_defect_of_the_drafting_is_passed_over() -> None:
    own = {name for name in EDITION.defects if name.startswith("GRA-")}
    assert own == {f"GRA-D{number:02}" for number in range(1, 17)}
    assert all(defect.where for defect in EDITION.defects.values())
