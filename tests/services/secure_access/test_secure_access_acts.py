"""Every act with something odd in every place: it is decided, or every fault of it is told; and what it records folds."""

import base64
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from kitei.clauses.history import History
from kitei.desk import Situation, Unreadable, Verdict
from kitei.ledger import Entry, Fact
from kitei.services.secure_access import SERVICE
from kitei.services.secure_access.application import ACTS
from kitei.services.secure_access.cases import LINE
from kitei.services.secure_access.edition import TERMS
from kitei.values import JST, JsonObject

DAY = "2026-06-10T10:00:00+09:00"
ODD: tuple[Any, ...] = (
    None,
    "",
    "?",
    "C9",
    -1,
    0,
    10**9,
    True,
    [],
    {},
    "2026-06-30",
    "9999-12-31",
    "50.5",
    1.5,
)
GATEWAY = {
    "kind": ["web-gateway"],
    "accounts": 60,
    "options": [{"option": "web-sandbox", "form": "prescribed", "billing_start": "2026-07-01"}],
    "environment": {"operator": "other carrier", "changed_on": "2026-06-01"},
}
REMOTE = {"kind": "remote-connect", "item": "type-a", "accounts": 50, "tunnel": "wireguard"}
FIREWALL = {"kind": "firewall-1", "accounts": 50}
OWN = {"contract": "C1-web-gateway-1"}
FIREWALLED = {"contract": "C1-firewall-1-1"}
POLICY = """
[objects]
office = ["10.1.0.0/16"]
[[rule]]
id = "out"
action = "allow"
from = ["office", "user:tanaka"]
to = ["zone:internet"]
service = ["tcp/443"]
"""
BY_OPERATOR = {"by": "operator"}
ACTS_AS_WRITTEN: dict[str, dict[str, Any]] = {
    "apply": {"services": [GATEWAY, REMOTE], "billing_start": "2026-07-01"},
    "start-billing": {**OWN, **BY_OPERATOR, "billing_start": "2026-06-10", "option": "web-sandbox"},
    "add-option": {**OWN, "option": "dedicated-ip", "form": "prescribed", "billing_start": "2026-07-01"},
    "stop-option": {**OWN, "option": "web-sandbox", "arrived": "2026-06-10", "designated": "2026-08-01"},
    "change": {**OWN, "accounts": 80, "matter": "sites", "to": "x", "change_on": "2026-07-01"},
    "cancel": {**OWN, "form": "prescribed", "ground": "customer-notice", "arrived": "2026-06-10"},
    "operator-terminate": {**OWN, **BY_OPERATOR, "effective": "2026-06-30", "ground": "operator-breach"},
    "disclose-environment": {**OWN, "operator": "other carrier", "changed_on": "2026-06-01"},
    "keep-sandbox": {**OWN, "sent_at": "2026-03-30T10:00:00+09:00", "manner": "set"},
    "evaluate": {**OWN},
    "get-software": {"contract": "C1-remote-connect-1", "licence_accepted": True},
    "use-software": {"contract": "C1-remote-connect-1", "client": "own", "within_licence": True},
    "change-settings": {**OWN, "detail": "a new filter list"},
    "set-policy": {**FIREWALLED, "text": POLICY},
    "add-account": {"contract": "C1-remote-connect-1", "account": "sato", "groups": ["sales"]},
    "remove-account": {"contract": "C1-remote-connect-1", "account": "tanaka"},
    "enrol-device": {
        "contract": "C1-remote-connect-1",
        "account": "tanaka",
        "device": "tanaka-phone",
        "public_key": base64.b64encode(bytes(range(32))).decode(),
        "until": "2027-06-10T10:00:00+09:00",
    },
    "revoke-device": {"contract": "C1-remote-connect-1", "device": "tanaka-laptop"},
    "claim-credit": {**OWN, "outage": "o1"},
    "explain-outage": {**OWN, **BY_OPERATOR, "outage": "o1", "risk": "setting-change"},
    "day-check": {"contract": "C1-remote-connect-1", **BY_OPERATOR},
    "other-service-ends": {**BY_OPERATOR, "holding": "b1"},
    "provision": {**OWN, **BY_OPERATOR, "known": {"ready": {"operating-policy": True}}},
    "check-readiness": {**OWN},
    "read-term": {**OWN, "option": "web-sandbox"},
    "month-close": {**OWN, "customer": "C1"},
    "network-event": {
        **OWN,
        **BY_OPERATOR,
        "egress_of": "shared",
        "web": "https://www.example.com/",
        "file": "unknown.exe",
        "allowed": True,
        "appliance": "fortinet",
        "tunnel": "wireguard",
        "reaches": "web-gateway",
        "toward": "backbone",
        "megabits": 100,
        "inspected": True,
        "limited_by": "restricted-access",
    },
}


