"""Days: such as never were, editions out of order, deadlines that pass before the edition is in force."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from kitei.terms.reading.flaws import Flaw, flaw
from kitei.terms.reading.folding import DATE, day_of, is_in_its_era
from kitei.terms.reading.passages import Passage
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_FROM = re.compile(r"^(?:から|より)(?:施行|実施|適用|改定|効力)")
_EARLIER = re.compile(r"^以前(?:の|に)[^。]{0,20}(?:成立|締結|申|契約)")
_ENDS = re.compile(r"^を?もって[^。]{0,30}(?:廃止|終了)")
_DEADLINE = re.compile(r"^まで(?!の|は、なお|に成立|に締結|に契約|に申|に受)|^を期限|^中に")


def impossible(survey: Survey) -> Iterator[Flaw]:
    """Days no calendar has, and days counted in an era that was over or not begun."""
    for passage in survey.document.walk():
        for text, is_own in ((passage.heading, False), (passage.text, True)):
            for match in DATE.finditer(text):
                at = match.start() if is_own else -1
                if day_of(match) is None:
                    gist = Words("暦にない日。", "No calendar has this day.")
                    yield flaw("date-impossible", "high", passage, match[0], gist, at=at)
                elif not is_in_its_era(match):
                    day = day_of(match)
                    gist = Words(f"{day} はこの元号ではない。", f"{day} was not in this era.")
                    yield flaw("date-impossible", "medium", passage, match[0], gist, at=at)


def editions(survey: Survey) -> Iterator[Flaw]:
    """Each edition's own day, the order of editions, and the day on the title page."""
    last: Passage | None = None
    for edition in survey.document.editions:
        if edition.day is None:
            continue
        if last is not None and last.day is not None and edition.day <= last.day:
            gist = Words(
                f"前の版({last.day})より後でない。",
                f"It is not later than the edition before it ({last.day}).",
            )
            yield flaw("date-differs", "high", edition, edition.number, gist, at=-1)
        last = edition
        yield from _in_force(edition)
    days = [each.day for each in survey.document.editions if each.day]
    as_of = survey.document.as_of
    if as_of and days and as_of < max(days):
        front = survey.document.passages[0]
        gist = Words(f"附則の最後の版は {max(days)}。", f"The last edition in the supplement is {max(days)}.")
        yield flaw("date-differs", "medium", front, as_of.isoformat(), gist, at=-1)


def _in_force(edition: Passage) -> Iterator[Flaw]:
    for paragraph in edition.children:
        for match in DATE.finditer(paragraph.text):
            day = day_of(match)
            takes_effect = _FROM.match(paragraph.text[match.end() :])
            if (
                day
                and takes_effect
                and day != edition.day
                and re.search(r"この[^、。]{1,20}は", paragraph.text[: match.start()])
            ):
                gist = Words(
                    f"版の見出しの日は {edition.day}。", f"The edition's heading says {edition.day}."
                )
                yield flaw("date-differs", "high", paragraph, match[0], gist, at=match.start())


def deadlines(survey: Survey) -> Iterator[Flaw]:
    """`…までに` in the supplement of an edition that takes effect later: nobody can still keep to it."""
    for edition in survey.document.editions:
        for paragraph in edition.walk():
            for match in DATE.finditer(paragraph.text):
                day = day_of(match)
                if _is_before(day, edition.day) and _DEADLINE.match(paragraph.text[match.end() :]):
                    gist = Words(
                        f"この版は {edition.day} からで、期限はその前に過ぎている。",
                        f"This edition is in force from {edition.day}; the deadline lies before that.",
                    )
                    yield flaw("deadline-past", "medium", paragraph, match[0], gist, at=match.start())


def transitions(survey: Survey) -> Iterator[Flaw]:
    """What an edition says of the time before it: no day of its own time, and no end before its beginning."""
    for edition in survey.document.editions:
        for paragraph in edition.walk():
            for match in DATE.finditer(paragraph.text):
                day, tail = day_of(match), paragraph.text[match.end() : match.end() + 40]
                if day is None or edition.day is None:
                    continue
                if _EARLIER.match(tail) and not _is_before(day, edition.day):
                    gist = Words(
                        f"この版は {edition.day} から。その日の前の日までのものと思われる。",
                        f"This edition is in force from {edition.day}; what was before ends the day before.",
                    )
                    yield flaw("date-differs", "medium", paragraph, match[0], gist, at=match.start())
                elif _ENDS.match(tail) and _is_before(day, edition.day):
                    gist = Words(
                        f"この版の {edition.day} より前に遡って終わらせている。",
                        f"It ends what ran before this edition's {edition.day}.",
                    )
                    yield flaw("deadline-past", "medium", paragraph, match[0], gist, at=match.start())


def spans(survey: Survey) -> Iterator[Flaw]:
    """`…から…まで` that ends before it begins."""
    for passage in survey.document.walk():
        dates = list(DATE.finditer(passage.text))
        for first, last in pairwise(dates):
            begun, ended = day_of(first), day_of(last)
            between, behind = (
                passage.text[first.end() : last.start()],
                passage.text[last.end() : last.end() + 2],
            )
            if (
                between in ("から", "から、", "~", "より")
                and (behind == "まで" or between == "~")
                and _is_before(ended, begun)
            ):
                gist = Words("終わりが始まりより前。", "It ends before it begins.")
                yield flaw("date-impossible", "high", passage, last[0], gist, at=last.start())


def _is_before(day: date | None, other: date | None) -> bool:
    return day is not None and other is not None and day < other
