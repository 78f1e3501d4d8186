"""From accepted acts to contracts and what a gateway is on a day; facts that cannot be are told."""

from dataclasses import replace
from datetime import date, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from kitei.accounts.tariff import Prices
from kitei.desk import Decision, Operator, Situation, Unreadable, Verdict
from kitei.desk.operator import Holding
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Contract, Quote
from kitei.services.gio_remote import SERVICE
from kitei.services.gio_remote.application import read_act
from kitei.services.gio_remote.contract import designated, fold, gateway
from kitei.services.gio_remote.edition import TERMS
from kitei.values import Span, Yen, day_of

FEES = ("initial", "monthly", "option-initial", "option-monthly", "out-of-hours-change")
PRICES = tuple(Quote(fee, Yen(30000), Span(date(2025, 7, 1)), at) for at, fee in enumerate(FEES))
START = "2025-09-01T10:00:00+09:00"
LATER = "2025-11-05T10:00:00+09:00"
GATEWAY = {"kind": "gateway", "item": "type-a", "sessions": 100, "hosts": [{"host": "10.1.1.10"}]}
NETWORK = {"kind": "network"}
TYPE_B = {"kind": "gateway", "item": "type-b", "browser": "Soliton", "browser_terms_accepted": True}


class Desk:
    """A ledger in memory: acts are decided, and when accepted concluded and folded."""

    def __init__(self, *holdings: Holding, **lists: Any) -> None:
        self.contracts: dict[str, Contract] = {}
        self.facts: list[tuple[str, Fact]] = []
        told = {name.replace("_", "-"): tuple(entries) for name, entries in lists.items()}
        self.operator = Operator(told, {}, {"acme": PRICES}, (), {"acme": holdings})

    def situation(self, on: date) -> Situation:
        return Situation.of(on, TERMS, self.contracts, self.operator)

    def ask(self, act: str, /, at: str = LATER, by: str = "acme", **written: Any) -> Decision:
        asked = read_act(act, {"by": by, "at": at, **written}, TERMS.editions[-1])
        situation = self.situation(day_of(asked.at))
        decision = SERVICE.decide(asked, situation, asked.at)
        if decision.verdict is Verdict.ACCEPT:
            for stream, fact in SERVICE.conclude(asked, decision, situation):
                if stream == "operator":
                    parameters = {**self.operator.parameters, str(fact.body["name"]): fact.body["value"]}
                    self.operator = replace(self.operator, parameters=parameters)
                else:
                    self.record(stream.removeprefix("contract:"), fact)
        return decision

    def record(self, name: str, fact: Fact) -> None:
        self.facts.append((name, fact))
        before = self.contracts.get(name)
        version = before.version + 1 if before else 1
        entry = Entry(
            len(self.facts), f"contract:{name}", version, fact, datetime.fromisoformat(START), "t", "", ""
        )
        self.contracts[name] = fold(before, entry)

    def has(self, name: str) -> Contract:
        return self.contracts[name]


@pytest.fixture
def desk() -> Desk:
    """A customer with a gateway and a network, both billed from October."""
    desk = Desk()
    assert desk.ask("apply", START, services=[GATEWAY, NETWORK]).verdict is Verdict.ACCEPT
    for name in ("acme-gateway-1", "acme-network-1"):
        billing = {"contract": name, "billing_start": "2025-10-01"}
        started = desk.ask("start-billing", "2025-10-01T10:00:00+09:00", "operator", **billing)
        assert started.verdict is Verdict.ACCEPT
    return desk


