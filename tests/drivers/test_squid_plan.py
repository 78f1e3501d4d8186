"""What the driver of Web gateways would do, without doing it: what restarts, what only changes, and who is at risk."""

from dataclasses import replace
from typing import Any

import pytest

from kitei.drivers.squid import Squid, SquidSeen
from kitei.drivers.squid.config import Folders, clamd_config, ports_of, ruleset, squid_config
from kitei.network import Origin, Part, Risk, WebGateway, WebList, WebPolicy
from kitei.proxy.policy import Policy, Rule, Sandbox
from kitei.proxy.written import Written, policy_text
from kitei.values import digest_of

FOR = Origin("C-1", ("secure-access@2026-04-01#art:1.1.t1",))
FOLDERS = Folders("/run/kitei-web/x", "/src", "/usr/bin/python3", "/lib/proxy.pyz")
GATEWAY = WebGateway(
    origin=FOR,
    name="Web gateway C-1",
    port=3128,
    inside=("lan0", "kwabc"),
    intercepts=("lan0",),
    resolvers=(),
    egress=("203.0.113.60", "2001:db8:60::1"),
    authority="",
    spares=("10.1.0.0/16", "fd00::/64"),
    holds=False,
    signatures="/var/lib/clamav",
)


def decided(version: int = 1, sign_in: bool = False, users: str | None = None, **more: Any) -> WebPolicy:
    rules = (Rule("r", "block", lists=("few",)),)
    policy = Policy(**{"contract": "C-1", "version": version, "rules": rules, "default": "allow", **more})
    return WebPolicy(FOR, policy_text(Written(policy, {"few": ("a.jp",)}, {})), sign_in, users)


def standing(*parts: Part, slot: int = 0, **more: Any) -> SquidSeen:
    """A node that has become as these parts want it."""
    gateway = next(part for part in parts if isinstance(part, WebGateway))
    policy = next(part for part in parts if isinstance(part, WebPolicy))
    fresh = SquidSeen(FOLDERS, sacks=frozenset({"users@1", "users@2", "list@1"}))
    started = next(step for step in Squid().plan(parts, fresh) if step.act == "start")
    running = {f"web-squid-{slot}", "web-records"} | (
        {"web-clamd", "web-sandbox"} if gateway.holds else set()
    )
    told: dict[str, Any] = {
        "present": True,
        "owner": "C-1",
        "running": frozenset(running),
        "slot": slot,
        "loaded": started.with_["digest"],
        "clamd": clamd_config(gateway, FOLDERS) if gateway.holds else None,
        "policy": policy.text,
        "users": policy.users,
        "lists": frozenset(part.sack for part in parts if isinstance(part, WebList)),
        "rules": digest_of(ruleset(gateway, slot)),
        "routes": True,
    }
    return replace(fresh, **{**told, **more})


def acts(parts: tuple[Part, ...], seen: SquidSeen) -> list[str]:
    return [step.act for step in Squid().plan(parts, seen)]


BEFORE = (GATEWAY, decided())


def test_nothing_wanted_and_nothing_there_is_nothing_to_do() -> None:
    assert Squid().plan((), SquidSeen(FOLDERS)) == ()


def test_what_stands_as_it_is_wanted_is_left_alone() -> None:
    holding = (replace(GATEWAY, holds=True), decided(sign_in=True, users="users@1"))
    for parts in (BEFORE, holding, (*BEFORE, WebList(FOR, "many", "list@1"))):
        assert Squid().plan(parts, standing(*parts)) == ()


def test_closing_cuts_its_owner_and_needs_to_be_allowed() -> None:
    (step,) = Squid().plan((), standing(*BEFORE))
    assert (step.act, step.risk, step.owners) == ("close", Risk.OUTAGE, ("C-1",))


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        ((GATEWAY, decided(version=2)), ["policy"]),
        ((GATEWAY, decided(default="block")), ["policy"]),
        ((GATEWAY, decided(users="users@1")), ["users"]),
        ((GATEWAY, decided(), WebList(FOR, "many", "list@1")), ["list"]),
        ((replace(GATEWAY, egress=()), decided()), ["start", "rules"]),
        ((replace(GATEWAY, resolvers=("192.0.2.1",)), decided()), ["start", "rules"]),
        ((replace(GATEWAY, inside=("lan0",)), decided()), ["rules"]),
        ((GATEWAY, decided(sign_in=True, users="users@1")), ["users", "start", "rules"]),
        ((replace(GATEWAY, holds=True), decided()), ["inspect", "start", "rules"]),
    ],
)
def test_only_what_changed_is_touched_and_nobody_is_cut(after: tuple[Part, ...], wanted: list[str]) -> None:
    steps = Squid().plan(after, standing(*BEFORE))
    assert [step.act for step in steps] == wanted
    assert all(step.risk is Risk.NONE for step in steps)


