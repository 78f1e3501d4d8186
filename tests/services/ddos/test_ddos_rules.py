"""What the terms leave open is read as the operator chooses, and laws hold over all that may be asked."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.accounts import Provider, Recipient
from kitei.desk import Decision, Unreadable, Verdict
from kitei.desk.cases import Case, case_of
from kitei.office.papers import Letter, decision_html
from kitei.services.ddos.application import ACTS, read_act
from kitei.services.ddos.cases import run, translate
from kitei.services.ddos.conclusion import conclude
from kitei.services.ddos.decision import decide
from kitei.services.ddos.edition import TERMS
from kitei.values import Words

OWN = Path(__file__).parents[2] / "cases" / "ddos-protection.json"
NAME = Words("北極星", "Polaris")
PROVIDER = Provider(NAME, "T7000012050002", NAME, "billing@polaris.example")
RECIPIENT = Recipient(NAME, NAME)
LETTERS = "EXPDWVM"
NET = {"customer": "C1", "service": "インターネット接続サービス", "id": "I1"}
OPTIONS = TERMS.first.value("options").slugs
TEN = "T10:00:00+09:00"


def contract(letter: str, **more: Any) -> dict[str, Any]:
    base = {"base": "B1"} if letter == "M" else {}
    return {
        "id": "K1",
        "customer": "C1",
        "item": f"タイプ{letter}",
        "billing_start": "2026-01-01",
        "monthly_fee_jpy": 300_000,
        **base,
        **more,
    }


def case(when: dict[str, Any], *contracts: dict[str, Any], **given: Any) -> Case:
    asked = {"at": f"2026-06-01{TEN}", "by": "C1", "contract": "K1", **when}
    return Case(
        "L", TERMS.service, {"contracts": list(contracts), "other_services": [NET], **given}, asked, {}
    )


def read_as(key: str, value: str) -> dict[str, Any]:
    return {"operator_params": {"conventions": {key: value}}}


def paths(decision: Decision) -> set[str]:
    return {cite.path for cite in decision.cites}


# -- conventions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "verdict"), [("literal", Verdict.ACCEPT), ("as-class-i", Verdict.REFUSE)])
def test_type_d_needs_a_service_only_where_it_is_read_so(way: str, verdict: Verdict) -> None:
    asked = {"action": "apply", "contract": None, "applications": [{"item": "タイプD"}]}
    found = run(case(asked, other_services=[], **read_as("ddp.type-d", way)))
    assert found.outcome is verdict and "art:3.1" in paths(found)


@pytest.mark.parametrize(
    ("way", "verdict"), [("with-base", Verdict.REFUSE), ("literal", Verdict.ACCEPT), ("to-x", Verdict.ACCEPT)]
)
def test_e_becomes_m_as_it_is_read(way: str, verdict: Verdict) -> None:
    asked, situation = translate(
        case({"action": "change", "item": "タイプM"}, contract("E"), **read_as("ddp.e-to-m", way))
    )
    found = decide(asked, situation, asked.at)
    assert found.outcome is verdict and found.review
    if way == "to-x":
        (amended,) = [
            fact for _, fact in conclude(asked, found, situation) if fact.kind == "contract.amended"
        ]
        assert amended.body["item"] == "type-x"


@pytest.mark.parametrize(("way", "last"), [("runs-on", "2026-12-31"), ("restarts", "2027-05-31")])
def test_a_term_runs_on_or_restarts_with_the_item(way: str, last: str) -> None:
    found = run(
        case({"action": "change", "item": "タイプP"}, contract("X"), **read_as("ddp.item-change", way))
    )
    assert found.dates["term_end"] == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("way", "verdict"), [("option-for-some", Verdict.ACCEPT), ("single-family", Verdict.REFUSE)]
)
def test_x_protects_both_families_unless_read_otherwise(way: str, verdict: Verdict) -> None:
    both = {"action": "designate-addresses", "prefixes": ["203.0.113.0/24", "2001:db8::/32"]}
    found = run(case(both, contract("X"), **read_as("ddp.dual-stack", way)))
    assert found.outcome is verdict


@pytest.mark.parametrize(("way", "settled"), [("with-takeover", None), ("strict", 1_800_000)])
def test_another_connection_takes_over_unless_read_strictly(way: str, settled: int | None) -> None:
    asked = {"action": "external-contract-ended", "contract": "I1", "at": "2026-06-30T23:59:59+09:00"}
    both = [NET, {**NET, "id": "I2"}]
    found = run(case(asked, contract("E"), other_services=both, **read_as("ddp.cascade", way)))
    assert found.amounts.get("settlement") == settled


@pytest.mark.parametrize(("way", "verdict"), [("literal", Verdict.REFUSE), ("implied", Verdict.ACCEPT)])
def test_always_on_is_built_into_x_only_where_it_is_read_so(way: str, verdict: Verdict) -> None:
    wanted = {"action": "add-option", "option": "常時防御オプション", "form": "prescribed"}
    assert run(case(wanted, contract("X"), **read_as("ddp.always-on", way))).outcome is verdict


@pytest.mark.parametrize(("way", "verdict"), [("after-mitigation", Verdict.ACCEPT), ("peak", Verdict.REFUSE)])
def test_rates_are_measured_after_mitigation_unless_read_by_the_peak(way: str, verdict: Verdict) -> None:
    told = {"action": "network-event", "offered_mbps": 20_000, "clean_mbps": 400}
    assert run(case(told, contract("E"), **read_as("ddp.rates", way))).outcome is verdict


@pytest.mark.parametrize(("way", "verdict"), [("refuse", Verdict.REFUSE), ("accept", Verdict.ACCEPT)])
def test_a_list_the_operator_never_made_is_closed_unless_read_otherwise(way: str, verdict: Verdict) -> None:
    router = {"name": "トンネルルータオプション", "item": "レンタル有"}
    read = read_as("operator-designated", way)
    device = {"action": "change", "option": "トンネルルータオプション", "device": {"from": "m1", "to": "m2"}}
    assert run(case(device, contract("X", options=[router]), **read)).outcome is verdict
    assert run(case({"action": "change", "matter": "名義"}, contract("X"), **read)).outcome is verdict
    other = [{"customer": "C1", "service": "IIJ DNSサービス", "id": "N1"}]
    asked = {"action": "apply", "contract": None, "applications": [{"item": "タイプX"}]}
    assert run(case(asked, other_services=other, **read)).outcome is verdict


def test_every_decision_carries_the_reading_it_rests_on() -> None:
    asked = {"action": "external-contract-ended", "contract": "I1", "at": "2026-06-30T23:59:59+09:00"}
    found = run(case(asked, contract("E")))
    assert ("ddp.cascade", "with-takeover") in found.conventions
    assert ("settlement.remaining", "months-and-thirtieths") in found.conventions


# -- reading -----------------------------------------------------------------------------------------


def test_every_fault_of_what_was_written_is_told_with_its_place() -> None:
    written = {
        "by": "acme",
        "at": f"2026-06-01{TEN}",
        "services": [
            {"item": "タイプE", "addresses": ["203.0.113.300/24"], "colour": "red"},
            {"options": [{"option": "dual-stack", "mbps": "many"}]},
        ],
    }
    with pytest.raises(Unreadable) as raised:
        read_act("apply", written, TERMS.first)
    assert {each.place for each in raised.value.faults} == {
        "apply.services[0].colour",
        "apply.services[0].addresses[0]",
        "apply.services[1].item",
        "apply.services[1].options[0].mbps",
    }


@pytest.mark.parametrize("rate", ["1/0", "-5", "nan", "fast", 4.5])
def test_a_rate_that_is_none_is_told(rate: object) -> None:
    written = {"by": "operator", "at": f"2026-06-01{TEN}", "contract": "K1", "clean_mbps": rate}
    with pytest.raises(Unreadable, match=r"network-event\.clean_mbps: .* is not Mbps such as 450"):
        read_act("network-event", written, TERMS.first)


def test_a_target_that_is_no_address_is_told() -> None:
    written = {"by": "operator", "at": f"2026-06-01{TEN}", "contract": "K1", "target": "203.0.113.9/24"}
    with pytest.raises(Unreadable, match=r"network-event\.target: .* is not a prefix"):
        read_act("network-event", written, TERMS.first)


def test_a_contract_that_is_not_there_is_no_matter_of_the_terms() -> None:
    asked, situation = translate(case({"action": "readiness-check"}, contract("E")))
    with pytest.raises(LookupError, match="there is no contract 'K9'"):
        decide(replace(asked, contract="K9"), situation, asked.at)  # type: ignore[call-arg]


def test_what_is_not_accepted_concludes_nothing() -> None:
    asked, situation = translate(case({"action": "change", "item": "タイプD"}, contract("X")))
    decision = decide(asked, situation, asked.at)
    with pytest.raises(ValueError, match="concludes nothing"):
        conclude(asked, decision, situation)


@pytest.mark.parametrize(
    ("name", "more"), [("external-ended", {"holding": "I1"}), ("route-control-complaint", {"contract": "K1"})]
)
def test_what_the_operator_records_nobody_else_does(name: str, more: dict[str, str]) -> None:
    _, situation = translate(case({"action": "readiness-check"}, contract("E")))
    asked = read_act(name, {"by": "C1", "at": f"2026-06-01{TEN}", **more}, TERMS.first)
    found = decide(asked, situation, asked.at)
    assert found.verdict is Verdict.REFUSE
    assert f"{name}.by" in {each.place for each in found.findings}


def test_every_act_can_be_read_by_its_name() -> None:
    for name in ACTS:
        with pytest.raises(Unreadable, match=rf"{name}\.by: is missing"):
            read_act(name, {}, TERMS.first)


# -- laws --------------------------------------------------------------------------------------------


@given(some.sampled_from(LETTERS), some.sampled_from(OPTIONS))
@settings(max_examples=80, deadline=None)
def test_what_can_be_added_can_be_applied_for_together(letter: str, option: str) -> None:
    """An option is for a type whether it comes with the contract or later."""
    more = {"tunnel-router": {"option_item": "レンタル無"}, "onsite-work": {"variant": "営業時間内"}}.get(
        option, {}
    )
    held = [
        NET,
        {"customer": "C1", "service": "IIJ Webハイグレード2サービス", "id": "H1"},
        {
            "customer": "C1",
            "service": "IIJ GIOコンテンツアクセラレーションサービス",
            "id": "A1",
            "ddos_link_option": True,
        },
    ]
    base = contract("X", id="B1")
    later = case(
        {"action": "add-option", "option": option, "form": "prescribed", **more},
        contract(letter),
        base,
        other_services=held,
    )
    wanted = {"item": f"タイプ{letter}", "options": [{"name": option, **more}]}
    together = case(
        {"action": "apply", "contract": None, "applications": [wanted]}, base, other_services=held
    )
    assert run(later).outcome is run(together).outcome


@given(some.integers(0, 2500), some.sampled_from("EXP"), some.integers(0, 2))
@settings(max_examples=100, deadline=None)
def test_what_passes_is_what_fits_the_ceiling_and_more_never_helps(
    rate: int, letter: str, steps: int
) -> None:
    extra = [{"name": "帯域拡張オプション", "mbps": 500 * steps}] if steps else []
    ceiling = {"E": 500, "X": 1000, "P": 1000}[letter] + 500 * steps
    found = run(case({"action": "network-event", "clean_mbps": rate}, contract(letter, options=extra)))
    assert (found.outcome is Verdict.ACCEPT) == (rate <= ceiling)


@given(some.integers(0, 364), some.integers(0, 364))
@settings(max_examples=100, deadline=None)
def test_a_base_that_ends_later_costs_no_more(first: int, other: int) -> None:
    ended = []
    for days in sorted((first, other)):
        day = date(2026, 1, 1) + timedelta(days=days)
        told = {"action": "external-contract-ended", "contract": "I1", "at": f"{day}T23:59:59+09:00"}
        added = contract("M", id="M1", base="K1", monthly_fee_jpy=100_000)
        ended.append(run(case(told, contract("X"), added)).amounts["settlement"])
    assert ended[0] >= ended[1] >= 0


@given(some.sampled_from(LETTERS), some.sampled_from(LETTERS))
@settings(max_examples=60, deadline=None)
def test_items_change_in_the_pairs_given_and_in_no_others(before: str, after: str) -> None:
    others = (contract("X", id="B1"),)
    found = run(case({"action": "change", "item": f"タイプ{after}"}, contract(before), *others))
    allowed = {"DE", "DX", "DP", "EM", "XP"}
    assert (found.outcome is Verdict.ACCEPT) == (before + after in allowed)


@given(some.sampled_from("EXPDWVM"), some.booleans())
@settings(max_examples=40, deadline=None)
def test_type_d_never_mitigates_whatever_it_has(letter: str, on_d: bool) -> None:
    base = contract("D" if on_d else "X", id="B1")
    told = {"action": "network-event", "event": "attack detected"}
    found = run(case(told, contract(letter, options=[{"name": "常時防御オプション"}]), base))
    never = letter == "D" or (letter == "M" and on_d)
    assert (found.outcome is Verdict.REFUSE) == never


@given(some.integers(0, 800), some.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_two_contracts_are_settled_as_each_would_be_alone(days: int, fee: int) -> None:
    day = date(2026, 1, 1) + timedelta(days=days)
    told = {"action": "external-contract-ended", "contract": "I1", "at": f"{day}T23:59:59+09:00"}
    one = contract("E", monthly_fee_jpy=fee * 1000)
    two = contract("P", id="K2", billing_start="2026-03-15", monthly_fee_jpy=7 * fee * 1000)
    apart = sum(run(case(told, each)).amounts["settlement"] for each in (one, two))
    assert run(case(told, one, two)).amounts["settlement"] == apart


def test_the_same_instant_in_another_zone_is_the_same_day() -> None:
    told = {"action": "external-contract-ended", "contract": "I1", "at": "2026-06-30T15:30:00+00:00"}
    found = run(case(told, contract("E")))
    assert found.dates["effective"] == date(2026, 7, 1)
    assert found.at == datetime.fromisoformat("2026-07-01T00:30:00+09:00")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_date_and_amount_has_a_name_for_people(language: Any) -> None:
    """A slug in a letter says nothing to who reads it."""
    for written in json.loads(OWN.read_text()):
        decision = run(case_of(written))
        letter = Letter("A-1", Words("申込", "application"), RECIPIENT, PROVIDER, decision)
        text = decision_html(letter, language)
        for name in (*decision.dates, *decision.amounts):
            assert f">{name}<" not in text, (written["id"], name)
