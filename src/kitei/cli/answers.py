"""`answer`: what the terms leave to a person, who asked for it, what they propose, and the answer on record."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import click

from kitei.cli.desk import desk_of, office_of
from kitei.cli.show import decided_json, decided_text
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.desk import Verdict
from kitei.office import Decided, Desk
from kitei.values import JsonObject, Language, Words

_PROPOSED = {
    Verdict.ACCEPT: Words("承諾", "to accept"),
    Verdict.REFUSE: Words("拒絶", "to refuse"),
    Verdict.REFER: Words("担当者による", "neither"),
}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One decision that waits, with who asked and since when."""

    decided: Decided
    service: str
    by: str
    since: date


@command(
    "answer",
    ja="担当者に回った判断に答える(申込の id なしで一覧)",
    en="Answer what was referred to a person; without an application's id, list what waits.",
)
@click.argument("application", required=False)
@option("--accept/--refuse", default=None, ja="承諾または拒絶", en="Accept or refuse.")
@option("--by", default="operator", show_default=True, ja="答える人", en="Who answers.")
@option("--why", default="", ja="理由(規程の案と違う答には必須)", en="Why; needed against the proposal.")
def answer(talk: Talk, application: str | None, accept: bool | None, by: str, why: str) -> None:
    if application is None:
        if accept is not None:
            raise Misuse(
                Words(
                    "どの申込への答えですか。id を書いてください",
                    "an answer to which application? give its id",
                )
            )
        with desk_of(talk) as desk:
            _list(talk, desk)
        return
    if accept is None:
        raise Misuse(Words("--accept か --refuse が要ります", "say --accept or --refuse"))
    verdict = Verdict.ACCEPT if accept else Verdict.REFUSE
    with office_of(talk) as office:
        _must_say_why(office, application, verdict, why)
        decided = office.answer(application, verdict, by=by, why=why.strip())
        talk.answer(decided_json(decided), lambda: decided_text(decided, talk.language))


def _list(talk: Talk, office: Desk[Any]) -> None:
    waiting = [
        _waiting(office, e.stream.removeprefix("application:"), e.fact.effective_on) for e in office.waiting()
    ]
    none = Words("回答を待つものはありません。", "Nothing waits for an answer.").to(talk.language)
    talk.answer(
        [_json(each) for each in waiting],
        lambda: "\n".join(_text(each, talk.language) for each in waiting) or none,
    )


def _must_say_why(office: Desk[Any], application: str, verdict: Verdict, why: str) -> None:
    """Whoever answers otherwise than the terms propose leaves a reason behind."""
    waiting = {entry.stream.removeprefix("application:") for entry in office.waiting()}
    if application not in waiting or why.strip():
        return  # what does not wait is refused by the office, which says what does
    proposed = office.decided(application).decision.outcome
    if proposed is not verdict:
        raise Misuse(
            Words(
                f"規程の案は{_PROPOSED[proposed].ja}です。違う答には --why で理由を書いてください",
                f"the terms propose {_PROPOSED[proposed].en}; to answer otherwise say why with --why",
            )
        )


def _waiting(office: Desk[Any], application: str, since: date) -> _Waiting:
    decided = office.decided(application)
    received = decided.entries[0].fact.body
    return _Waiting(decided, str(received["service"]), str(received["by"]), since)


def _json(waiting: _Waiting) -> JsonObject:
    asked = waiting.decided.entries[0].fact.body["asked"]
    return {
        **decided_json(waiting.decided),
        "service": waiting.service,
        "by": waiting.by,
        "since": waiting.since.isoformat(),
        "proposed": waiting.decided.decision.outcome.name.lower(),
        "asked": asked,
    }


def _text(waiting: _Waiting, language: Language) -> str:
    proposed = _PROPOSED[waiting.decided.decision.outcome].to(language)
    head = Words(
        f"  {waiting.by} から {waiting.since} に({waiting.service})。規程の案: {proposed}",
        f"  asked by {waiting.by} on {waiting.since} ({waiting.service}); the terms propose {proposed}",
    ).to(language)
    title, *rest = decided_text(waiting.decided, language).split("\n")
    return "\n".join([title, head, *rest])
