"""From a Web gateway's contract to its node: the proxy, what it decides by, who is who, and what is held."""

import base64
from datetime import date, datetime
from typing import Any

import pytest

from kitei.clauses.history import History
from kitei.network import Estate, Filter, GatewayPlace, WebGateway, WebList, WebPolicy
from kitei.network.codec import part_json, part_of
from kitei.proxy.policy import Request
from kitei.services.secure_access import SERVICE
from kitei.services.secure_access.cases import LINE
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.intent import compile_contracts, unserved
from kitei.services.secure_access.spoken import WEB as SPOKEN
from kitei.services.secure_access.web_intent import WebAnswer, web_verdict
from kitei.terms import Cite
from kitei.values import JST

DAY = date(2026, 6, 10)
NOON = datetime(2026, 6, 10, 12, tzinfo=JST)
AT = "2026-06-01T10:00:00+09:00"
GATEWAY, REMOTE = "C1-web-gateway-1", "C1-remote-connect-1"
PLACE = GatewayPlace(
    "gw-c1",
    "C1",
    "wan0",
    shared=("203.0.113.100",),
    shared_ports="1024-16383",
    dedicated=("203.0.113.60", "2001:db8:60::1"),
    pools=("10.255.0.0/24", "fd00:c1::/64"),
    endpoint="203.0.113.7",
    inside="lan0",
    inside_prefixes=("10.1.0.0/16",),
)
SACKS = {"web-list.games": "web-list.games@2"}
ESTATE = Estate(gateways=(PLACE,), sacks=SACKS)
POLICY = """
default = "allow"
[lists]
partners = ["partner.example"]
[[rule]]
id = "r-partners"
action = "allow"
lists = ["partners"]
[[rule]]
id = "r-games"
action = "block"
categories = ["games"]
groups = ["sales"]
"""


class Told:
    """A customer's acts, one after another."""

    def __init__(self) -> None:
        self.history = History(LINE, DAY)
        kinds = [
            {"kind": "web-gateway", "accounts": 50},
            {"kind": "remote-connect", "item": "type-a", "accounts": 50},
        ]
        self.do("apply", services=kinds)
        self.do("add-account", contract=GATEWAY, account="sato", groups=["sales"])
        self.do("set-policy", contract=GATEWAY, text=POLICY)

    def do(self, act: str, **asked: Any) -> None:
        self.history.do(SERVICE.read(act, {"by": "C1", "at": AT, **asked}, TERMS.first))

    def parts(self, estate: Estate = ESTATE) -> tuple[Any, ...]:
        nodes = compile_contracts(tuple(self.history.situation().contracts.values()), estate, DAY)
        return tuple(part for node in nodes for part in node.parts)

    def part(self, kind: type, estate: Estate = ESTATE) -> Any:
        (found,) = (part for part in self.parts(estate) if isinstance(part, kind))
        return found

    def lacks(self, estate: Estate = ESTATE) -> list[tuple[str, str]]:
        contracts = tuple(self.history.situation().contracts.values())
        return [(each.contract, each.path) for each in unserved(contracts, estate, DAY)]

    def ask(self, host: str, estate: Estate = ESTATE, **more: Any) -> WebAnswer:
        lists = {"category.games": {"play.example"}}
        found = web_verdict(self.parts(estate), lists, Request(host, "/", **more), NOON)
        assert found is not None
        return found


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_contract_makes_a_proxy_and_everything_cites_it(told: Told) -> None:
    gateway, policy, listed = (told.part(kind) for kind in (WebGateway, WebPolicy, WebList))
    assert {each.origin.owner for each in (gateway, policy, listed)} == {GATEWAY}
    assert gateway.inside == gateway.intercepts and "lan0" in gateway.inside
    assert [name[:2] for name in gateway.inside] == ["la", "kw"]
    assert gateway.spares == ("10.1.0.0/16", "10.255.0.0/24", "fd00:c1::/64")
    assert (listed.name, listed.sack) == ("category.games", "web-list.games@2")
    assert told.part(Filter).serves == ("tcp/3128",)
    assert all(part_of(part_json(part)) == part for part in (gateway, policy, listed))
    assert told.lacks() == []


