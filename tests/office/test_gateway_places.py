"""Gateways as they are stated: read whole, kept, and compiled with the customer's contracts."""

import re
import tomllib
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Unreadable
from kitei.ledger import Fact
from kitei.network import BackboneLink, Egress, Filter
from kitei.office import Office
from kitei.office.access.deciding import end_what_is_over
from kitei.office.publishing import Publishing
from kitei.office.statements import read_statement
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.firewall import read_policy
from kitei.values import JST

GATEWAY: dict[str, Any] = {
    "node": "gw-acme",
    "customer": "acme",
    "outside": "wan0",
    "shared": ["203.0.113.100", "2001:db8::100"],
    "shared_ports": "1024-16383",
    "dedicated": ["203.0.113.60", "2001:db8::60"],
    "pools": ["10.255.0.0/24", "fd00:c1::/64"],
    "endpoint": "vpn.example.jp",
    "inside": "lan0",
    "inside_prefixes": ["10.1.0.0/16"],
    "backbone": "bb0",
    "backbone_prefixes": ["10.200.0.0/16"],
    "backbone_via": ["10.199.0.1"],
}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("outside", "", "outside"),
        ("inside", "wan0", "outside"),
        ("shared", [], "shared"),
        ("shared", ["203.0.113.100", "203.0.113.101"], "shared"),
        ("shared_ports", "16383-1024", "shared_ports"),
        ("dedicated", ["203.0.113.60"], "dedicated"),
        ("dedicated", ["x"], "dedicated[0]"),
        ("pools", ["10.255.0.1/24"], "pools[0]"),
        ("pools", ["10.1.2.0/24"], "inside_prefixes[0]"),
        ("backbone", "", "backbone"),
        ("backbone_via", [], "backbone_via"),
        ("listen", 0, "listen"),
        ("visits", ["https://status.example.jp/"], "visits[0]"),
    ],
)
def test_what_could_not_stand_on_a_node_is_told_by_its_field(field: str, value: Any, told: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_statement("gateway", {**GATEWAY, field: value}, "gateway[0]", TERMS.first)
    assert f"gateway[0].{told}" in [each.place for each in error.value.faults]


def test_a_gateway_is_compiled_from_the_ledger_and_joined_while_the_backbone_is_held(office: Office) -> None:
    stated = read_statement("gateway", GATEWAY, "gateway[0]", TERMS.first).fact(office.today())
    held = {
        "holds": "IIJプライベートバックボーンサービス",
        "id": "b1",
        "first": "2026-01-01",
        "last": "2026-06-30",
    }
    office.state([stated, ("customer:acme", Fact("service.held", held, date(2026, 1, 1)))], "test")
    kinds = ({"kind": "firewall-1"}, {"kind": "private-connect", "item": "1gbps"})
    asked = {"by": "acme", "services": [{**each, "accounts": 50} for each in kinds]}
    office.apply("apply", asked, service="secure-access")
    publishing = Publishing.of(office)
    (place,) = publishing.estate().gateways
    assert {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(place).items()} == {
        **GATEWAY,
        "listen": 51820,
        "contracts": [],
        "visits": [],
    }
    for day, joined in ((date(2026, 6, 30), True), (date(2026, 7, 1), False)):
        parts = publishing.plan(day).after.nodes["gw-acme"].parts
        assert any(isinstance(part, BackboneLink) for part in parts) is joined
        assert any("bb0" in " ".join(part.zones) for part in parts if isinstance(part, Filter)) is joined


@pytest.mark.parametrize("page", ["access-gateway.md", "access-gateway.ja.md"])
def test_what_the_page_shows_can_be_stated_and_decided(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    stated, decided = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    for each in tomllib.loads(stated)["gateway"]:
        assert read_statement("gateway", each, "gateway[0]", TERMS.first).kind == "gateway.placed"
    assert [rule.id for rule in read_policy(decided).rules] == ["no-lab", "web-out"]


def test_an_option_and_a_service_that_end_leave_the_gateway_with_their_day(
    office: Office, clock: Any
) -> None:
    stated = read_statement("gateway", GATEWAY, "gateway[0]", TERMS.first).fact(office.today())
    held = {
        "holds": "IIJプライベートバックボーンサービス",
        "id": "b1",
        "first": "2026-01-01",
        "last": "2026-06-30",
    }
    office.state([stated, ("customer:acme", Fact("service.held", held, date(2026, 1, 1)))], "test")
    kinds = ({"kind": "firewall-1"}, {"kind": "private-connect", "item": "1gbps"})
    options = {"firewall-1": [{"option": "dedicated-ip"}]}
    services = [{**each, "accounts": 50, "options": options.get(each["kind"], [])} for each in kinds]
    office.apply("apply", {"by": "acme", "services": services}, service="secure-access")
    Publishing.of(office).apply_plan()
    stop = {"by": "acme", "contract": "acme-firewall-1-1", "option": "dedicated-ip"}
    office.apply("stop-option", stop, service="secure-access")

    def stands() -> tuple[bool, bool, bool]:
        parts = Publishing.of(office).published_intent().nodes["gw-acme"].parts
        (egress,) = [part for part in parts if isinstance(part, Egress)]
        (gate,) = [part for part in parts if isinstance(part, Filter)]
        assert gate.guarded == egress.addresses
        joined = any(isinstance(part, BackboneLink) for part in parts)
        return egress.dedicated, joined, "bb0" in " ".join(gate.zones)

    assert end_what_is_over(office) == () and stands() == (True, True, True)
    clock.at = datetime(2026, 5, 10, 0, 0, 1, tzinfo=JST)
    assert end_what_is_over(office) == ("gw-acme",) and stands() == (False, True, True)
    clock.at = datetime(2026, 7, 1, 0, 0, 1, tzinfo=JST)
    assert end_what_is_over(office) == ("gw-acme",) and stands() == (False, False, False)
    assert end_what_is_over(office) == ()
