"""A month under watch as a paper: charts, attacks, what was watched, and the provisions it rests on."""

from kitei.collect.counters import shown
from kitei.office.floods.report import Report, clock_text, step_words
from kitei.office.floods.values import report_json
from kitei.office.papers.charts import Chart, amount, bar_chart
from kitei.office.papers.press import page, pdf_of
from kitei.office.papers.speech import month_text, reason_words
from kitei.office.provisions import provided
from kitei.values import Language, Words, digest_of


def report_html(report: Report, language: Language) -> str:
    """The report as one HTML document."""
    return page(
        "flood_report.html",
        language,
        report=report,
        digest=digest_of(report_json(report)),
        month=month_text(report.month.first),
        traffic=_chart(report, "bytes"),
        fullest=_chart(report, "most_bps"),
        watched=percent(report.judged, report.meant),
        provisions=provided(report.cites),
        amount=amount,
        reason=lambda name: reason_words(name).to(language),
        shown=shown,
        clock=clock_text,
        steps=step_words,
        lasting=_lasting,
        percent=percent,
        total=sum(each.bytes or 0 for each in report.protocols),
    )


def report_pdf(report: Report, language: Language) -> bytes:
    """The report as PDF, A4. The same report makes the same bytes, on the same programs and fonts."""
    identifier = f"{digest_of(report_json(report))}-{language}"
    return pdf_of(report_html(report, language), report.upto, identifier)


def percent(part: int, whole: int) -> str:
    """Cut, never rounded up: 100 % is said of all alone. `-` of nothing."""
    if not whole:
        return "-"
    cut = part * 10_000 // whole
    return f"{cut // 100}.{cut % 100:02} %"


def _chart(report: Report, name: str) -> Chart:
    known = {each.day: getattr(each, name) for each in report.days if each.judged or each.packets}
    days = report.days_meant
    labels = [str(day.day) if day.day % 5 == 0 or day.day == 1 else "" for day in days]
    return bar_chart([known.get(day) for day in days], labels, "B" if name == "bytes" else "bps")


def _lasting(seconds: int | None) -> Words:
    if seconds is None:
        return Words("継続中", "goes on")
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    text = f"{hours}:{minutes:02}:{left:02}"
    return Words(text, text)