def test_an_application_becomes_a_contract_of_each_kind(desk: Desk) -> None:
    assert sorted(desk.contracts) == ["acme-gateway-1", "acme-network-1"]
    told, behind = desk.has("acme-gateway-1"), desk.has("acme-network-1")
    assert (told.kind, told.item, told.group) == ("gateway", "type-a", "acme")
    assert (behind.kind, behind.item) == ("network", "")
    assert told.term is not None and told.term.last == date(2025, 10, 31)
    assert [charge.amount for charge in (*told.charges, *behind.charges)] == [
        30000
    ]  # one price for the batch
    seen = gateway(told, date(2025, 11, 1))
    assert seen.sessions == 100 and seen.accounts is None and not seen.l2tp
    assert [(each.prefix, each.designated_by) for each in seen.hosts] == [
        (ip_network("10.1.1.10/32"), "customer")
    ]
    assert seen.hosts[0].cites and seen.cites


def test_a_second_service_of_a_customer_has_a_name_and_its_own_contracts(desk: Desk) -> None:
    assert desk.ask("apply", services=[GATEWAY], name="lab").verdict is Verdict.REFUSE
    assert desk.ask("apply", services=[GATEWAY, NETWORK], name="lab").verdict is Verdict.ACCEPT
    assert {"acme.lab-gateway-1", "acme.lab-network-1"} < set(desk.contracts)
    assert desk.ask("apply", services=[GATEWAY]).verdict is Verdict.ACCEPT
    assert "acme-gateway-2" in desk.contracts


def test_a_change_of_sessions_is_what_the_gateway_then_holds_to(desk: Desk) -> None:
    event = {"contract": "acme-gateway-1", "event": "new-session", "active": 149}
    assert desk.ask("network-event", LATER, "operator", **event).verdict is Verdict.REFUSE
    change = {"contract": "acme-gateway-1", "matter": "最大同時セッション数", "number": 150}
    assert desk.ask("change", **change).verdict is Verdict.ACCEPT
    assert gateway(desk.has("acme-gateway-1"), date(2025, 11, 5)).sessions == 150
    assert desk.ask("network-event", LATER, "operator", **event).verdict is Verdict.ACCEPT


def test_a_change_holds_from_the_day_it_is_asked_for(desk: Desk) -> None:
    change = {"contract": "acme-gateway-1", "matter": "sessions"}
    assert desk.ask("change", number=150, change_on="2025-12-01", **change).verdict is Verdict.ACCEPT
    assert desk.ask("change", number=80, change_on="2025-11-01", **change).verdict is Verdict.ACCEPT

    def sessions(on: date) -> int | None:
        return gateway(desk.has("acme-gateway-1"), on).sessions

    # Asked on 5 November: nothing changes before that day, whatever day is named.
    assert [sessions(date(2025, 11, day)) for day in (4, 5, 30)] == [100, 80, 80]
    assert sessions(date(2025, 12, 1)) == 150


def test_a_proposal_is_recorded_and_changes_nothing(desk: Desk) -> None:
    seen = {"contract": "acme-gateway-1", "observed": "CPU saturated", "exhausted": True, "proposes": 200}
    assert desk.ask("capacity-observed", by="operator", **seen).verdict is Verdict.ACCEPT
    contract = desk.has("acme-gateway-1")
    proposals: Any = contract.body["proposals"]
    assert [(each["matter"], each["to"], each["on"]) for each in proposals] == [
        ("sessions", 200, "2025-11-05")
    ]
    assert gateway(contract, date(2025, 12, 1)).sessions == 100


def test_an_observation_alone_proposes_nothing(desk: Desk) -> None:
    seen = {"contract": "acme-gateway-1", "observed": "CPU at 20%"}
    decision = desk.ask("capacity-observed", by="operator", **seen)
    assert {cite.path for cite in decision.cites} == {"art:18.1"}
    assert desk.ask("capacity-observed", by="operator", proposes=200, **seen).verdict is Verdict.REFUSE
    assert "proposals" not in desk.has("acme-gateway-1").body