def test_bounds_of_the_sandbox_need_another_proxy_only_where_bodies_are_held() -> None:
    wider = decided(sandbox=Sandbox(largest=1 << 20))
    assert acts((GATEWAY, wider), standing(*BEFORE)) == ["policy"]
    holding = replace(GATEWAY, holds=True)
    assert acts((holding, wider), standing(holding, decided())) == ["policy", "start", "rules"]


def test_a_new_proxy_takes_the_other_place_and_the_one_before_ends_when_it_has_nothing_in_hand() -> None:
    after = (replace(GATEWAY, egress=()), decided())
    start = next(step for step in Squid().plan(after, standing(*BEFORE)) if step.act == "start")
    assert start.with_["slot"] == 1
    both = standing(*after, slot=1)
    both = replace(both, running=both.running | {"web-squid-0"})
    for busy, switched, wanted in (
        ({0: 3, 1: 9}, 3600.0, []),
        ({0: 0, 1: 9}, 5.0, []),
        ({0: 0, 1: 9}, 61.0, ["retire"]),
        ({0: 3, 1: 9}, 13 * 3600.0, ["retire"]),
    ):
        assert acts(after, replace(both, busy=busy, switched=switched)) == wanted


def test_a_policy_waits_for_what_it_names_and_the_one_before_stays() -> None:
    after = (GATEWAY, decided(version=2), WebList(FOR, "many", "list@9"))
    assert acts(after, standing(*BEFORE)) == ["await"]
    assert acts(after, SquidSeen(FOLDERS)) == ["records", "await"]


def test_what_died_or_was_changed_by_another_hand_is_put_back() -> None:
    seen = standing(*BEFORE)
    assert acts(BEFORE, replace(seen, running=seen.running - {"web-squid-0"})) == ["start"]
    assert acts(BEFORE, replace(seen, running=seen.running - {"web-records"})) == ["records"]
    assert acts(BEFORE, replace(seen, rules=None)) == ["rules"]
    assert acts(BEFORE, replace(seen, routes=False)) == ["routes"]


def test_what_inspects_stays_while_a_proxy_may_still_ask_it() -> None:
    held = standing(replace(GATEWAY, holds=True), decided())
    assert "let-go" not in acts(BEFORE, held)
    alone = replace(
        standing(*BEFORE), running=frozenset({"web-squid-0", "web-records", "web-clamd", "web-sandbox"})
    )
    assert acts(BEFORE, replace(alone, busy={0: 1, 1: 1})) == []
    assert acts(BEFORE, replace(alone, busy={0: 1})) == ["let-go"]


def test_only_from_inside_is_the_proxy_reached_and_own_networks_are_spared() -> None:
    rules = ruleset(GATEWAY, 0)
    assert 'iifname { "lan0", "kwabc" } tcp dport 3128 fib daddr type local redirect' in rules
    assert rules.index("ip daddr 10.1.0.0/16 accept") < rules.index("tproxy")
    every = ", ".join(str(port) for slot in (0, 1) for port in ports_of(slot))
    assert f"tcp dport {{ {every} }} drop" in rules
    assert "tproxy" not in ruleset(replace(GATEWAY, intercepts=()), 0)


def test_squid_is_told_to_hold_and_to_leave_by_what_the_contract_has() -> None:
    told = squid_config(GATEWAY, decided(), FOLDERS, 0)
    assert "tcp_outgoing_address 203.0.113.60 !own_networks" in told and "ecap" not in told
    held = squid_config(replace(GATEWAY, holds=True), decided(sandbox=Sandbox(seconds=7)), FOLDERS, 0)
    assert "wait=10" in held and "bypass=off" in held and "request_header_access Range deny all" in held
