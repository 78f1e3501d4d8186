"""Every act, with something odd in every place: it is decided with its provisions, or every fault of it is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args, get_type_hints

import pytest

from kitei.desk import Situation, Unreadable, Verdict
from kitei.desk.cases import Case
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Contract
from kitei.services.ddos import SERVICE, operation
from kitei.services.ddos.application import ACTS
from kitei.services.ddos.cases import translate
from kitei.services.ddos.contract import fold
from kitei.services.ddos.defending import STEPS
from kitei.services.ddos.edition import TERMS

EDITION = TERMS.editions[-1]
OPTIONS = EDITION.value("options").slugs
AT = "2026-06-10T10:00:00+09:00"
OPTION = {
    "option": "multi-isp",
    "form": "prescribed",
    "billing_start": "2026-07-01",
    "multihomed_with": "Other Carrier",
    "route_control": True,
    "accepts": ["limits", "no-warranty", "explanation"],
    "routers": 2,
    "mbps": 500,
    "item": "rental",
    "model": "m1",
    "variant": "in-hours",
}
WRITTEN: dict[str, dict[str, Any]] = {
    "apply": {
        "services": [
            {
                "item": "type-x",
                "name": "edge",
                "rests_on": "I1",
                "addresses": ["192.0.2.0/24"],
                "options": [OPTION],
            },
            {"item": "type-m", "base": "edge", "policies": ["web"]},
        ],
        "billing_start": "2026-07-01",
        "known": {"operable": True, "accepted_on": "2026-06-11", "ready": {"environment": True}},
    },
    "start-billing": {"contract": "N1", "billing_start": "2026-07-01", "option": None},
    "designate-addresses": {"contract": "X1", "prefixes": ["192.0.2.0/24"], "remove": ["203.0.113.0/24"]},
    "add-option": {"contract": "E1", **OPTION, "known": {"operable": True}},
    "stop-option": {"contract": "X1", "option": "tunnel-router", "designated": "2026-09-30"},
    "change": {
        "contract": "X1",
        "item": "type-p",
        "base": "X1",
        "matter": "監視対象IPアドレス",
        "to": "x",
        "option": "tunnel-router",
        "device": {"from": "m1", "to": "m2"},
        "routers": 3,
        "mbps": 1000,
        "change_on": "2026-06-30",
        "billing_start": "2026-07-01",
    },
    "cancel": {"contract": "X1", "form": "prescribed", "arrived": "2026-06-10", "ground": "customer-notice"},
    "operator-terminate": {"by": "operator", "contract": "X1", "effective": "2026-06-30"},
    "request-route-control": {"contract": "X1", "accepts": ["limits"], "known": {"operable": True}},
    "route-control-complaint": {
        "by": "operator",
        "contract": "X1",
        "complainant": "N",
        "known": {"instruction": "stop"},
    },
    "device-event": {
        "by": "operator",
        "contract": "X1",
        "event": "damaged",
        "use": "move",
        "serial": "dev1",
        "model": "m1",
        "slot": "router",
        "new_serial": "dev2",
        "known": {"breach_of": "art:7.1.1", "repair_cost": 5000, "fault": "customer", "consent": True},
    },
    "claim-refund": {"contract": "X1", "known": {"billed": 1000, "paid": 500}},
    "work": {"by": "operator", "contract": "X1", "option": "onsite-work", "variant": "in-hours", "start": AT},
    "provision": {
        "by": "operator",
        "contract": "X1",
        "option": "tunnel-router",
        "known": {"ready": {"environment": True}},
    },
    "check-readiness": {"contract": "X1"},
    "external-ended": {"by": "operator", "holding": "I1", "customer": "C1", "option": None},
    "ended": {"by": "operator", "contract": "D1"},
    "option-ended": {"by": "operator", "contract": "X1", "option": "tunnel-router"},
    "day-check": {"by": "operator", "contract": "X1"},
    "read-term": {"contract": "X1", "option": "tunnel-router"},
    "claim-credit": {"contract": "X1", "outage": "outage-1"},
    "support": {"contract": "X1"},
    "network-event": {
        "by": "operator",
        "contract": "M1",
        "event": "attack",
        "offered_mbps": 900,
        "clean_mbps": "99.5",
        "mbps": 50,
        "target": "203.0.113.7",
        "path": "other-carrier",
    },
    "month-close": {"contract": "X1", "customer": "C1"},
    "reage": {"contract": "X1", "from": "2026-05-01", "to": "2026-05-28"},
    "set-policy": {
        "by": "operator",
        "reaging": "r1",
        "contract": "X1",
        "name": "web",
        "prefixes": ["203.0.113.0/24"],
        "host": {"bps": "500M", "syn-pps": 20000},
        "prefix": {"bps": "2G"},
        "override": [{"network": "203.0.113.5/32", "host": {"udp-pps": "2k"}}],
        "timing": {"rise": 1, "window": 5, "calm": 60},
        "guards": {"patience": 10, "services": [80, 443]},
        "dry_run": False,
        "ladder": {"rate-limit": "by-hand", "divert": "automatic", "hold": 300, "rate": "5M", "most": 3},
        "scrub": {"source_pps": "2k", "syn_proof": True, "reflectors": [53], "allow": ["192.0.2.0/28"]},
    },
    "attack-detected": {
        "by": "controller",
        "contract": "X1",
        "policy": "X1",
        "scope": "host",
        "target": "203.0.113.8",
        "metric": "udp-bps",
        "figure": 9,
        "threshold": 5,
        "since": AT,
        "sources": 3,
        "ports": [[80, 3]],
        "source_ports": [[53, 3]],
        "node": "see1",
    },
    "attack-over": {"by": "controller", "contract": "X1", "attack": "at1"},
    "mitigate": {"contract": "X1", "target": "203.0.113.0/25", "step": "divert", "hold": 60, "why": "asked"},
    "prolong": {"contract": "X1", "mitigation": "mi1", "hold": 60},
    "release": {"contract": "X1", "mitigation": "mi1", "target": "203.0.113.7", "why": "over"},
    "incident-step": {
        "by": "operator",
        "contract": "P1",
        "attack": "at1",
        "step": "call",
        "note": "x",
        "notified": ["noc"],
    },
}
ODD: tuple[Any, ...] = (
    None,
    -1,
    0,
    10**12,
    4.5,
    "",
    " ",
    "??",
    "1/0",
    "2026-02-30",
    "9999-12-31",
    "::/0",
    [],
    {},
    [[]],
    True,
    "Ⅲ" * 99,
)


def mutants(written: Any) -> Iterator[Any]:
    """Every way to put something odd in one place, or to leave one thing out."""
    if isinstance(written, dict):
        for key, value in written.items():
            yield {other: each for other, each in written.items() if other != key}
            for odd in (*ODD, *mutants(value)):
                yield {**written, key: odd}
    elif isinstance(written, list):
        for at, value in enumerate(written):
            for odd in (*ODD, *mutants(value)):
                yield [*written[:at], odd, *written[at + 1 :]]


@pytest.fixture(scope="module")
def situation() -> Situation:
    """A customer with a contract of most types, a lent router, options, an outage and quotes."""
    router = {
        "name": "トンネルルータオプション",
        "item": "レンタル有",
        "device": "dev1",
        "billing_start": "2026-01-01",
    }
    isp = {"name": "マルチISP対応オプション", "route_control": "operator"}
    common = {"customer": "C1", "billing_start": "2026-01-01", "monthly_fee_jpy": 300_000}
    given = {
        "contracts": [
            {**common, "id": "X1", "item": "X", "options": [router, isp], "addresses": ["203.0.113.0/24"]},
            {**common, "id": "M1", "item": "M", "base": "X1"},
            {**common, "id": "E1", "item": "E"},
            {**common, "id": "D1", "item": "D", "ended": "2026-05-31"},
            {"customer": "C1", "id": "N1", "item": "E"},
            {**common, "id": "P1", "item": "P", "addresses": ["198.51.100.0/24"]},
        ],
        "other_services": [{"customer": "C1", "service": "インターネット接続サービス", "id": "I1"}],
        "facts": {"outage": {"known": "2026-05-01T00:00:00+09:00", "restored": "2026-05-03T00:00:00+09:00"}},
        "operator_params": {
            "tunnel_router_models": ["m1", "m2"],
            "changeable_matters": ["監視対象IPアドレス"],
        },
        "quoted": {"item_change_jpy": 1000, "device_change_jpy": 2000},
    }
    when = {"action": "month-close", "at": AT, "contract": "X1"}
    _, found = translate(Case("odd", TERMS.service, given, when, {}))
    attacked = {
        each: attack_on(found.contracts[each], at)
        for each, at in (("X1", "203.0.113.7/32"), ("P1", "198.51.100.7/32"))
    }
    return replace(found, contracts={**found.contracts, **attacked})


def attack_on(contract: Contract, target: str) -> Contract:
    """The contract with an attack and a step against it, both standing."""
    told: dict[str, Any] = {"target": target, "at": AT, "metric": "udp-bps", "attack": "at1"}
    alarm = {"policy": contract.id, "scope": "host", "figure": 9, "threshold": 5, "since": AT, "node": "see1"}
    step = {"mitigation": "mi1", "step": "divert", "by": "controller", "until": AT, "ports": []}
    for kind, more in (
        ("attack.detected", {**alarm, "source_ports": [], "dry_run": False}),
        ("mitigation.ordered", step),
    ):
        fact = Fact(kind, {**told, **more}, contract.concluded_on)
        version = contract.version + 1
        entry = Entry(
            version, f"contract:{contract.id}", version, fact, datetime.fromisoformat(AT), "t", "", ""
        )
        contract = fold(contract, entry)
    return contract


def test_acts_as_written_here_are_all_there_are() -> None:
    assert set(WRITTEN) == set(ACTS)


@pytest.mark.parametrize("name", WRITTEN)
def test_whatever_is_asked_is_decided_or_every_fault_of_it_told(name: str, situation: Situation) -> None:
    decided = 0
    for mutant in (WRITTEN[name], *mutants(WRITTEN[name])):
        try:
            asked = SERVICE.read(name, {"by": "C1", "at": AT, **mutant}, EDITION)
        except Unreadable as unreadable:
            assert all(each.place and each.wrong.ja and each.wrong.en for each in unreadable.faults)
            continue
        named = getattr(asked, "contract", None)
        if named is not None and named not in situation.contracts:
            with pytest.raises(LookupError, match="there is no contract"):
                SERVICE.decide(asked, situation, asked.at)
            continue
        decision = SERVICE.decide(asked, situation, asked.at)
        assert all(each.cites and each.why.ja and each.why.en for each in decision.findings), mutant
        assert decision.findings, mutant
        decided += 1
        if decision.outcome is Verdict.ACCEPT:
            answered = decision if decision.verdict is Verdict.ACCEPT else _answered(decision)
            for stream, fact in SERVICE.conclude(asked, answered, situation):
                assert stream and fact.body and fact.cites, mutant
    assert decided


def _answered(decision: Any) -> Any:
    """A referral as it stands once the operator has accepted it."""
    return replace(decision, verdict=Verdict.ACCEPT, proposed=None)


HAPPENINGS = get_args(get_type_hints(operation.DeviceEvent)["event"])
EVENTS = get_args(operation.Happening)
BARE: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("device-event", {"event": event}) for event in HAPPENINGS),
    *(("device-event", {"event": event, "serial": "dev1"}) for event in HAPPENINGS),
    *(("network-event", {"event": event}) for event in (*EVENTS, None)),
    *(("start-billing", {"billing_start": "2026-07-01", "option": option}) for option in OPTIONS),
    *(("add-option", {"option": option}) for option in OPTIONS),
    *(("stop-option", {"option": option}) for option in OPTIONS),
    *(("read-term", {"option": option}) for option in (*OPTIONS, None)),
    *(("option-ended", {"option": option}) for option in OPTIONS),
    *(("work", {"option": option}) for option in OPTIONS),
    *(("change", {"item": f"type-{letter}"}) for letter in "expdwvm"),
    ("change", {}),
    ("change", {"device": {"from": "m1", "to": "m2"}}),
    ("change", {"matter": "監視対象ルータ数"}),
    ("designate-addresses", {"prefixes": []}),
    *(
        (name, {})
        for name in ("cancel", "ended", "day-check", "provision", "check-readiness", "claim-credit")
    ),
    *((name, {}) for name in ("support", "month-close", "claim-refund", "request-route-control")),
    ("route-control-complaint", {}),
    ("operator-terminate", {"effective": "2026-07-31"}),
    ("set-policy", {"host": {"bps": 1}}),
    ("set-policy", {}),
    ("reage", {}),
    *(("mitigate", {"target": target, "step": step}) for target in ("203.0.113.9", "::1") for step in STEPS),
    ("attack-detected", WRITTEN["attack-detected"]),
    ("attack-over", {"attack": "at1"}),
    ("incident-step", {"attack": "at1", "step": "call"}),
    ("prolong", {"mitigation": "mi1"}),
    ("release", {}),
)


@pytest.mark.parametrize("contract", ["X1", "M1", "E1", "D1", "N1", "P1"])
def test_every_act_says_something_of_every_contract(contract: str, situation: Situation) -> None:
    for name, more in BARE:
        for by in ("C1", "operator", "C9"):
            written = {**more, "by": by, "at": AT, "contract": contract}
            asked = SERVICE.read(name, written, EDITION)
            decision = SERVICE.decide(asked, situation, asked.at)
            assert decision.findings, written
            if decision.outcome is Verdict.ACCEPT:
                answered = decision if decision.verdict is Verdict.ACCEPT else _answered(decision)
                for stream, fact in SERVICE.conclude(asked, answered, situation):
                    assert stream and fact.body and fact.cites, written
