"""An invoice: its lines and its totals by rate. The fields are those of a qualified invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from kitei.accounts.provider import Provider, Recipient
from kitei.accounts.tax import RateTotal, totals_by_rate
from kitei.values import Month, Span, Words, Yen

NOTHING = Yen(0)


@dataclass(frozen=True, slots=True)
class Line:
    """One amount before tax: `quantity` × `unit`, rounded to whole yen at the end.

    `subject` tells the contract, `words` the fee. A credit has a negative quantity. `measure` says the quantity in words, `steps` how it came about.
    `rate` is the tax in percent, None outside the tax's scope. `period` is when it was supplied, for a
    credit when what it gives back was. `review`: it rests on a reading of low confidence.
    """

    contract: str
    subject: Words
    name: str
    words: Words
    quantity: Fraction
    unit: Yen
    amount: Yen
    measure: Words
    rate: int | None
    period: Span | None
    cites: tuple[str, ...]
    conventions: tuple[tuple[str, str], ...] = ()
    steps: tuple[Words, ...] = ()
    review: bool = False

    @property
    def is_returned(self) -> bool:
        """Whether it gives back part of an earlier charge (a line of a qualified return invoice)."""
        return self.amount < 0


@dataclass(frozen=True, slots=True)
class Invoice:
    """What one customer owes for one month. Same ledger, same invoice, to the byte.

    `corrects` is the number of the invoice it takes the place of and `billed` what that one came to; a
    correction is a whole new invoice. `seq` is the ledger position it was made from.
    """

    number: str
    customer: str
    recipient: Recipient
    provider: Provider
    month: Month
    issued_on: date
    due_on: date | None
    lines: tuple[Line, ...]
    totals: tuple[RateTotal, ...]
    tax_rounding: str
    seq: int = 0
    corrects: str | None = None
    billed: Yen = NOTHING

    @property
    def net(self) -> Yen:
        return Yen(sum(total.net for total in self.totals))

    @property
    def tax(self) -> Yen:
        return Yen(sum(total.tax for total in self.totals))

    @property
    def total(self) -> Yen:
        """All that this month comes to, with tax. Below zero it is owed to the customer."""
        return Yen(self.net + self.tax)

    @property
    def payable(self) -> Yen:
        """What is to be paid now: the total less what the corrected invoice already asked."""
        return Yen(self.total - self.billed)

    @property
    def review(self) -> bool:
        return any(line.review for line in self.lines)

    @property
    def conventions(self) -> tuple[tuple[str, str], ...]:
        used = (pair for line in self.lines for pair in line.conventions)
        return tuple(dict.fromkeys((*used, ("tax.rounding", self.tax_rounding))))


def make_invoice(
    *,
    customer: str,
    recipient: Recipient,
    provider: Provider,
    month: Month,
    issued_on: date,
    lines: Sequence[Line],
    tax_rounding: str,
    due_on: date | None = None,
    seq: int = 0,
    corrects: Invoice | None = None,
) -> Invoice:
    """An invoice of these lines, under the number `invoice_number` gives it."""
    return Invoice(
        number=invoice_number(customer, month, corrects.number if corrects else None),
        customer=customer,
        recipient=recipient,
        provider=provider,
        month=month,
        issued_on=issued_on,
        due_on=due_on,
        lines=tuple(lines),
        totals=totals_by_rate(lines, tax_rounding),
        tax_rounding=tax_rounding,
        seq=seq,
        corrects=corrects.number if corrects else None,
        billed=corrects.total if corrects else NOTHING,
    )


def invoice_number(customer: str, month: Month, corrects: str | None = None) -> str:
    """`202606-01-CUSTOMER` is the first invoice of a month, `-02-` the correction of it, and so on.

    The customer stands last, so that whatever its id no two numbers are equal. ValueError when what is to
    be corrected is not an invoice of theirs for the month.
    """
    before, after = f"{month.year:04}{month.number:02}-", f"-{customer}"
    if corrects is None:
        return f"{before}01{after}"
    revision = corrects.removeprefix(before).removesuffix(after)
    if not revision.isdecimal() or f"{before}{revision}{after}" != corrects:
        raise ValueError(
            f"{corrects!r} is not an invoice of {customer} for {month}; theirs are such as '{before}01{after}'"
        )
    return f"{before}{int(revision) + 1:02}{after}"


def says_the_same(one: Invoice, other: Invoice) -> bool:
    """Whether two invoices ask the same for the same, so that a correction would correct nothing."""
    return one.lines == other.lines and one.totals == other.totals and one.recipient == other.recipient
