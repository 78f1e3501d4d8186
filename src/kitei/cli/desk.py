"""The office at the other end of a command, and its errors in the speaker's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kitei.cli.speak import Fault, Misuse, Talk
from kitei.desk import Unreadable
from kitei.ledger import ConcurrentAppend
from kitei.office import Desk, Office, Refusal
from kitei.office.desk import desk_at
from kitei.store import StoreError
from kitei.values import Words


@contextmanager
def office_of(talk: Talk) -> Iterator[Office]:
    """Open the provider's office for one command. What it will not do ends the command with its reason."""
    with faults_told(talk):
        office = Office.open(talk.home)
        try:
            yield office
        finally:
            office.close()


@contextmanager
def desk_of(talk: Talk) -> Iterator[Desk[Any]]:
    """The reading half of the office, for a command that records nothing: it opens sooner, and makes no file."""
    with faults_told(talk):
        desk: Desk[Any] = desk_at(talk.home) or Office.open(talk.home)
        try:
            yield desk
        finally:
            desk.close()


@contextmanager
def faults_told(talk: Talk) -> Iterator[None]:
    """End the command with all that is wrong, in the speaker's words, where something is."""
    try:
        yield
    except Unreadable as error:
        lines = [f"{fault.place}: {fault.wrong.to(talk.language)}" for fault in error.faults]
        count = len(lines)
        head = Words(
            f"誤りが {count} 件あります。何も記録していません。", f"{count} faults; nothing was recorded."
        )
        raise Misuse("\n".join([head.to(talk.language), *lines])) from None
    except (Refusal, StoreError) as error:
        raise Fault(error.words.to(talk.language)) from None
    except (LookupError, ConcurrentAppend) as error:
        raise Fault(str(error.args[0])) from None
