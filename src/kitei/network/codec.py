"""Orders as JSON and back. What comes back is checked as a whole: every fault is told, nothing is half read."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

from kitei.network.intent import NodeIntent, Orders
from kitei.network.later import LATER
from kitei.network.origin import Origin
from kitei.network.parts import Part
from kitei.network.uniting import Contradiction, united
from kitei.values import Json, JsonObject, Words

_PEM: Final = frozenset({"authority", "certificate", "revoked"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

_Check = Callable[[object], str | None]


class Unreadable(ValueError):
    """What was sent is not orders; `faults` are all that is wrong with it, each with its place."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


def kind_of(part: Part | type[Part]) -> str:
    """`'secure-link'` for a SecureLink: the first word of its key, too."""
    kind = part if isinstance(part, type) else type(part)
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def node_intent(node: str, parts: Iterable[Part]) -> NodeIntent:
    """A node's parts in order of their keys, with their digest. Raises Contradiction (see `united`)."""
    by_key = united(node, parts)
    ordered = tuple(by_key[key] for key in sorted(by_key))
    return NodeIntent(node, ordered, digest_of_parts(ordered))


def node_intents(parts: Mapping[str, Iterable[Part]]) -> tuple[NodeIntent, ...]:
    """Nodes in order of their names. Raises Contradiction with what is wrong with any of them."""
    found: list[NodeIntent] = []
    told: list[Words] = []
    for node in sorted(parts):
        try:
            found.append(node_intent(node, parts[node]))
        except Contradiction as error:
            told += error.told
    if told:
        raise Contradiction(told)
    return tuple(found)


def digest_of_parts(parts: Iterable[Part]) -> str:
    """SHA-256 over kinds and field values in the order given; as quick as hashing 300,000 parts needs."""
    rows = [_row(part) for part in parts]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def part_json(part: Part) -> JsonObject:
    """A part as an object: `kind`, `origin` and its own fields."""
    kind, names = _WRITTEN[type(part)]
    written: dict[str, Json] = {"kind": kind}
    left_out = _LATER[type(part)]
    for name in names:
        value = getattr(part, name)
        if name in left_out and value == left_out[name]:
            continue
        if isinstance(value, Origin):
            value = {"owner": value.owner, "cites": list(value.cites)}
        written[name] = list(value) if isinstance(value, tuple) else value
    return written


def part_of(written: Json, place: str = "part") -> Part:
    """Read one back. Raises Unreadable."""
    faults: list[str] = []
    part = _part(written, place, faults)
    if part is None:
        raise Unreadable(faults)
    return part


def orders_json(orders: Orders) -> JsonObject:
    return {
        "generation": orders.generation,
        "node": orders.intent.node,
        "digest": orders.intent.digest,
        "may_cut": list(orders.may_cut),
        "parts": [part_json(part) for part in orders.intent.parts],
    }


def orders_of(written: Json, node: str) -> Orders:
    """Read orders meant for `node`. Raises Unreadable: another node's, a digest that does not fit, anything."""
    if not isinstance(written, dict):
        raise Unreadable([f"orders: {_shown(written)} is not an object"])
    faults: list[str] = []
    generation = written.get("generation")
    if type(generation) is not int or generation < 1:
        faults.append(f"generation: {_shown(generation)} is not a whole number from 1 on")
    if written.get("node") != node:
        faults.append(f"node: these are orders for {_shown(written.get('node'))}, not for {node!r}")
    if wrong := _texts(written.get("may_cut")):
        faults.append(f"may_cut: {wrong}")
    listed = written.get("parts")
    if not isinstance(listed, list):
        faults.append(f"parts: {_shown(listed)} is not a list")
        listed = []
    parts = [_part(each, f"parts[{index}]", faults) for index, each in enumerate(listed)]
    if faults:
        raise Unreadable(faults)
    try:
        intent = node_intent(node, (part for part in parts if part is not None))
    except ValueError as error:
        raise Unreadable([str(error)]) from None
    if intent.digest != written.get("digest"):
        raise Unreadable(
            [f"digest: {_shown(written.get('digest'))} is not that of the parts, {intent.digest}"]
        )
    return Orders(cast(int, generation), intent, tuple(cast(list[str], written["may_cut"])))


