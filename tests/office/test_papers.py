"""Papers: the fields they must show, in both languages, and the same bytes every time."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from pypdf import PdfReader

from kitei.accounts import Invoice, Line, Provider, Recipient, make_invoice
from kitei.desk import Decision, Finding, Verdict
from kitei.office.papers import Letter, decision_html, decision_pdf, invoice_html, invoice_pdf
from kitei.terms import Cite
from kitei.values import JST, Language, Month, Span, Words, Yen

EDITION = "managed-vpn-pro@2024-05-01#"
LANGUAGES: tuple[Language, ...] = ("ja", "en")
PROVIDER = Provider(
    Words("北極星ネットワーク株式会社", "Polaris Networks K.K."),
    "T7000012050002",
    Words("東京都千代田区架空町 1-1", "1-1 Kakucho, Chiyoda-ku, Tokyo"),
    "billing@polaris.example",
    Words("架空銀行 本店", "Kaku Bank, head office"),
)
RECIPIENT = Recipient(Words("大和商事株式会社", "Yamato Trading Co., Ltd."), Words("大阪市", "Osaka"))
SITE = Words("VPN 網 core 子拠点 大阪", "VPN network core, child site Osaka")
FEE = Line(
    "core-1",
    SITE,
    "monthly",
    Words("月額", "Monthly fee"),
    Fraction(1),
    Yen(30_000),
    Yen(30_000),
    Words("1 か月", "1 month"),
    10,
    Span(date(2026, 6, 1), date(2026, 6, 30)),
    (f"{EDITION}art:19.1.s2", f"{EDITION}schedule:1.2.1"),
)
CREDIT = replace(
    FEE,
    name="credit",
    words=Words("減額", "Credit"),
    quantity=Fraction(-2, 30),
    amount=Yen(-2_000),
    cites=(f"{EDITION}art:21.1", f"{EDITION}schedule:3"),
    conventions=(("credit.hours", "from-knowledge"),),
    steps=(Words("49 ÷ 24 → 2", "49 / 24: 2"),),
)
SETTLEMENT = replace(
    FEE,
    name="settlement",
    amount=Yen(290_000),
    unit=Yen(290_000),
    rate=None,
    review=True,
    cites=(f"{EDITION}art:20.1",),
)


def invoice(*lines: Line, corrects: Invoice | None = None) -> Invoice:
    return make_invoice(
        customer="yamato",
        recipient=RECIPIENT,
        provider=PROVIDER,
        month=Month.parse("2026-06"),
        issued_on=date(2026, 7, 1),
        lines=lines or (FEE, CREDIT, SETTLEMENT),
        tax_rounding="floor",
        due_on=date(2026, 7, 31),
        seq=42,
        corrects=corrects,
    )


def letter(verdict: Verdict) -> Letter:
    finding = Finding(
        verdict,
        (Cite.parse(f"{EDITION}art:22.2"),),
        Words("172.32.0.0/16 は範囲外です", "172.32.0.0/16 is outside"),
        "apply.sites[0].lans[0]",
        Words("10.0.0.0/8 から選ぶ", "choose from 10.0.0.0/8"),
    )
    allowed = Finding(
        Verdict.ACCEPT, (Cite.parse(f"{EDITION}art:1.1"),), Words("種類は正しい", "kind is right")
    )
    at = datetime(2026, 6, 10, 10, 0, tzinfo=JST)
    decision = Decision(
        verdict, (allowed, finding), at, {"effective": date(2026, 7, 10)}, {"settlement": Yen(5)}
    )
    return Letter("a1", Words("拠点の申込", "a site"), RECIPIENT, PROVIDER, decision)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invoice_shows_every_field_of_a_qualified_invoice(language: Language) -> None:
    text = invoice_html(invoice(), language)
    shown = ["T7000012050002", "202606-01-yamato", RECIPIENT.name.to(language), PROVIDER.name.to(language)]
    shown += ["¥28,000", "¥2,800", "¥290,000", "¥320,800", "10%", SITE.to(language)]
    shown += (
        ["2026年7月1日", "2026年6月", "10% 対象 計", "消費税の対象外", "適格返還請求書", "お支払期限"]
        if language == "ja"
        else [
            "1 July 2026",
            "June 2026",
            "Total at 10%",
            "Outside consumption tax",
            "qualified return invoice",
        ]
    )
    assert [each for each in shown if each not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_shows_its_provisions_with_gists_and_how_they_are_read(language: Language) -> None:
    text = invoice_html(invoice(), language)
    for line in invoice().lines:
        for cite in line.cites:
            assert Cite.parse(cite).words.to(language) in text
        for step in line.steps:
            assert step.to(language) in text
    gist = "月額の 30 分の 1" if language == "ja" else "One thirtieth of the monthly fee"
    assert text.count(gist) == 1, "a gist is told once, where it is first needed"
    assert "credit.hours=from-knowledge" in text and "tax.rounding=floor" in text


def test_no_paper_speaks_the_other_language() -> None:
    only = {"ja": "Amount due", "en": "ご請求金額"}
    for language in LANGUAGES:
        assert only[language] not in invoice_html(invoice(), language)
    assert "御中" not in invoice_html(invoice(), "en")


def test_a_correction_and_a_refund_say_so() -> None:
    first = invoice(FEE)
    corrected = invoice(replace(FEE, amount=Yen(20_000), unit=Yen(20_000)), corrects=first)
    text = invoice_html(corrected, "en")
    assert "takes the place of invoice 202606-01-yamato (¥33,000)" in text
    assert "To be refunded" in text and "−¥11,000" in text
    assert "Please pay to" not in text
    assert "qualified return invoice" not in invoice_html(first, "en")


def test_what_a_customer_is_called_cannot_break_the_paper() -> None:
    named = replace(invoice(), recipient=Recipient(Words("<b>&", "<script>")))
    assert "<script>" not in invoice_html(named, "en") and "&lt;script&gt;" in invoice_html(named, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_has_the_text_on_a4_and_carries_its_fonts(language: Language) -> None:
    reader = PdfReader(io.BytesIO(invoice_pdf(invoice(), language)))
    width, height = (float(side) for side in reader.pages[0].mediabox.upper_right)
    assert (round(width), round(height)) == (595, 842)
    text = "".join(page.extract_text() for page in reader.pages)
    assert "T7000012050002" in text and "¥320,800" in text
    title = "請求書" if language == "ja" else "Invoice"
    assert reader.metadata is not None and str(reader.metadata.title).startswith(title)
    assert reader.metadata.creation_date == datetime(2026, 7, 1, tzinfo=reader.metadata.creation_date.tzinfo)  # type: ignore[union-attr]
    fonts = {
        str(font.get_object()["/BaseFont"])
        for printed in reader.pages
        for font in printed["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert any("IPAexGothic" in font for font in fonts), "without the Japanese font the paper shows boxes"


def test_the_same_invoice_makes_the_same_bytes_in_another_process_too() -> None:
    here = invoice_pdf(invoice(), "ja")
    assert here == invoice_pdf(invoice(), "ja")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_papers as t;"
        "sys.stdout.buffer.write(t.invoice_pdf(t.invoice(), 'ja'))"
    )
    # Other hashes and another zone: nothing of either may show.
    env = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Honolulu"}
    ran = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent)], capture_output=True, env=env, timeout=120
    )
    assert ran.returncode == 0, ran.stderr.decode()
    assert ran.stdout == here


def test_another_invoice_makes_other_bytes() -> None:
    assert invoice_pdf(invoice(FEE), "ja") != invoice_pdf(invoice(FEE, FEE), "ja")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", Verdict)
def test_a_letter_says_verdict_reasons_provisions_and_remedy(verdict: Verdict, language: Language) -> None:
    text = decision_html(letter(verdict), language)
    told = {
        Verdict.ACCEPT: Words("承諾します", "We accept"),
        Verdict.REFER: Words("担当者が確認", "a member of our staff"),
        Verdict.REFUSE: Words("承諾できません", "we cannot accept"),
    }[verdict]
    shown = [told.to(language), Cite.parse(f"{EDITION}art:22.2").words.to(language), "apply.sites[0].lans[0]"]
    shown += [Words("10.0.0.0/8 から選ぶ", "choose from 10.0.0.0/8").to(language), "RFC 1918", "¥5"]
    assert [each for each in shown if each not in text] == []
    if verdict is Verdict.REFUSE:
        kind, outside = Words("種類は正しい", "kind is right"), Words("範囲外", "is outside")
        assert text.index(outside.to(language)) < text.index(kind.to(language)), "what decides stands first"


def test_a_letter_prints_to_the_same_bytes() -> None:
    assert decision_pdf(letter(Verdict.REFUSE), "ja") == decision_pdf(letter(Verdict.REFUSE), "ja")
