"""What a re-aging found, as a paper: recommended thresholds beside the present ones, and the alarms of each."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from kitei.accounts import Provider, Recipient
from kitei.collect.counters import shown
from kitei.office.floods.reaging import ReagingTold
from kitei.office.floods.report import clock_text
from kitei.office.papers.press import page, pdf_of
from kitei.office.provisions import provided
from kitei.values import JST, Language, Words, digest_of


def reaging_html(told: ReagingTold, recipient: Recipient, provider: Provider, language: Language) -> str:
    """The report as one HTML document."""
    body: Mapping[str, Any] = told.body
    return page(
        "reaging.html",
        language,
        told=told,
        body=body,
        alarms=body.get("alarms", ()),  # reports of before did not list them
        recipient=recipient,
        provider=provider,
        digest=digest_of(told.body),
        first=date.fromisoformat(body["first"]),
        last=date.fromisoformat(body["last"]),
        provisions=provided(told.cites),
        shown=shown,
        clock=_clock,
        scope=lambda name: _SCOPES[name].to(language),
    )


def reaging_pdf(told: ReagingTold, recipient: Recipient, provider: Provider, language: Language) -> bytes:
    """The report as PDF, A4. The same report makes the same bytes, on the same programs and fonts."""
    identifier = f"{digest_of(told.body)}-{language}"
    return pdf_of(reaging_html(told, recipient, provider, language), told.on, identifier)


_SCOPES = {"host": Words("一つの宛先", "each host"), "prefix": Words("全体", "whole prefix")}


def _clock(at: int) -> str:
    return clock_text(datetime.fromtimestamp(at, JST))
