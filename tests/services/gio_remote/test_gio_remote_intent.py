"""Contracts of GIO Remote Access as parts of a gateway node: only with both kinds, each part with its provisions."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from kitei.clauses.history import History
from kitei.network import (
    BrowserGateway,
    EntranceProbe,
    Estate,
    LoginProbe,
    NetworkRelay,
    Prober,
    RadiusCaps,
    RadiusGroup,
    ReachedHosts,
    RemotePlace,
    TunnelGateway,
    UserTables,
)
from kitei.services.gio_remote import SERVICE
from kitei.services.gio_remote.cases import LINE
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.gateway_parts import realm_of
from kitei.services.gio_remote.intent import compile_contracts, unserved
from kitei.services.gio_remote.observation import availabilities
from kitei.services.gio_remote.spoken import NETWORK
from kitei.terms import Cite

DAY = date(2026, 6, 10)
AT = "2026-06-01T10:00:00+09:00"
GATEWAY = {"kind": "gateway", "item": "type-a", "sessions": 100, "hosts": [{"host": "10.1.1.10"}]}
TYPE_B = {
    "kind": "gateway",
    "item": "type-b",
    "accounts": 5,
    "browser": "Soliton",
    "browser_terms_accepted": True,
    "hosts": [{"host": "10.1.1.10"}, {"host": "App.acme.example"}],
}
PLACE = RemotePlace(
    "ra-c1",
    "C1",
    ("192.0.2.1",),
    "vpn.example.jp",
    "lan0",
    ("10.99.0.0/24", "fd99::/64"),
    resolvers=("10.1.1.53",),
)


class Told:
    """A customer's acts, one after another."""

    def __init__(self, *services: dict[str, Any]) -> None:
        self.history = History(LINE, DAY)
        self.do("apply", services=list(services))
        own = self.contracts()
        self.gateway = next((each.id for each in own if each.kind == "gateway"), "")
        self.network = next((each.id for each in own if each.kind == "network"), "")

    def do(self, act: str, **asked: Any) -> None:
        self.history.do(SERVICE.read(act, {"by": "C1", "at": AT, **asked}, TERMS.first))

    def contracts(self) -> tuple[Any, ...]:
        return tuple(self.history.situation().contracts.values())

    def estate(self, **sacks: str) -> Estate:
        names = ("papers.ra-c1", "nas.ra-c1", "prober.ra-c1", f"probe.{self.gateway}")
        there = {**{name: f"{name}@1" for name in names}, **sacks}
        users = {realm_of(self.gateway): UserTables("users@1")}
        return Estate(remote=(PLACE,), sacks=there, users=users)

    def parts(self, estate: Estate | None = None, on: date = DAY) -> dict[type, Any]:
        nodes = compile_contracts(self.contracts(), estate or self.estate(), on)
        return {type(part): part for node in nodes for part in node.parts}

    def lacks(self, estate: Estate | None = None) -> list[str]:
        return [each.path for each in unserved(self.contracts(), estate or self.estate(), DAY)]


@pytest.fixture
def told() -> Told:
    return Told(GATEWAY, {"kind": "network"})


def test_every_part_cites_and_what_parts_cite_is_what_the_code_speaks_for(told: Told) -> None:
    told.do("add-option", contract=told.gateway, option="server-certificate", server_name="vpn.acme.example")
    told.do("add-option", contract=told.gateway, option="matrix-authentication")
    parts = told.parts(told.estate(**{f"papers.{told.gateway}": "own@1"}))
    assert parts[RadiusGroup].methods == ("pap", "matrix")
    cites = {Cite.parse(cite).path for part in parts.values() for cite in part.origin.cites}
    browsers = Told(TYPE_B, {"kind": "network"}).parts()
    cites |= {Cite.parse(cite).path for part in browsers.values() for cite in part.origin.cites}
    assert cites == NETWORK
    assert parts[TunnelGateway].name == "vpn.acme.example" and parts[TunnelGateway].papers == "own@1"
    assert parts[NetworkRelay].origin.owner == told.network
    assert {part.origin.owner for part in parts.values()} == {told.gateway, told.network}


def test_without_its_network_a_gateway_relays_nothing(told: Told) -> None:
    assert not told.lacks()
    told.do("cancel", contract=told.network)
    assert NetworkRelay in told.parts(), "until the end of its last day"
    alone = tuple(each for each in told.contracts() if each.kind == "gateway")
    (node,) = compile_contracts(alone, told.estate(), DAY)
    kinds = {type(part) for part in node.parts}
    assert TunnelGateway in kinds and NetworkRelay not in kinds
    assert [each.path for each in unserved(alone, told.estate(), DAY)] == ["art:7.1"]
    lone = tuple(each for each in told.contracts() if each.kind == "network")
    assert compile_contracts(lone, told.estate(), DAY) == ()


def test_sessions_and_hosts_and_addresses_are_those_of_the_day(told: Told) -> None:
    parts = told.parts()
    assert parts[RadiusCaps].sessions == 100 and parts[ReachedHosts].prefixes == ("10.1.1.10/32",)
    assert parts[TunnelGateway].pools == PLACE.pools
    told.do("designate", contract=told.gateway, add_addresses=["10.200.0.0/20"], add_hosts=["10.1.2.0/24"])
    told.do("change", contract=told.gateway, matter="sessions", number=150)
    parts = told.parts()
    assert parts[RadiusCaps].sessions == 150
    assert parts[ReachedHosts].prefixes == ("10.1.1.10/32", "10.1.2.0/24")
    assert parts[TunnelGateway].pools == ("10.200.0.0/20", "fd99::/64"), "the contract's own of its family"


