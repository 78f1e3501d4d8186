"""Month close: whole invoices, their sums, their numbers, their bytes."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from billed import MONTHLY, RECIPIENT, Make, quote
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kitei.accounts import (
    Closing,
    Incomplete,
    Invoice,
    Recipient,
    close,
    invoice_digest,
    invoice_json,
    invoice_number,
    invoice_of,
    owed_by_customer,
    rounded,
    says_the_same,
    settle,
)
from kitei.ledger.contracts import Charge, Contract
from kitei.values import Month, Words, Yen, canonical

RECIPIENTS = {"yamato": RECIPIENT, "kaede": Recipient(Words("楓運輸", "Kaede Transport"))}
CITES = ("managed-vpn-pro@2024-05-01#schedule:1.3.4",)


def charge(day: str, amount: int | None, customer: str = "yamato", name: str = "device-failure") -> Charge:
    missing = None if amount is not None else name
    return Charge(
        name, customer, date.fromisoformat(day), None if amount is None else Yen(amount), CITES, {}, missing
    )


def invoices(contracts: list[Contract], closing: Closing) -> dict[str, Invoice]:
    found = list(close(contracts, RECIPIENTS, closing))
    assert all(isinstance(each, Invoice) for each in found), found
    return {each.customer: each for each in found if isinstance(each, Invoice)}


def test_an_invoice_has_the_fields_of_a_qualified_invoice(contract: Contract, closing: Make) -> None:
    invoice = invoices([contract], closing(due_on=date(2026, 7, 31), seq=42))["yamato"]
    assert invoice.provider.registration == "T7000012050002"
    assert invoice.recipient.name.ja == "大和商事株式会社"
    assert (invoice.number, invoice.issued_on, invoice.due_on) == (
        "202606-01-yamato",
        date(2026, 7, 1),
        date(2026, 7, 31),
    )
    (total,) = invoice.totals
    assert (total.rate, total.net, total.tax, invoice.total) == (10, 30_000, 3_000, 33_000)
    assert invoice.seq == 42


def test_a_charge_is_owed_by_whom_it_names_in_the_month_it_fell_due(
    contract: Contract, closing: Make
) -> None:
    charged = replace(
        contract,
        charges=(charge("2026-05-31", 1), charge("2026-06-30", 4_000), charge("2026-06-02", 500, "kaede")),
    )
    found = invoices([charged], closing())
    assert [line.amount for line in found["yamato"].lines] == [30_000, 4_000]
    assert [line.amount for line in found["kaede"].lines] == [500]


def test_an_open_charge_takes_a_price_told_since_or_is_missing(contract: Contract, closing: Make) -> None:
    charged = replace(
        contract, charges=(charge("2026-06-05", None), charge("2026-06-06", None, name="lost-device"))
    )
    (result,) = close([charged], RECIPIENTS, closing())
    assert isinstance(result, Incomplete)
    assert [missing.fee for missing in result.missing] == ["device-failure", "lost-device"], (
        "all are told at once"
    )
    assert result.missing[0].cites == CITES
    told = [MONTHLY, quote("device-failure", 7_000), quote("lost-device", 90_000)]
    invoice = invoices([charged], closing(quotes=told))["yamato"]
    assert [line.amount for line in invoice.lines] == [30_000, 7_000, 90_000]


def test_compensation_bears_no_tax_by_default_and_is_marked(contract: Contract, closing: Make) -> None:
    lost = replace(contract, charges=(charge("2026-06-05", 90_000, name="lost-device"),))
    invoice = invoices([lost], closing())["yamato"]
    assert [(total.rate, total.net, total.tax) for total in invoice.totals] == [
        (10, 30_000, 3_000),
        (None, 90_000, 0),
    ]
    assert invoice.lines[1].review and ("tax.compensation", "out-of-scope") in invoice.conventions
    taxed = invoices([lost], closing(readings={"tax.compensation": "taxed"}))["yamato"]
    assert [(total.rate, total.tax) for total in taxed.totals] == [(10, 12_000)]


def test_who_owes_nothing_gets_no_invoice(contract: Contract, closing: Make) -> None:
    assert invoices([replace(contract, billing_start=None)], closing()) == {}


def test_the_same_ledger_makes_the_same_bytes(contract: Contract, closing: Make) -> None:
    other = replace(contract, id="kobe", body={"name": "神戸", "number": 2})
    one = invoices([contract, other], closing())["yamato"]
    again = invoices([other, contract], closing())["yamato"]
    assert canonical(invoice_json(one)) == canonical(invoice_json(again))
    assert invoice_digest(one) == invoice_digest(again)
    assert [line.contract for line in one.lines] == ["osaka", "kobe"], "in order of their numbers"


def test_a_correction_is_a_new_invoice_that_names_the_old(contract: Contract, closing: Make) -> None:
    first = invoices([contract], closing())["yamato"]
    late = replace(contract, charges=(charge("2026-06-05", 5_000),))
    owed = owed_by_customer([late])["yamato"]
    second = settle(owed, RECIPIENT, closing(), corrects=first)
    assert isinstance(second, Invoice)
    assert (second.number, second.corrects) == ("202606-02-yamato", "202606-01-yamato")
    assert (second.total, second.billed, second.payable) == (38_500, 33_000, 5_500)
    assert not says_the_same(first, second)
    third = settle(owed, RECIPIENT, closing(), corrects=second)
    assert isinstance(third, Invoice)
    assert third.number == "202606-03-yamato" and third.payable == 0 and says_the_same(second, third)


@pytest.mark.parametrize("wrong", ["202605-01-yamato", "202606-x-yamato", "202606-01-kaede", "01", ""])
def test_only_the_same_months_invoice_can_be_corrected(wrong: str) -> None:
    with pytest.raises(ValueError, match="202606-01-yamato"):
        invoice_number("yamato", Month.parse("2026-06"), wrong)


@given(st.text("ab01-", min_size=1), st.text("ab01-", min_size=1), st.integers(1, 30), st.integers(1, 30))
def test_no_two_invoices_have_one_number(one: str, other: str, corrections: int, others: int) -> None:
    june = Month.parse("2026-06")

    def nth(customer: str, count: int) -> str:
        number = None
        for _ in range(count):
            number = invoice_number(customer, june, number)
        return str(number)

    same = (one, corrections) == (other, others)
    assert (nth(one, corrections) == nth(other, others)) is same


charges = st.lists(
    st.builds(
        charge,
        st.sampled_from(["2026-05-31", "2026-06-01", "2026-06-30", "2026-07-01"]),
        st.integers(0, 300_000),
        st.sampled_from(["yamato", "kaede"]),
        st.sampled_from(["device-failure", "lost-device", "onsite-repair"]),
    ),
    max_size=6,
)
quiet = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@quiet
@given(told=charges, start=st.integers(1, 30), way=st.sampled_from(["floor", "half-up", "ceil"]))
def test_the_money_adds_up(
    contract: Contract, closing: Make, told: list[Charge], start: int, way: str
) -> None:
    billed = replace(contract, billing_start=date(2026, 6, start), charges=tuple(told))
    for invoice in invoices([billed], closing(readings={"tax.rounding": way})).values():
        assert (
            sum(line.amount for line in invoice.lines) + sum(t.tax for t in invoice.totals) == invoice.total
        )
        assert all(line.amount == rounded(line.quantity * line.unit, "half-up") for line in invoice.lines)
        taxable = sum(line.amount for line in invoice.lines if line.rate == 10)
        assert invoice.tax == rounded(Fraction(taxable, 10), way)
        assert all(line.cites for line in invoice.lines)
        assert invoice_of(invoice_json(invoice)) == invoice


@quiet
@given(told=charges, others=charges)
def test_anothers_contract_changes_nothing_on_an_invoice(
    contract: Contract, closing: Make, told: list[Charge], others: list[Charge]
) -> None:
    mine = replace(contract, charges=tuple(each for each in told if each.customer == "yamato"))
    their_charges = tuple(each for each in others if each.customer == "kaede")
    theirs = replace(contract, id="morioka", customer="kaede", group="north", charges=their_charges)
    alone, beside = invoices([mine], closing()), invoices([theirs, mine], closing())
    assert alone["yamato"] == beside["yamato"]


def test_an_invoice_that_was_tampered_with_is_not_read(contract: Contract, closing: Make) -> None:
    body = dict(invoice_json(invoices([contract], closing())["yamato"]))
    body["totals"] = [{"rate": 10, "charged": 30_000, "returned": 0, "tax": 2_999}]
    with pytest.raises(ValueError, match="do not agree"):
        invoice_of(body)


def test_an_invoice_kept_without_its_recipient_needs_one_to_be_read(
    contract: Contract, closing: Make
) -> None:
    invoice = invoices([contract], closing())["yamato"]
    kept = {key: value for key, value in invoice_json(invoice).items() if key != "recipient"}
    assert invoice_of(kept, RECIPIENT) == invoice
    with pytest.raises(ValueError, match="made out to"):
        invoice_of(kept)