def test_hosts_are_designated_and_taken_back_by_the_day(desk: Desk) -> None:
    desk.ask("designate", contract="acme-gateway-1", add_hosts=["2001:db8::/64"])
    later = "2025-12-01T09:00:00+09:00"
    desk.ask("designate", later, contract="acme-gateway-1", remove_hosts=["10.1.1.10/32"])

    def hosts(on: date) -> list[str]:
        return [each.what for each in designated(desk.has("acme-gateway-1"), "hosts", on)]

    assert hosts(date(2025, 11, 4)) == ["10.1.1.10/32"]
    assert hosts(date(2025, 11, 5)) == ["10.1.1.10/32", "2001:db8::/64"]
    assert hosts(date(2025, 11, 30)) == ["10.1.1.10/32", "2001:db8::/64"]
    assert hosts(date(2025, 12, 1)) == ["2001:db8::/64"]


def test_an_option_has_its_own_price_name_and_term(desk: Desk) -> None:
    option = {"option": "SSLサーバ証明書変更オプション", "server_name": "vpn.example.co.jp"}
    decision = desk.ask(
        "add-option",
        contract="acme-gateway-1",
        billing_start="2025-11-15",
        known={"terms_delivered": True},
        **option,
    )
    assert decision.dates["term_end"] == date(2025, 12, 14)
    contract = desk.has("acme-gateway-1")
    assert gateway(contract, date(2025, 11, 20)).server_name == "vpn.example.co.jp"
    taken = contract.options[0]
    assert taken.term is not None and taken.term.last == date(2025, 12, 14)
    fees = SERVICE.tariff.fees(contract, TERMS.first)
    assert [fee.name for fee in fees] == ["monthly", "option-monthly:server-certificate"]


def test_a_name_of_the_customers_own_can_be_said_later(desk: Desk) -> None:
    own = {"contract": "acme-gateway-1", "server_name": "VPN.example.co.jp."}
    assert desk.ask("designate", **own).verdict is Verdict.REFUSE
    desk.ask("add-option", contract="acme-gateway-1", option="server-certificate")
    assert gateway(desk.has("acme-gateway-1"), date(2025, 11, 5)).server_name == ""
    assert desk.ask("designate", **own).verdict is Verdict.ACCEPT
    assert gateway(desk.has("acme-gateway-1"), date(2025, 11, 5)).server_name == "vpn.example.co.jp"


def test_every_fault_of_an_application_is_told_with_its_place() -> None:
    wrong = [
        {"kind": "gateway", "hosts": [{"host": "10.1.1.300"}], "sessions": "many", "colour": "red"},
        {"kind": "network", "addresses": [{"prefix": "10.1.0.1/16"}]},
    ]
    with pytest.raises(Unreadable) as told:
        read_act("apply", {"by": "acme", "at": START, "services": wrong}, TERMS.first)
    assert [fault.place for fault in told.value.faults] == [
        "apply.services[0].colour",
        "apply.services[0].sessions",
        "apply.services[0].hosts[0].host",
        "apply.services[1].addresses[0].prefix",
    ]
    assert "2001:db8::/48" in told.value.faults[3].wrong.en


def test_an_initial_fee_is_of_the_month_it_was_accepted_in(desk: Desk) -> None:
    def told(on: str) -> tuple[dict[str, int], bool]:
        decision = desk.ask("month-close", f"{on}T10:00:00+09:00", contract="acme-gateway-1")
        earlier = any("no part of this month" in each.why.en for each in decision.findings)
        return dict(decision.amounts), earlier

    assert told("2025-09-30") == ({"initial": 30000}, False)
    assert told("2025-10-31") == ({"monthly": 30000}, True)


def test_each_work_out_of_hours_is_paid_for_once(desk: Desk) -> None:
    work = {"contract": "acme-gateway-1", "matter": "gateway-setting-change"}
    night = {"known": {"in_hours": False}}
    ordered = desk.ask("add-option", contract="acme-gateway-1", option="out-of-hours-change")
    assert ordered.amounts == {"out-of-hours-change": 30000}
    first = desk.ask("request-support", "2025-11-05T23:00:00+09:00", **work, **night)
    second = desk.ask("request-support", "2025-11-06T23:00:00+09:00", **work, **night)
    assert first.verdict is second.verdict is Verdict.ACCEPT
    assert first.amounts == {} and second.amounts == {"out-of-hours-change": 30000}
    works: Any = desk.has("acme-gateway-1").body["works"]
    assert [each["on"] for each in works] == ["2025-11-05", "2025-11-06"]


