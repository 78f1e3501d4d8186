"""Reports as letters: the papers of a contract to its customer's e-mail addresses, by the outbox.

What is enclosed is printed before the letter is put in, so that what was recorded with it is what goes out.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kitei.office.closing import provider_told, recipient_of
from kitei.office.floods.alerting import Place, message_id, places_of
from kitei.office.floods.incidents import Incident
from kitei.office.floods.reaging import ReagingTold
from kitei.office.floods.report import Report
from kitei.office.office import Office, Refusal
from kitei.office.papers.flood_report import report_pdf
from kitei.office.papers.incident import incident_pdf
from kitei.office.papers.reaging import reaging_pdf
from kitei.store.outbox import Message
from kitei.values import Language, Words


@dataclass(frozen=True, slots=True)
class Paper:
    """What is sent: `key` is the same for the same paper, `name` that of its file, without language and ending."""

    key: str
    customer: str
    name: str
    subject: Words
    text: Words
    pdf: Callable[[Language], bytes]


def letters(office: Office, paper: Paper) -> tuple[Message, ...]:
    """A letter to each address. Refusal: there is none."""
    pdfs: dict[Language, str] = {}
    found = []
    for place in addresses(office, paper.customer):
        for each in place.languages:
            if each not in pdfs:
                pdfs[each] = base64.b64encode(paper.pdf(each)).decode()
        enclosed = [{"name": f"{paper.name}-{each}.pdf", "pdf": pdfs[each]} for each in place.languages]
        body: Any = {
            "subject": " / ".join(paper.subject.to(each) for each in place.languages),
            "text": "".join(f"{paper.text.to(each)}\n" for each in place.languages),
            "enclosed": enclosed,
        }
        now = office.clock()
        name = message_id(paper.key, place)
        found.append(Message(name, place.way, place.at, place.customer, body, now, now))
    return tuple(found)


def addresses(office: Office, customer: str) -> tuple[Place, ...]:
    """The e-mail addresses among a customer's places, else its `more.email`: papers are no matter of webhooks."""
    party = office.shelf.party(customer)
    several = places_of(party) if party else ()
    mail = [each for each in several if each.way == "email"]
    if party and not mail:
        without = {key: value for key, value in party.more.items() if key != "alerts"}
        mail = [*places_of(replace(party, more=without))]
    found = tuple(replace(each, way="letter") for each in mail if each.way == "email")
    if not found:
        raise Refusal(
            Words(
                f"{customer} のメールアドレスがありません。[[party]] の more.email に書いてください",
                f"{customer} has no e-mail address; write it into more.email of its [[party]]",
            )
        )
    return found


def of_reaging(office: Office, told: ReagingTold) -> Paper:
    body: Any = told.body
    about = (
        recipient_of(office.book, _customer(office, told.contract)),
        provider_told(office.picture().said),
    )
    return Paper(
        f"reaging:{told.contract}:{body['reaging']}",
        _customer(office, told.contract),
        f"reaging-{told.contract}-{told.on}",
        Words(f"再エージング報告 {told.contract}", f"Re-aging report {told.contract}"),
        Words(
            f"{body['first']} から {body['last']} までの {body['minutes']} 分から学んだしきい値を、今のものと並べた"
            "報告を同封します。承認されるまで何も変わりません。",
            f"Enclosed: thresholds learned from {body['minutes']} minutes of {body['first']} to {body['last']},"
            " beside the present ones. Nothing changes until they are approved.",
        ),
        lambda language: reaging_pdf(told, *about, language),
    )


def of_report(office: Office, report: Report) -> Paper:
    return Paper(
        f"report:{report.contract}:{report.month}",
        report.customer,
        f"ddos-{report.contract}-{report.month}",
        Words(
            f"DDoS 対策 月次レポート {report.contract} {report.month}",
            f"DDoS protection: monthly report {report.contract} {report.month}",
        ),
        Words(
            f"{report.month} の月次レポートを同封します。検知した攻撃は {len(report.attacks)} 件です。",
            f"Enclosed: the report for {report.month}. Attacks detected: {len(report.attacks)}.",
        ),
        lambda language: report_pdf(report, language),
    )


def of_incident(office: Office, found: Incident) -> Paper:
    """As far as it went: what is sent again later, when more of it is known, is another paper."""
    attack, customer = found.attack, _customer(office, found.attack.contract)
    about = (recipient_of(office.book, customer), provider_told(office.picture().said))
    last = attack.happenings[-1].seq
    return Paper(
        f"incident:{attack.contract}:{attack.id}:{last}",
        customer,
        f"incident-{attack.contract}-{attack.id}",
        Words(
            f"DDoS インシデント報告 {attack.contract} {attack.target}",
            f"DDoS incident {attack.contract} {attack.target}",
        ),
        Words(
            f"{attack.target} への攻撃({attack.cause.ja})の経過と証拠を同封します。",
            f"Enclosed: course and evidence of the attack on {attack.target} ({attack.cause.en}).",
        ),
        lambda language: incident_pdf(found, *about, language),
    )


def _customer(office: Office, contract: str) -> str:
    return office.contract(contract).customer
