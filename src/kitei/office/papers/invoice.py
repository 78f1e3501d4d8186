"""An invoice as a paper: each line with what put it there."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from kitei.accounts import Invoice, Line, invoice_digest
from kitei.office.papers.press import page, pdf_of
from kitei.office.papers.speech import month_text
from kitei.office.provisions import Provided, provided
from kitei.terms import known_conventions
from kitei.values import Language, Words


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as it is printed: provisions whose gist was not told on this paper yet, and those that were.

    `readings` are the numbers of its conventions in the notes.
    """

    line: Line
    fresh: tuple[Provided, ...]
    known: tuple[Provided, ...]
    readings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one contract."""

    contract: str
    subject: Words
    lines: tuple[Shown, ...]


def invoice_html(invoice: Invoice, language: Language) -> str:
    """The invoice as one HTML document."""
    return page(
        "invoice.html",
        language,
        invoice=invoice,
        digest=invoice_digest(invoice),
        month=month_text(invoice.month.first),
        groups=tuple(_groups(invoice)),
        readings=tuple(_readings(invoice)),
    )


def invoice_pdf(invoice: Invoice, language: Language) -> bytes:
    """The invoice as PDF, A4. The same invoice makes the same bytes, on the same programs and fonts."""
    return pdf_of(invoice_html(invoice, language), invoice.issued_on, f"{invoice_digest(invoice)}-{language}")


def _groups(invoice: Invoice) -> Iterator[Group]:
    told: set[str] = set()
    numbers = {pair: number for number, pair in enumerate(invoice.conventions, 1)}
    for contract, lines in groupby(invoice.lines, key=lambda line: line.contract):
        shown = []
        for line in lines:
            provisions = provided(line.cites)
            fresh = tuple(each for each in provisions if each.cite not in told)
            known = tuple(each for each in provisions if each.cite in told)
            shown.append(Shown(line, fresh, known, tuple(numbers[pair] for pair in line.conventions)))
            told.update(each.cite for each in provisions)
        yield Group(contract, shown[0].line.subject, tuple(shown))


def _readings(invoice: Invoice) -> Iterator[tuple[str, str, Words, Words]]:
    """Conventions used: key, value, the open point, and how it is read."""
    known = known_conventions()
    for key, value in invoice.conventions:
        convention = known.get(key)
        if convention is None:
            yield key, value, Words("", ""), Words("", "")
            continue
        way = next((each.gist for each in convention.ways if each.value == value), Words(value, value))
        yield key, value, convention.gist, way