def test_what_rests_on_a_third_party_ends_with_it_and_the_rest_goes_on() -> None:
    desk = Desk()
    assert desk.ask("apply", START, services=[TYPE_B, GATEWAY, NETWORK]).verdict is Verdict.ACCEPT
    ends = desk.ask("third-party-ends", by="operator", provider="ソリトン", last="2026-03-31")
    assert ends.review and ends.amounts == {"settlement": 0}
    type_b, type_a = desk.has("acme-gateway-1"), desk.has("acme-gateway-2")
    assert type_b.ending is not None and type_b.ending.last == date(2026, 3, 31)
    assert type_b.ending.ground == "abolition"
    assert type_a.ending is None and desk.has("acme-network-1").ending is None
    assert desk.ask("apply", "2026-03-31T10:00:00+09:00", services=[TYPE_B]).verdict is Verdict.ACCEPT
    late = desk.ask("apply", "2026-04-01T10:00:00+09:00", services=[TYPE_B])
    assert [f.cites[0].path for f in late.findings if f.verdict is Verdict.REFUSE] == ["art:11.1"]


def test_an_outage_that_came_of_an_accepted_risk_earns_nothing(desk: Desk) -> None:
    outage = {
        "id": "o1",
        "contract": "acme-gateway-1",
        "began_at": "2025-11-01T00:00:00+09:00",
        "known_at": "2025-11-01T00:00:00+09:00",
        "restored_at": "2025-11-03T00:00:00+09:00",
        "total": True,
        "equally_bad": False,
        "cause": None,
        "evidence": [],
    }
    desk.record("acme-gateway-1", Fact("outage.found", outage, date(2025, 11, 3)))
    claim = {"contract": "acme-gateway-1", "outage": "o1"}
    assert desk.ask("claim-credit", **claim).verdict is Verdict.REFER  # nobody's doing yet
    why = {"contract": "acme-gateway-1", "outage": "o1", "risk": "setting-change"}
    assert desk.ask("explain-outage", **why).verdict is Verdict.REFUSE  # not for the customer to find
    assert desk.ask("explain-outage", by="operator", **why).verdict is Verdict.ACCEPT
    refused = desk.ask("claim-credit", **claim)
    assert refused.verdict is Verdict.REFUSE and refused.amounts == {"credit": 0}
    assert "art:16.2.1" in {cite.path for cite in refused.cites}
    days = {
        "began_at": "2025-11-03T09:00:00+09:00",
        "known_at": "2025-11-03T09:00:00+09:00",
        "restored_at": "2025-11-04T09:00:00+09:00",
    }
    other = {**outage, **days, "id": "o2", "cause": "operator"}
    desk.record("acme-gateway-1", Fact("outage.found", other, date(2025, 11, 4)))
    granted = desk.ask("claim-credit", contract="acme-gateway-1", outage="o2")
    assert granted.verdict is Verdict.ACCEPT and granted.amounts == {"credit": 1000}
    assert not {"art:16.2.1", "art:16.1.1"} & {cite.path for cite in granted.cites}


def test_settings_changed_for_another_service_say_which_and_when_it_was_told() -> None:
    backbone = Holding("IIJプライベートバックボーンサービス", "b1", Span(date(2020, 1, 1)))
    desk = Desk(backbone, designated_services=["IIJプライベートバックボーンサービス"])
    desk.ask("apply", START, services=[GATEWAY, NETWORK])
    told = {"known": {"noticed_at": "2025-11-01T10:00:00+09:00"}}
    change = {"contract": "acme-gateway-1", "reason": "routing"}
    assert desk.ask("change-settings", by="operator", **change).verdict is Verdict.REFUSE
    assert desk.ask("change-settings", by="operator", **change, **told).verdict is Verdict.ACCEPT
    changed: Any = desk.has("acme-gateway-1").body["settings_changed"]
    assert changed[0]["for"] == ["IIJプライベートバックボーンサービス"]
    assert changed[0]["noticed_at"] == "2025-11-01T10:00:00+09:00"


