"""Every provision of the edition is honoured by code that exists: take a rule away and its provision stands open."""

import sys
from dataclasses import replace
from pathlib import Path

from kitei.services.managed_vpn import SERVICE
from kitei.services.managed_vpn.contract import Item
from kitei.services.managed_vpn.edition import TERMS
from kitei.services.managed_vpn.intent import compile_sites
from kitei.services.managed_vpn.spoken import NETWORK
from kitei.terms import Cite, coverage

sys.path.insert(0, str(Path(__file__).parents[2] / "network"))
from sample import DAY, make_estate, make_network

EDITION = TERMS.editions[-1]
ITEMS: tuple[Item, ...] = ("single-star-single-edge", "dual-star-single-edge", "dual-star-dual-edge")


def cited_by_parts() -> frozenset[str]:
    """What the parts of all items cite, with options and closed monitoring."""
    found: set[str] = set()
    for item in ITEMS:
        sites = make_network("n", item, 2)
        sites[1] = replace(sites[1], monitored=("a",), options=("sfp-module", "vpn-module"))
        estate = make_estate(sites)
        machines = {
            serial: replace(machine, closed_port="cls0", closed_address="192.0.2.5/24")
            for serial, machine in estate.machines.items()
        }
        estate = replace(estate, machines=machines, monitor="noc", monitor_address="192.0.2.1/24")
        for node in compile_sites(sites, estate, DAY):
            found |= {Cite.parse(cite).path for part in node.parts for cite in part.origin.cites}
    return frozenset(found)


def test_what_is_told_of_the_network_is_what_its_parts_cite() -> None:
    assert cited_by_parts() == NETWORK


def test_all_101_provisions_are_honoured() -> None:
    account = coverage(EDITION, SERVICE.spoken())
    assert [str(each) for each in account.open] == [] and account.is_complete
    assert len(account.honoured) == 101 and account.awaiting == ()


def test_a_rule_that_is_taken_away_leaves_its_provision_open() -> None:
    said = SERVICE.spoken()
    account = coverage(EDITION, replace(said, rules=said.rules - {"art:9.2"}))
    assert [each.provision.cite.path for each in account.open] == ["art:9.2"]
