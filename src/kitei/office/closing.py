"""Month close: invoices out of the ledger as it stood, recorded once, and made again to the byte."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from kitei.accounts import Invoice, invoice_json
from kitei.accounts.canonical import invoice_of
from kitei.accounts.invoice import says_the_same
from kitei.accounts.month import Closing, Incomplete, Owed, owed_by_customer, settle
from kitei.accounts.provider import Provider, Recipient, provider_of
from kitei.accounts.tariff import Pricing
from kitei.catalogue import SERVICES
from kitei.desk import operator_of
from kitei.ledger import Entry, Fact
from kitei.office.office import Office, Refusal
from kitei.office.picture import Picture
from kitei.terms import Conventions
from kitei.values import Json, Month, Words

ISSUED = "invoice.issued"


@dataclass(frozen=True, slots=True)
class Bill:
    """One customer's month: an invoice (issued before or now), or what is missing for one."""

    customer: str
    invoice: Invoice | None
    incomplete: Incomplete | None = None
    is_new: bool = False


def preview(office: Office, month: Month, upto: int | None = None) -> tuple[Bill, ...]:
    """What the month would come to, recording nothing. `upto`: as the ledger stood at that position."""
    picture = office.picture(upto=upto)
    closing = _closing(picture, month, office.today())
    owed = owed_by_customer(picture.contracts.values())
    return tuple(bill for one in owed.values() if (bill := _bill(office, one, closing, None)) is not None)


def close_month(office: Office, month: Month, actor: str = "operator") -> tuple[Bill, ...]:
    """Issue the month's invoices, and record them.

    A customer whose invoice cannot be computed gets none, and everything that is missing is told. Closing
    again issues nothing new, unless something has changed: then a correction of the earlier invoice.
    Raises Refusal for a month that is not over, or without a provider.
    """
    today = office.today()
    if today <= month.last:
        raise Refusal(
            Words(f"{month} はまだ終わっていません({today})", f"{month} is not over yet; today is {today}")
        )
    with office.book.writing() as transaction:
        picture = office.picture()
        closing = _closing(picture, month, today)
        bills: list[Bill] = []
        facts: list[tuple[str, Fact]] = []
        for customer, owed in owed_by_customer(picture.contracts.values()).items():
            last = _last(picture.invoices, customer, month, _recipient(office, customer))
            bill = _bill(office, owed, closing, last)
            if bill is None:
                continue
            bills.append(bill)
            if bill.is_new and bill.invoice is not None:
                cites = tuple(dict.fromkeys(cite for line in bill.invoice.lines for cite in line.cites))
                body = {key: value for key, value in invoice_json(bill.invoice).items() if key != "recipient"}
                fact = Fact(ISSUED, body, today, cites)
                facts.append((f"invoice:{customer}", fact))
        if facts:
            office.book.append(facts, actor=actor, at=office.clock(), within=transaction)
    return tuple(bills)


def made_again(office: Office, invoice: Invoice) -> Invoice | Incomplete:
    """The invoice once more, from the ledger as it stood when it was issued: it must be the same."""
    picture = office.picture(upto=invoice.seq)
    closing = _closing(picture, invoice.month, invoice.issued_on)
    owed = owed_by_customer(picture.contracts.values())[invoice.customer]
    earlier = _last(picture.invoices, invoice.customer, invoice.month, invoice.recipient)
    return settle(owed, invoice.recipient, closing, earlier)


def invoices(office: Office, month: Month | None = None) -> tuple[Invoice, ...]:
    """The invoices issued, of one month or all."""
    found = (
        invoice_of(entry.fact.body, _recipient(office, entry.stream.removeprefix("invoice:")))
        for entry in office.picture().invoices
        if entry.fact.kind == ISSUED
    )
    return tuple(each for each in found if month is None or each.month == month)


def _bill(office: Office, owed: Owed, closing: Closing, last: Invoice | None) -> Bill | None:
    """None for who owes nothing."""
    made = settle(owed, _recipient(office, owed.customer), closing, last)
    if isinstance(made, Incomplete):
        return Bill(owed.customer, None, made)
    if last is not None and says_the_same(last, made):
        return Bill(owed.customer, last)
    if not made.lines and last is None:
        return None
    return Bill(owed.customer, made, is_new=True)


def _closing(picture: Picture, month: Month, issued_on: date) -> Closing:
    conventions = Conventions()
    pricing: dict[str, Pricing] = {}
    for service in SERVICES.values():
        operator = operator_of(picture.said, service.name)
        conventions = Conventions(operator.settings)
        pricing[service.name] = Pricing(service.tariff, operator.quotes, conventions)
    return Closing(
        month=month,
        issued_on=issued_on,
        provider=_provider(picture.said),
        pricing=pricing,
        conventions=conventions,
        due_on=month.plus(1).last,
        seq=picture.seq,
    )


def _provider(said: Iterable[Entry]) -> Provider:
    told: Mapping[str, Json] | None = None
    for entry in said:
        value = entry.fact.body.get("value")
        if entry.fact.kind == "operator.set" and entry.fact.body.get("name") == "provider":
            told = value if isinstance(value, Mapping) else None
    if told is None:
        raise Refusal(
            Words(
                "請求書の発行者がありません。申込簿に [provider] を書いてください",
                "nobody issues the invoices; write a [provider] in the order book",
            )
        )
    return provider_of(told)


def _recipient(office: Office, customer: str) -> Recipient:
    party = office.shelf.party(customer)
    return Recipient(party.name, party.address) if party else Recipient(Words(customer, customer))


def _last(entries: Iterable[Entry], customer: str, month: Month, recipient: Recipient) -> Invoice | None:
    """The latest invoice of a customer's month."""
    found: Invoice | None = None
    for entry in entries:
        if entry.stream == f"invoice:{customer}" and entry.fact.kind == ISSUED:
            each = invoice_of(entry.fact.body, recipient)
            found = each if each.month == month else found
    return found
