"""Read editions from folders named by their in-force date. All faults are told at once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from kitei.terms.cites import Cite
from kitei.terms.editions import Edition, Terms
from kitei.terms.provisions import BY, CLASSES, By, Confidence, Defect, Honoured, Provision
from kitei.terms.tables import Fault, FaultyTerms, Table, open_table
from kitei.terms.transitions import Transition
from kitei.terms.values import SCALARS, Choice, Value
from kitei.values import Json, Words, digest_of

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_Read = TypeVar("_Read")


def load_terms(service: str, folder: "Traversable") -> Terms:
    """Every edition below `folder`, oldest first.

    An edition is a folder `<in-force date>/` with provisions.toml, values.toml, transitions.toml and
    defects.toml. Raises FaultyTerms with every fault of every file.
    """
    faults: list[Fault] = []
    editions = []
    for inner in sorted(folder.iterdir(), key=lambda each: each.name):
        if inner.name.startswith((".", "__")) or not inner.is_dir():
            continue
        if found := _edition(service, inner, faults):
            editions.append(found)
    if not editions and not faults:
        faults.append(Fault(folder.name, "", "holds no edition; add a folder such as 2024-05-01"))
    if faults:
        raise FaultyTerms(faults)
    return Terms(service, tuple(editions))


def load_edition(service: str, folder: "Traversable") -> Edition:
    """One edition alone, such as one that is not published yet. Raises FaultyTerms with every fault."""
    faults: list[Fault] = []
    found = _edition(service, folder, faults)
    if faults or found is None:
        raise FaultyTerms(faults)
    return found


def _edition(service: str, folder: "Traversable", faults: list[Fault]) -> Edition | None:
    try:
        in_force = date.fromisoformat(folder.name)
    except ValueError:
        faults.append(Fault(folder.name, "", "is not a day; name an edition's folder such as 2024-05-01"))
        return None
    return _Reader(service, in_force, folder, faults).edition()


class _Reader:
    """Reads one edition's folder, noting faults as it goes."""

    def __init__(self, service: str, in_force: date, folder: "Traversable", faults: list[Fault]) -> None:
        self.service, self.in_force, self.faults = service, in_force, faults
        self.provisions, self.values, self.transitions, self.defects = (
            open_table(folder / f"{name}.toml", f"{folder.name}/{name}.toml", faults)
            for name in ("provisions", "values", "transitions", "defects")
        )

    def edition(self) -> Edition:
        defects = _each(self.defects, self._defect)
        found = Edition(
            service=self.service,
            in_force=self.in_force,
            provisions=_each(self.provisions, partial(self._provision, defects)),
            values=_each(self.values, self._value),
            transitions=tuple(map(self._transition, self.transitions.tables("transition"))),
            defects=defects,
            digest=self._digest(),
        )
        self.transitions.close()
        if not found.provisions:
            self.provisions.note("", "holds no provision; write one table a provision such as ['art:1.1']")
        return found

    def _provision(self, defects: Mapping[str, Defect], path: str, table: Table) -> Provision:
        provision = Provision(
            cite=self._cite(path, table),
            heading=table.words("heading"),
            gist=table.words("gist"),
            kind=table.one_of("class", CLASSES, "definition"),
            honoured=tuple(self._honoured(path, each) for each in table.tables("honoured")),
            defects=tuple(each.id for each in defects.values() if path in each.where),
            roles=table.texts("roles"),
        )
        if not provision.honoured:
            table.note("honoured", "is empty; say by what it is honoured, or by a note why nothing is needed")
        table.close()
        return provision

    def _honoured(self, path: str, table: Table) -> Honoured:
        by: By = table.one_of("by", BY, "note")
        what: str | Words
        match by:
            case "note":
                what = Words(table.text("ja"), table.text("en"))
            case "rule":
                what = table.text("what", path)
                self._require(what, self.provisions, table, "what")
            case "value":
                what = table.text("what")
                self._require(what, self.values, table, "what")
            case "network" | "deadline":
                what = table.text("what")
        table.close()
        return Honoured(by, what)

    def _value(self, name: str, table: Table) -> Value:
        cite = self._cited(table)
        if table.has("choices"):
            entries = table.tables("choices")
            value: object = tuple(self._choice(each, cite) for each in entries)
            _refuse_doubles(table, "choices", [each.text("slug") for each in entries])
        else:
            value = table.any("value")
        found = Value(name, self._checked(value, table), cite, table.words("title"))
        table.close()
        return found

    def _checked(self, value: object, table: Table) -> Any:
        """A scalar, or a tuple of scalars of one type or of choices; anything else is noted."""
        if type(value) in SCALARS:
            return value
        each_type = {type(each) for each in value} if isinstance(value, list | tuple) else set()
        if isinstance(value, list | tuple) and len(each_type) == 1 and each_type <= {*SCALARS, Choice}:
            return tuple(value)
        table.note(
            "value", f"is {value!r}; write a whole number, text, day, a list of one of them, or choices"
        )
        return 0

    def _choice(self, table: Table, list_cite: Cite) -> Choice:
        attributes = {}
        for name in table.names():
            if name not in ("slug", "ja", "en", "provision", "aliases"):
                attributes[name] = table.any(name)
                if type(attributes[name]) not in SCALARS:
                    table.note(name, f"is {attributes[name]!r}; write a whole number, a text or a day")
        choice = Choice(
            slug=table.text("slug"),
            name=Words(table.text("ja"), table.text("en")),
            cite=self._cited(table) if table.has("provision") else list_cite,
            aliases=table.texts("aliases"),
            attributes=MappingProxyType(attributes),
        )
        table.close()
        return choice

    def _transition(self, table: Table) -> Transition:
        transition = Transition(
            cite=self._cited(table),
            on=table.day("on"),
            where=MappingProxyType(table.pairs("where")),
            sets=MappingProxyType(table.pairs("sets")),
            keeps=table.texts("keeps"),
            withdraws=MappingProxyType(table.pairs("withdraws")),
            made_until=table.day_or_none("made_until"),
            exception_to=table.texts("exception_to"),
        )
        for path in transition.exception_to:
            self._require(path, self.provisions, table, "exception_to")
        table.close()
        return transition

    def _defect(self, name: str, table: Table) -> Defect:
        defect = Defect(
            id=name,
            where=table.texts("where"),
            reading=table.words("reading"),
            confidence=table.one_of("confidence", get_args(Confidence), "L"),
            treatment=table.words("treatment"),
        )
        for path in defect.where:
            self._require(path, self.provisions, table, "where")
        table.close()
        return defect

    def _cited(self, table: Table) -> Cite:
        """The provision a table names, which the edition must have."""
        path = table.text("provision")
        if path:
            self._require(path, self.provisions, table, "provision")
        return self._cite(path, table) if self.provisions.has(path) else _nowhere(self)

    def _cite(self, path: str, table: Table) -> Cite:
        try:
            return Cite(self.service, self.in_force, path)
        except ValueError as wrong:
            table.note("", str(wrong))
            return _nowhere(self)

    def _require(self, name: str, among: Table, table: Table, key: str) -> None:
        if not among.has(name):
            close = get_close_matches(name, among.names(), n=3)
            hint = f"; close ones are {', '.join(close)}" if close else ""
            table.note(key, f"{name!r} is not in {among.file}{hint}")

    def _digest(self) -> str:
        """SHA-256 over what the files say, whatever their layout and comments."""
        files = (self.provisions, self.values, self.transitions, self.defects)
        try:
            return digest_of({table.file: _as_json(table.content) for table in files})
        except TypeError as inexact:
            self.provisions.note("", f"or a file beside it holds what has no exact form: {inexact}")
            return ""


def _each(file: Table, read: Callable[[str, Table], _Read]) -> Mapping[str, _Read]:
    return MappingProxyType({key: read(key, file.table(key)) for key in file.names()})


def _refuse_doubles(table: Table, key: str, names: Sequence[str]) -> None:
    for name in sorted({each for each in names if names.count(each) > 1}):
        table.note(key, f"{name!r} is there twice; keep one")


def _nowhere(reader: _Reader) -> Cite:
    """Stands in for a citation that a noted fault keeps from existing."""
    return Cite(reader.service, reader.in_force, "suppl:dates")


def _as_json(value: Any) -> Json:
    match value:
        case Mapping():
            return {str(key): _as_json(inner) for key, inner in value.items()}
        case list():
            return [_as_json(inner) for inner in value]
        case date():
            return {"day": value.isoformat()}
        case _:
            return cast(Json, value)
