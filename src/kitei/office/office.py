"""The office: it receives what is asked, has it decided, records it, and knows the day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitei.catalogue import SERVICES, service_named
from kitei.clock import Clock, shifted_clock
from kitei.desk import Decision, Verdict
from kitei.ledger import Entry, Fact, Verification, verify
from kitei.office.desk import MANAGED_VPN, Decided, Desk
from kitei.office.home import Home
from kitei.office.picture import Picture
from kitei.office.record import decision_json, plain
from kitei.service import Service
from kitei.values import Json, JsonObject, Words, day_of

if TYPE_CHECKING:
    from kitei.store import Shelf, SqlBook  # noqa: F401  (SqlBook: as the parameter of Desk)


class Refusal(Exception):
    """The office will not do it; `words` say why and what would be right."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


@dataclass(slots=True)
class Office(Desk["SqlBook"]):
    """One provider's office. Open one per process (after any fork) with `Office.open`; close it at the end."""

    @classmethod
    def open(cls, folder: Path, clock: Clock | None = None, database: str | None = None) -> "Office":
        """Open (and make, where missing) the provider that lives in a folder.

        `database` is another store's URL than KITEI_DATABASE's or the folder's own. Raises StoreError.
        """
        from kitei.store import open_book  # who opens an office records, and pays for what that takes

        home = Home(folder).make()
        return cls(home, open_book(database or home.database), clock or shifted_clock(home.clock))

    @property
    def shelf(self) -> "Shelf":
        return self.book.shelf

    def apply(self, act: str, written: object, *, service: str = MANAGED_VPN, actor: str = "") -> Decided:
        """Receive, decide and record it, all in one. A refusal is recorded as well; it concludes nothing,
        unless it is of some applications of a batch only, each of which stands for itself.

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
            granted = _granted(decision, act, found)
            concluded = [*found.conclude(asked, granted, situation)] if granted else []
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


def _granted(decision: Decision, act: str, service: Service) -> Decision | None:
    """What is accepted of a decision: all of it, or of a batch the applications that stand for themselves."""
    if act in service.apart:
        return decision.granted()
    return decision if decision.verdict is Verdict.ACCEPT else None


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
