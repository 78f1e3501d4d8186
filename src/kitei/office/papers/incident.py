"""An attack as a paper: its course, its figures, its evidence, and the provisions that allowed what was done."""

from datetime import date, datetime

from kitei.accounts import Provider, Recipient
from kitei.office.floods.alert_lines import lasting, rate_words
from kitei.office.floods.attacks import Attack
from kitei.office.floods.incidents import Incident, incident_json
from kitei.office.floods.report import clock_text
from kitei.office.papers.charts import Chart, amount, line_chart
from kitei.office.papers.press import page, pdf_of
from kitei.office.papers.speech import reason_words
from kitei.office.provisions import provided
from kitei.store.tallies import protocol_name
from kitei.values import JST, Language, digest_of


def incident_html(
    found: Incident, recipient: Recipient, provider: Provider | None, language: Language
) -> str:
    """The incident as one HTML document."""
    return page(
        "incident.html",
        language,
        incident=found,
        attack=found.attack,
        recipient=recipient,
        provider=provider,
        digest=digest_of(incident_json(found)),
        chart=_chart(found, 1),
        packets=_chart(found, 2),
        rate=rate_words(found.attack),
        lasted=lasting(found.attack),
        provisions=provided(found.cites),
        amount=amount,
        reason=lambda name: reason_words(name).to(language),
        clock=clock_text,
        second=_second,
        protocol=protocol_name,
    )


def incident_pdf(
    found: Incident, recipient: Recipient, provider: Provider | None, language: Language
) -> bytes:
    """The incident as PDF, A4. The same incident makes the same bytes, on the same programs and fonts."""
    identifier = f"{digest_of(incident_json(found))}-{language}"
    return pdf_of(incident_html(found, recipient, provider, language), made_on(found.attack), identifier)


def made_on(attack: Attack) -> date:
    """The day the paper bears: that of the last that happened."""
    return attack.happenings[-1].at.astimezone(JST).date()


def _chart(found: Incident, column: int) -> Chart | None:
    if len(found.series) < 2:
        return None
    first, last = found.series[0][0], found.series[-1][0]
    labels = [(at, _second(at)[-8:]) for at in dict.fromkeys((first, (first + last) // 2, last))]
    return line_chart(
        [(each[0], each[column]) for each in found.series],
        first,
        last,
        labels,
        "bps" if column == 1 else "pps",
    )


def _second(at: int) -> str:
    return clock_text(datetime.fromtimestamp(at, JST))
