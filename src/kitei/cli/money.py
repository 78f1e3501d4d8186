"""`bill`: a month's invoices, previewed, issued, and as papers."""

import click

from kitei.accounts import Invoice, invoice_json
from kitei.cli.desk import office_of
from kitei.cli.show import cites_text
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.office.closing import Bill, close_month, invoices, preview
from kitei.values import Json, Language, Month, Words, in_yen


@command("bill", ja="月の請求書。--close で発行する", en="A month's invoices; --close issues them.")
@click.argument("month")
@option(
    "--close", "close", is_flag=True, ja="締めて発行し、記録する", en="Close the month: issue and record."
)
@option(
    "--pdf",
    is_flag=True,
    ja="発行済みの請求書を PDF にする(日英)",
    en="Make PDFs of what was issued, ja and en.",
)
@option("--customer", ja="この契約者だけ", en="Of this customer only.")
def bill(talk: Talk, month: str, close: bool, pdf: bool, customer: str | None) -> None:
    try:
        wanted = Month.parse(month)
    except ValueError as error:
        raise Misuse(str(error)) from None
    with office_of(talk) as office:
        bills = close_month(office, wanted) if close else preview(office, wanted)
        shown = [each for each in bills if customer in (None, each.customer)]
        talk.answer(
            [_json(each) for each in shown],
            lambda: (
                "\n\n".join(bill_text(each, talk.language) for each in shown)
                or Words("請求はありません。", "Nothing is owed.").to(talk.language)
            ),
        )
        if pdf:
            from kitei.office.papers import invoice_pdf

            for issued in invoices(office, wanted):
                if customer in (None, issued.customer):
                    for language in ("ja", "en"):
                        place = office.home.papers / f"{issued.number}.{language}.pdf"
                        place.write_bytes(invoice_pdf(issued, "ja" if language == "ja" else "en"))
                        click.echo(str(place), err=True)
        if any(each.incomplete for each in shown):
            raise SystemExit(1)


def bill_text(found: Bill, language: Language) -> str:
    """An invoice line by line with its provisions, or what is missing for it."""
    if found.invoice is None:
        lines = [each.to(language) for each in found.incomplete.words] if found.incomplete else []
        head = Words("請求書は出せません", "no invoice can be issued").to(language)
        return "\n".join(
            [f"{click.style(found.customer, bold=True)}: {head}", *(f"  {line}" for line in lines)]
        )
    return "\n".join(_lines(found.invoice, language))


def _lines(invoice: Invoice, language: Language) -> list[str]:
    lines = [
        f"{click.style(invoice.number, bold=True)}  {invoice.recipient.name.to(language)}  {invoice.month}"
    ]
    for each in invoice.lines:
        lines.append(
            f"  {each.contract:<16} {each.words.to(language)}  {each.measure.to(language)}  {in_yen(each.amount)}"
        )
        lines += [f"      {step.to(language)}" for step in each.steps]
        lines.append(click.style(f"      {cites_text(each.cites, language)}", dim=True))
    for total in invoice.totals:
        tax = Words("消費税", "tax").to(language)
        lines.append(
            f"  {total.rate if total.rate is not None else 0}%  {in_yen(total.net)}  {tax} {in_yen(total.tax)}"
        )
    lines.append(f"  {Words('合計', 'total').to(language)} {in_yen(invoice.total)}")
    return lines


def _json(found: Bill) -> Json:
    if found.invoice is not None:
        return {"customer": found.customer, "new": found.is_new, "invoice": invoice_json(found.invoice)}
    missing = found.incomplete.words if found.incomplete else ()
    return {"customer": found.customer, "missing": [{"ja": each.ja, "en": each.en} for each in missing]}
