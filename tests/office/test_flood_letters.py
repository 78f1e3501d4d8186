"""Reports go out as letters with their papers: once, to a customer's addresses, and in nobody's way."""

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pypdf
import pytest
from floods import contract, detected, ordered, party, say
from mailserver import mail_server

from kitei.ledger import Fact
from kitei.office import Office, Refusal
from kitei.office import bell as ringing
from kitei.office.bell import webhook_secret
from kitei.office.floods.incidents import incident
from kitei.office.floods.letters import letters, of_incident, of_reaging, of_report
from kitei.office.floods.posting import record_and_post
from kitei.office.floods.reaging import ReagingTold, report, reports
from kitei.office.floods.report import flood_report
from kitei.office.floods.values import send_report
from kitei.office.post import Smtp
from kitei.services.ddos.contract import months_reported
from kitei.store.history import History
from kitei.store.outbox import Outbox
from kitei.values import JST, JsonObject, Language, Month

JUNE = Month(2026, 6)
LINE: JsonObject = {
    "policy": "e1", "scope": "host", "metric": "bps", "present": 400_000_000, "recommended": 72_000_000,
    "usual_high": 48_000_000, "peak": 60_000_000, "present_alarms": 1, "recommended_alarms": 2,
}  # fmt: skip
ALARM: JsonObject = {"policy": "e1", "scope": "host", "target": "203.0.113.5", "metric": "bps"}
AT = int(datetime(2026, 6, 10, 3, 20, tzinfo=JST).timestamp())
BODY: JsonObject = {
    "reaging": "t9", "first": "2026-06-09", "last": "2026-06-10", "minutes": 300, "left_out": 1,
    "alarms_given": 1, "alarms_present": 1, "alarms_recommended": 2, "lines": [LINE],
    "alarms": [
        {**ALARM, "under": "present", "at": AT, "figure": 1_600_000_000, "threshold": 400_000_000},
        {**ALARM, "under": "recommended", "at": AT, "figure": 1_600_000_000, "threshold": 72_000_000},
        {**ALARM, "under": "recommended", "at": AT + 60, "figure": 90_000_000, "threshold": 72_000_000},
    ],
    "recommended": [{"name": "", "host": {"bps": 72_000_000}, "prefix": {}}],
}  # fmt: skip
TOLD = ReagingTold("e1", date(2026, 6, 11), BODY, ("ddos-protection@2025-11-01#art:10.2.4.a2",))


