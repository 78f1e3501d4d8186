"""Contracts of Secure Access as parts of a gateway: each with its contract and provisions, and none without."""

import base64
from datetime import date, timedelta
from typing import Any

import pytest

from kitei.clauses.history import History
from kitei.ledger import Fact
from kitei.network import (
    BackboneLink,
    Egress,
    Estate,
    Filter,
    FilterRule,
    GatewayPlace,
    RemoteAccess,
    RemoteDevice,
)
from kitei.services.secure_access import SERVICE
from kitei.services.secure_access.cases import LINE
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.intent import compile_contracts, unserved
from kitei.services.secure_access.spoken import NETWORK, WEB
from kitei.terms import Cite
from kitei.values import JsonObject, Span

DAY = date(2026, 6, 10)
AT = "2026-06-01T10:00:00+09:00"
PLACE = GatewayPlace(
    "gw-c1",
    "C1",
    "wan0",
    shared=("203.0.113.100", "2001:db8:100::1"),
    shared_ports="1024-16383",
    dedicated=("203.0.113.60", "2001:db8:60::1"),
    pools=("10.255.0.0/24", "fd00:c1::/64"),
    endpoint="203.0.113.7",
    inside="lan0",
    inside_prefixes=("10.1.0.0/16",),
    backbone="bb0",
    backbone_prefixes=("10.200.0.0/16",),
    backbone_via=("10.199.0.1",),
)
ESTATE = Estate(gateways=(PLACE,), backbones={"C1": (Span(date(2025, 1, 1)),)})
KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "firewall-1", "accounts": 50},
    {"kind": "remote-connect", "item": "type-a", "accounts": 50},
    {"kind": "private-connect", "item": "1gbps", "accounts": 50},
)
POLICY = """
[[rule]]
id = "out"
action = "allow"
from = ["user:tanaka", "zone:inside"]
to = ["zone:internet"]
service = ["tcp/443"]
[[rule]]
id = "nobody"
action = "allow"
from = ["group:sales"]
[[rule]]
id = "backbone"
action = "allow"
from = ["zone:remote"]
to = ["zone:backbone"]
until = 2026-12-31T18:00:00+09:00
"""


def public(number: int) -> str:
    return base64.b64encode(bytes([number] * 32)).decode()


class Told:
    """A customer's acts, one after another."""

    def __init__(self) -> None:
        self.history = History(LINE, DAY)
        body: JsonObject = {"holds": "IIJプライベートバックボーンサービス", "id": "b1", "first": "2025-01-01"}
        self.history.record("customer:C1", Fact("service.held", body, date(2025, 1, 1)))
        self.do("apply", services=list(KINDS))
        self.do("add-account", contract=REMOTE, account="tanaka", groups=["sales"])
        self.do("set-policy", contract=FIREWALL, text=POLICY)

    def do(self, act: str, **asked: Any) -> None:
        self.history.do(SERVICE.read(act, {"by": "C1", "at": AT, **asked}, TERMS.first))

    def parts(self, kind: type | None = None, estate: Estate = ESTATE, on: date = DAY) -> tuple[Any, ...]:
        nodes = compile_contracts(tuple(self.history.situation().contracts.values()), estate, on)
        parts = tuple(part for node in nodes for part in node.parts)
        return parts if kind is None else tuple(part for part in parts if isinstance(part, kind))


FIREWALL, REMOTE, PRIVATE = "C1-firewall-1-1", "C1-remote-connect-1", "C1-private-connect-1"


@pytest.fixture
def told() -> Told:
    return Told()


def test_every_part_cites_and_what_parts_cite_is_what_the_code_speaks_for(told: Told) -> None:
    told.do("enrol-device", contract=REMOTE, account="tanaka", device="laptop", public_key=public(1))
    told.do("add-option", contract=FIREWALL, option="dedicated-ip")
    assert {type(part) for part in told.parts()} == {
        *(Filter, FilterRule, Egress, RemoteAccess, RemoteDevice, BackboneLink)
    }
    cites = {Cite.parse(cite).path for part in told.parts() for cite in part.origin.cites}
    assert cites == NETWORK - WEB
    owners = {type(part): part.origin.owner for part in told.parts()}
    assert owners[Filter] == owners[FilterRule] == owners[Egress] == FIREWALL
    assert owners[RemoteAccess] == owners[RemoteDevice] == REMOTE and owners[BackboneLink] == PRIVATE