def test_what_was_found_prepared_is_recorded_when_service_begins(desk: Desk) -> None:
    slugs = TERMS.first.value("preparations").slugs
    begin = {"contract": "acme-gateway-1"}
    part = {"known": {"ready": dict.fromkeys(slugs[1:], True)}}
    whole = {"known": {"ready": dict.fromkeys(slugs, True)}}
    assert desk.ask("provision", by="operator", **begin, **part).proposed is Verdict.REFUSE
    assert "begun" not in desk.has("acme-gateway-1").body
    assert desk.ask("provision", by="operator", **begin, **whole).verdict is Verdict.ACCEPT
    begun: Any = desk.has("acme-gateway-1").body["begun"]
    assert begun[0]["ready"] == dict.fromkeys(slugs, True) and begun[0]["cites"]


def test_the_end_of_a_contract_ends_its_options_and_settles_each(desk: Desk) -> None:
    desk.ask("add-option", contract="acme-gateway-1", option="extended-support", billing_start="2025-11-26")
    decision = desk.ask("cancel", contract="acme-gateway-1")
    assert decision.dates["effective"] == date(2025, 12, 5)
    # 20 of 30 days of the option's month remain; the contract's own month is over.
    assert decision.amounts["option-settlement"] == 20000 and decision.amounts["settlement"] == 0
    contract = desk.has("acme-gateway-1")
    assert contract.ending is not None and contract.ending.last == date(2025, 12, 5)
    assert [option.ending and option.ending.last for option in contract.options] == [date(2025, 12, 5)]


def test_a_change_the_customer_reports_late_is_in_order_from_then_on() -> None:
    desk = Desk()
    environment = {"operator": "other carrier", "settings_disclosed": False}
    desk.ask("apply", START, services=[GATEWAY, {**NETWORK, "environment": environment}])
    check = {"by": "operator", "contract": "acme-network-1"}
    assert desk.ask("day-check", **check).verdict is Verdict.REFER
    told = {"contract": "acme-network-1", "operator": "other carrier", "changed_on": "2025-10-10"}
    assert desk.ask("disclose-environment", **told).verdict is Verdict.ACCEPT
    assert desk.ask("day-check", **check).verdict is Verdict.ACCEPT


def test_an_invoice_names_gateway_and_network_and_a_contract_of_the_predecessor(desk: Desk) -> None:
    told = SERVICE.tariff.subject(desk.has("acme-gateway-1")).words
    assert told.en == "GIO Remote Access gateway acme-gateway-1" and "ゲートウェイ" in told.ja
    body = {
        "service": "gio-remote-access",
        "customer": "acme",
        "edition": "2025-07-01",
        "months": 1,
        "made_as": "secure-access-gateway",
    }
    desk.record("old", Fact("contract.concluded", body, date(2012, 12, 1)))
    desk.record("old", Fact("contract.billing-started", {"billing_start": "2012-12-01"}, date(2012, 12, 1)))
    old = desk.has("old")
    assert SERVICE.tariff.subject(old).words.en == "GIO Remote Access old"
    (fee,) = SERVICE.tariff.fees(old, TERMS.first)
    assert fee.words.en == "Monthly fee, base service" and "suppl:2013-02-01.2" in fee.paths
    charge = desk.has("acme-gateway-1").charges[0]
    stated = SERVICE.tariff.state(charge, desk.has("acme-gateway-1"), Prices(PRICES), TERMS.first)
    assert stated.words.en == "Initial fee, base service"


