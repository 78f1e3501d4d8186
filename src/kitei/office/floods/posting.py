"""What is recorded together with the letters that tell of it."""

from collections.abc import Sequence

from kitei.ledger import Fact
from kitei.office.office import Office, Refusal
from kitei.store.outbox import MOST, Message, Outbox, OutboxFull
from kitei.values import Words


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
