"""What Web gateways tell of refusals and held files: whose it is, by which rule, and which rules never decide."""

from datetime import timedelta
from typing import Any

import pytest

from kitei.clock import wall_clock
from kitei.desk import Verdict
from kitei.network.events import Batch, Event
from kitei.office import Office
from kitei.office.access.web_log import KEPT_DAYS, records, rule_hits
from kitei.office.publishing import Publishing
from kitei.office.statements import read_statement
from kitei.office.takers import TAKERS
from kitei.office.telling import Telling
from kitei.services.secure_access.edition import TERMS

GATEWAY = {"outside": "wan0", "shared": ["203.0.113.100"], "inside": "lan0"}
POLICY = """
default = "allow"
[[rule]]
id = "r-bad"
action = "block"
domains = ["bad.example"]
[[rule]]
id = "r-never"
action = "block"
domains = ["never.example"]
"""
REFUSED = {
    **{"who": "tanaka", "user": "", "source": "10.1.0.2", "url": "http://bad.example/x", "rule": "r-bad"},
    **{"policy": 1, "contract": "somebody-else", "action": "block"},
}
HELD = {
    **{"user": "", "source": "10.1.0.3", "url": "https://ok.example/a.sh", "action": "block", "policy": 1},
    **{"outcome": "suspicious", "told": ["connects to 198.51.100.7 port 4444"], "digest": "ab" * 32},
}


@pytest.fixture
def standing(office: Office) -> Office:
    """Two customers with a Web gateway each, and a policy of one of them."""
    for name in ("acme", "bolt"):
        told = {**GATEWAY, "node": f"gw-{name}", "customer": name}
        office.state(
            [read_statement("gateway", told, "gateway[0]", TERMS.first).fact(office.today())], "test"
        )
        asked = {"by": name, "services": [{"kind": "web-gateway", "accounts": 50}]}
        office.apply("apply", asked, service="secure-access")
    asked = {"by": "acme", "contract": "acme-web-gateway-1", "text": POLICY}
    decided = office.apply("set-policy", asked, service="secure-access")
    assert decided.decision.verdict is Verdict.ACCEPT, decided.decision.findings
    Publishing.of(office).apply_plan()
    return office


def tell(office: Office, lane: str, number: int, kind: str, body: Any, node: str = "gw-acme") -> None:
    event = Event(number, wall_clock(), kind, body)
    Telling.of(office, TAKERS).take(node, Batch(lane, "ab" * 8, (event,)))


def test_it_belongs_to_whom_the_node_was_told_of_whatever_it_says(standing: Office) -> None:
    tell(standing, "web", 1, "web.refused", REFUSED)
    tell(standing, "held", 1, "web.held", HELD)
    held, refused = records(standing, "acme-web-gateway-1")
    assert (refused.kind, refused.rule, refused.policy, refused.account, refused.url) == (
        *("refused", "r-bad", 1, "tanaka", "http://bad.example/x"),
    )
    assert (held.kind, held.rule, held.told, held.digest) == (
        *("held", "suspicious", "connects to 198.51.100.7 port 4444", "ab" * 32),
    )
    assert abs(held.at - standing.clock()) < timedelta(minutes=1)
    assert records(standing, "somebody-else") == records(standing, "bolt-web-gateway-1") == ()


def test_rules_that_never_decided_are_seen(standing: Office) -> None:
    for number, count in ((1, 3), (2, 4)):
        hit = {"contract": "x", "policy": 1, "rule": "r-bad", "action": "block", "count": count}
        tell(standing, "web", number, "web.hits", hit)
    assert rule_hits(standing, "acme-web-gateway-1") == {"r-bad": 7, "r-never": 0, "default": 0}
    assert rule_hits(standing, "bolt-web-gateway-1") == {}


def test_what_cannot_be_read_is_left_out_and_holds_up_nothing(standing: Office) -> None:
    tell(standing, "web", 1, "web.refused", {"policy": "x"})
    tell(standing, "web", 2, "web.refused", REFUSED)
    assert [each.rule for each in records(standing, "acme-web-gateway-1")] == ["r-bad"]


def test_it_is_forgotten_in_time(standing: Office, clock: Any) -> None:
    tell(standing, "web", 1, "web.refused", REFUSED)
    clock.at += timedelta(days=KEPT_DAYS + 1)
    tell(standing, "held", 257, "web.held", HELD)
    assert [each.kind for each in records(standing, "acme-web-gateway-1")] == ["held"]