def test_what_parts_cite_is_what_the_code_speaks_for(told: Told) -> None:
    told.do("add-option", contract=GATEWAY, option="web-sandbox")
    own = [part for part in told.parts() if isinstance(part, WebGateway | WebPolicy | WebList)]
    cites = {Cite.parse(cite).path for part in own for cite in part.origin.cites}
    assert cites == SPOKEN | {"art:7.1.1"}


def test_until_the_customer_decides_nothing_passes_and_that_is_told() -> None:
    told = Told.__new__(Told)
    told.history = History(LINE, DAY)
    told.do("apply", services=[{"kind": "web-gateway", "accounts": 50}])
    answer = told.ask("ok.example").verdict
    assert (answer.action, answer.rule, answer.version, answer.contract) == ("block", "default", 0, GATEWAY)
    assert told.lacks() == [(GATEWAY, "art:7.1.1")]


def test_people_are_known_by_their_devices_and_groups(told: Told) -> None:
    assert told.ask("play.example", source="10.255.0.2").verdict.action == "allow"
    told.do("add-account", contract=REMOTE, account="tanaka", groups=["sales"])
    key = base64.b64encode(bytes(32 * [1])).decode()
    told.do("enrol-device", contract=REMOTE, account="tanaka", device="laptop", public_key=key)
    for source in ("10.255.0.2", "fd00:c1::2"):
        answer = told.ask("www.play.example", source=source)
        assert (answer.verdict.action, answer.verdict.rule, answer.verdict.user) == (
            "block",
            "r-games",
            "tanaka",
        )
        assert any(cite.endswith("#art:7.1.1") for cite in answer.cites)
    assert told.ask("partner.example", source="10.255.0.2").verdict.rule == "r-partners"


def test_a_list_that_is_not_there_is_told_and_its_rule_is_about_nothing(told: Told) -> None:
    without = Estate(gateways=(PLACE,))
    told.do("add-account", contract=GATEWAY, account="tanaka", groups=["sales"])
    assert told.lacks(without) == [(GATEWAY, "art:7.1.1")]
    assert told.ask("play.example", without, user="tanaka").verdict.rule == "default"
    assert not [part for part in told.parts(without) if isinstance(part, WebList)]


def test_what_the_policy_keeps_from_working_is_told(told: Told) -> None:
    told.do("add-option", contract=GATEWAY, option="web-sandbox")
    assert told.lacks() == [(GATEWAY, "art:9.2.2")]
    told.do("set-policy", contract=GATEWAY, text='default = "allow"\ninspect = true\nsign-in = true')
    assert told.lacks() == [(GATEWAY, "art:7.1.1")]
    known = Estate(gateways=(PLACE,), sacks={f"web-users.{GATEWAY}": f"web-users.{GATEWAY}@1"})
    assert told.lacks(known) == []


def test_bodies_are_held_with_the_option_and_only_the_gateways_part_changes(told: Told) -> None:
    before = told.part(WebPolicy)
    assert not told.part(WebGateway).holds
    told.do("add-option", contract=GATEWAY, option="web-sandbox")
    assert told.part(WebGateway).holds and told.part(WebPolicy) == before


def test_requests_leave_by_the_dedicated_addresses_while_the_option_is_held(told: Told) -> None:
    assert told.part(WebGateway).egress == ()
    told.do("add-option", contract=GATEWAY, option="dedicated-ip")
    gateway = told.part(WebGateway)
    assert gateway.egress == PLACE.dedicated
    assert any(cite.endswith("#art:9.2.1") for cite in gateway.origin.cites)


def test_a_changed_policy_changes_only_its_own_part(told: Told) -> None:
    before = told.part(WebGateway)
    told.do("set-policy", contract=GATEWAY, text='default = "block"')
    assert told.part(WebGateway) == before
    answer = told.ask("ok.example").verdict
    assert (answer.action, answer.version) == ("block", 2)


def test_a_host_that_is_none_is_refused(told: Told) -> None:
    with pytest.raises(ValueError, match="neither"):
        told.ask("a..b")
