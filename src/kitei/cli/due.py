"""`due`: what runs out or falls due, and reminders to customers before a right is lost."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta

import click

from kitei.cli.desk import desk_of, office_of
from kitei.cli.show import cites_text
from kitei.cli.speak import Fault, Misuse, Talk, command, option
from kitei.desk import Deadline
from kitei.office.due import due as find_due
from kitei.office.post import Undelivered, post_of
from kitei.office.reminding import Reminder
from kitei.office.reminding import remind as send_reminders
from kitei.values import JsonObject, Language, Words

_LOSES = {"right": Words("権利", "right"), "duty": Words("義務", "duty"), "": Words("", "")}


@command(
    "due", ja="期限の一覧と、失われる前のお知らせ", en="What runs out or falls due; --remind tells customers."
)
@option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    ja="この日まで(既定は 90 日先)",
    en="Up to this day (90 days on).",
)
@option(
    "--remind",
    is_flag=True,
    ja="権利や義務の期限が近い契約者に、期限ごとに一度だけ知らせる(KITEI_POST)",
    en="Remind customers of rights and duties that run out soon, once each (by KITEI_POST).",
)
def due(talk: Talk, until: datetime | None, remind: bool) -> None:
    if remind:
        if until or talk.on:
            raise Misuse(
                Words(
                    "--remind は今日を基準に送ります。--until と --on は使えません",
                    "--remind goes by today; it takes neither --until nor --on",
                )
            )
        _remind(talk)
        return
    with desk_of(talk) as desk:
        today = talk.on or desk.today()
        last = until.date() if until else today + timedelta(days=90)
        found = find_due(desk, last, talk.on)
        talk.answer([_json(each) for each in found], lambda: _table(found, today.isoformat(), talk.language))


def _remind(talk: Talk) -> None:
    with office_of(talk) as office:
        try:
            post = post_of(os.environ.get("KITEI_POST", ""), office.home.folder / "outbox")
        except Undelivered as error:
            raise Fault(error.words) from None
        _told(talk, send_reminders(office, post))


def _told(talk: Talk, reminders: Sequence[Reminder]) -> None:
    """What was sent, and what was not and why."""
    none = Words("知らせる期限はありません。", "There is nothing to remind of.").to(talk.language)
    talk.answer(
        [
            {
                **_json(each.deadline),
                "sent": each.failed is None,
                "why": {"ja": each.failed.ja, "en": each.failed.en} if each.failed else None,
            }
            for each in reminders
        ],
        lambda: "\n".join(_reminder(each, talk.language) for each in reminders) or none,
    )
    if any(each.failed for each in reminders):
        raise SystemExit(1)


def _reminder(reminder: Reminder, language: Language) -> str:
    each = reminder.deadline
    line = f"{each.on}  {each.customer}  {each.what.to(language)}"
    if reminder.failed is None:
        return f"✉ {line}"
    return f"✗ {line}\n    {reminder.failed.to(language)}"


def _table(found: Sequence[Deadline], today: str, language: Language) -> str:
    lines = []
    for each in found:
        over = Words(" 期限超過", " overdue").to(language) if each.on.isoformat() < today else ""
        loses = f" [{_LOSES[each.loses].to(language)}]" if each.loses else ""
        cites = f"  ({cites_text(each.cites, language)})" if each.cites else ""
        lines.append(
            f"{each.on}{over}  {each.contract or each.customer or '-'}  {each.what.to(language)}{loses}{cites}"
        )
    return "\n".join(lines) or Words("期限はありません。", "Nothing falls due.").to(language)


def _json(each: Deadline) -> JsonObject:
    return {
        "on": each.on.isoformat(),
        "kind": each.kind,
        "contract": each.contract,
        "customer": each.customer,
        "about": each.about,
        "what": {"ja": each.what.ja, "en": each.what.en},
        "loses": each.loses,
        "cites": list(each.cites),
    }
