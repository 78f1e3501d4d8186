"""Every act with something odd in every place: it is decided, or every fault of it is told; and what it records folds."""

from datetime import date, datetime
from typing import Any

import pytest

from kitei.clauses.history import History
from kitei.desk import Situation, Unreadable, Verdict
from kitei.ledger import Entry, Fact
from kitei.services.gio_remote import SERVICE
from kitei.services.gio_remote.application import ACTS
from kitei.services.gio_remote.cases import LINE
from kitei.services.gio_remote.edition import TERMS
from kitei.values import JST

DAY = "2025-12-10T10:00:00+09:00"
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
    "2025-12-31",
    "9999-12-31",
    "::",
    1.5,
)
GATEWAY = {
    "kind": ["gateway"],
    "item": "type-a",
    "sessions": 100,
    "l2tp": True,
    "hosts": [{"host": "10.1.1.10", "designated_by": "customer"}],
    "addresses": [{"prefix": "2001:db8::/48", "designated_by": "operator"}],
    "options": [{"option": "server-certificate", "server_name": "vpn.example.co.jp"}],
}
NETWORK = {"kind": "network", "environment": {"operator": "other carrier", "changed_on": "2025-11-01"}}
TYPE_B = {
    "kind": "gateway",
    "item": "type-b",
    "accounts": 30,
    "browser": "ソリトン",
    "browser_terms_accepted": True,
}
OWN = {"contract": "C1-gateway-1"}
BY_OPERATOR = {"by": "operator"}
ACTS_AS_WRITTEN: dict[str, dict[str, Any]] = {
    "apply": {
        "services": [GATEWAY, NETWORK, TYPE_B],
        "name": "lab",
        "billing_start": "2026-01-01",
        "beside": [{"service": "auth-outsource", "kind": "vpdn", "first": "2026-01-01"}],
    },
    "start-billing": {**OWN, **BY_OPERATOR, "billing_start": "2025-12-10", "option": "matrix-authentication"},
    "add-option": {**OWN, "option": "extended-support", "form": "prescribed", "billing_start": "2026-01-01"},
    "stop-option": {
        **OWN,
        "option": "server-certificate",
        "arrived": "2025-12-10",
        "designated": "2026-02-01",
    },
    "change": {**OWN, "matter": "sessions", "number": 200, "to": "x", "change_on": "2026-01-01"},
    "use-l2tp": {**OWN, "use": True},
    "designate": {
        **OWN,
        "add_hosts": ["app.example.co.jp"],
        "remove_hosts": ["10.1.1.10/32"],
        "add_addresses": ["192.0.2.0/28"],
        "server_name": "vpn2.example.co.jp",
    },
    "disclose-environment": {"contract": "C1-network-1", "operator": "other", "changed_on": "2025-12-01"},
    "cancel": {**OWN, "form": "prescribed", "ground": "customer-notice", "arrived": "2025-12-10"},
    "operator-terminate": {**OWN, **BY_OPERATOR, "effective": "2025-12-31", "ground": "operator-breach"},
    "third-party-ends": {**BY_OPERATOR, "provider": "intec", "last": "2025-12-31"},
    "claim-credit": {**OWN, "outage": "o1"},
    "explain-outage": {**OWN, **BY_OPERATOR, "outage": "o1", "risk": "setting-change"},
    "get-software": {**OWN, "licence_accepted": True},
    "request-support": {
        **OWN,
        "matter": "gateway-setting-change",
        "detail": "x",
        "known": {"in_hours": True},
    },
    "provision": {**OWN, **BY_OPERATOR, "known": {"ready": {"internet-access": True}}},
    "check-readiness": {**OWN},
    "read-term": {**OWN, "option": "server-certificate"},
    "evaluate": {**OWN},
    "count-towards": {**OWN, "service": "secure-access"},
    "day-check": {**OWN, **BY_OPERATOR},
    "month-close": {**OWN, "customer": "C1"},
    "capacity-observed": {**OWN, **BY_OPERATOR, "observed": "full", "exhausted": True, "proposes": 200},
    "change-settings": {
        **OWN,
        **BY_OPERATOR,
        "reason": "routing",
        "for_service": "IIJモバイルサービス",
        "known": {"noticed_at": "2025-12-01T10:00:00+09:00"},
    },
    "network-event": {
        **OWN,
        **BY_OPERATOR,
        "event": "new-session",
        "active": 3,
        "tunnel": "L2TP",
        "login": "password",
        "server_name": "vpn.example.co.jp",
        "source": "2001:db8::1",
        "host": "10.1.1.10",
    },
}


def history() -> History:
    """A customer with VPDN, a mobile service, a gateway with a certificate, its network, and an outage."""
    told = History(LINE, date(2025, 12, 10))
    for name, service, kind in (
        ("v1", "auth-outsource", "vpdn"),
        ("m1", "IIJモバイルサービス", ""),
    ):
        body = {"holds": service, "id": name, "first": "2025-01-01", "kind": kind}
        told.record("customer:C1", Fact("service.held", body, date(2025, 1, 1)))
    told.say("operator.listed", list="designated-services", entries=["IIJモバイルサービス"])
    early = {"by": "C1", "at": "2025-09-01T10:00:00+09:00"}
    told.do(SERVICE.read("apply", {**early, "services": [GATEWAY, NETWORK]}, TERMS.first))
    outage = {
        "id": "o1",
        "contract": "C1-gateway-1",
        "began_at": "2025-12-01T00:00:00+09:00",
        "known_at": "2025-12-01T00:00:00+09:00",
        "restored_at": "2025-12-03T00:00:00+09:00",
        "total": True,
        "equally_bad": False,
        "cause": "operator",
        "evidence": [],
    }
    told.record("contract:C1-gateway-1", Fact("outage.found", outage, date(2025, 12, 3)))
    return told


def mutants(written: Any) -> Any:
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
    if decision.verdict is not Verdict.ACCEPT:
        return decision.verdict
    contracts = dict(situation.contracts)
    at = datetime(2025, 12, 10, tzinfo=JST)
    for seq, (stream, fact) in enumerate(SERVICE.conclude(asked, decision, situation), 1000):
        name = stream.removeprefix("contract:")
        if name == stream:
            assert stream == "operator" and fact.kind == "operator.set"
            continue
        before = contracts.get(name)
        version = before.version + 1 if before else 1
        entry = Entry(seq, stream, version, fact, at, "test", "", "")
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


@pytest.mark.parametrize("name", ACTS_AS_WRITTEN)
def test_an_act_of_somebody_else_changes_nothing_of_a_customer(name: str) -> None:
    """Only the contract's customer, or the operator for what is the operator's, is granted anything of it."""
    written = {**ACTS_AS_WRITTEN[name], "by": "C2", "at": DAY}
    asked = SERVICE.read(name, written, TERMS.first)
    situation = history().situation()
    decision = SERVICE.decide(asked, situation, asked.at)
    if decision.verdict is Verdict.ACCEPT:
        streams = {stream for stream, _ in SERVICE.conclude(asked, decision, situation)}
        assert not streams & {f"contract:{each}" for each in situation.contracts}, name