class SetTime:
    def __init__(self) -> None:
        self.at = datetime(2026, 7, 2, 9, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def office(tmp_path: Path, time: SetTime, url: str) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", time, url)
    polaris: JsonObject = {"ja": "北極星", "en": "Polaris"}
    provider: JsonObject = {
        "name": polaris, "address": polaris, "registration": "T7000012050002", "contact": "b@example.jp",
    }  # fmt: skip
    opened.state(
        [("operator", Fact("operator.set", {"name": "provider", "value": provider}, date(2026, 1, 1)))]
    )
    contract(opened, "e1", "type-e")
    contract(opened, "v1", "type-v", prefix="192.0.2.0/24")
    yield opened
    opened.close()


def sent_by(office: Office, port: int) -> None:
    post = Smtp("127.0.0.1", port, "kitei@example.jp")
    ringing.ring(office, Outbox(office.book.engine), post, webhook_secret(office))


def papers(letter: EmailMessage) -> dict[str, str]:
    """What each enclosed PDF says, by its file's name."""
    found = {}
    for part in letter.iter_attachments():
        assert part.get_content_type() == "application/pdf"
        content: Any = part.get_content()
        pages = pypdf.PdfReader(io.BytesIO(content)).pages
        found[str(part.get_filename())] = "\n".join(each.extract_text() for each in pages)
    return found


def test_a_reaging_is_sent_with_what_each_threshold_would_have_raised_in_both_languages(
    office: Office,
) -> None:
    party(office, alerts="noc@example.jp https://hooks.example.jp/x")
    report(office, TOLD, letters(office, of_reaging(office, TOLD)))
    with mail_server() as box:
        sent_by(office, box.port)
        sent_by(office, box.port)
    (letter,) = box.letters  # webhooks get no papers, and nobody the same twice
    assert letter["To"] == "noc@example.jp"
    said = papers(letter)
    assert set(said) == {"reaging-e1-2026-06-11-ja.pdf", "reaging-e1-2026-06-11-en.pdf"}
    for text in said.values():
        assert all(each in text for each in ("400M", "72M", "48M", "60M", "06-10 03:20:00", "06-10 03:21:00"))
    assert (
        "recommended" in said["reaging-e1-2026-06-11-en.pdf"]
        and "勧める" in said["reaging-e1-2026-06-11-ja.pdf"]
    )
    assert [each.body for each in reports(office, "e1")] == [BODY]
    (kept,) = Outbox(office.book.engine).last(9)
    assert kept.sent_at is not None and "enclosed" not in kept.body  # it can be printed again


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_same_reaging_makes_the_same_paper_also_one_from_before_alarms_were_listed(
    office: Office, language: Language
) -> None:
    party(office)
    assert of_reaging(office, TOLD).pdf(language) == of_reaging(office, TOLD).pdf(language)
    old = ReagingTold("e1", TOLD.on, {k: v for k, v in BODY.items() if k != "alarms"}, TOLD.cites)
    pages = pypdf.PdfReader(io.BytesIO(of_reaging(office, old).pdf(language))).pages
    said = "\n".join(each.extract_text() for each in pages)
    assert ("not recorded one by one" if language == "en" else "個々の警報は記録されていません") in said


def test_only_the_language_that_was_chosen_is_enclosed(office: Office) -> None:
    party(office, email="a@example.jp", language="en")
    (letter,) = letters(office, of_reaging(office, TOLD))
    enclosed: Any = letter.body["enclosed"]
    assert [each["name"] for each in enclosed] == ["reaging-e1-2026-06-11-en.pdf"]
    assert letter.body["subject"] == "Re-aging report e1"


def test_where_only_webhooks_are_told_of_attacks_papers_go_to_the_email(office: Office) -> None:
    party(office, alerts="https://hooks.example.jp/x", email="a@example.jp")
    assert [each.place for each in letters(office, of_reaging(office, TOLD))] == ["a@example.jp"]
    party(office, alerts="https://hooks.example.jp/x")
    with pytest.raises(Refusal, match=r"more\.email"):
        letters(office, of_reaging(office, TOLD))


def test_a_monthly_report_is_recorded_as_sent_together_with_its_letter(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    party(office, email="a@example.jp")
    found = flood_report(office, History(tmp_path / "none"), "v1", JUNE)
    several = letters(office, of_report(office, found))
    with monkeypatch.context() as full:
        full.setattr("kitei.store.outbox.MOST", 0)
        with pytest.raises(Refusal, match="kitei ddos alerts"):
            send_report(office, found, several)
    assert months_reported(office.contract("v1")) == ()
    send_report(office, found, several)
    assert months_reported(office.contract("v1")) == ("2026-06",)
    with pytest.raises(Refusal, match="sent before"):
        send_report(office, found, several)
    with mail_server() as box:
        sent_by(office, box.port)
    (letter,) = box.letters
    said = papers(letter)
    assert set(said) == {"ddos-v1-2026-06-ja.pdf", "ddos-v1-2026-06-en.pdf"}
    assert "cannot compute" in said["ddos-v1-2026-06-en.pdf"]  # nothing was watched: that is not zero


def test_an_incident_is_sent_again_once_more_of_it_is_known(office: Office, tmp_path: Path) -> None:
    party(office, email="a@example.jp", language="en")
    history = History(tmp_path / "none")
    say(office, detected(target="203.0.113.5"), contract="e1")

    def put() -> int:
        return record_and_post(
            office, (), letters(office, of_incident(office, incident(office, history, "t1")))
        )

    assert (put(), put()) == (1, 0)
    say(office, ordered(), contract="e1")
    assert put() == 1


def test_a_letter_that_a_server_does_not_take_holds_up_no_alert(office: Office, time: SetTime) -> None:
    party(office, email="noc@example.jp", language="en")
    report(office, TOLD, letters(office, of_reaging(office, TOLD)))
    say(office, detected(target="203.0.113.5"), ordered(), contract="e1")
    with mail_server() as box:
        box.most = 10_000
        for _ in range(2):
            sent_by(office, box.port)
            time.at += timedelta(seconds=2)
        assert [str(each["Subject"]).split(":")[0] for each in box.letters] == ["Attack on 203.0.113.5"]
        (waiting,) = Outbox(office.book.engine).waiting()
        assert waiting.way == "letter" and "552" in waiting.failed
        box.most = 10_000_000
        time.at += timedelta(seconds=300)
        sent_by(office, box.port)
        assert str(box.letters[-1]["Subject"]) == "Re-aging report e1"


def test_six_papers_at_once_are_no_storm_of_alerts(office: Office) -> None:
    party(office, email="noc@example.jp", language="en")
    for n in range(6):
        told = ReagingTold("e1", TOLD.on, {**BODY, "reaging": f"t{n}"}, TOLD.cites)
        report(office, told, letters(office, of_reaging(office, told)))
    say(office, detected(target="203.0.113.5"), ordered(), contract="e1")
    with mail_server() as box:
        sent_by(office, box.port)
        sent_by(office, box.port)
    assert "Attack on 203.0.113.5" in "".join(str(each["Subject"]) for each in box.letters)
