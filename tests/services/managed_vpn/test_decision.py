"""What each article says of what is asked: told in the vocabulary of the decided cases."""

from typing import Any

import pytest

from kitei.desk import Decision, Verdict
from kitei.desk.cases import Case
from kitei.services.managed_vpn.cases import run

PARENT = {
    "id": "P1",
    "customer": "C1",
    "kind": "親拠点",
    "vpn_network": "N1",
    "item": "シングルスターシングルエッジ",
    "billing_start": "2025-04-01",
    "minimum_term": "1y",
    "monthly_fee_jpy": 30000,
}
CHILD = {**PARENT, "id": "S1", "kind": "子拠点"}
BOTH = [PARENT, CHILD]
AT = "2026-02-10T10:00:00+09:00"


def decided(when: dict[str, Any], contracts: list[dict[str, Any]] | None = None, **given: Any) -> Decision:
    given["contracts"] = BOTH if contracts is None else contracts
    return run(Case("X", "managed-vpn-pro", given, {"at": AT, "by": "C1", **when}, {}))


def paths(decision: Decision, verdict: Verdict) -> set[str]:
    return {cite.path for each in decision.findings if each.verdict is verdict for cite in each.cites}


def refused(decision: Decision) -> set[str]:
    """The provisions that refuse, each finding saying in both languages why, and where it bites."""
    assert decision.outcome is Verdict.REFUSE, [each.why.en for each in decision.findings]
    for each in decision.findings:
        assert each.why.ja and each.why.en and each.cites
    return paths(decision, Verdict.REFUSE) | paths(decision, Verdict.REFER)


def accepted(decision: Decision) -> set[str]:
    assert decision.verdict is Verdict.ACCEPT, [each.why.en for each in decision.findings]
    return paths(decision, Verdict.ACCEPT)


def site(kind: str = "子拠点", **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "vpn_network": "N1",
        "item": "シングルスターシングルエッジ",
        "device_type": "Cisco",
        "maintenance": "タイプ2",
        "minimum_term": "1y",
        **more,
    }


def apply(*sites: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"action": "apply", "applications": list(sites), **more}


@pytest.mark.parametrize(
    ("wrong", "article"),
    [
        ({"kind": "中継拠点"}, "art:1.1"),
        ({"kind": "親拠点"}, "art:1.1.t1"),
        ({"item": "トリプルスター"}, "art:2.1"),
        ({"item": "デュアルスターシングルエッジ"}, "art:2.1"),
        ({"vpn_devices": 2}, "art:2.1.t1"),
        ({"device_type": "NetScreen"}, "art:3.1"),
        ({"device_model": "Catalyst 1000-24T-4G-L"}, "art:3.1.t1"),
        ({"maintenance": "タイプ1"}, "art:4.1"),
        ({"minimum_term": "2y"}, "art:5.1"),
        ({"sites": ["大阪", "福岡"]}, "art:6.1"),
        ({"lan_prefix": "2001:db8::/48"}, "art:7.1"),
        ({"lan_prefix": "10.0.0.0/31"}, "art:7.2"),
        ({"vpn_network": ["N1", "N2"]}, "art:22.4"),
        ({"lan_prefix": "192.169.0.0/16"}, "art:22.2"),
        ({"options": [{"name": "無線オプション"}]}, "art:17.2"),
        ({"options": [{"name": "コールドスタンバイオプション", "form": "e-mail"}]}, "art:17.1"),
    ],
)
def test_a_site_that_is_not_to_be_had_is_refused_with_its_article(
    wrong: dict[str, Any], article: str
) -> None:
    assert article in refused(decided(apply(site(**wrong))))
    finding = next(f for f in decided(apply(site(**wrong))).findings if f.verdict is Verdict.REFUSE)
    assert finding.place.startswith("apply.sites[0]") and finding.remedy


