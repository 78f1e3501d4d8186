"""From accepted acts to contracts and back to sites; facts that cannot be are told."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.clauses.acts import Act
from kitei.desk import Decision, Operator, Situation, Verdict
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Contract, Quote
from kitei.services.managed_vpn.application import read_act
from kitei.services.managed_vpn.conclusion import conclude
from kitei.services.managed_vpn.contract import fold, lans, site
from kitei.services.managed_vpn.decision import decide
from kitei.services.managed_vpn.edition import TERMS
from kitei.values import Span, Yen, day_of

FEES = ("initial", "monthly", "option-initial", "option-monthly", "device-change", "lost-device")
PRICES = tuple(Quote(fee, Yen(30000), Span(date(2026, 1, 1)), at) for at, fee in enumerate(FEES))
START = "2026-04-01T10:00:00+09:00"


class Desk:
    """A ledger in memory: acts are decided, and when accepted concluded and folded."""

    def __init__(self, **lists: Any) -> None:
        self.contracts: dict[str, Contract] = {}
        self.facts: list[tuple[str, Fact]] = []
        designated = {name.replace("_", "-"): tuple(entries) for name, entries in lists.items()}
        self.operator = Operator(designated, {}, {"acme": PRICES, "other": PRICES})

    def situation(self, on: date) -> Situation:
        return Situation.of(on, TERMS, self.contracts, self.operator)

    def decide(self, asked: Act) -> Decision:
        return decide(asked, self.situation(day_of(asked.at)), asked.at)

    def ask(self, name: str, at: str = START, **written: Any) -> Decision:
        asked = read_act(name, {"by": "acme", "at": at, **written}, TERMS.editions[-1])
        decision = self.decide(asked)
        if decision.verdict is Verdict.ACCEPT:
            for stream, fact in conclude(asked, decision, self.situation(day_of(asked.at))):
                self.record(stream.removeprefix("contract:"), fact)
        return decision

    def record(self, name: str, fact: Fact) -> None:
        self.facts.append((name, fact))
        before = self.contracts.get(name)
        version = before.version + 1 if before else 1
        at = datetime.fromisoformat(START)
        entry = Entry(len(self.facts), f"contract:{name}", version, fact, at, "test", "", "")
        self.contracts[name] = fold(before, entry)

    def kinds(self) -> list[str]:
        return [fact.kind for _, fact in self.facts]


def wanted(
    number: int, network: str = "n", item: str = "single-star-single-edge", **more: Any
) -> dict[str, Any]:
    return {
        "kind": "child" if number else "parent",
        "network": network,
        "item": item,
        "name": f"site {number}",
        "lans": [{"prefix": f"10.{number}.0.0/16"}],
        **more,
    }


@pytest.fixture
def desk() -> Desk:
    desk = Desk(device_change_pairs=[["Cisco 891FJ", "Cisco ISR 4351"]])
    desk.ask("apply", sites=[wanted(0), wanted(1, models=["Cisco 891FJ"]), wanted(2)], id="A-1")
    for number in range(3):
        serial = f"J-{number}"
        desk.ask("device-event", contract=f"n-{number}", event="assigned", serial=serial, model="Cisco 891FJ")
        desk.ask("device-event", contract=f"n-{number}", event="installed", serial=serial)
        desk.ask("start-billing", by="operator", contract=f"n-{number}", billing_start="2026-04-10")
    return desk


def test_an_application_becomes_contracts_that_are_sites(desk: Desk) -> None:
    child = site(desk.contracts["n-1"], date(2026, 4, 20))
    assert (child.kind, child.number, child.network, child.name) == ("child", 1, "n", "site 1")
    assert [(lan.prefix, lan.gateway, lan.designated_by) for lan in child.lans] == [
        ("10.1.0.0/16", "10.1.0.1", "customer")
    ]
    assert [(each.serial, each.slot, each.state) for each in child.devices] == [("J-1", "a", "installed")]
    assert desk.contracts["n-1"].application == "A-1" and child.cites
    assert all("art:22.2" in " ".join(lan.cites) for lan in child.lans)


def test_the_term_counts_from_billing_and_cites_its_article(desk: Desk) -> None:
    term = desk.contracts["n-1"].term
    assert term is not None and (term.start, term.last) == (date(2026, 4, 10), date(2027, 4, 9))
    assert any(cite.endswith("#art:5.1") for cite in term.cites)


def test_numbers_of_ended_contracts_stay_taken(desk: Desk) -> None:
    desk.ask("cancel", contract="n-2")
    desk.ask("apply", at="2027-01-05T10:00:00+09:00", sites=[wanted(7)])
    assert not desk.contracts["n-2"].is_in_force(date(2027, 1, 5))
    assert desk.contracts["n-3"].body["number"] == 3


def test_a_lan_is_there_from_the_day_of_the_work_and_gone_from_the_day_of_the_next(desk: Desk) -> None:
    desk.ask(
        "work-order",
        contract="n-1",
        add_lans=[{"prefix": "172.16.0.0/24"}],
        start="2026-05-11T10:00:00+09:00",
    )
    desk.ask("work-order", "2026-06-01T10:00:00+09:00", contract="n-1", remove_lans=["172.16.0.0/24"])
    contract = desk.contracts["n-1"]
    there = [day for day in (10, 11, 31) if len(lans(contract, date(2026, 5, day))) == 2]
    assert there == [11, 31] and len(lans(contract, date(2026, 6, 1))) == 1
    fees = [charge for charge in desk.contracts["n-0"].charges if charge.name == "setting-change"]
    assert [(charge.amount, charge.due_on) for charge in fees] == [
        (5000, date(2026, 5, 11)),
        (5000, date(2026, 6, 1)),
    ]


def test_a_cancelled_site_is_served_to_the_end_of_its_day_and_its_devices_go_back(desk: Desk) -> None:
    decision = desk.ask("cancel", "2026-05-01T10:00:00+09:00", contract="n-1")
    contract = desk.contracts["n-1"]
    assert contract.ending and contract.ending.last == date(2026, 5, 31) == decision.dates["effective"]
    assert contract.is_in_force(date(2026, 5, 31)) and not contract.is_in_force(date(2026, 6, 1))
    assert [device.return_by for device in contract.devices] == [date(2026, 6, 30)]
    assert [(c.name, c.amount) for c in contract.charges if c.name == "settlement"] == [
        ("settlement", decision.amounts["settlement"])
    ]


def test_a_device_not_returned_is_lost_and_charged_once(desk: Desk) -> None:
    desk.ask("cancel", "2026-05-01T10:00:00+09:00", contract="n-1")
    assert desk.ask("day-check", "2026-06-30T10:00:00+09:00", contract="n-1").amounts == {"lost-device": 0}
    assert desk.ask("day-check", "2026-07-01T10:00:00+09:00", contract="n-1").amounts == {
        "lost-device": 30000
    }
    assert desk.ask("day-check", "2026-07-02T10:00:00+09:00", contract="n-1").amounts == {"lost-device": 0}
    assert [each.state for each in desk.contracts["n-1"].devices] == ["lost"]


def test_a_changed_device_serves_until_the_new_one_takes_its_place(desk: Desk) -> None:
    asked = {"device": {"from": "Cisco 891FJ", "to": "Cisco ISR 4351"}, "change_on": "2026-06-01"}
    decision = desk.ask("change", "2026-05-20T10:00:00+09:00", contract="n-1", **asked)
    assert decision.dates["deadline"] == date(2026, 7, 1)
    contract = desk.contracts["n-1"]
    assert [(each.serial, each.state) for each in contract.devices] == [("J-1", "installed")]
    assert contract.body["models"] == ["Cisco ISR 4351"] and contract.body["pending_term"] == 12
    assert contract.term and contract.term.last == date(2027, 4, 9)

    new = {"contract": "n-1", "serial": "K-1"}
    desk.ask("device-event", "2026-05-25T10:00:00+09:00", **new, event="assigned", model="Cisco ISR 4351")
    assert [each.serial for each in site(desk.contracts["n-1"], date(2026, 5, 25)).devices] == ["J-1"]
    desk.ask("device-event", "2026-06-01T10:00:00+09:00", **new, event="installed")
    devices = {each.serial: each for each in desk.contracts["n-1"].devices}
    assert (devices["J-1"].state, devices["J-1"].return_by) == ("replaced", date(2026, 7, 1))
    assert (devices["K-1"].state, devices["K-1"].slot) == ("installed", "a")

    desk.ask(
        "start-billing",
        "2026-06-01T10:00:00+09:00",
        by="operator",
        contract="n-1",
        billing_start="2026-06-01",
    )
    contract = desk.contracts["n-1"]
    assert contract.term and contract.term.last == date(2027, 5, 31)
    assert contract.billing_start == date(2026, 4, 10) and contract.body["pending_term"] is None
    assert desk.ask("read-term", "2026-06-01T10:00:00+09:00", contract="n-1").cites[0].path == "art:5.2"


def test_a_slot_takes_one_device_and_one_to_follow_it(desk: Desk) -> None:
    def assign(serial: str, slot: str = "a") -> Verdict:
        return desk.ask("device-event", contract="n-1", event="assigned", serial=serial, slot=slot).verdict

    assert assign("J-1") is Verdict.REFUSE
    assert assign("K-1") is Verdict.ACCEPT
    assert assign("K-2") is Verdict.REFUSE
    assert assign("K-3", "b") is Verdict.REFUSE


def test_billing_starts_once(desk: Desk) -> None:
    again = desk.ask("start-billing", by="operator", contract="n-1", billing_start="2026-06-01")
    assert again.verdict is Verdict.REFUSE and desk.contracts["n-1"].billing_start == date(2026, 4, 10)


def test_a_spare_takes_the_place_of_a_failed_device(desk: Desk) -> None:
    desk.ask("add-option", contract="n-1", option="cold-standby")
    desk.ask(
        "device-event", contract="n-1", event="assigned", serial="S-1", slot="spare-a", model="Cisco 891FJ"
    )
    refused = desk.ask("device-event", contract="n-1", event="swap", serial="J-1")
    assert refused.verdict is Verdict.REFUSE
    desk.ask("device-event", contract="n-1", event="swap", serial="J-1", known={"instruction": "swap"})
    devices = {each.serial: each for each in desk.contracts["n-1"].devices}
    assert (devices["J-1"].state, devices["S-1"].state, devices["S-1"].slot) == ("replaced", "installed", "a")
    assert [each.serial for each in site(desk.contracts["n-1"], date(2026, 5, 1)).devices] == ["S-1"]


def test_closed_monitoring_watches_a_device_until_it_ends(desk: Desk) -> None:
    watch = {"kind": "child", "network": "n", "item": "closed-monitoring", "watches": "n-1"}
    desk.ask("apply", sites=[watch])
    assert site(desk.contracts["n-1"], date(2026, 4, 20)).monitored == ("a",)
    desk.ask("cancel", "2026-05-01T10:00:00+09:00", contract="n-m1")
    watched = desk.contracts["n-1"]
    assert site(watched, date(2026, 5, 31)).monitored == ("a",)
    assert site(watched, date(2026, 6, 1)).monitored == ()


def test_a_credit_is_granted_once(desk: Desk) -> None:
    down = {
        "id": "o1",
        "contract": "n-1",
        "known_at": "2026-05-01T00:00:00+09:00",
        "restored_at": "2026-05-03T01:00:00+09:00",
        "total": True,
        "cause": "operator",
    }
    desk.record("n-1", Fact("outage.found", down, date(2026, 5, 3)))
    assert desk.ask("claim-credit", "2026-05-10T10:00:00+09:00", contract="n-1").amounts == {"credit": 2000}
    (credit,) = desk.contracts["n-1"].credits
    assert (credit.units, credit.amount, str(credit.fraction)) == (2, 2000, "1/15")
    again = desk.ask("claim-credit", "2026-05-11T10:00:00+09:00", contract="n-1", outage="o1")
    assert again.verdict is Verdict.REFUSE and len(desk.contracts["n-1"].credits) == 1


def test_an_option_ends_with_its_contract(desk: Desk) -> None:
    desk.ask("add-option", contract="n-1", option="cold-standby", billing_start="2026-04-20")
    desk.ask("cancel", "2026-05-01T10:00:00+09:00", contract="n-1")
    (option,) = desk.contracts["n-1"].options
    assert option.ending and option.ending.last == date(2026, 5, 31)
    settled = [c for c in desk.contracts["n-1"].charges if c.name == "option-settlement"]
    assert settled and settled[0].detail["option"] == "cold-standby"


def test_nothing_is_concluded_of_what_is_not_accepted(desk: Desk) -> None:
    asked = read_act("cancel", {"by": "other", "at": START, "contract": "n-1"}, TERMS.editions[-1])
    decision = desk.decide(asked)
    with pytest.raises(ValueError, match="concludes nothing"):
        conclude(asked, decision, desk.situation(date(2026, 4, 1)))


@pytest.mark.parametrize(
    ("kind", "why"),
    [("contract.concluded", "concluded twice"), ("contract.painted", "no fact of a contract")],
)
def test_facts_that_cannot_be_are_told(desk: Desk, kind: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        desk.record("n-1", Fact(kind, {}, date(2026, 5, 1)))


def test_a_contract_begins_with_its_conclusion() -> None:
    with pytest.raises(ValueError, match=r"not with contract\.concluded"):
        Desk().record("n-9", Fact("contract.amended", {}, date(2026, 5, 1)))


days = st.dates(date(2026, 5, 1), date(2027, 12, 31))


def notice(desk: Desk, arrived: date, designated: date | None) -> Decision:
    written = {"contract": "n-1", "arrived": arrived, "designated": designated}
    asked = {key: value for key, value in written.items() if value}
    return desk.decide(read_act("cancel", {"by": "acme", "at": START, **asked}, TERMS.editions[-1]))


@given(days, days, st.none() | days)
def test_an_earlier_notice_never_ends_later(one: date, other: date, designated: date | None) -> None:
    desk = running()
    early, late = sorted((one, other))
    first, second = notice(desk, early, designated), notice(desk, late, designated)
    assert first.dates["effective"] <= second.dates["effective"]
    assert first.amounts["settlement"] >= second.amounts["settlement"]


@given(days, st.none() | days)
def test_money_adds_up(arrived: date, designated: date | None) -> None:
    desk = running()
    decision = notice(desk, arrived, designated)
    assert decision.total == sum(decision.amounts.values())
    assert sum(charge.amount or 0 for charge in decision.charges) == decision.total
    asked = read_act(
        "cancel", {"by": "acme", "at": START, "contract": "n-1", "arrived": arrived}, TERMS.editions[-1]
    )
    accepted = desk.decide(asked)
    facts = conclude(asked, accepted, desk.situation(date(2026, 4, 1)))
    fallen = [fact.body["amount"] for _, fact in facts if fact.kind == "charge.fell-due"]
    assert sum(amount for amount in fallen if isinstance(amount, int)) == accepted.total


ACTS: list[tuple[str, dict[str, Any]]] = [
    ("apply", {"sites": [wanted(5)]}),
    ("apply", {"sites": [wanted(5, "m")]}),
    ("cancel", {"contract": "n-1"}),
    ("cancel", {"contract": "n-0"}),
    ("work-order", {"contract": "n-1", "add_lans": [{"prefix": "10.1.0.0/24"}]}),
    ("add-option", {"contract": "n-2", "option": "private-switch"}),
    ("change", {"contract": "n-1", "device": {"from": "Cisco 891FJ", "to": "Cisco ISR 4351"}}),
    ("device-event", {"contract": "n-1", "event": "lost-reported"}),
]


@given(st.sampled_from(ACTS), st.sampled_from(["acme", "other"]), days)
def test_a_decision_depends_on_nothing_but_what_it_is_about(
    act: tuple[str, dict[str, Any]], by: str, day: date
) -> None:
    desk = running()
    name, written = act
    asked = read_act(name, {"by": by, "at": f"{day}T10:00:00+09:00", **written}, TERMS.editions[-1])
    first = desk.decide(asked)
    assert desk.decide(asked) == first
    unrelated = replace(desk.contracts["n-1"], id="z-1", group="z", customer="someone")
    desk.contracts = {"z-1": unrelated, **desk.contracts}
    assert desk.decide(asked) == first


def running() -> Desk:
    """A network in force and billed."""
    desk = Desk(device_change_pairs=[["Cisco 891FJ", "Cisco ISR 4351"]])
    desk.ask("apply", sites=[wanted(0), wanted(1, models=["Cisco 891FJ"]), wanted(2)])
    for number in range(3):
        desk.ask("start-billing", by="operator", contract=f"n-{number}", billing_start="2026-04-10")
    return desk
