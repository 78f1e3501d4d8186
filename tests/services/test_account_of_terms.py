"""Every service's terms are accounted for, provision by provision, by code that exists."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from kitei.catalogue import SERVICES
from kitei.service import Service
from kitei.terms import coverage

INDEX = Path(__file__).parents[3] / "shared" / "terms" / "provisions.json"


@pytest.fixture(params=list(SERVICES))
def service(request: pytest.FixtureRequest) -> Service:
    return SERVICES[request.param]


def test_nothing_of_the_terms_stands_open(service: Service) -> None:
    account = coverage(service.terms.editions[-1], service.spoken())
    assert [str(each) for each in account.open] == []
    assert account.stray == ()


def test_whichever_rule_is_taken_away_its_provisions_stand_open(service: Service) -> None:
    edition, said = service.terms.editions[-1], service.spoken()
    resting = defaultdict(set)
    for provision in edition.provisions.values():
        for way in provision.honoured:
            if way.by == "rule":
                resting[way.what].add(provision.path)
    assert resting, f"no provision of {edition} rests on a rule"
    for rule, paths in resting.items():
        without = coverage(edition, replace(said, rules=said.rules - {str(rule)}))
        assert {each.provision.path for each in without.open} == paths


def test_the_edition_has_every_provision_that_the_index_lists(service: Service) -> None:
    if not INDEX.exists():
        pytest.skip(f"{INDEX} is not there")
    listed = {each["provision"] for each in json.loads(INDEX.read_text()) if each["service"] == service.name}
    if not listed:
        pytest.skip(f"{INDEX} lists nothing of {service.name}")
    assert listed <= set(service.terms.editions[-1].provisions)


def test_what_only_words_answer_says_so_in_both_languages(service: Service) -> None:
    for provision in service.terms.editions[-1].provisions.values():
        for way in provision.honoured:
            if way.by == "note":
                assert not isinstance(way.what, str)
                assert way.what.ja.strip() and way.what.en.strip(), provision.cite
