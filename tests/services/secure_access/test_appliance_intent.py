"""A contract of firewall type 2 as parts of a gateway, each with its contract and provisions."""

from datetime import date
from typing import Any

import pytest

from kitei.clauses.history import History
from kitei.network import Appliance, Estate, Filter, FilterRule, GatewayPlace, sacks_of
from kitei.services.secure_access import SERVICE
from kitei.services.secure_access.cases import LINE
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.intent import compile_contracts, unserved
from kitei.services.secure_access.observation import availabilities
from kitei.services.secure_access.spoken import NETWORK, STANDS_IN
from kitei.terms import Cite

DAY = date(2026, 6, 10)
AT = "2026-06-01T10:00:00+09:00"
PLACE = GatewayPlace(
    "gw-c1", "C1", "wan0", shared=("203.0.113.100",), inside="lan0", inside_prefixes=("10.1.0.0/16",)
)
POLICY = """
[[rule]]
id = "plain"
action = "allow"
service = ["udp/53"]
[[rule]]
id = "staff"
action = "allow"
profile = "strict"
[[rule]]
id = "guests"
action = "allow"
profile = "loose"
[profile.loose]
when-blind = "allow"
[[profile.strict.application]]
id = "no-peers"
action = "deny"
names = ["bittorrent"]
"""
FIREWALL = "C1-firewall-2-1"


class Told:
    def __init__(self, *kinds: str) -> None:
        self.history = History(LINE, DAY)
        self.do("apply", services=[{"kind": kind, "accounts": 50} for kind in kinds])

    def do(self, act: str, **asked: Any) -> None:
        self.history.do(SERVICE.read(act, {"by": "C1", "at": AT, **asked}, TERMS.first))

    @property
    def contracts(self) -> tuple[Any, ...]:
        return tuple(self.history.situation().contracts.values())

    def parts(self, estate: Estate) -> tuple[Any, ...]:
        return tuple(part for node in compile_contracts(self.contracts, estate, DAY) for part in node.parts)


@pytest.fixture
def told() -> Told:
    told = Told("firewall-2")
    told.do("set-policy", contract=FIREWALL, text=POLICY)
    return told


def test_rules_lead_to_the_appliance_of_their_profile(told: Told) -> None:
    parts = told.parts(Estate(gateways=(PLACE,), sacks={"threat-signatures": "threat-signatures@2"}))
    found = {part.name: part for part in parts if isinstance(part, Appliance)}
    assert {name: (each.blind, each.version, each.sack) for name, each in found.items()} == {
        "loose": ("allow", 1, "threat-signatures@2"),
        "strict": ("deny", 1, "threat-signatures@2"),
    }
    assert {part.name: part.profile for part in parts if isinstance(part, FilterRule)} == {
        "plain": 0,
        "staff": found["strict"].number,
        "guests": found["loose"].number,
    }
    assert set(sacks_of(parts)) == {"threat-signatures@2"}, "so that it reaches the node"
    (gate,) = (part for part in parts if isinstance(part, Filter))
    assert gate.version == 1 and gate.origin.owner == FIREWALL


def test_every_part_cites_type_2_which_is_not_counted_as_honoured(told: Told) -> None:
    parts = told.parts(Estate(gateways=(PLACE,)))
    cites = {Cite.parse(cite).path for part in parts for cite in part.origin.cites}
    assert "art:1.1.t3" in cites and cites <= NETWORK | STANDS_IN and not NETWORK & STANDS_IN
    assert "art:1.1.t3" not in SERVICE.spoken().network


def test_that_another_engine_stands_in_is_told_for_as_long_as_it_does(told: Told) -> None:
    found = unserved(told.contracts, Estate(gateways=(PLACE,)), DAY)
    assert [each.path for each in found] == ["art:1.1.t3"] and "Suricata" in found[0].why.en


def test_a_gateway_has_one_firewall_of_either_type() -> None:
    both = Told("firewall-1", "firewall-2")
    parts = both.parts(Estate(gateways=(PLACE,)))
    (gate,) = (part for part in parts if isinstance(part, Filter))
    other = ({"C1-firewall-1-1", FIREWALL} - {gate.origin.owner}).pop()
    told = {each.contract for each in unserved(both.contracts, Estate(gateways=(PLACE,)), DAY)}
    assert other in told


def test_a_firewall_rests_on_its_filter_and_an_appliance_is_a_state(told: Told) -> None:
    nodes = compile_contracts(told.contracts, Estate(gateways=(PLACE,)), DAY)
    found = availabilities(told.contracts, nodes, DAY)[FIREWALL]
    assert [point.subject for point in found.paths] == ["filter"]
    assert {point.subject for point in found.states} == {"appliance:loose", "appliance:strict"}