@pytest.mark.parametrize(
    ("kind", "body", "wrong"),
    [
        (
            "option.ending-set",
            {"option": "extended-support", "last": "2026-01-01", "ground": "x"},
            "no running",
        ),
        ("gateway.painted", {}, "is no fact of a contract"),
    ],
)
def test_a_fact_that_cannot_be_is_told(desk: Desk, kind: str, body: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        desk.record("acme-gateway-1", Fact(kind, body, date(2026, 1, 1)))


def test_the_end_of_vpdn_is_the_last_day_of_l2tp_and_a_change_is_to_be_told_promptly() -> None:
    vpdn = Holding("auth-outsource", "v1", Span(date(2025, 1, 1), date(2026, 1, 31)), {"kind": "vpdn"})
    desk = Desk(vpdn)
    environment = {"operator": "other carrier", "changed_on": "2025-11-01"}
    services = [{**GATEWAY, "l2tp": True}, {**NETWORK, "environment": environment}]
    assert desk.ask("apply", START, services=services).verdict is Verdict.ACCEPT

    def last_days(on: date) -> list[tuple[str, str, date]]:
        found = [
            each
            for contract in desk.contracts.values()
            for each in SERVICE.deadlines(contract, desk.situation(on))
        ]
        return [(each.kind, each.contract, each.on) for each in found]

    l2tp = ("l2tp", "acme-gateway-1", date(2026, 1, 31))
    assert last_days(date(2025, 11, 5)) == [l2tp]  # the operator has no number of days for promptly
    desk.operator = replace(desk.operator, parameters={"prompt-days": 14})
    told = ("report-environment", "acme-network-1", date(2025, 11, 15))
    assert last_days(date(2025, 11, 5)) == [l2tp, told]
    disclosed = {"contract": "acme-network-1", "changed_on": "2025-11-01"}
    desk.ask("disclose-environment", operator="other carrier", **disclosed)
    assert last_days(date(2025, 11, 5)) == [l2tp]
    desk.ask("cancel", contract="acme-gateway-1", designated="2025-12-31")
    assert last_days(date(2025, 12, 31)) == [l2tp]
    assert last_days(date(2026, 1, 1)) == []


def test_an_environment_of_ours_needs_no_report() -> None:
    desk = Desk()
    desk.operator = replace(desk.operator, parameters={"prompt-days": 14})
    environment = {"operator": "operator", "changed_on": "2025-11-01"}
    desk.ask("apply", START, services=[GATEWAY, {**NETWORK, "environment": environment}])
    network = desk.has("acme-network-1")
    assert not list(SERVICE.deadlines(network, desk.situation(date(2025, 11, 5))))


def test_what_an_abolition_settles_is_for_a_person_to_look_at() -> None:
    desk = Desk(type_b_options=["拡張サポートオプション"])
    certificate = {"option": "server-certificate", "billing_start": "2026-03-16"}
    support = {"option": "extended-support", "billing_start": "2026-03-16"}
    services = [{**GATEWAY, "options": [certificate]}, {**TYPE_B, "options": [support]}, NETWORK]
    assert desk.ask("apply", START, services=services).verdict is Verdict.ACCEPT
    for provider in ("intec", "soliton"):
        decision = desk.ask("third-party-ends", by="operator", provider=provider, last="2026-03-31")
        settled = [each for each in decision.findings if each.charges or each.amounts]
        assert settled and all(each.review for each in settled)
        assert decision.amounts["option-settlement"] == 15000  # 15 of 30 days, as written
        conventions = dict(decision.conventions)
        assert ("settlement.option-exemption" in conventions) == (provider == "soliton")


def test_only_the_customers_own_predecessor_is_spoken_of(desk: Desk) -> None:
    body = {"service": "gio-remote-access", "edition": "2025-07-01", "made_as": "secure-access-gateway"}
    desk.record("old", Fact("contract.concluded", {**body, "customer": "other"}, date(2012, 12, 1)))
    decision = desk.ask("count-towards", service="secure-access")
    assert decision.verdict is Verdict.REFUSE
    assert "suppl:2013-02-01.2" not in {cite.path for cite in decision.cites}
