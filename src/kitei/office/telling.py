"""Events that nodes tell, given to who takes them: each once, in order, and never again in part."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from kitei.network.events import Batch, Event
from kitei.office.office import Office
from kitei.store import told

log = logging.getLogger(__name__)

Taker: TypeAlias = Callable[[Office, str, tuple[Event, ...], Connection], None]
"""Takes a node's events of one lane within a transaction, in which they are also counted as taken.

ValueError: an event that cannot be read. It is left out, and the others are offered again.
"""


@dataclass(frozen=True, slots=True)
class Telling:
    """The office's ear for events. `takers` are by lane."""

    office: Office
    takers: Mapping[str, Taker]

    @classmethod
    def of(cls, office: Office, takers: Mapping[str, Taker]) -> "Telling":
        told.prepare(office.book.engine)
        return cls(office, takers)

    def take(self, node: str, batch: Batch) -> int:
        """Take what is new of a batch; the number up to which all of its series is taken now.

        LookupError: no such node, or nobody takes such events.
        """
        if self.office.shelf.orders(node) is None:
            raise LookupError(f"{node} is no node that was given orders")
        taker = self.takers.get(batch.lane)
        if taker is None:
            raise LookupError(f"nobody takes {batch.lane!r}; there are {', '.join(sorted(self.takers))}")
        with self.office.book.writing() as transaction:
            done = told.told(transaction, node, batch.lane, batch.series)
            fresh = tuple(event for event in batch.events if event.number > done)
            if not fresh:
                return done
            if done and fresh[0].number > done + 1:
                lost = fresh[0].number - done - 1
                log.warning("%s: %d events of %s were lost on the node", node, lost, batch.lane)
            self._offer(taker, node, fresh, transaction)
            told.note(transaction, node, batch.lane, batch.series, fresh[-1].number)
        return fresh[-1].number

    def _offer(self, taker: Taker, node: str, events: tuple[Event, ...], transaction: Connection) -> None:
        try:
            with transaction.begin_nested():
                taker(self.office, node, events, transaction)
            return
        except ValueError as error:
            if len(events) == 1:
                log.error("%s: event %d (%s) is left out: %s", node, events[0].number, events[0].kind, error)
                return
        for event in events:
            self._offer(taker, node, (event,), transaction)