def test_what_is_lacking_is_told_and_nothing_half_built(told: Told) -> None:
    whole = told.estate()
    for name, paths in (("papers.ra-c1", ["art:1.1.t1"]), ("nas.ra-c1", [])):
        less = replace(whole, sacks={key: each for key, each in whole.sacks.items() if key != name})
        assert told.parts(less) == {} and told.lacks(less) == paths
    assert told.lacks(replace(whole, users={})) == ["art:1.1.t1"]
    assert told.parts(replace(whole, users={})) == {}
    small = replace(whole, remote=(replace(PLACE, pools=("10.99.0.0/26",)),))
    assert told.lacks(small) == ["art:5.2"]
    assert told.lacks(replace(whole, remote=())) == ["art:1.1.t1"]
    told.do("designate", contract=told.gateway, add_hosts=["app.example.jp"])
    nobody_to_ask = replace(whole, remote=(replace(PLACE, resolvers=()),))
    assert told.lacks(nobody_to_ask) == ["art:1.1.t1"]
    assert told.parts(nobody_to_ask)[ReachedHosts].names == ()


def test_names_through_a_tunnel_are_asked_of_the_places_resolvers(told: Told) -> None:
    assert told.parts()[TunnelGateway].resolvers == (), "nothing is asked where no name is designated"
    told.do("designate", contract=told.gateway, add_hosts=["App.example.jp"])
    parts = told.parts()
    assert parts[TunnelGateway].resolvers == PLACE.resolvers and not told.lacks()
    assert parts[ReachedHosts].names == ("app.example.jp",)
    assert parts[ReachedHosts].prefixes == ("10.1.1.10/32",)


def test_a_gateway_for_browsers_passes_names_on_too_and_has_no_tunnels() -> None:
    told = Told(TYPE_B, {"kind": "network"})
    assert told.lacks() == [] and TunnelGateway not in told.parts() and RadiusCaps not in told.parts()
    parts = told.parts()
    assert parts[BrowserGateway].resolvers == PLACE.resolvers and parts[BrowserGateway].listen == (
        "192.0.2.1",
    )
    assert (parts[ReachedHosts].prefixes, parts[ReachedHosts].names) == (
        ("10.1.1.10/32",),
        ("app.acme.example",),
    )
    assert parts[RadiusGroup].accounts == 5 and parts[RadiusGroup].methods == ("pap",)
    told.do("change", contract=told.gateway, matter="accounts", number=8)
    assert told.parts()[RadiusGroup].accounts == 8
    bare = replace(told.estate(), remote=(replace(PLACE, pools=()),))
    assert BrowserGateway in told.parts(bare) and told.lacks(bare) == []
    assert told.parts(replace(told.estate(), users={})) == {}


def test_a_place_that_names_a_contract_serves_it_and_another_the_rest(told: Told) -> None:
    other = replace(PLACE, node="ra-c1-b", outside=("192.0.2.9",), contract=told.gateway)
    papers = {"papers.ra-c1-b": "b@1", "nas.ra-c1-b": "b@1"}
    estate = replace(told.estate(**papers), remote=(PLACE, other))
    (node,) = compile_contracts(told.contracts(), estate, DAY)
    assert node.node == "ra-c1-b" and told.lacks(estate) == []


def test_users_are_the_contracts_own_and_the_operator_logs_in_as_nobody(told: Told) -> None:
    parts = told.parts()
    assert parts[RadiusGroup].realm == realm_of(told.gateway) and parts[RadiusGroup].users == "users@1"
    assert parts[LoginProbe].user.endswith(f"@{realm_of(told.gateway)}")


def test_a_gateway_and_its_network_are_watched_by_the_node_itself(told: Told) -> None:
    nodes = compile_contracts(told.contracts(), told.estate(), DAY)
    found = availabilities(told.contracts(), nodes, DAY)
    assert [point.subject for point in found[told.gateway].paths] == ["tunnel-gateway"]
    assert [point.what for point in found[told.gateway].states] == ["login"]
    assert [point.subject for point in found[told.network].paths] == ["network-relay"]


def test_probers_look_at_every_address_from_outside_and_the_node_still_knows_better(told: Told) -> None:
    place = replace(PLACE, outside=("192.0.2.1", "2001:db8::1"))
    probers = (Prober("probe-1", "198.51.100.1"), Prober("probe-2", "198.51.100.2"))
    estate = replace(told.estate(), remote=(place,), probers=probers)
    nodes = compile_contracts(told.contracts(), estate, DAY)
    assert [node.node for node in nodes] == ["probe-1", "probe-2", "ra-c1"]
    probes = [part for part in nodes[0].parts if isinstance(part, EntranceProbe)]
    assert {(each.address, each.leads) for each in probes} == {
        ("192.0.2.1", "tunnels"),
        ("2001:db8::1", "tunnels"),
    }
    assert all(each.origin.owner == told.gateway and each.origin.cites for each in probes)
    mine = availabilities(told.contracts(), nodes, DAY)[told.gateway]
    assert {(point.source, point.what) for point in mine.paths} == {
        ("probe-1", "entrance"),
        ("probe-2", "entrance"),
    }
    assert [(point.source, point.subject) for point in mine.needs] == [("ra-c1", "tunnel-gateway")]