def test_a_parent_needs_a_child_and_a_child_a_parent() -> None:
    assert "art:8.1" in refused(decided(apply(site("親拠点")), []))
    assert "art:8.1" in refused(decided(apply(site()), []))
    assert "art:8.1" in accepted(decided(apply(site("親拠点"), site()), []))


def test_a_batch_is_decided_as_one() -> None:
    decision = decided(apply(site("親拠点"), site(), site(lan_prefix="8.8.8.0/24")), [])
    assert "art:22.2" in refused(decision)
    assert [f.place for f in decision.findings if f.verdict is Verdict.REFUSE] == [
        "apply.sites[2].lans[0].prefix"
    ]


def test_children_beyond_the_operators_number_are_refused() -> None:
    params = {"operator_params": {"max_children_per_vpn": 2}}
    assert "art:1.1.t2" in accepted(decided(apply(site()), **params))
    assert "art:1.1.t2" in refused(decided(apply(site(), site()), **params))


def test_a_child_under_notice_counts_to_the_end_of_its_last_day() -> None:
    params = {"operator_params": {"max_children_per_vpn": 1}}
    last_day = [PARENT, {**CHILD, "ended": "2026-02-10"}]
    gone = [PARENT, {**CHILD, "ended": "2026-02-09"}]
    assert "art:1.1.t2" in refused(decided(apply(site()), last_day, **params))
    assert "art:1.1.t2" in accepted(decided(apply(site()), gone, **params))


def test_closed_monitoring_is_a_line_added_to_a_network_and_no_change_of_item() -> None:
    watch = site(item="クローズドモニタリング")
    assert {"art:2.1.t4", "art:2.1.t4.a2"} <= accepted(decided(apply(watch)))
    assert "art:2.1.t4.a2" in refused(decided(apply(watch), []))


def test_two_lans_of_one_network_may_not_overlap_and_of_two_networks_may() -> None:
    taken = [PARENT, {**CHILD, "lan_prefix": "10.1.0.0/16"}]
    assert {"art:7.2", "art:7.3"} <= refused(decided(apply(site(lan_prefix="10.1.2.0/24")), taken))
    assert {"art:7.2", "art:7.3"} <= refused(decided(apply(site(lan_prefix="10.0.0.0/8")), taken))
    twins = apply(site(lan_prefix="10.2.0.0/16"), site(lan_prefix="10.2.0.0/16"))
    assert "art:7.3" in refused(decided(twins, taken))
    other = apply(site("親拠点", vpn_network="N2"), site(vpn_network="N2", lan_prefix="10.1.0.0/16"), by="C2")
    accepted(decided(other, taken))


def test_another_customer_joins_only_with_the_consent_of_the_parents_holder() -> None:
    decision = decided(apply(site(), by="C2"))
    assert decision.verdict is Verdict.REFER and decision.proposed is Verdict.ACCEPT
    assert "art:10.1" in paths(decision, Verdict.REFER)


def test_a_missing_quote_is_said_and_is_not_zero() -> None:
    decision = decided(apply(site()))
    assert decision.verdict is Verdict.ACCEPT
    assert decision.missing == ("initial",) and decision.total is None
    assert [charge.amount for charge in decision.charges] == [None]


def test_a_refusal_costs_nothing_and_dates_nothing() -> None:
    decision = decided(apply(site(minimum_term="2y")), quoted={"initial_jpy": 100000})
    assert decision.amounts == {} and decision.dates == {}


