"""The reading half of the office: what is known, what the terms would say of something, and what was said."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from kitei.catalogue import service_named
from kitei.clock import Clock, shifted_clock
from kitei.desk import Decision, Fault, Holding, Operator, Situation, Unreadable, Verdict, operator_of
from kitei.ledger import Entry
from kitei.ledger.contracts import Contract
from kitei.office.home import Home
from kitei.office.picture import Picture, Struck, collector_at_rest
from kitei.office.record import decision_of
from kitei.service import Service
from kitei.store import Glance
from kitei.values import Span, Words, day_of

MANAGED_VPN: Final = "managed-vpn-pro"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Readable(Protocol):
    """A book as who only reads it knows it."""

    def read(
        self, stream: str | None = None, *, on: date | None = None, upto: int | None = None, after: int = 0
    ) -> Iterator[Entry]: ...

    def close(self) -> None: ...


Book = TypeVar("Book", bound=Readable)


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of something asked: its application, the decision, and what was recorded (nothing: what-if).

    `repeated`: it had been decided before under the same id, and nothing was recorded anew.
    """

    application: str
    act: str
    asked: Any
    decision: Decision
    entries: tuple[Entry, ...] = ()
    repeated: bool = False

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contracts that were concluded or changed by it."""
        names = [e.stream.removeprefix("contract:") for e in self.entries if e.stream.startswith("contract:")]
        return tuple(dict.fromkeys(names))


@dataclass(slots=True)
class Desk(Generic[Book]):
    """A provider's ledger and clock, and every question that records nothing."""

    home: Home
    book: Book
    clock: Clock
    _seen: Picture = field(default_factory=Picture)
    _set: tuple[Picture, tuple[object, ...], Operator] | None = None

    def close(self) -> None:
        self.book.close()

    def today(self) -> date:
        return day_of(self.clock())

    # -- what is known -------------------------------------------------------------------------------

    def picture(self, *, on: date | None = None, upto: int | None = None) -> Picture:
        """What the ledger comes to: now, of what takes effect by a day, or as known at a position."""
        with collector_at_rest():
            if on is not None or upto is not None:
                return Picture.of(self.book.read(on=on, upto=upto))
            try:
                self._seen.take(self.book.read(after=self._seen.seq))
            except Struck:
                self._seen = Picture.of(self.book.read())
            return self._seen

    def contracts(self, *, on: date | None = None, upto: int | None = None) -> Mapping[str, Contract]:
        """All contracts by id; `on`: of what takes effect by that day; `upto` a position: as known then."""
        return self.picture(on=on, upto=upto).contracts

    def contract(self, name: str) -> Contract:
        """A contract by id. Raises LookupError naming those there are."""
        contracts = self.contracts()
        found = contracts.get(name)
        if found is None:
            known = ", ".join(sorted(contracts)) or "none at all"
            raise LookupError(f"there is no contract {name!r}; there are {known}")
        return found

    def situation(self, service: Service, on: date) -> Situation:
        """What a decision of that day is made against; of a day past, only what was in effect then."""
        picture = self.picture(on=on) if on < self.today() else self.picture()
        return _situation(picture, service, on, self._operator(picture, service, on))

    def facts_of_operator(self, on: date | None = None) -> Sequence[Entry]:
        """The operator's and the customers' own streams, as effective on a day."""
        return [
            entry
            for entry in self.picture().said
            if entry.stream != "terms" and (on is None or entry.fact.effective_on <= on)
        ]

    # -- what is asked -------------------------------------------------------------------------------

    def read(self, act: str, written: object, *, service: str = MANAGED_VPN) -> Any:
        """What was asked, as the service understands it. Raises `Unreadable` with every fault."""
        found = service_named(service)
        timed = self._timed(written)
        asked = found.read(act, timed, found.terms.editions[-1])
        if asked.id and not _ID.fullmatch(asked.id):
            wrong = Words(
                f"{asked.id!r} は番号として使えません。'A-001' のように書いてください",
                f"{asked.id!r} is not an id such as 'A-001'",
            )
            raise Unreadable((Fault(f"{act}.id", wrong),))
        return asked

    def decide(
        self, act: str, written: object, *, service: str = MANAGED_VPN, on: date | None = None
    ) -> Decided:
        """What the terms say of it, recording nothing. `on` another day: what they would say then.

        Raises `kitei.desk.Unreadable` with every fault of what was written.
        """
        found = service_named(service)
        asked = self.read(act, written, service=service)
        if on is not None:
            asked = replace(asked, at=asked.at.replace(year=on.year, month=on.month, day=on.day))
        situation = self.situation(found, day_of(asked.at))
        return Decided(asked.id, act, asked, found.decide(asked, situation, asked.at))

    # -- what was said -------------------------------------------------------------------------------

    def waiting(self) -> Sequence[Entry]:
        """Decisions that were referred to a person and are not answered yet."""
        return tuple(self.picture().waiting())

    def decided(self, application: str) -> Decided:
        """What was decided of an application, as recorded. Raises LookupError naming those there are."""
        applications = self.picture().applications
        entries = applications.get(application)
        if not entries:
            known = ", ".join(sorted(applications)) or "none at all"
            raise LookupError(f"there is no application {application!r}; there are {known}")
        return self._recorded(entries)

    # -- inside --------------------------------------------------------------------------------------

    def _operator(self, picture: Picture, service: Service, on: date) -> Operator:
        """What the operator has set by a day, folded anew when it said more: acts follow each other faster."""
        key = (len(picture.said), service.name, on)
        if self._set is not None and self._set[0] is picture and self._set[1] == key:
            return self._set[2]
        said = (each for each in picture.said if each.stream != "terms" and each.fact.effective_on <= on)
        operator = operator_of(said, service.name)
        self._set = (picture, key, operator) if picture is self._seen else None
        return operator

    def _timed(self, written: object) -> object:
        """An act that does not say when it arrived arrives now."""
        if isinstance(written, Mapping) and "at" not in written:
            return {**written, "at": self.clock()}
        return written

    def _recorded(self, entries: Sequence[Entry]) -> Decided:
        act, asked, _ = self._asked_before(entries[0])
        decision = decision_of(entries[1].fact.body)
        found = [entries[0]]
        for entry in entries[1:]:
            concludes = entry.fact.body.get("concludes")
            more = len(concludes) if isinstance(concludes, Sequence) else 0  # they follow it, of one append
            found += [entry, *self.book.read(after=entry.seq, upto=entry.seq + more)]
            if entry.fact.kind == "application.answered":
                verdict = Verdict[str(entry.fact.body["verdict"]).upper()]
                decision = replace(decision, verdict=verdict, proposed=None)
        return Decided(asked.id, act, asked, decision, tuple(found), repeated=True)

    def _asked_before(self, received: Entry) -> tuple[str, Any, Service]:
        body = received.fact.body
        service, act, written = service_named(str(body["service"])), str(body["act"]), body["asked"]
        assert isinstance(written, Mapping)
        timed = {**written, "at": body["at"], "id": received.stream.removeprefix("application:")}
        return act, service.read(act, timed, service.terms.editions[-1]), service


def desk_at(folder: Path, clock: Clock | None = None) -> "Desk[Glance] | None":
    """The desk of the provider that lives in a folder, opened only to read; None where its store is no file.

    Raises StoreError.
    """
    home = Home(folder)
    book = Glance.of(home.database)
    return Desk(home, book, clock or shifted_clock(home.clock)) if book is not None else None


def _situation(picture: Picture, service: Service, on: date, operator: Operator) -> Situation:
    own = {name: each for name, each in picture.contracts.items() if each.service == service.name}
    holdings = {who: list(held) for who, held in operator.holdings.items()}
    for each in picture.contracts.values():
        if each.service != service.name:
            holdings.setdefault(each.customer, []).append(_holding(each))
    whole = {who: tuple(held) for who, held in holdings.items()}
    return Situation.of(on, service.terms, own, replace(operator, holdings=whole))


def _holding(contract: Contract) -> Holding:
    """A contract under another of our services, as the decision on this one sees it."""
    days = Span(contract.concluded_on, contract.ending.last if contract.ending else None)
    return Holding(contract.service, contract.id, days, {"kind": contract.kind, "item": contract.item})
