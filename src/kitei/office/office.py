"""The office: it receives what is asked, has it decided, records it, and knows the day."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from kitei.catalogue import SERVICES, service_named
from kitei.clock import Clock, shifted_clock
from kitei.desk import Decision, Fault, Holding, Situation, Unreadable, Verdict, operator_of
from kitei.ledger import STRUCK, Entry, Fact, Verification, verify
from kitei.ledger.contracts import Contract
from kitei.office.home import Home
from kitei.office.picture import Picture
from kitei.office.record import decision_json, decision_of, plain
from kitei.service import Service
from kitei.store import Shelf, SqlBook, open_book
from kitei.values import Json, JsonObject, Span, Words, day_of

MANAGED_VPN: Final = "managed-vpn-pro"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Refusal(Exception):
    """The office will not do it; `words` say why and what would be right."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


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
class Office:
    """One provider's office. Open one per process (after any fork) with `Office.open`; close it at the end."""

    home: Home
    book: SqlBook
    clock: Clock
    _seen: Picture = field(default_factory=Picture)

    @classmethod
    def open(cls, folder: Path, clock: Clock | None = None, database: str | None = None) -> "Office":
        """Open (and make, where missing) the provider that lives in a folder.

        `database` is another store's URL than KITEI_DATABASE's or the folder's own. Raises StoreError.
        """
        home = Home(folder).make()
        return cls(home, open_book(database or home.database), clock or shifted_clock(home.clock))

    def close(self) -> None:
        self.book.close()

    @property
    def shelf(self) -> Shelf:
        return self.book.shelf

    def today(self) -> date:
        return day_of(self.clock())

    # -- what is known -------------------------------------------------------------------------------

    def picture(self, *, on: date | None = None, upto: int | None = None) -> Picture:
        """What the ledger comes to: now, of what takes effect by a day, or as known at a position."""
        if on is not None or upto is not None:
            return Picture.of(self.book.read(on=on, upto=upto))
        news = list(self.book.read(after=self._seen.seq))
        if any(entry.fact.kind == STRUCK for entry in news):
            self._seen = Picture.of(self.book.read())
        else:
            self._seen.take(news)
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
        return _situation(picture, service, on)

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

    def apply(self, act: str, written: object, *, service: str = MANAGED_VPN, actor: str = "") -> Decided:
        """Receive, decide and record it, all in one. A refusal is recorded as well; it concludes nothing.

        What has an id that was decided before, and is the same, is not recorded again. Raises
        `Unreadable` for what cannot be read, Refusal for another act under a known id, and StoreError.
        """
        found = service_named(service)
        asked = self.read(act, written, service=service)
        received: JsonObject = {"service": service, "act": act, "by": asked.by, "asked": plain(written)}
        with self.book.writing() as transaction:
            picture = self.picture()
            if before := picture.applications.get(asked.id):
                return self._repeated(asked, received, before)
            application = asked.id or _new_id(picture)
            asked = replace(asked, id=application)
            day, stream = day_of(asked.at), f"application:{application}"
            situation = self.situation(found, day)
            decision = found.decide(asked, situation, asked.at)
            cites = tuple(str(cite) for cite in decision.cites)
            accepted = decision.verdict is Verdict.ACCEPT
            concluded = [*found.conclude(asked, decision, situation)] if accepted else []
            body = {**decision_json(decision), "concludes": [name for name, _ in concluded]}
            facts = [
                (stream, Fact("application.received", {**received, "at": asked.at.isoformat()}, day)),
                (stream, Fact("application.decided", body, day, cites)),
                *concluded,
            ]
            entries = self.book.append(
                facts,
                actor=actor or asked.by,
                at=self.clock(),
                expected={name: picture.versions.get(name, 0) for name, _ in facts},
                within=transaction,
            )
        return Decided(application, act, asked, decision, entries)

    def answer(self, application: str, verdict: Verdict, *, by: str, why: str) -> Decided:
        """An operator's answer to what was referred. Accepting concludes what the act asks for.

        Raises Refusal where nothing waits for an answer under that id, or where the terms forbid by now
        what would be accepted.
        """
        with self.book.writing() as transaction:
            picture = self.picture()
            received, decided = _referred(picture, application)
            act, asked, service = self._asked_before(received)
            situation = self.situation(service, day_of(asked.at))
            decision = service.decide(asked, situation, asked.at)
            concluded: list[tuple[str, Fact]] = []
            if verdict is Verdict.ACCEPT:
                if decision.verdict is Verdict.REFUSE:
                    reasons = [f for f in decision.findings if f.verdict is Verdict.REFUSE]
                    raise Refusal(reasons[0].why)
                decision = replace(decision, verdict=Verdict.ACCEPT, proposed=None)
                concluded += service.conclude(asked, decision, situation)
            else:
                decision = replace(decision, verdict=verdict, proposed=None)
            body: JsonObject = {
                "verdict": verdict.name.lower(),
                "why": why,
                "concludes": [name for name, _ in concluded],
            }
            answer = Fact("application.answered", body, self.today(), decided.fact.cites)
            facts = [(f"application:{application}", answer), *concluded]
            expected = {name: picture.versions.get(name, 0) for name, _ in facts}
            entries = self.book.append(
                facts, actor=by, at=self.clock(), expected=expected, within=transaction
            )
        return Decided(application, act, asked, decision, entries)

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

    # -- what the operator says ----------------------------------------------------------------------

    def state(self, facts: Sequence[tuple[str, Fact]], actor: str = "operator") -> tuple[Entry, ...]:
        """Record facts of the operator's own: lists, parameters, quotes, machines, editions."""
        return self.book.append(facts, actor=actor, at=self.clock())

    def publish_editions(self) -> tuple[Entry, ...]:
        """Record every edition's hash once. Raises Refusal when a published one reads otherwise now."""
        known = {
            (entry.fact.body["service"], entry.fact.body["edition"]): entry.fact.body["digest"]
            for entry in self.picture().said
            if entry.fact.kind == "edition.published"
        }
        facts: list[tuple[str, Fact]] = []
        for service in SERVICES.values():
            for edition in service.terms.editions:
                key = (service.name, edition.in_force.isoformat())
                digest = known.get(key)
                if digest not in (None, edition.digest):
                    raise Refusal(
                        Words(
                            f"{key[0]} の {key[1]} 版は公表後に変わっています。新しい版として出してください",
                            f"edition {key[1]} of {key[0]} was changed after it was published; publish a new one",
                        )
                    )
                if digest is None:
                    body: dict[str, Json] = {"service": key[0], "edition": key[1], "digest": edition.digest}
                    facts.append(("terms", Fact("edition.published", body, edition.in_force)))
        return self.state(facts) if facts else ()

    def verify(self) -> Verification:
        """Whether the ledger is whole, and the first entry that is not."""
        return verify(self.book)

    # -- inside --------------------------------------------------------------------------------------

    def _timed(self, written: object) -> object:
        """An act that does not say when it arrived arrives now."""
        if isinstance(written, Mapping) and "at" not in written:
            return {**written, "at": self.clock()}
        return written

    def _repeated(self, asked: Any, received: JsonObject, before: Sequence[Entry]) -> Decided:
        recorded = before[0].fact.body
        if any(recorded.get(key) != value for key, value in received.items()):
            raise Refusal(
                Words(
                    f"{asked.id} は別の内容で受付済みです。新しい番号を付けてください",
                    f"{asked.id} was received before with other contents; give this one an id of its own",
                )
            )
        return self._recorded(before)

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


def _situation(picture: Picture, service: Service, on: date) -> Situation:
    own = {name: each for name, each in picture.contracts.items() if each.service == service.name}
    said = (entry for entry in picture.said if entry.stream != "terms" and entry.fact.effective_on <= on)
    operator = operator_of(said, service.name)
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


def _new_id(picture: Picture) -> str:
    number = picture.seq + 1
    while f"a{number:05}" in picture.applications:
        number += 1
    return f"a{number:05}"


def _referred(picture: Picture, application: str) -> tuple[Entry, Entry]:
    entries = {entry.fact.kind: entry for entry in picture.applications.get(application, ())}
    decided = entries.get("application.decided")
    if decided is None or decided.fact.body.get("verdict") != "refer" or "application.answered" in entries:
        raise Refusal(
            Words(
                f"{application} は回答待ちではありません(kitei answer で一覧)",
                f"{application} waits for no answer; `kitei answer` lists what does",
            )
        )
    return entries["application.received"], decided