def _part(written: object, place: str, faults: list[str]) -> Part | None:
    kind = written.get("kind") if isinstance(written, dict) else None
    if not isinstance(written, dict) or not isinstance(kind, str) or kind not in _KINDS:
        faults.append(f"{place}: {_shown(kind)} is not a kind of part such as 'secure-link'")
        return None
    make, checks = _KINDS[kind]
    may_lack = _LATER[cast(type, make)]
    wrong = [f"{place}.{name}: is missing" for name in checks if name not in written and name not in may_lack]
    wrong += [f"{place}.{name}: is not known here" for name in written if name not in {"kind", *checks}]
    for name, check in checks.items():
        if name in written and (fault := check(written[name])):
            wrong.append(f"{place}.{name}: {fault}")
    faults += wrong
    if wrong:
        return None
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value := written[name], list) else value
        for name in checks
        if name in written
    }
    values["origin"] = Origin(values["origin"]["owner"], tuple(values["origin"]["cites"]))
    return make(**values)


def _origin(value: object) -> str | None:
    if not isinstance(value, dict) or set(value) != {"owner", "cites"}:
        return f"{_shown(value)} is not an owner with cites"
    return _text(value["owner"]) or _texts(value["cites"])


def _text(value: object) -> str | None:
    """Names and addresses end up in engines' files: a line break in one would be a line of its own there."""
    if not isinstance(value, str):
        return f"{_shown(value)} is not a text"
    return f"{_shown(value)} holds control characters" if _CONTROL.search(value) else None


def _pem(value: object) -> str | None:
    if isinstance(value, str) and (value == "" or value.startswith("-----BEGIN ")):
        return None
    return f"{_shown(value)} is not PEM"


def _list_of(check: _Check) -> _Check:
    def checked(value: object) -> str | None:
        if not isinstance(value, list):
            return f"{_shown(value)} is not a list"
        return next((fault for each in value if (fault := check(each))), None)

    return checked


_texts: Final = _list_of(_text)


def _whole(value: object) -> str | None:
    return None if type(value) is int and value >= 0 else f"{_shown(value)} is not a whole number from 0 on"


def _truth(value: object) -> str | None:
    return None if isinstance(value, bool) else f"{_shown(value)} is not true or false"


def _check_of(name: str, kind: Any) -> _Check:
    """The check of one field, from its type."""
    if get_origin(kind) is UnionType:
        inner = _check_of(name, next(each for each in get_args(kind) if each is not NoneType))
        return lambda value: None if value is None else inner(value)
    if get_origin(kind) is Literal:
        allowed = get_args(kind)
        return lambda value: None if value in allowed else f"{_shown(value)} is not one of {allowed}"
    if get_origin(kind) is tuple:
        return _list_of(_check_of(name, get_args(kind)[0]))
    if name in _PEM:
        return _pem
    return {Origin: _origin, str: _text, int: _whole, bool: _truth}[kind]


def _kinds() -> dict[str, tuple[Callable[..., Part], dict[str, _Check]]]:
    return {
        kind_of(kind): (kind, {name: _check_of(name, hint) for name, hint in get_type_hints(kind).items()})
        for kind in get_args(Part)
    }


def _shown(value: object) -> str:
    """A hostile value, short enough for a log line."""
    return text if len(text := repr(value)) <= 60 else f"{text[:57]}..."


def _row(part: Part) -> tuple[object, ...]:
    kind = type(part)
    row = (kind.__name__, part.origin.owner, part.origin.cites, _FIELDS[kind](part))
    more = [(n, v) for n, default in _LATER[kind].items() if (v := getattr(part, n)) != default]
    return (*row, more) if more else row


_KINDS: Final = _kinds()
_WRITTEN: Final[dict[type, tuple[str, tuple[str, ...]]]] = {
    kind: (kind_of(kind), tuple(field.name for field in fields(kind))) for kind in get_args(Part)
}
_LATER: Final[dict[type, dict[str, object]]] = {
    kind: {field.name: field.default for field in fields(kind) if LATER in field.metadata}
    for kind in get_args(Part)
}
_FIELDS: Final[dict[type, Callable[[Any], object]]] = {
    kind: attrgetter(*names)
    if (names := [f.name for f in fields(kind) if f.name != "origin" and LATER not in f.metadata])
    else lambda part: ()
    for kind in get_args(Part)
}
