"""Every provision of the edition is honoured by code that exists: take a rule away and its provision stands open."""

import json
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from kitei.desk.cases import case_of
from kitei.services.ddos import SERVICE
from kitei.services.ddos.application import ACTS
from kitei.services.ddos.cases import translate
from kitei.services.ddos.edition import TERMS
from kitei.services.ddos.rules import RULES
from kitei.terms import Cite, coverage

EDITION = TERMS.editions[-1]
OWN = Path(__file__).parents[2] / "cases" / "ddos-protection.json"
BY_RULE = sorted(
    {
        str(each.what)
        for provision in EDITION.provisions.values()
        for each in provision.honoured
        if each.by == "rule"
    }
)


def test_all_115_provisions_are_honoured() -> None:
    account = coverage(EDITION, SERVICE.spoken())
    assert [str(each) for each in account.open] == [] and account.is_complete
    assert len(account.honoured) == 115


def test_what_the_network_keeps_is_kept_by_parts_of_nodes() -> None:
    account = coverage(EDITION, SERVICE.spoken())
    promised = {
        path
        for path, provision in EDITION.provisions.items()
        if any(each.by == "network" for each in provision.honoured)
    }
    assert promised == SERVICE.spoken().network
    assert account.awaiting == ()


@pytest.mark.parametrize("path", BY_RULE)
def test_a_rule_that_is_taken_away_leaves_its_provision_open(path: str) -> None:
    said = SERVICE.spoken()
    account = coverage(EDITION, replace(said, rules=said.rules - {path}))
    assert path in {each.provision.path for each in account.open}


def test_every_act_has_rules_and_every_rule_an_act() -> None:
    assert set(RULES) == set(ACTS.values())


@pytest.fixture(scope="module")
def cited() -> dict[str, set[str]]:
    """What each rule cites over all of our own cases, by the provision it is registered under."""
    found: dict[str, set[str]] = defaultdict(set)
    for written in json.loads(OWN.read_text()):
        asked, situation = translate(case_of(written))
        assert asked.at == datetime.fromisoformat(written["when"]["at"])
        for rule in RULES[type(asked)]:
            for finding in rule.test(asked, situation):
                for path in rule.paths:
                    found[path] |= {cite.path for cite in finding.cites}
    return found


@pytest.mark.parametrize("path", BY_RULE)
def test_a_rule_cites_the_provision_it_speaks_for(path: str, cited: dict[str, set[str]]) -> None:
    assert path in cited[path], f"no case makes a rule registered under {path} cite it"


def test_a_provision_that_no_code_knows_is_told(cited: dict[str, set[str]]) -> None:
    said = SERVICE.spoken()
    account = coverage(EDITION, replace(said, rules=said.rules | {"art:99.1"}))
    assert account.stray == (("rule", "art:99.1"),)
    assert Cite.parse(f"{TERMS.service}@2025-11-01#art:1.1").path in cited
