"""What is recorded together with the letters that tell of it, and what nobody takes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from kitei.ledger import Fact
from kitei.office.office import Office, Refusal
from kitei.store.outbox import MOST, Message, Outbox, OutboxFull
from kitei.values import JST, Words
from kitei.watch import Alarm

_LATE: Final = timedelta(minutes=10)
_DAY: Final = timedelta(days=1)


def record_and_post(office: Office, facts: Sequence[tuple[str, Fact]], letters: Sequence[Message]) -> int:
    """Record the operator's facts and put letters into the outbox: both or neither. How many letters were new.

    Refusal: the outbox is full.
    """
    outbox = Outbox(office.book.engine)
    try:
        with outbox.writing() as transaction:
            if facts:
                office.book.append(facts, actor="operator", at=office.clock(), within=transaction)
            return outbox.put(letters, transaction)
    except OutboxFull:
        raise Refusal(
            Words(
                f"送れていない知らせが {MOST} 件あります。kitei ddos alerts で見て、送れるようにしてください",
                f"{MOST} messages wait that nobody took; see kitei ddos alerts, and have them sent first",
            )
        ) from None


def alarms(office: Office) -> tuple[Alarm, ...]:
    """Customers whose messages nobody takes: tried for ten minutes, or given up within a day."""
    outbox, now = Outbox(office.book.engine), office.clock()
    late = [each for each in outbox.heads() if each.attempts and now - each.made_at >= _LATE]
    given_up = outbox.given_up(now - _DAY)
    found: dict[tuple[str, str], Alarm] = {}
    for message in (*given_up, *late):
        since = message.made_at.astimezone(JST).strftime("%Y-%m-%d %H:%M")
        words = Words(
            f"{message.customer}: {since} からの知らせが届いていません({message.failed})",
            f"{message.customer}: not told since {since} ({message.failed})",
        )
        found.setdefault((message.customer, message.place), Alarm("", "state", message.made_at, None, words))
    return tuple(found.values())
