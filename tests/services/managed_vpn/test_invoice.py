"""Managed VPN PRO on an invoice: work fees, settlement, credit, each explaining itself."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.accounts import Closing, Incomplete, Line, Pricing, Provider, Recipient, owed_by_customer, settle
from kitei.ledger.contracts import Charge, Contract, Credit, Device, Ending, MinimumTerm, OptionTaken, Quote
from kitei.services.managed_vpn import SERVICE
from kitei.terms import Cite
from kitei.values import JST, Month, Span, Words, Yen
from kitei.watch import Outage, outage_json

WHO = Words("北極星", "Polaris")
PROVIDER = Provider(WHO, "T7000012050002", WHO, "billing@polaris.example")
TERM = MinimumTerm(12, date(2026, 5, 1), date(2027, 4, 30), ())


def cites(*paths: str) -> tuple[str, ...]:
    return tuple(f"managed-vpn-pro@2024-05-01#{path}" for path in paths)


def quote(fee: str, amount: int, **scope: str) -> Quote:
    return Quote(fee, Yen(amount), Span(date(2026, 4, 1)), 1, tuple(sorted(scope.items())))


PARENT = Contract(
    id="core-p",
    service=SERVICE.name,
    customer="yamato",
    kind="parent",
    item="dual-star-dual-edge",
    group="core",
    application="a1",
    edition=date(2024, 5, 1),
    concluded_on=date(2026, 4, 1),
    billing_start=None,
    term=TERM,
    ending=None,
    options=(),
    devices=(),
    quotes=(),
    charges=(),
    credits=(),
    body={"name": "東京", "number": 0},
    cites=(),
    version=1,
    seq=1,
)
CHILD = replace(PARENT, id="core-1", kind="child", body={"name": "大阪", "number": 1})


def settled(contracts: list[Contract], month: str, *quotes: Quote) -> tuple[Line, ...] | Incomplete:
    pricing = {SERVICE.name: Pricing(SERVICE.tariff, {"yamato": quotes})}
    closed = Month.parse(month)
    closing = Closing(closed, closed.plus(1).first, PROVIDER, pricing)
    result = settle(owed_by_customer(contracts)["yamato"], Recipient(WHO), closing)
    return result if isinstance(result, Incomplete) else result.lines


def lines(contracts: list[Contract], month: str, *quotes: Quote) -> tuple[Line, ...]:
    found = settled(contracts, month, *quotes)
    assert not isinstance(found, Incomplete), found.words
    return found


def work(start: str, devices: int, unit: int, row: int) -> Charge:
    return Charge(
        "setting-change",
        "yamato",
        date.fromisoformat(start[:10]),
        Yen(devices * unit),
        cites("art:10.4", "schedule:1.3.3", "art:19.1.s2", f"schedule:1.3.3.t{row}"),
        {"sites": ["core-1"], "devices": devices, "works": 1, "unit": unit, "start": f"{start}:00+09:00"},
    )


def test_work_is_billed_by_device_and_the_clock_to_the_parents_holder() -> None:
    done = (
        work("2026-06-03T10:00", 1, 5_000, 1),
        work("2026-06-17T15:00", 2, 5_000, 1),
        work("2026-06-24T20:00", 1, 10_000, 2),
    )
    found = lines([replace(PARENT, charges=done)], "2026-06")
    assert [line.amount for line in found] == [5_000, 10_000, 10_000]
    assert sum(line.amount for line in found) == 25_000
    assert found[1].measure == Words("2 台 × 1 作業", "2 devices × 1 work")
    assert (
        found[2].steps[0].en
        == "begun 2026-06-24 20:00, outside 09:00–19:00: ¥10,000 for each device and work"
    )
    assert found[0].cites[-1].endswith("#schedule:1.3.3.t1")


def outage(hours: int) -> Outage:
    known = datetime(2026, 6, 20, 9, 0, tzinfo=JST)
    return Outage("o1", "core-1", known, known, known + timedelta(hours=hours), True, "operator", ())


def credit(hours: int, fee: int, claimed: str = "2026-06-25") -> Contract:
    units = hours // 24
    amount = Yen(int(Fraction(units * fee, 30) + Fraction(1, 2)))
    given = Credit(
        "o1", date.fromisoformat(claimed), units, amount, Fraction(units, 30), cites("art:21.1", "schedule:3")
    )
    return replace(CHILD, outages=(outage_json(outage(hours)),), credits=(given,))


def test_49_hours_give_back_two_thirtieths_and_say_how() -> None:
    (line,) = lines([credit(49, 30_000)], "2026-06", quote("monthly", 30_000))
    assert (line.amount, line.unit, line.rate) == (-2_000, 30_000, 10)
    assert line.quantity == Fraction(-2, 30) and line.measure.en == "2/30 month"
    assert [step.en for step in line.steps] == [
        "49 hours from 2026-06-20 09:00, when the operator knew, to 2026-06-22 10:00, when it was restored",
        "49 / 24, fractions dropped: 2",
        "2 × ¥30,000 / 30 = ¥2,000",
    ]
    assert line.period == Span(date(2026, 6, 20), date(2026, 6, 22))
    assert line.is_returned and line.cites == cites("art:21.1", "schedule:3")


def test_a_credit_stands_on_the_invoice_of_the_month_of_its_claim() -> None:
    claimed_later = credit(49, 30_000, claimed="2026-08-31")
    assert lines([claimed_later], "2026-06", quote("monthly", 30_000)) == ()
    assert [line.amount for line in lines([claimed_later], "2026-08", quote("monthly", 30_000))] == [-2_000]


@given(st.integers(24, 2_000), st.integers(1, 500_000))
def test_a_credit_line_is_its_quantity_times_its_unit(hours: int, fee: int) -> None:
    (line,) = lines([credit(hours, fee)], "2026-06", quote("monthly", fee))
    assert line.amount <= 0
    assert abs(line.amount - line.quantity * line.unit) <= Fraction(1, 2)


def test_a_credit_of_an_outage_not_at_hand_is_still_given_back() -> None:
    gone = replace(credit(49, 30_000), outages=())
    (line,) = lines([gone], "2026-06", quote("monthly", 30_000))
    assert line.amount == -2_000 and [step.en for step in line.steps] == ["2 × ¥30,000 / 30 = ¥2,000"]
    (unquoted,) = lines([gone], "2026-06")
    assert unquoted.amount == -2_000 and unquoted.quantity == -1


def ended(amount: int | None, name: str = "settlement", **detail: Any) -> Contract:
    told = {"months": 9, "days": 20, "worth": "29/3", **detail}
    owed = None if amount is None else Yen(amount)
    charge = Charge(
        name, "yamato", date(2026, 7, 10), owed, cites("art:20.1", "art:5.1", "schedule:2.1"), told
    )
    option = OptionTaken("cold-standby", date(2026, 5, 1), None, TERM, None)
    return replace(
        CHILD,
        ending=Ending(date(2026, 7, 10), "customer-notice", None, ()),
        charges=(charge,),
        options=(option,),
    )


def test_settlement_says_what_remains_and_bears_no_tax() -> None:
    (line,) = lines([ended(435_000)], "2026-07", quote("monthly", 45_000))
    assert (line.amount, line.quantity, line.unit, line.rate) == (435_000, Fraction(29, 3), Yen(45_000), None)
    assert line.measure == Words("9 か月 20 日", "9 months 20 days")
    assert [step.en for step in line.steps] == [
        "minimum term of 12 months from 2026-05-01, to 2027-04-30",
        "ended on 2026-07-10, which leaves 9 months 20 days",
        "(9 + 20/30) × ¥45,000 = ¥435,000",
    ]
    assert line.review and ("tax.compensation", "out-of-scope") in line.conventions


def test_a_settlement_that_is_rounded_says_so() -> None:
    (line,) = lines([ended(77_333)], "2026-07", quote("monthly", 8_000))
    assert line.amount == 77_333 and line.steps[-1].en == "(9 + 20/30) × ¥8,000, rounded to ¥77,333"
    (other,) = lines([ended(435_000)], "2026-07", quote("monthly", 50_000))
    assert len(other.steps) == 2, "a product that is not the amount is not shown"


def test_an_options_settlement_is_of_the_options_own_fee() -> None:
    told = [quote("monthly", 45_000), quote("option-monthly", 6_000, option="cold-standby")]
    (line,) = lines([ended(58_000, "option-settlement", option="cold-standby")], "2026-07", *told)
    assert (line.amount, line.unit) == (58_000, 6_000)
    assert "コールドスタンバイオプション" in line.words.ja


def test_a_recorded_amount_stands_though_its_price_reads_otherwise_now() -> None:
    (line,) = lines([ended(435_000)], "2026-07", quote("monthly", 50_000))
    assert (line.amount, line.unit) == (435_000, 435_000) and line.quantity == 1
    (line,) = lines([ended(435_000)], "2026-07")
    assert line.amount == 435_000 and line.quantity == 1


def test_a_settlement_left_open_takes_the_fee_told_since_or_names_it() -> None:
    (line,) = lines([ended(None)], "2026-07", quote("monthly", 45_000))
    assert line.amount == 435_000
    found = settled([ended(None)], "2026-07")
    assert isinstance(found, Incomplete) and [missing.fee for missing in found.missing] == ["monthly"]


def test_options_are_owed_from_their_own_start_to_the_contracts_end() -> None:
    options = tuple(
        OptionTaken(name, date(2026, 5, 1), date(2026, 5, 1), None, None)
        for name in ("cold-standby", "onsite-installation")
    )
    billed = replace(
        CHILD,
        billing_start=date(2026, 4, 1),
        options=options,
        ending=Ending(date(2026, 6, 15), "customer-notice", None, ()),
    )
    told = [quote("monthly", 30_000), quote("option-monthly", 6_000, option="cold-standby")]
    found = lines([billed], "2026-06", *told)
    assert [(line.name, line.amount) for line in found] == [
        ("monthly", 15_000),
        ("option-monthly:cold-standby", 3_000),
    ], "on-site installation has no monthly fee"
    assert lines([billed], "2026-07", *told) == ()


def test_an_initial_price_for_a_whole_application_is_not_guessed_for_a_site() -> None:
    open_charge = Charge("initial", "yamato", date(2026, 6, 1), None, cites("schedule:1.1.1"), {}, "initial")
    site = replace(CHILD, charges=(open_charge,))
    assert isinstance(settled([site], "2026-06", quote("initial", 50_000)), Incomplete)
    (line,) = lines([site], "2026-06", quote("initial", 40_000, contract="core-1"))
    assert line.amount == 40_000


def test_a_lost_device_is_priced_by_its_model() -> None:
    lost = Charge(
        "lost-device", "yamato", date(2026, 6, 1), None, cites("art:16.2"), {"serial": "S1"}, "lost-device"
    )
    device = Device("S1", "Kitei Linux Router", "a", "lost", date(2026, 6, 1))
    site = replace(CHILD, charges=(lost,), devices=(device,))
    told = [quote("lost-device", 1), quote("lost-device", 150_000, model="Kitei Linux Router")]
    (line,) = lines([site], "2026-06", *told)
    assert line.amount == 150_000 and "S1" in line.words.en


def test_the_parent_stands_before_its_children_and_monitoring_last() -> None:
    billed = [replace(each, billing_start=date(2026, 4, 1)) for each in (CHILD, PARENT)]
    watch = replace(billed[1], id="core-w", item="closed-monitoring", body={"name": "監視", "number": 1})
    eleventh = replace(billed[0], id="core-11", body={"name": "仙台", "number": 11})
    found = lines([watch, eleventh, *billed], "2026-06", quote("monthly", 30_000))
    assert [line.contract for line in found] == ["core-p", "core-1", "core-11", "core-w"]
    assert found[0].subject == Words("VPN 網 core 親拠点 東京", "VPN network core, Parent site 東京")


@pytest.mark.parametrize("fee", [choice.slug for choice in SERVICE.terms.editions[-1].value("fees").choices])
def test_every_fee_of_the_terms_can_stand_on_an_invoice(fee: str) -> None:
    if fee in ("monthly", "option-monthly", "setting-change"):
        pytest.skip("not a quoted one-time fee; tested above")
    path = SERVICE.terms.editions[-1].value("fees")[fee].cite.path
    charge = Charge(fee, "yamato", date(2026, 6, 1), Yen(7_000), cites(path))
    (line,) = lines([replace(CHILD, charges=(charge,))], "2026-06")
    assert line.amount == 7_000 and line.words.ja != fee
    assert Cite.parse(line.cites[0]).path == path