OPTIONS = {
    "オンサイト設置オプション": ("art:17.2.1", None),
    "コールドスタンバイオプション": ("art:17.2.2", "2027-02-28"),
    "プライベートスイッチオプション": ("art:17.2.3", "2027-02-28"),
    "ラックマウントキットオプション": ("art:17.2.4", None),
    "SFPモジュールオプション": ("art:17.2.5", "2027-02-28"),
    "VPNモジュールオプション": ("art:17.2.6", "2027-02-28"),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_has_its_own_term_or_none(option: str) -> None:
    article, end = OPTIONS[option]
    model = {"device_model": "Cisco ISR 4351"} if article >= "art:17.2.4" else {}
    lists = {key: ["Cisco ISR 4351"] for key in ("rack_devices", "sfp_devices", "vpn_module_devices")}
    asked = {"action": "add-option", "contract": "S1", "option": option, "form": "prescribed", **model}
    decision = decided({**asked, "option_billing_start": "2026-03-01"}, operator_params=lists)
    assert article in accepted(decision)
    assert str(decision.dates.get("term_end")) == str(end)
    assert "art:17.1" in refused(decided({**asked, "form": "e-mail"}, operator_params=lists))
    if article >= "art:17.2.4":
        assert article in refused(decided(asked))


def change(**more: Any) -> dict[str, Any]:
    return {"action": "change", "contract": "P1", **more}


PAIRS = {"operator_params": {"device_change_pairs": [["Cisco 891FJ", "Cisco ISR 4351"]]}}
FORWARD = {"device": {"from": "Cisco 891FJ", "to": "Cisco ISR 4351"}}
BACKWARD = {"device": {"from": "Cisco ISR 4351", "to": "Cisco 891FJ"}}


@pytest.mark.parametrize(
    "what",
    [{"kind": "子拠点"}, {"item": "デュアルスターデュアルエッジ"}, {"maintenance": "タイプ1"}, BACKWARD],
)
def test_nothing_changes_but_devices_in_the_operators_direction(what: dict[str, Any]) -> None:
    assert "art:9.2" in refused(decided(change(**what), **PAIRS))


def test_a_change_restarts_the_term_at_its_old_length() -> None:
    three = [{**PARENT, "minimum_term": "3y"}, CHILD]
    asked = change(**FORWARD, new_billing_start="2026-03-15", change_date="2026-03-15")
    decision = decided(asked, three, **PAIRS)
    assert {"art:5.2", "art:9.1", "art:14.3", "schedule:4"} <= accepted(decision)
    assert str(decision.dates["term_end"]) == "2029-03-14"
    assert str(decision.dates["deadline"]) == "2026-04-14"
    assert decision.missing == ("device-change",)


def test_a_change_of_switch_restarts_the_options_term_alone() -> None:
    option = {"name": "プライベートスイッチオプション", "billing_start": "2025-06-01"}
    held = [{**PARENT, "options": [option]}, CHILD]
    pair = {
        "operator_params": {"device_change_pairs": [["Catalyst 1000-24T-4G-L", "Catalyst 1000-48T-4G-L"]]}
    }
    device = {"from": "Catalyst 1000-24T-4G-L", "to": "Catalyst 1000-48T-4G-L"}
    asked = change(option=option["name"], device=device, new_billing_start="2026-03-01")
    decision = decided(asked, held, **pair)
    assert "art:17.3.s2" in accepted(decision)
    assert str(decision.dates["term_end"]) == "2027-02-28"
    assert ("mvp.switch-change-resets-base", "no") in decision.conventions
    assert any("MVP-D03" in finding.defects for finding in decision.findings)


def test_a_change_of_spare_is_paid_for_and_restarts_nothing() -> None:
    option = {"name": "コールドスタンバイオプション", "billing_start": "2025-06-01"}
    params = {**PAIRS["operator_params"], "device_change_fee_jpy": 80000}
    decision = decided(
        change(option=option["name"], **FORWARD),
        [{**PARENT, "options": [option]}, CHILD],
        operator_params=params,
    )
    assert "schedule:1.3.2" in accepted(decision) and "term_end" not in decision.dates
    assert decision.amounts == {"device-change": 80000}
    assert any("MVP-D02" in finding.defects for finding in decision.findings)


def work(**more: Any) -> dict[str, Any]:
    return {"action": "config-work-order", "contract": "S1", "vpn_devices": 1, "works": 1, **more}


@pytest.mark.parametrize(
    ("start", "fee"),
    [
        ("2026-06-10T08:59:59+09:00", 10000),
        ("2026-06-10T09:00:00+09:00", 5000),
        ("2026-06-10T18:59:59+09:00", 5000),
        ("2026-06-10T19:00:00+09:00", 10000),
        ("2026-06-13T10:00:00+09:00", 5000),
        ("2026-06-10T00:30:00Z", 5000),
    ],
)
def test_a_works_fee_goes_by_when_it_starts_in_tokyo_on_any_day(start: str, fee: int) -> None:
    assert decided(work(start=start)).amounts == {"setting-change": fee}


@pytest.mark.parametrize(
    ("reading", "start", "fee"),
    [
        ("start-closed", "2026-06-10T19:00:00+09:00", 5000),
        ("wholly-inside", "2026-06-10T18:30:00+09:00", 10000),
        ("split", "2026-06-10T18:30:00+09:00", 7500),
    ],
)
def test_other_readings_of_the_hours_can_be_chosen(reading: str, start: str, fee: int) -> None:
    asked = work(start=start, end="2026-06-10T19:30:00+09:00")
    decision = decided(asked, operator_params={"conventions": {"work.fee-hours": reading}})
    assert decision.amounts == {"setting-change": fee}
    assert ("work.fee-hours", reading) in decision.conventions


def test_works_are_charged_by_device_and_work() -> None:
    assert decided(work(vpn_devices=2, works=3)).amounts == {"setting-change": 30000}
    assert decided(work(result="failed by operator error")).amounts == {"setting-change": 0}


def test_only_the_parents_holder_orders_settings_and_owes_for_them() -> None:
    others = [PARENT, {**CHILD, "customer": "C2"}]
    assert {"art:10.1", "art:10.2"} <= refused(decided(work(by="C2"), others))
    decision = decided(work(), others)
    assert "art:10.4" in accepted(decision)
    assert [charge.customer for charge in decision.charges] == ["C1"]
    assert "art:10.2" in refused(decided(work(), [CHILD]))


OTHERS = [*BOTH, {**PARENT, "id": "P2", "vpn_network": "N2"}, {**CHILD, "id": "S2", "vpn_network": "N2"}]


@pytest.mark.parametrize(
    ("ends", "article"),
    [
        (["P1", "P2"], "art:22.3"),
        (["S1", "P2"], "art:22.4"),
        (["S1", "partner"], "art:22.1"),
        (["S1"], "art:22.1"),
    ],
)
def test_what_may_not_be_connected_is_refused(ends: list[str], article: str) -> None:
    asked = {"action": "config-work-order", "change": {"tunnel": ends}}
    assert article in refused(decided(asked, OTHERS))


def cancel(**more: Any) -> dict[str, Any]:
    return {"action": "cancel", "contract": "S1", "form": "prescribed", **more}


def test_a_notice_on_another_form_or_by_another_ends_nothing() -> None:
    assert "art:18.1" in refused(decided(cancel(form="e-mail")))
    assert "art:18.1" in refused(decided(cancel(by="C2")))


@pytest.mark.parametrize(
    ("arrived", "designated", "effective"),
    [
        ("2026-05-01", None, "2026-05-31"),
        ("2026-05-01", "2026-05-30", "2026-05-31"),
        ("2026-05-01", "2026-04-01", "2026-05-31"),
        ("2026-05-01", "2026-06-01", "2026-06-01"),
        ("2026-05-01", "2030-01-01", "2030-01-01"),
        ("2028-01-31", None, "2028-03-01"),
    ],
)
def test_a_contract_ends_on_the_later_of_thirty_days_and_the_day_named(
    arrived: str, designated: str | None, effective: str
) -> None:
    asked = cancel(at=f"{arrived}T23:59:00+09:00", arrived=arrived, designated=designated)
    decision = decided({key: value for key, value in asked.items() if value})
    accepted(decision)
    assert str(decision.dates["effective"]) == effective


def test_a_notice_late_at_night_in_london_has_arrived_the_next_day_here() -> None:
    decision = decided(cancel(at="2026-05-01T15:00:00Z"))
    assert str(decision.dates["effective"]) == "2026-06-01"


@pytest.mark.parametrize("ground", ["general-rules-28-2", "general-rules-28-3"])
def test_exempt_grounds_settle_no_contract_but_its_options_as_written(ground: str) -> None:
    option = {"name": "コールドスタンバイオプション", "billing_start": "2025-12-01", "monthly_fee_jpy": 6000}
    held = [PARENT, {**CHILD, "billing_start": "2025-12-01", "options": [option]}]
    decision = decided(
        {"action": "cancel", "contract": "S1", "ground": ground, "effective": "2026-02-28"}, held
    )
    assert decision.amounts == {"settlement": 0, "option-settlement": 9 * 6000}
    assert decision.review and ("settlement.option-exemption", "literal") in decision.conventions


def test_odd_days_are_thirtieths_rounded_once_at_the_end() -> None:
    held = [PARENT, {**CHILD, "billing_start": "2026-01-01", "monthly_fee_jpy": 10001}]
    decision = decided(cancel(arrived="2026-02-10", designated="2026-03-21"), held)
    assert decision.amounts["settlement"] == round(10001 * 9 + 10001 * 10 / 30)
    assert ("settlement.remaining", "months-and-thirtieths") in decision.conventions


def test_ending_before_billing_starts_is_settled_in_full_and_marked_for_review() -> None:
    held = [PARENT, {key: value for key, value in CHILD.items() if key != "billing_start"}]
    decision = decided(cancel(), held)
    assert decision.amounts["settlement"] == 12 * 30000 and decision.review


def test_a_settlement_without_a_quoted_fee_cannot_be_computed() -> None:
    held = [
        PARENT,
        {**{k: v for k, v in CHILD.items() if k != "monthly_fee_jpy"}, "billing_start": "2026-01-01"},
    ]
    decision = decided(cancel(), held)
    assert decision.verdict is Verdict.ACCEPT and "settlement" in decision.missing
    assert decision.total is None and "settlement" not in decision.amounts


def test_a_parent_may_go_and_its_children_are_flagged() -> None:
    decision = decided(cancel(contract="P1"))
    assert "art:8.1" in accepted(decision) and ("mvp.orphan", "flag") in decision.conventions
    strict = {"conventions": {"mvp.orphan": "refuse-parent"}}
    assert "art:8.1" in refused(decided(cancel(contract="P1"), operator_params=strict))


def outage(**more: Any) -> dict[str, Any]:
    return {
        "known": "2026-01-10T00:00:00+09:00",
        "restored": "2026-01-12T01:00:00+09:00",
        "cause": "operator",
        **more,
    }


def claim(*outages: dict[str, Any], at: str = "2026-01-20T10:00:00+09:00", **more: Any) -> Decision:
    return decided(
        {"action": "claim-credit", "contract": "S1", "at": at, **more}, facts={"outages": list(outages)}
    )


def test_forty_nine_hours_are_two_thirtieths_on_claim() -> None:
    decision = claim(outage())
    assert {"art:21.1", "schedule:3"} <= accepted(decision) and decision.amounts == {"credit": 2000}


@pytest.mark.parametrize(("hours", "credit"), [("23:59:59", None), ("24:00:00", 1000)])
def test_exactly_twenty_four_hours_are_enough(hours: str, credit: int | None) -> None:
    restored = "2026-01-11T00:00:00+09:00" if credit else "2026-01-10T23:59:59+09:00"
    decision = claim(outage(restored=restored))
    assert decision.amounts["credit"] == (credit or 0)
    assert (decision.outcome is Verdict.REFUSE) == (credit is None)


@pytest.mark.parametrize(
    "wrong", [{"cause": "customer power cut"}, {"total": False}, {"cause": "third party cable"}]
)
def test_only_total_outages_of_the_operators_doing_earn_a_credit(wrong: dict[str, Any]) -> None:
    assert "art:21.1" in refused(claim(outage(**wrong)))


def test_records_that_touch_are_one_outage() -> None:
    first = outage(restored="2026-01-10T20:00:00+09:00")
    second = outage(known="2026-01-10T20:00:00+09:00", restored="2026-01-11T16:00:00+09:00")
    assert claim(first, second).amounts == {"credit": 1000}


@pytest.mark.parametrize(
    ("at", "verdict"), [("2026-04-12T23:59:59", Verdict.ACCEPT), ("2026-04-13T00:00:00", Verdict.REFUSE)]
)
def test_a_claim_arrives_within_three_months_or_not_at_all(at: str, verdict: Verdict) -> None:
    decision = claim(outage(), at=f"{at}+09:00")
    assert decision.verdict is verdict and str(decision.dates["deadline"]) == "2026-04-12"
    assert "art:21.1.s2" in {cite.path for cite in decision.cites}


def test_a_claim_between_the_strict_and_our_deadline_is_marked_for_review() -> None:
    decision = claim(outage(), at="2026-04-12T10:00:00+09:00")
    assert decision.review and str(decision.dates["strict_deadline"]) == "2026-04-11"


def device(event: str, **more: Any) -> dict[str, Any]:
    return {"action": "device-event", "contract": "S1", "event": event, **more}


@pytest.mark.parametrize(
    ("event", "article", "consent_helps"),
    [
        ("stop", "art:14.1.1", True),
        ("dismantle", "art:14.1.1", True),
        ("reverse-engineer", "art:14.1.1", True),
        ("transfer", "art:14.1.2", True),
        ("use-abroad", "art:14.1.3", False),
    ],
)
def test_devices_are_left_alone_without_consent(event: str, article: str, consent_helps: bool) -> None:
    assert article in refused(decided(device(event), facts={"operator_consent": False}))
    consented = decided(device(event), facts={"operator_consent": True})
    assert (consented.outcome is Verdict.ACCEPT) == consent_helps


@pytest.mark.parametrize(
    ("found", "fee"), [("no fault found", 40000), ("customer fault", 40000), ("minor", 0), ("fault found", 0)]
)
def test_a_failure_is_paid_for_by_whose_it_is(found: str, fee: int) -> None:
    decision = decided(
        device("failure-reported"), facts={"investigation": found}, quoted={"failure_jpy": 40000}
    )
    assert {"art:15.1", "art:15.2"} <= accepted(decision) and decision.amounts == {"device-failure": fee}


def test_damage_by_breach_is_repaired_at_cost_and_other_damage_is_a_failure() -> None:
    breach = {"breach_of": "art:14.1.1", "repair_cost_jpy": 64000}
    assert decided(device("damaged"), facts=breach).amounts == {"device-repair": 64000}
    assert decided(device("damaged")).amounts == {"device-failure": 0}


def test_a_lost_device_is_charged_once() -> None:
    decision = decided(device("lost-reported"), quoted={"lost_device_jpy": 150000})
    assert {"art:16.1", "art:16.2"} <= accepted(decision) and decision.amounts == {"lost-device": 150000}


@pytest.mark.parametrize(
    ("day", "returned", "amount"),
    [("2026-04-30", None, 0), ("2026-05-01", None, 150000), ("2026-05-01", "2026-04-30", 0)],
)
def test_a_device_not_back_in_thirty_days_counts_as_lost(day: str, returned: str | None, amount: int) -> None:
    held = [PARENT, {**CHILD, "ended": "2026-03-31", "device_returned": returned}]
    asked = {"action": "day-check", "contract": "S1", "at": f"{day}T00:00:00+09:00", "by": "operator"}
    decision = decided(asked, held, quoted={"lost_device_jpy": 150000})
    assert decision.amounts == {"lost-device": amount}


def test_a_paid_charge_is_not_given_back() -> None:
    decision = decided({"action": "claim-refund", "contract": "S1"}, facts={"lost_charge_paid_jpy": 150000})
    assert "art:16.3.2" in refused(decision) and decision.amounts == {"refund": 0}


@pytest.mark.parametrize("path", ["art:8.2.1", "art:8.2.2", "art:8.2.3", "art:8.2.5"])
def test_service_may_be_withheld_until_all_is_prepared(path: str) -> None:
    decision = decided({"action": "provision", "contract": "S1"}, facts={"readiness": {"S1": {path: False}}})
    assert decision.verdict is Verdict.REFER and {path, "art:8.4"} <= refused(decision)


def test_settings_of_anothers_access_have_to_be_told() -> None:
    for told in ({"settings_disclosed": False}, {"changed_at": "2026-02-01", "change_notified": False}):
        access = {"access_line": {"S1": {"operator": "other carrier", **told}}}
        assert {"art:8.3", "art:8.4"} <= refused(
            decided({"action": "provision", "contract": "S1"}, facts=access)
        )


def test_a_packet_of_an_undesignated_source_is_not_carried() -> None:
    given = {"facts": {"designated_addresses": {"S1": {"192.168.20.0/24": "customer"}}}}

    def sent(src: str) -> Decision:
        packet = {"src": src, "dst": "192.168.10.9"}
        return decided({"action": "network-event", "contract": "S1", "packet": packet}, **given)

    assert "art:7.3" in accepted(sent("192.168.20.7"))
    assert "art:7.3" in refused(sent("192.168.21.7"))
    assert "art:7.1" in refused(sent("fd00::7"))


@pytest.mark.parametrize(
    ("item", "survives"),
    [
        ("シングルスターシングルエッジ", (False, False)),
        ("デュアルスターシングルエッジ", (True, False)),
        ("デュアルスターデュアルエッジ", (True, True)),
    ],
)
def test_an_item_says_which_loss_its_network_outlives(item: str, survives: tuple[bool, bool]) -> None:
    held = [{**PARENT, "item": item}, {**CHILD, "item": item}]
    for event, lives in zip(("parent-device-down", "child-device-down"), survives, strict=True):
        decision = decided({"action": "network-event", "contract": "S1", "event": event}, held)
        assert (decision.outcome is Verdict.ACCEPT) == lives


LEGACY = {
    "id": "L1",
    "customer": "C1",
    "kind": "親拠点",
    "maintenance": "タイプ1",
    "made": "2009-12-20",
    "maintenance_fee_jpy": 4000,
}


@pytest.mark.parametrize(
    ("device_type", "day", "kept"),
    [
        ("Cisco", "2010-01-31", True),
        ("Cisco", "2010-02-01", False),
        ("NetScreen", "2010-02-01", True),
        ("NetScreen", "2010-03-31", True),
        ("NetScreen", "2010-04-01", False),
    ],
)
def test_type_1_ended_in_two_steps(device_type: str, day: str, kept: bool) -> None:
    asked = {"action": "keep-maintenance-type-1", "contract": "L1", "at": f"{day}T10:00:00+09:00"}
    decision = decided(asked, [{**LEGACY, "device_type": device_type}])
    assert (decision.outcome is Verdict.ACCEPT) == kept
    price = decided(
        {**asked, "action": "claim-old-maintenance-price"}, [{**LEGACY, "device_type": device_type}]
    )
    assert (price.amounts.get("maintenance") == 4000) == (day > "2010-02")


def test_every_rule_path_and_every_provision_by_a_rule_belong_together() -> None:
    from kitei.services.managed_vpn.edition import TERMS
    from kitei.services.managed_vpn.rules import SPOKEN

    edition = TERMS.editions[-1]
    assert not [path for path in SPOKEN if path not in edition.provisions]
    by_rule = {
        str(each.what) for p in edition.provisions.values() for each in p.honoured if each.by == "rule"
    }
    assert by_rule <= SPOKEN, f"no rule speaks for {', '.join(sorted(by_rule - SPOKEN))}"
