"""What the terms decide of a request is what a node answers: the rules and the policy made of the same contracts."""

from dataclasses import replace
from typing import Any

import pytest
from test_auth_outsource_intent import DAY, ESTATE, LINES, Told, a_group, a_proxy, a_vpdn

from kitei.desk import Verdict
from kitei.drivers.freeradius.policy import policy_text
from kitei.network import Estate, sacks_of
from kitei.radius.document import read_policy
from kitei.radius.policy import Policy, User, World, answer
from kitei.services.auth_outsource import SERVICE
from kitei.services.auth_outsource.cases import LINE

ANYONE = User(hashed="h:pw")
REALMS = ("a.example", "b.example", "type-d.example", "type-k.example", "nobody.example", "A.Example")
SOURCES = ("192.0.2.1", "192.0.2.2", "192.0.2.99")
LINE_OF = {"D": "type-d", "K": "type-k", "I": "type-i"}
SERVED = ("accept", "check", "eap", "proxy")


def policy_of(told: Told, estate: Estate = ESTATE) -> Policy:
    """What a node knows once every sack has arrived."""
    node = told.nodes(estate)[0]
    text = policy_text(node.parts, sacks_of(node.parts).keys(), "relay")
    return read_policy(text, lambda users, changes: lambda name: ANYONE, lambda sack: "secret").policy


def world(sessions: int = 0, each: int = 0, octets: int = 0, dead: frozenset[str] = frozenset()) -> World:
    return World(
        may_ask=lambda address, rate: True,
        is_password=lambda who, password, hashed: True,
        sessions=lambda realm, user: (sessions, each),
        octets=lambda realm, user: (octets, 0),
        dead=dead,
    )


def is_served(told: Told, **event: Any) -> bool:
    written = {"by": "operator", "at": f"{DAY}T10:00:00+09:00", **event}
    asked = SERVICE.read("network-event", written, LINE.terms.first)
    return SERVICE.decide(asked, told.situation(), asked.at).outcome is Verdict.ACCEPT


@pytest.fixture(scope="module")
def told() -> Told:
    """A group, a proxy, and VPDN of two types, each another customer's."""
    found = Told(LINE, DAY)
    a_group(found)
    found.ask("prepare", contract="C1-group-1", methods=["pap"])
    a_proxy(found)
    a_vpdn(found, "type-d", "C3")
    a_vpdn(found, "type-k", "C4")
    return found


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("realm", REALMS)
def test_a_login_is_answered_as_the_terms_decide(told: Told, source: str, realm: str) -> None:
    user = f"alice@{realm}"
    request = {"User-Name": user, "User-Password": "pw"}
    answered = answer(policy_of(told), world(), source, request).act in SERVED
    assert answered == is_served(told, event="access-request", source=source, user=user)


@pytest.mark.parametrize("concentrator", ESTATE.concentrators, ids=lambda each: each.carries)
@pytest.mark.parametrize("realm", REALMS)
def test_a_tunnel_is_given_as_the_terms_decide(told: Told, concentrator: Any, realm: str) -> None:
    user, item = f"m1@{realm}", LINE_OF[concentrator.carries]
    policy = policy_of(told)
    request = {"User-Name": user, "User-Password": "pw"}
    given = answer(policy, world(), concentrator.address, request).act in SERVED
    line = LINES[item]
    plan = next(value for key, value in line.items() if key != "holds")
    assert given == is_served(told, event="vpdn-request", user=user, line=line["holds"], plan=plan)


@pytest.mark.parametrize("sessions", range(6))
@pytest.mark.parametrize("each", range(3))
def test_caps_keep_out_whom_the_terms_let_them_keep_out(sessions: int, each: int) -> None:
    found = Told(LINE, DAY)
    a_group(found)
    found.ask("prepare", contract="C1-group-1", methods=["pap"])
    caps = {"max-sessions-per-realm": 3, "max-sessions-per-user": 2}
    for name, value in caps.items():
        found.say("operator.set", name=name, value=value)
    user = "alice@a.example"
    request = {"User-Name": user, "User-Password": "pw"}
    policy = policy_of(found, replace(ESTATE, caps=caps))
    answered = answer(policy, world(sessions, each), "192.0.2.1", request).act in SERVED
    event = {"source": "192.0.2.1", "user": user, "sessions": sessions, "user_sessions": each}
    assert answered == is_served(found, event="access-request", **event)


@pytest.mark.parametrize("octets", [999, 1000, 1001])
def test_octets_of_a_month_are_used_up_for_both_at_once(octets: int) -> None:
    found = Told(LINE, DAY)
    a_group(found)
    found.ask("prepare", contract="C1-group-1", methods=["pap"])
    found.say("operator.set", name="max-octets-per-month", value=1000)
    policy = policy_of(found, replace(ESTATE, caps={"max-octets-per-month": 1000}))
    request = {"User-Name": "alice@a.example", "User-Password": "pw"}
    answered = answer(policy, world(octets=octets), "192.0.2.1", request).act in SERVED
    event = {"source": "192.0.2.1", "user": "alice@a.example", "octets": octets}
    assert answered == is_served(found, event="access-request", **event) == (octets < 1000)


@pytest.mark.parametrize("down", [(), ("192.0.2.110",), ("192.0.2.111",), ("192.0.2.110", "192.0.2.111")])
@pytest.mark.parametrize("balanced", [False, True])
def test_terminators_that_are_down_are_left_out_by_both(down: tuple[str, ...], balanced: bool) -> None:
    found = Told(LINE, DAY)
    a_vpdn(found)
    if balanced:
        found.ask("add-option", "C3", contract="C3-vpdn-1", option="load-balancing")
    request = {"User-Name": "m1@type-d.example"}
    dead = frozenset(f"l2tp-{each}" for each in down)
    given = answer(policy_of(found), world(dead=dead), "203.0.113.1", request).act in SERVED
    event = {"contract": "C3-vpdn-1", "down": list(down)}
    assert given == is_served(found, event="vpdn-request", **event) == (len(down) < 2)
