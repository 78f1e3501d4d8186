"""Tell customers before a right is lost or a duty overdue: once for each deadline, on record."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kitei.desk import Deadline
from kitei.ledger import Fact
from kitei.office.due import due
from kitei.office.office import Office
from kitei.office.picture import Picture
from kitei.office.post import Letter, Post, Undelivered
from kitei.office.provisions import provided
from kitei.values import Language, Words

SENT: Final = "reminder.sent"
LEAD: Final = "reminder-days"
"""The operator's parameter: how many days before its last day a customer is reminded."""
_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Reminder:
    """A deadline and what became of its reminder; `failed` says why none went out."""

    deadline: Deadline
    failed: Words | None = None


def remind(office: Office, post: Post) -> tuple[Reminder, ...]:
    """Remind of every right and duty that runs out within the operator's days of lead and was not told yet.

    A letter that did not go out is not recorded, so that the next call sends it. Between sending and
    recording only a crash can come; the letter sent again then has the same id.
    """
    found: list[Reminder] = []
    with _alone(office):
        for deadline in to_remind(office):
            try:
                post.send(_letter(office, deadline))
            except Undelivered as error:
                found.append(Reminder(deadline, error.words))
                continue
            _record(office, deadline)
            found.append(Reminder(deadline))
    return tuple(found)


def to_remind(office: Office) -> tuple[Deadline, ...]:
    """Whose last day is near, of which the customer was not reminded."""
    picture = office.picture()
    told = {str(entry.fact.body["deadline"]) for entry in picture.said if entry.fact.kind == SENT}
    until = office.today() + timedelta(days=lead(picture))
    return tuple(
        each
        for each in due(office, until)
        if each.loses and each.customer and each.on >= office.today() and each.key not in told
    )


def lead(picture: Picture) -> int:
    """How many days ahead, as the operator set it last."""
    days = _DAYS
    for entry in picture.said:
        body = entry.fact.body
        if entry.fact.kind == "operator.set" and body.get("name") == LEAD and type(body["value"]) is int:
            days = body["value"]
    return days


def _record(office: Office, deadline: Deadline) -> None:
    body = {
        "deadline": deadline.key,
        "on": deadline.on.isoformat(),
        "kind": deadline.kind,
        "contract": deadline.contract,
        "about": deadline.about,
        "letter": _id(deadline),
    }
    office.state([(f"customer:{deadline.customer}", Fact(SENT, body, office.today(), deadline.cites))])


def _letter(office: Office, deadline: Deadline) -> Letter:
    party = office.shelf.party(deadline.customer)
    name = party.name if party else Words(deadline.customer, deadline.customer)
    more = party.more if party else {}
    language = more.get("language")
    languages: tuple[Language, ...] = ("ja", "en")
    if language == "ja" or language == "en":
        languages = (language,)
    subject = Words(
        f"期限のお知らせ: {deadline.on} {deadline.what.ja}", f"Reminder: {deadline.on}, {deadline.what.en}"
    )
    return Letter(
        _id(deadline),
        name,
        str(more.get("email") or ""),
        " / ".join(subject.to(each) for each in languages),
        "\n\n".join(_text(deadline, name, each) for each in languages) + "\n",
        office.clock(),
    )


def _text(deadline: Deadline, name: Words, language: Language) -> str:
    lost = Words("この日を過ぎると権利が失われます。", "After that day the right is lost.")
    owed = Words("この日までに必要です。", "It has to be done by that day.")
    lines = [
        name.to(language) + (" 御中" if language == "ja" else ""),
        "",
        Words(
            f"期限: {deadline.on}(この日の 24 時まで)", f"Last day: {deadline.on}, to its end (Asia/Tokyo)"
        ).to(language),
        deadline.what.to(language),
        (lost if deadline.loses == "right" else owed).to(language),
    ]
    if deadline.contract:
        lines.append(Words(f"契約: {deadline.contract}", f"Contract: {deadline.contract}").to(language))
    lines += [f"- {each.heading.to(language)}: {each.gist.to(language)}" for each in provided(deadline.cites)]
    return "\n".join(lines)


def _id(deadline: Deadline) -> str:
    return "r" + hashlib.sha256(deadline.key.encode()).hexdigest()[:24]


@contextmanager
def _alone(office: Office) -> Iterator[None]:
    """Only one process reminds at a time: two would both find the same letters unsent."""
    handle = os.open(office.home.folder / ".reminding", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
