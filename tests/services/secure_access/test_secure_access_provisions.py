"""Every provision of the edition is honoured by code that exists: take a rule away and its provision stands open."""

from dataclasses import replace

import pytest

from kitei.services.secure_access import SERVICE
from kitei.services.secure_access.application import ACTS
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.rules import RULES
from kitei.services.secure_access.spoken import NETWORK
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


def test_all_68_provisions_are_honoured() -> None:
    account = coverage(EDITION, SERVICE.spoken())
    assert [str(each) for each in account.open] == [] and account.is_complete
    assert len(account.honoured) == 68


def test_what_the_network_keeps_is_cited_by_its_parts_and_the_rest_still_to_come() -> None:
    account = coverage(EDITION, SERVICE.spoken())
    by_network = {
        provision.path
        for provision in EDITION.provisions.values()
        if any(each.by == "network" for each in provision.honoured)
    }
    waiting = {each.path for each in account.awaiting}
    assert len(by_network) == 9 and waiting == by_network - NETWORK


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
    own = {name for name in EDITION.defects if name.startswith("SA-")}
    assert own == {f"SA-D{number:02}" for number in range(1, 16)}
    assert all(defect.where for defect in EDITION.defects.values())
