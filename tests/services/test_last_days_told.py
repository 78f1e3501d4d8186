"""Every contract of every decided case has its last days told, whatever its service."""

import importlib
from datetime import datetime
from itertools import chain

import pytest
from decided_pages import pages

from kitei.catalogue import SERVICES, packages
from kitei.desk.casebook import Page
from kitei.office.due import claims, crossings, deadlines
from kitei.terms import Cite


@pytest.mark.parametrize("page", pages())
def test_last_days_are_told_with_what_they_rest_on(page: Page) -> None:
    assert page.case is not None
    service = SERVICES[page.case.service]
    act, s = importlib.import_module(f"{packages()[service.name]}.cases").translate(page.case)
    assert isinstance(act.at, datetime)
    for contract in s.contracts.values():
        found = list(
            chain(
                deadlines(contract, s),
                claims(contract, service, s, act.at),
                crossings(contract, s.edition.transitions),
                service.deadlines(contract, s),
            )
        )
        for each in found:
            assert (each.contract, each.customer) == (contract.id, contract.customer)
            assert each.what.ja.strip() and each.what.en.strip() and each.kind
            for cite in each.cites:
                assert Cite.parse(cite).path in s.edition.provisions
        keys = [each.key for each in found]
        assert len(keys) == len(set(keys)), keys
        if contract.term:
            assert any(each.kind == "term" and each.on == contract.term.last for each in found)