def test_a_rule_names_people_by_the_addresses_of_their_devices(told: Told) -> None:
    assert [(rule.name, rule.sources) for rule in told.parts(FilterRule)] == [
        ("backbone", PLACE.pools),
        ("out", ("10.1.0.0/16",)),
    ], "a rule about somebody without a device is a rule about nobody"
    told.do("enrol-device", contract=REMOTE, account="tanaka", device="laptop", public_key=public(1))
    rules = {rule.name: rule for rule in told.parts(FilterRule)}
    own = ("10.255.0.2/32", "fd00:c1::2/128")
    assert rules["nobody"].sources == own and rules["out"].sources == (*own, "10.1.0.0/16")
    assert rules["out"].destinations == (
        *("!10.255.0.0/24", "!fd00:c1::/64", "!10.1.0.0/16", "!10.200.0.0/16"),
    )
    assert [rules[name].number for name in ("out", "nobody", "backbone")] == [1, 2, 3]
    assert rules["backbone"].until == "2026-12-31T18:00:00+09:00"


def test_a_device_keeps_its_address_under_a_new_key_and_gives_it_back_when_it_goes(told: Told) -> None:
    for number, device in enumerate(("one", "two"), 1):
        told.do("enrol-device", contract=REMOTE, account="tanaka", device=device, public_key=public(number))
    told.do("enrol-device", contract=REMOTE, account="tanaka", device="one", public_key=public(9))
    found = {each.name: each for each in told.parts(RemoteDevice)}
    assert found["one"].addresses == ("10.255.0.2/32", "fd00:c1::2/128")
    assert found["one"].public_key == public(9) and found["two"].addresses[0] == "10.255.0.3/32"
    told.do("revoke-device", contract=REMOTE, device="one")
    told.do("enrol-device", contract=REMOTE, account="tanaka", device="three", public_key=public(3))
    assert {each.name: each.addresses[0] for each in told.parts(RemoteDevice)} == {
        "two": "10.255.0.3/32",
        "three": "10.255.0.2/32",
    }
    told.do("remove-account", contract=REMOTE, account="tanaka")
    assert told.parts(RemoteDevice) == ()


def test_the_dedicated_address_is_used_while_the_option_is_held(told: Told) -> None:
    (shared,) = told.parts(Egress)
    assert (shared.addresses, shared.ports, shared.dedicated) == (PLACE.shared, "1024-16383", False)
    told.do("add-option", contract=REMOTE, option="dedicated-ip")
    (own,) = told.parts(Egress)
    assert (own.addresses, own.ports, own.dedicated, own.origin.owner) == (PLACE.dedicated, "", True, REMOTE)
    told.do("stop-option", contract=REMOTE, option="dedicated-ip", arrived="2026-06-01")
    last = date(2026, 7, 1)
    assert (
        told.parts(Egress, on=last)[0].dedicated
        and not told.parts(Egress, on=last + timedelta(1))[0].dedicated
    )


def test_the_backbone_is_joined_only_with_the_service_that_is_held(told: Told) -> None:
    (link,) = told.parts(BackboneLink)
    assert (link.port, link.via, link.megabits) == ("bb0", ("10.199.0.1",), 1000)
    without = Estate(gateways=(PLACE,), backbones={"C1": (Span(date(2025, 1, 1), date(2026, 6, 9)),)})
    assert told.parts(BackboneLink, without) == () and told.parts(BackboneLink, without, date(2026, 6, 9))
    assert "bb0" not in " ".join(told.parts(Filter, without)[0].zones)
    contracts = tuple(told.history.situation().contracts.values())
    assert [(each.contract, each.path) for each in unserved(contracts, without, DAY)] == [
        (PRIVATE, "art:2.1.t1.a2")
    ]


def test_a_contract_that_ends_takes_all_of_its_own_away(told: Told) -> None:
    for name in (FIREWALL, REMOTE, PRIVATE):
        told.do("cancel", contract=name, arrived="2026-06-01")
    last = date(2026, 7, 1)
    assert told.parts(on=last) and not told.parts(on=last + timedelta(1))


def test_what_stands_nowhere_is_told(told: Told) -> None:
    contracts = tuple(told.history.situation().contracts.values())
    assert not unserved(contracts, ESTATE, DAY)
    assert {each.contract for each in unserved(contracts, Estate(), DAY)} == {FIREWALL, REMOTE, PRIVATE}
    told.do(
        "apply", services=[{"kind": "firewall-1", "accounts": 50}, {"kind": "firewall-2", "accounts": 50}]
    )
    contracts = tuple(told.history.situation().contracts.values())
    assert {each.contract: each.path for each in unserved(contracts, ESTATE, DAY)} == {
        "C1-firewall-1-2": "art:1.1.t2",
        "C1-firewall-2-1": "art:1.1.t3",
    }
