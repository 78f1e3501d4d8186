"""The office: it receives what is asked, has it decided, records it, and knows the day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from kitei.catalogue import SERVICES, service_named
from kitei.clock import Clock, shifted_clock
from kitei.desk import Decision, Situation, Verdict, operator_of
from kitei.ledger import ConcurrentAppend, Entry, Fact, Verification, standing, verify
from kitei.ledger.contracts import Contract
from kitei.office.home import Home
from kitei.office.record import decision_json
from kitei.service import Service
from kitei.store import Shelf, SqlBook, open_book
from kitei.values import Json, JsonObject, Words, day_of

MANAGED_VPN: Final = "managed-vpn-pro"
_TRIES: Final = 5


class Refusal(Exception):
    """The office will not do it; `words` say why and what would be right."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of something asked: its application, the decision, and what was recorded (nothing: what-if)."""

    application: str
    act: str
    asked: Any
    decision: Decision
    entries: tuple[Entry, ...] = ()

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contracts that were concluded or changed by it."""
        names = [e.stream.removeprefix("contract:") for e in self.entries if e.stream.startswith("contract:")]
        return tuple(dict.fromkeys(names))


@dataclass(slots=True)
class Office:
    """One provider's office. Open one per process with `Office.open`; close it at the end."""

    home: Home
    book: SqlBook
    clock: Clock
    _contracts: dict[str, Contract] = field(default_factory=dict)
    _folded: int = 0

    @classmethod
    def open(cls, folder: Path, clock: Clock | None = None) -> "Office":
        """Open (and make, where missing) the provider that lives in a folder."""
        home = Home(folder).make()
        return cls(home, open_book(home.database), clock or shifted_clock(home.clock))

    def close(self) -> None:
        self.book.close()

    @property
    def shelf(self) -> Shelf:
        return self.book.shelf

    def today(self) -> date:
        return day_of(self.clock())

    # -- what is known -------------------------------------------------------------------------------

    def contracts(self, upto: int | None = None) -> Mapping[str, Contract]:
        """All contracts by id, folded from the ledger; `upto` a position: as known then."""
        if upto is not None:
            return _fold({}, standing(self.book.read(upto=upto)))
        news = list(self.book.read(after=self._folded))
        if any(entry.fact.kind == "entry.struck" for entry in news):
            self._contracts, news = {}, list(self.book.read())
            self._contracts = _fold({}, standing(news))
        elif news:
            self._contracts = _fold(self._contracts, news)
        if news:
            self._folded = news[-1].seq
        return self._contracts

    def contract(self, name: str) -> Contract:
        """A contract by id. Raises LookupError naming those there are."""
        found = self.contracts().get(name)
        if found is None:
            known = ", ".join(sorted(self.contracts())) or "none at all"
            raise LookupError(f"there is no contract {name!r}; there are {known}")
        return found

    def situation(self, service: Service, on: date) -> Situation:
        """What a decision of that day is made against."""
        own = {name: each for name, each in self.contracts().items() if each.service == service.name}
        return Situation.of(on, service.terms, own, operator_of(self.facts_of_operator(on), service.name))

    def facts_of_operator(self, on: date | None = None) -> Iterable[Entry]:
        """The operator's and the customers' own streams, as effective on a day."""
        return [
            entry
            for entry in standing(self.book.read(on=on))
            if entry.stream == "operator" or entry.stream.startswith("customer:")
        ]

    # -- what is asked -------------------------------------------------------------------------------

    def decide(
        self, act: str, written: object, *, service: str = MANAGED_VPN, on: date | None = None
    ) -> Decided:
        """What the terms say of it, recording nothing. `on` another day: what they would say then.

        Raises `kitei.desk.Unreadable` with every fault of what was written.
        """
        found = service_named(service)
        asked = found.read(act, self._timed(written), found.terms.first)
        at = asked.at if on is None else asked.at.replace(year=on.year, month=on.month, day=on.day)
        asked = asked if on is None else replace(asked, at=at)
        decision = found.decide(asked, self.situation(found, day_of(at)), at)
        return Decided(asked.id or "", act, asked, decision)

    def apply(self, act: str, written: object, *, service: str = MANAGED_VPN, actor: str = "") -> Decided:
        """Receive, decide and record it, all in one. A refusal is recorded as well; it concludes nothing.

        Raises `Unreadable` for what cannot be read, and ConcurrentAppend when others will not let it through.
        """
        for attempt in range(_TRIES):
            decided = self.decide(act, written, service=service)
            try:
                return self._record(decided, written, service, actor)
            except ConcurrentAppend:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("the loop above returns or raises")

    def answer(self, application: str, verdict: Verdict, *, by: str, why: str) -> Decided:
        """An operator's answer to what was referred. Accepting concludes what the act asks for.

        Raises Refusal where nothing waits for an answer under that id.
        """
        received, decided = self._referred(application)
        body = received.fact.body
        service = service_named(str(body["service"]))
        found = self.decide(str(body["act"]), body["asked"], service=service.name)
        decision = replace(found.decision, verdict=verdict, proposed=None)
        answer = Fact(
            "application.answered",
            {"verdict": verdict.name.lower(), "why": why},
            self.today(),
            decided.fact.cites,
        )
        facts = [(f"application:{application}", answer)]
        if verdict is Verdict.ACCEPT:
            situation = self.situation(service, day_of(found.asked.at))
            facts += service.conclude(replace(found.asked, id=application), decision, situation)
        entries = self.book.append(facts, actor=by, at=self.clock())
        return Decided(application, found.act, found.asked, decision, entries)

    def waiting(self) -> Sequence[Entry]:
        """Decisions that were referred to a person and are not answered yet."""
        referred: dict[str, Entry] = {}
        for entry in standing(self.book.read()):
            if entry.fact.kind == "application.decided" and entry.fact.body["verdict"] == "refer":
                referred[entry.stream] = entry
            elif entry.fact.kind == "application.answered":
                referred.pop(entry.stream, None)
        return tuple(referred.values())

    # -- what the operator says ----------------------------------------------------------------------

    def state(self, facts: Sequence[tuple[str, Fact]], actor: str = "operator") -> tuple[Entry, ...]:
        """Record facts of the operator's own: lists, parameters, quotes, machines, editions."""
        return self.book.append(facts, actor=actor, at=self.clock())

    def publish_editions(self) -> tuple[Entry, ...]:
        """Record every edition's hash once. Raises Refusal when a published one reads otherwise now."""
        known = {
            (entry.fact.body["service"], entry.fact.body["edition"]): entry.fact.body["digest"]
            for entry in self.book.read("terms")
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
        return verify(self.book.read())

    # -- inside --------------------------------------------------------------------------------------

    def _timed(self, written: object) -> object:
        """An act that does not say when it arrived arrives now."""
        if isinstance(written, dict) and "at" not in written:
            return {**written, "at": self.clock()}
        return written

    def _record(self, decided: Decided, written: object, service: str, actor: str) -> Decided:
        found = service_named(service)
        application = decided.asked.id or f"a{self.book.head() + 1:05}"
        asked, decision = replace(decided.asked, id=application), decided.decision
        stream = f"application:{application}"
        day = day_of(asked.at)
        cites = tuple(str(cite) for cite in decision.cites)
        received: JsonObject = {
            "service": service,
            "act": decided.act,
            "by": asked.by,
            "asked": _plain(self._timed(written)),
        }
        facts = [
            (stream, Fact("application.received", received, day)),
            (stream, Fact("application.decided", decision_json(decision), day, cites)),
        ]
        situation = self.situation(found, day)
        if decision.verdict is Verdict.ACCEPT:
            facts += found.conclude(asked, decision, situation)
        expected = {name: 0 for name in {stream}}
        for name, _ in facts:
            if name.startswith("contract:"):
                before = self.contracts().get(name.removeprefix("contract:"))
                expected[name] = before.version if before else 0
        entries = self.book.append(facts, actor=actor or asked.by, at=self.clock(), expected=expected)
        return Decided(application, decided.act, asked, decision, entries)

    def _referred(self, application: str) -> tuple[Entry, Entry]:
        entries = {entry.fact.kind: entry for entry in self.book.read(f"application:{application}")}
        decided = entries.get("application.decided")
        if decided is None or decided.fact.body["verdict"] != "refer" or "application.answered" in entries:
            raise Refusal(
                Words(
                    f"{application} は回答待ちではありません(kitei answer で一覧)",
                    f"{application} waits for no answer; `kitei answer` lists what does",
                )
            )
        return entries["application.received"], decided


def _fold(contracts: Mapping[str, Contract], entries: Iterable[Entry]) -> dict[str, Contract]:
    found = dict(contracts)
    for entry in entries:
        if not entry.stream.startswith("contract:"):
            continue
        name = entry.stream.removeprefix("contract:")
        before = found.get(name)
        service = before.service if before else str(entry.fact.body["service"])
        found[name] = service_named(service).fold(before, entry)
    return found


def _plain(value: object) -> Json:
    """TOML's values as JSON's: days and instants as text."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case bool() | int() | str() | None:
            return value
        case _:
            return str(value)
