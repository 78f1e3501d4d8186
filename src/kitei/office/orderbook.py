"""An order book: files of what customers ask and the operator states, read as a whole before any is recorded."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from kitei.catalogue import SERVICES, service_named
from kitei.desk import Fault, Unreadable, Verdict
from kitei.office.desk import MANAGED_VPN, Decided, Desk
from kitei.office.office import Office
from kitei.office.statements import STATEMENTS, Statement, read_party, read_statement
from kitei.store import Party
from kitei.values import Words

Expected: TypeAlias = Literal["accept", "refer", "refuse"]
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """One act as written. `expect` is what whoever wrote the book expects of it, told apart from the act."""

    place: str
    service: str
    act: str
    written: Mapping[str, object]
    expect: Expected | None = None


@dataclass(frozen=True, slots=True)
class OrderBook:
    """What an order book says, in the order it is to be recorded."""

    parties: tuple[Party, ...]
    statements: tuple[Statement, ...]
    acts: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one act of a book."""

    asked: Asked
    decided: Decided

    @property
    def is_expected(self) -> bool:
        verdict = self.decided.decision.verdict
        return self.asked.expect is None or Verdict[self.asked.expect.upper()] is verdict


def read_book(source: Path | Mapping[str, object], office: Desk[Any]) -> OrderBook:
    """A folder of .toml and .json files in order of their names, one such file, or a table.

    A file's top-level keys are acts of its `service` and statements of the operator's. Raises Unreadable
    with every fault of every file, each with file and place.
    """
    faults: list[Fault] = []
    parties: list[Party] = []
    statements: list[Statement] = []
    acts: list[Asked] = []
    for name, table in _tables(source, faults):
        found = _Page(name, office, faults)
        found.read(table)
        parties += found.parties
        statements += found.statements
        acts += sorted(found.acts, key=_instant)
    faults += _said_twice(acts)
    if faults:
        raise Unreadable(tuple(faults))
    return OrderBook(tuple(parties), tuple(statements), tuple(acts))


def take_book(office: Office, book: OrderBook, actor: str = "operator") -> Iterator[Outcome]:
    """Record a book: statements at once, then each act as it is decided. What was recorded before is not again."""
    with office.book.writing() as transaction:
        said = office.picture().said
        new = [
            statement.fact(office.today()) for statement in book.statements if not statement.is_among(said)
        ]
        for party in book.parties:
            office.shelf.put_party(party, within=transaction)
        office.book.append(new, actor=actor, at=office.clock(), within=transaction)
    for asked in book.acts:
        yield Outcome(asked, office.apply(asked.act, asked.written, service=asked.service))


class _Page:
    """One file being read."""

    def __init__(self, name: str, office: Desk[Any], faults: list[Fault]) -> None:
        self.name, self.office, self.faults = name, office, faults
        self.parties: list[Party] = []
        self.statements: list[Statement] = []
        self.acts: list[Asked] = []

    def read(self, table: Mapping[str, object]) -> None:
        service = str(table.get("service", MANAGED_VPN))
        if service not in SERVICES:
            known = ", ".join(SERVICES)
            self._fault(
                "service", f"{service!r} はありません。{known} のどれか", f"{service!r} is not one of {known}"
            )
            return
        for key, value in table.items():
            if key == "service":
                continue
            several = isinstance(value, list | tuple)
            for index, each in enumerate(value if isinstance(value, list | tuple) else [value]):
                self._one(service, key, each, f"{key}[{index}]" if several else key)

    def _one(self, service: str, key: str, written: object, place: str) -> None:
        found = service_named(service)
        edition = found.terms.editions[-1]
        try:
            if key == "party":
                self.parties.append(read_party(written, key, edition))
            elif key in STATEMENTS:
                self.statements.append(read_statement(key, written, key, edition))
            elif key in found.acts:
                self._act(service, key, written, place)
            else:
                known = ", ".join(("party", *STATEMENTS, *found.acts))
                self._fault(
                    place, f"知らない項目です。書けるのは {known}", f"is not known; there are {known}"
                )
        except Unreadable as error:  # it tells places below the key
            for fault in error.faults:
                within = fault.place.removeprefix(key)
                self.faults.append(Fault(f"{self.name}: {place}{within}", fault.wrong))

    def _act(self, service: str, act: str, written: object, place: str) -> None:
        expect = None
        if isinstance(written, Mapping) and "expect" in written:
            expect = written["expect"]
            written = {name: value for name, value in written.items() if name != "expect"}
            if expect not in get_args(Expected):
                named = ", ".join(get_args(Expected))
                self._fault(f"{place}.expect", f"{named} のどれかを書いてください", f"write one of {named}")
        self.office.read(act, written, service=service)
        assert isinstance(written, Mapping)  # or it had not been readable
        self.acts.append(Asked(f"{self.name}: {place}", service, act, written, expect))

    def _fault(self, place: str, ja: str, en: str) -> None:
        self.faults.append(Fault(f"{self.name}: {place}", Words(ja, en)))


def _tables(
    source: Path | Mapping[str, object], faults: list[Fault]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    if isinstance(source, Mapping):
        yield "-", source
        return
    files = [source]
    if source.is_dir():
        files = sorted(file for file in source.iterdir() if file.suffix in (".toml", ".json"))
        if not files:
            wrong = Words("*.toml も *.json もありません", "holds neither *.toml nor *.json")
            faults.append(Fault(str(source), wrong))
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            table = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        except OSError as error:
            wrong = Words(f"読めません({error.strerror})", f"cannot be read ({error.strerror})")
            faults.append(Fault(file.name, wrong))
        except ValueError as error:  # TOML, JSON and UTF-8 tell line and column themselves
            kind = "JSON" if file.suffix == ".json" else "TOML"
            faults.append(
                Fault(file.name, Words(f"{kind} ではありません({error})", f"is not {kind} ({error})"))
            )
        else:
            if isinstance(table, Mapping):
                yield file.name, table
            else:
                faults.append(Fault(file.name, Words("表ではありません", "is not a table")))


def _instant(asked: Asked) -> datetime:
    """When an act arrives; without a word of it, after all that say when."""
    at = asked.written.get("at")
    if isinstance(at, str):
        return datetime.fromisoformat(at)
    return at if isinstance(at, datetime) else _LAST


def _said_twice(acts: list[Asked]) -> Iterator[Fault]:
    places: dict[object, str] = {}
    for asked in acts:
        id = asked.written.get("id")
        first = places.setdefault(id, asked.place)
        if id is not None and first != asked.place:
            yield Fault(
                f"{asked.place}.id",
                Words(f"番号 {id!r} は {first} にもあります", f"{id!r} is the id of {first} as well"),
            )