def history() -> History:
    """A customer with a Web gateway and its sandbox, a remote connect, the backbone, and an outage."""
    told = History(LINE, date(2026, 6, 10))
    body: JsonObject = {"holds": "IIJプライベートバックボーンサービス", "id": "b1", "first": "2025-01-01"}
    told.record("customer:C1", Fact("service.held", body, date(2025, 1, 1)))
    told.say("operator.listed", list="changeable-matters", entries=["sites"])
    early = {"by": "C1", "at": "2026-05-01T10:00:00+09:00"}
    told.do(SERVICE.read("apply", {**early, "services": [GATEWAY, REMOTE, FIREWALL]}, TERMS.first))
    remote = {**early, "contract": "C1-remote-connect-1", "account": "tanaka"}
    told.do(SERVICE.read("add-account", remote, TERMS.first))
    laptop = {"device": "tanaka-laptop", "public_key": base64.b64encode(bytes(range(1, 33))).decode()}
    told.do(SERVICE.read("enrol-device", {**remote, **laptop}, TERMS.first))
    outage: JsonObject = {
        "id": "o1",
        "contract": "C1-web-gateway-1",
        "began_at": "2026-06-01T00:00:00+09:00",
        "known_at": "2026-06-01T00:00:00+09:00",
        "restored_at": "2026-06-03T00:00:00+09:00",
        "total": True,
        "equally_bad": False,
        "cause": "operator",
        "evidence": [],
    }
    told.record("contract:C1-web-gateway-1", Fact("outage.found", outage, date(2026, 6, 3)))
    return told


def mutants(written: Any) -> Iterator[Any]:
    """Every way to put something odd in one place, or to leave one thing out."""
    if isinstance(written, dict):
        for key, value in written.items():
            yield {other: each for other, each in written.items() if other != key}
            for odd in (*ODD, *mutants(value)):
                yield {**written, key: odd}
    elif isinstance(written, list):
        for index, value in enumerate(written):
            for odd in (*ODD, *mutants(value)):
                yield [*written[:index], odd, *written[index + 1 :]]


def settle(asked: Any, situation: Situation) -> Verdict:
    """Decide, and fold what an acceptance records onto the contracts there are."""
    decision = SERVICE.decide(asked, situation, asked.at)
    assert decision.cites and all(each.why.ja and each.why.en for each in decision.findings)
    granted = decision.granted()
    contracts = dict(situation.contracts)
    facts = SERVICE.conclude(asked, granted, situation) if granted else ()
    for seq, (stream, fact) in enumerate(facts, 1000):
        name = stream.removeprefix("contract:")
        before = contracts.get(name)
        version = before.version + 1 if before else 1
        entry = Entry(seq, stream, version, fact, datetime(2026, 6, 10, tzinfo=JST), "test", "", "")
        contracts[name] = SERVICE.fold(before, entry)
    return decision.verdict


def test_acts_as_written_here_are_all_there_are() -> None:
    assert set(ACTS_AS_WRITTEN) == set(ACTS)


@pytest.mark.parametrize("name", ACTS_AS_WRITTEN)
def test_whatever_is_asked_is_decided_or_every_fault_of_it_told(name: str) -> None:
    situation = history().situation()
    decided = 0
    for mutant in (ACTS_AS_WRITTEN[name], *mutants(ACTS_AS_WRITTEN[name])):
        try:
            asked = SERVICE.read(name, {"by": "C1", "at": DAY, **mutant}, TERMS.first)
        except Unreadable as unreadable:
            assert all(each.place and each.wrong.ja for each in unreadable.faults)
            continue
        named = getattr(asked, "contract", None)
        if named is not None and named not in situation.contracts:
            with pytest.raises(LookupError, match="there is no contract"):
                SERVICE.decide(asked, situation, asked.at)
            continue
        settle(asked, situation)
        decided += 1
    assert decided


@pytest.mark.parametrize("name", sorted(set(ACTS_AS_WRITTEN) - {"evaluate"}))
def test_an_act_of_somebody_else_changes_nothing_of_a_customer(name: str) -> None:
    """Only the contract's customer, or the operator for what is the operator's, is granted anything of it."""
    asked = SERVICE.read(name, {**ACTS_AS_WRITTEN[name], "by": "C2", "at": DAY}, TERMS.first)
    situation = history().situation()
    decision = SERVICE.decide(asked, situation, asked.at)
    if decision.verdict is Verdict.ACCEPT:
        streams = {stream for stream, _ in SERVICE.conclude(asked, decision, situation)}
        assert not streams & {f"contract:{each}" for each in situation.contracts}, name
