"""An invoice as canonical JSON, and back."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from kitei.accounts.invoice import Invoice, Line
from kitei.accounts.provider import Recipient, provider_json, provider_of
from kitei.accounts.tax import RateTotal, totals_by_rate
from kitei.values import Json, JsonObject, Month, Span, Words, Yen, digest_of


def invoice_digest(invoice: Invoice) -> str:
    """SHA-256 over the canonical form, in hex."""
    return digest_of(invoice_json(invoice))


def invoice_json(invoice: Invoice) -> JsonObject:
    """The canonical form, whole. `recipient` is personal: leave it out where it must not be kept."""
    return {
        "number": invoice.number,
        "customer": invoice.customer,
        "recipient": {
            "name": _words_json(invoice.recipient.name),
            "address": _words_json(invoice.recipient.address),
        },
        "provider": provider_json(invoice.provider),
        "month": str(invoice.month),
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat() if invoice.due_on else None,
        "lines": [line_json(line) for line in invoice.lines],
        "totals": [
            {"rate": t.rate, "charged": t.charged, "returned": t.returned, "tax": t.tax}
            for t in invoice.totals
        ],
        "tax_rounding": invoice.tax_rounding,
        "net": invoice.net,
        "tax": invoice.tax,
        "total": invoice.total,
        "seq": invoice.seq,
        "corrects": invoice.corrects,
        "billed": invoice.billed,
    }


def line_json(line: Line) -> JsonObject:
    return {
        "contract": line.contract,
        "subject": _words_json(line.subject),
        "name": line.name,
        "words": _words_json(line.words),
        "quantity": str(line.quantity),
        "unit": line.unit,
        "amount": line.amount,
        "measure": _words_json(line.measure),
        "rate": line.rate,
        "period": _span_json(line.period),
        "cites": list(line.cites),
        "conventions": [list(pair) for pair in line.conventions],
        "steps": [_words_json(step) for step in line.steps],
        "review": line.review,
    }


def invoice_of(body: Mapping[str, Json], recipient: Recipient | None = None) -> Invoice:
    """Read back what `invoice_json` wrote; `recipient` stands in where it was left out.

    KeyError or ValueError say what is missing or wrong; ValueError too when the sums in it do not agree with its lines.
    """
    if recipient is None:
        if body.get("recipient") is None:
            raise ValueError("recipient: is missing; say who the invoice is made out to")
        told = _table(body["recipient"])
        recipient = Recipient(_words_of(told["name"]), _words_of(told["address"]))
    invoice = Invoice(
        number=str(body["number"]),
        customer=str(body["customer"]),
        recipient=recipient,
        provider=provider_of(_table(body["provider"])),
        month=Month.parse(str(body["month"])),
        issued_on=date.fromisoformat(str(body["issued_on"])),
        due_on=date.fromisoformat(str(body["due_on"])) if body.get("due_on") else None,
        lines=tuple(_line_of(_table(line)) for line in _list(body["lines"])),
        totals=tuple(_total_of(_table(total)) for total in _list(body["totals"])),
        tax_rounding=str(body["tax_rounding"]),
        seq=_whole(body["seq"]),
        corrects=str(body["corrects"]) if body.get("corrects") else None,
        billed=Yen(_whole(body["billed"])),
    )
    if invoice.totals != totals_by_rate(invoice.lines, invoice.tax_rounding):
        raise ValueError(f"totals: those of invoice {invoice.number} do not agree with its lines")
    return invoice


def _line_of(body: Mapping[str, Json]) -> Line:
    period = body["period"]
    return Line(
        contract=str(body["contract"]),
        subject=_words_of(body["subject"]),
        name=str(body["name"]),
        words=_words_of(body["words"]),
        quantity=Fraction(str(body["quantity"])),
        unit=Yen(_whole(body["unit"])),
        amount=Yen(_whole(body["amount"])),
        measure=_words_of(body["measure"]),
        rate=None if body["rate"] is None else _whole(body["rate"]),
        period=None if period is None else _span_of(_table(period)),
        cites=tuple(str(cite) for cite in _list(body["cites"])),
        conventions=tuple((str(key), str(value)) for key, value in map(_list, _list(body["conventions"]))),
        steps=tuple(_words_of(step) for step in _list(body["steps"])),
        review=body["review"] is True,
    )


def _total_of(body: Mapping[str, Json]) -> RateTotal:
    rate = body["rate"]
    charged, returned, tax = (Yen(_whole(body[key])) for key in ("charged", "returned", "tax"))
    return RateTotal(None if rate is None else _whole(rate), charged, returned, tax)


def _span_json(span: Span | None) -> Json:
    if span is None:
        return None
    return {"first": span.first.isoformat(), "last": span.last.isoformat() if span.last else None}


def _span_of(body: Mapping[str, Json]) -> Span:
    last = body["last"]
    return Span(date.fromisoformat(str(body["first"])), date.fromisoformat(str(last)) if last else None)


def _words_json(words: Words) -> Json:
    return {"ja": words.ja, "en": words.en}


def _words_of(value: Json) -> Words:
    table = _table(value)
    return Words(str(table["ja"]), str(table["en"]))


def _table(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is not a table of an invoice")
    return value


def _list(value: Json) -> Sequence[Json]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is not a list of an invoice")
    return value


def _whole(value: Json) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a whole number")
    return value
