"""Month close: invoices out of the ledger as it stood, recorded once, and made again to the byte."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from multiprocessing import get_context

from kitei.accounts import Invoice, invoice_json
from kitei.accounts.canonical import invoice_of
from kitei.accounts.invoice import says_the_same
from kitei.accounts.month import Closing, Incomplete, settle
from kitei.accounts.provider import Provider, Recipient, provider_of
from kitei.accounts.tariff import Pricing
from kitei.catalogue import SERVICES
from kitei.desk import operator_of
from kitei.ledger import Entry, Fact, standing
from kitei.office.office import Office, Refusal
from kitei.office.owing import Account, Batch, accounts, batch_of, batches
from kitei.store import SqlBook, open_book
from kitei.terms import Conventions
from kitei.values import Json, Month, Words

ISSUED = "invoice.issued"


@dataclass(frozen=True, slots=True)
class Bill:
    """One customer's month: an invoice (issued before or now), or what is missing for one.

    `earlier` is how many entries the customer's invoices had when a new one was made.
    """

    customer: str
    invoice: Invoice | None
    incomplete: Incomplete | None = None
    is_new: bool = False
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """One closing: of which month, issued on which day, as the ledger stood at a position.

    `anew`: as if nothing had been issued for the month before.
    """

    month: Month
    issued_on: date
    upto: int
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """What came of some customers' month: how many invoices are new, and who could not be invoiced."""

    issued: int
    incomplete: tuple[Bill, ...]


def preview(office: Office, month: Month, upto: int | None = None) -> tuple[Bill, ...]:
    """What the month would come to, recording nothing. `upto`: as the ledger stood at that position."""
    position = office.book.head() if upto is None else upto
    work = Work(month, office.today(), position, anew=True)
    found = (settle_batch(office.book, batch, work) for batch in batches(office.book, position))
    return tuple(bill for bills in found for bill in bills)


def close_month(office: Office, month: Month, actor: str = "operator") -> tuple[Bill, ...]:
    """Issue the month's invoices, and record them, some customers at a time, each time all or none.

    A customer whose invoice cannot be computed gets none, and everything that is missing is told. Closing
    again issues nothing new, unless something has changed: then a correction of the earlier invoice. So
    what was interrupted is gone on with by closing again. Raises Refusal for a month that is not over, or
    without a provider, and ConcurrentAppend where another closes the same month at this moment.
    """
    work = _work(office, month)
    found = (
        close_batch(office.book, each, work, actor, office.clock())
        for each in batches(office.book, work.upto)
    )
    return tuple(bill for bills in found for bill in bills)


def close_together(office: Office, month: Month, processes: int, actor: str = "operator") -> Iterator[Closed]:
    """The same by several processes, without ever holding the month as a whole: `invoices` reads what was issued."""
    work, url, at = _work(office, month), office.book.url, office.clock()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        ahead: deque[Future[Closed]] = deque()
        for batch in batches(office.book, work.upto):
            ahead.append(pool.submit(_close_elsewhere, url, batch, work, actor, at))
            if len(ahead) > 2 * processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def made_again(office: Office, invoice: Invoice) -> Invoice | Incomplete:
    """The invoice once more, from the ledger as it stood when it was issued: it must be the same."""
    batch = batch_of(office.book, invoice.customer, invoice.seq)
    work = Work(invoice.month, invoice.issued_on, invoice.seq)
    (account,) = accounts(office.book, batch, invoice.seq)
    earlier = _last(account.invoices, invoice.month, invoice.recipient)
    return settle(account.owed, invoice.recipient, _closing(office.book, [account], work), earlier)


def invoices(office: Office, month: Month | None = None) -> Iterator[Invoice]:
    """The invoices issued, of one month or all, customer by customer."""
    customers = (name for name, _ in office.book.naming("customer", (ISSUED,), upto=office.book.head()))
    for customer in customers:
        for entry in standing(office.book.read(f"invoice:{customer}")):
            found = invoice_of(entry.fact.body, recipient_of(office.book, customer))
            if month in (None, found.month):
                yield found


def settle_batch(book: SqlBook, batch: Batch, work: Work) -> tuple[Bill, ...]:
    """The bills of a batch of customers; none for who owes nothing. Reads only."""
    found = list(accounts(book, batch, work.upto))
    closing = _closing(book, found, work)
    return tuple(bill for account in found if (bill := _bill(book, account, closing, work.anew)) is not None)


def close_batch(book: SqlBook, batch: Batch, work: Work, actor: str, at: datetime) -> tuple[Bill, ...]:
    """The bills of a batch of customers, those that are new recorded."""
    bills = settle_batch(book, batch, work)
    new = [(bill, bill.invoice) for bill in bills if bill.is_new and bill.invoice is not None]
    if new:
        facts = [(f"invoice:{bill.customer}", _fact(invoice)) for bill, invoice in new]
        expected = {f"invoice:{bill.customer}": bill.earlier for bill, _ in new}
        book.append(facts, actor=actor, at=at, expected=expected)
    return bills


def _close_elsewhere(url: str, batch: Batch, work: Work, actor: str, at: datetime) -> Closed:
    bills = close_batch(_book(url), batch, work, actor, at)
    issued = sum(bill.is_new and bill.invoice is not None for bill in bills)
    return Closed(issued, tuple(bill for bill in bills if bill.incomplete))


@cache
def _book(url: str) -> SqlBook:
    """The ledger, in a process that helps to close: opened once there."""
    return open_book(url)


def _work(office: Office, month: Month) -> Work:
    today = office.today()
    if today <= month.last:
        raise Refusal(
            Words(f"{month} はまだ終わっていません({today})", f"{month} is not over yet; today is {today}")
        )
    return Work(month, today, office.book.head())


def _fact(invoice: Invoice) -> Fact:
    cites = tuple(dict.fromkeys(cite for line in invoice.lines for cite in line.cites))
    body = {key: value for key, value in invoice_json(invoice).items() if key != "recipient"}
    return Fact(ISSUED, body, invoice.issued_on, cites)


def _bill(book: SqlBook, account: Account, closing: Closing, anew: bool) -> Bill | None:
    """None for who owes nothing."""
    recipient, earlier = recipient_of(book, account.customer), account.version
    last = None if anew else _last(account.invoices, closing.month, recipient)
    made = settle(account.owed, recipient, closing, last)
    if isinstance(made, Incomplete):
        return Bill(account.customer, None, made)
    if last is not None and says_the_same(last, made):
        return Bill(account.customer, last)
    if not made.lines and last is None:
        return None
    return Bill(account.customer, made, is_new=True, earlier=earlier)


def _closing(book: SqlBook, found: Sequence[Account], work: Work) -> Closing:
    operator_said = list(standing(book.read("operator", upto=work.upto)))
    said = [*operator_said, *(entry for account in found for entry in account.said)]
    conventions = Conventions()
    pricing: dict[str, Pricing] = {}
    for service in SERVICES.values():
        operator = operator_of(said, service.name)
        conventions = Conventions(operator.settings)
        pricing[service.name] = Pricing(service.tariff, operator.quotes, conventions)
    return Closing(
        month=work.month,
        issued_on=work.issued_on,
        provider=provider_told(operator_said),
        pricing=pricing,
        conventions=conventions,
        due_on=work.month.plus(1).last,
        seq=work.upto,
    )


def provider_told(said: Iterable[Entry]) -> Provider:
    """Who the provider is, as the operator said last. Refusal: nobody said so."""
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


def recipient_of(book: SqlBook, customer: str) -> Recipient:
    """A customer as papers name it: by its id where no more is known."""
    party = book.shelf.party(customer)
    return Recipient(party.name, party.address) if party else Recipient(Words(customer, customer))


def _last(entries: Iterable[Entry], month: Month, recipient: Recipient) -> Invoice | None:
    """The latest invoice of a customer's month."""
    found: Invoice | None = None
    for entry in entries:
        if entry.fact.kind == ISSUED and entry.fact.body["month"] == str(month):
            found = invoice_of(entry.fact.body, recipient)
    return found
