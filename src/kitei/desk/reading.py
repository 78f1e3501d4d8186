"""Read what someone wrote (TOML, JSON, a form) into an act, telling every fault with its place at once.

A dataclass is its own schema: its fields are the keys, their types say what may stand there. Names of
closed lists are matched as the terms match them (official name, slug or alias, whatever the width); what
matches nothing is kept as written, because refusing it is the terms' business and not the reader's.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from ipaddress import ip_address, ip_interface, ip_network
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from kitei.terms import Edition, plain_name
from kitei.values import Words

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one place, and what would be right."""

    place: str
    wrong: Words

    def __str__(self) -> str:
        return f"{self.place}: {self.wrong.en}" if self.place else self.wrong.en


class Unreadable(ValueError):
    """Something that cannot be read; `faults` are all that is wrong with it, not only the first."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Form:
    """How a text of a certain meaning is read; `read` raises ValueError or gives the value in one spelling."""

    read: Callable[[str], Any]
    wanted: Words


@dataclass(frozen=True, slots=True)
class Listed:
    """A name of one of the edition's closed lists; read into its slug, or its English name where `shown`."""

    value: str
    shown: bool = False


def _prefix(text: str) -> str:
    return str(ip_network(text))


def _host(text: str) -> str:
    return str(ip_address(text))


def _interface(text: str) -> str:
    return str(ip_interface(text)) if "/" in text else str(ip_address(text))


def _months(text: str) -> int:
    plain = plain_name(text)
    for ending, factor in (("months", 1), ("か月", 1), ("ヶ月", 1), ("m", 1), ("y", 12), ("年", 12)):
        if plain.endswith(ending) and plain.removesuffix(ending).isdecimal():
            return int(plain.removesuffix(ending)) * factor
    raise ValueError(text)


# An IPv6 prefix or address is read too: it is the terms that refuse it, with their article.
Prefix = Annotated[
    str,
    Form(
        _prefix, Words("'10.1.0.0/16' のような IPv4 プレフィックス", "an IPv4 prefix such as '10.1.0.0/16'")
    ),
]
Host = Annotated[
    str, Form(_host, Words("'10.1.0.1' のような IPv4 アドレス", "an IPv4 address such as '10.1.0.1'"))
]
HostOrInterface = Annotated[
    str,
    Form(
        _interface, Words("'198.18.0.1/24' のような IPv4 アドレス", "an IPv4 address such as '198.18.0.1/24'")
    ),
]
Months = Annotated[int, Form(_months, Words("'1y' か '3y' のような期間", "a term such as '1y' or '3y'"))]
Yens = Annotated[int, Form(int, Words("円の整数", "whole yen"))]


def read(into: type[_Read], written: object, place: str, edition: Edition) -> _Read:
    """Read into a dataclass. Raises Unreadable with every fault; nothing is half read."""
    faults: list[Fault] = []
    value = _dataclass(into, written, place, edition, faults)
    if faults:
        raise Unreadable(tuple(faults))
    return cast(_Read, value)


def key_of(field: "Field[Any]") -> str:
    """The key a field is written under: its name, unless the field says otherwise (`from` is no name)."""
    return str(field.metadata.get("key", field.name))


def _dataclass(into: Any, written: object, place: str, edition: Edition, faults: list[Fault]) -> Any:
    if not isinstance(written, Mapping):
        faults.append(_not(place, written, Words("表({…})", "a table")))
        return None
    known = {key_of(each): each for each in fields(into)}
    for key in written:
        if key not in known:
            names = ", ".join(known)
            faults.append(
                Fault(
                    f"{place}.{key}",
                    Words(f"知らない項目です。書けるのは {names}", f"is not known here; known are {names}"),
                )
            )
    found: dict[str, Any] = {}
    hints = _hints(into)
    for key, each in known.items():
        if key in written:
            found[each.name] = _value(hints[each.name], written[key], f"{place}.{key}", edition, faults)
        elif each.default is MISSING and each.default_factory is MISSING:
            wanted = _wanted(hints[each.name])
            faults.append(
                Fault(
                    f"{place}.{key}",
                    Words(f"ありません。{wanted.ja}を書いてください", f"is missing; write {wanted.en}"),
                )
            )
    return None if faults else into(**found)


@cache
def _hints(into: type) -> Mapping[str, Any]:
    return get_type_hints(into, include_extras=True)


def _value(kind: Any, written: object, place: str, edition: Edition, faults: list[Fault]) -> Any:
    origin = get_origin(kind)
    if origin is Annotated:
        return _annotated(kind, written, place, edition, faults)
    if origin in (Union, UnionType):
        inner = next(each for each in get_args(kind) if each is not NoneType)
        return None if written is None else _value(inner, written, place, edition, faults)
    if origin is tuple:
        return _several(get_args(kind)[0], written, place, edition, faults)
    if origin is Literal:
        if written in get_args(kind):
            return written
        faults.append(_not(place, written, _wanted(kind)))
        return None
    if origin is not None:  # Mapping[str, ...]
        if isinstance(written, Mapping):
            inner = get_args(kind)[1]
            return {
                str(key): _value(inner, each, f"{place}.{key}", edition, faults)
                for key, each in written.items()
            }
        faults.append(_not(place, written, Words("表({…})", "a table")))
        return None
    if is_dataclass(kind):
        return _dataclass(kind, written, place, edition, faults)
    return _scalar(kind.__supertype__ if isinstance(kind, NewType) else kind, written, place, faults)


def _several(inner: Any, written: object, place: str, edition: Edition, faults: list[Fault]) -> Any:
    """A list; one thing alone stands for a list of one."""
    each = written if isinstance(written, list | tuple) else [written]
    return tuple(_value(inner, one, f"{place}[{index}]", edition, faults) for index, one in enumerate(each))


def _annotated(kind: Any, written: object, place: str, edition: Edition, faults: list[Fault]) -> Any:
    base, meaning = get_args(kind)[:2]
    if type(written) is int and (base is int or int in get_args(base)):
        return written
    if not isinstance(written, str) or not written.strip():
        faults.append(_not(place, written, _wanted(kind)))
        return None
    if isinstance(meaning, Listed):
        choice = edition.value(meaning.value).choose(written)
        if choice is None:
            return " ".join(written.split()) if meaning.shown else plain_name(written)
        return choice.name.en if meaning.shown else choice.slug
    try:
        return meaning.read(written.strip())
    except ValueError:
        faults.append(_not(place, written, meaning.wanted))
        return None


def _scalar(kind: Any, written: object, place: str, faults: list[Fault]) -> Any:
    if kind in (date, datetime):
        found = _day_or_instant(kind, written)
        if found is not None:
            return found
    elif type(written) is kind and (not isinstance(written, str) or written.strip()):
        return written
    faults.append(_not(place, written, _wanted(kind)))
    return None


def _day_or_instant(kind: type[date], written: object) -> date | None:
    """None for what is neither. Far years are slips of the pen, and no term could be counted from them."""
    try:
        found = kind.fromisoformat(written) if isinstance(written, str) else written
    except ValueError:
        return None
    if type(found) is not kind or found.year not in _YEARS:
        return None
    return None if isinstance(found, datetime) and found.tzinfo is None else found


_YEARS: Final = range(1900, 3000)
_SCALARS = {
    str: Words("文字列", "a text"),
    bool: Words("true か false", "true or false"),
    int: Words("整数", "a whole number"),
    date: Words("2026-04-01 のような日付", "a day such as 2026-04-01"),
    datetime: Words(
        "2026-04-01T10:00:00+09:00 のような、時差の付いた日時",
        "an instant with its time zone such as 2026-04-01T10:00:00+09:00",
    ),
}


def _wanted(kind: Any) -> Words:
    origin = get_origin(kind)
    if origin is Annotated:
        meaning = get_args(kind)[1]
        return meaning.wanted if isinstance(meaning, Form) else Words("名称", "a name")
    if origin in (Union, UnionType):
        return _wanted(next(each for each in get_args(kind) if each is not NoneType))
    if origin is Literal:
        names = ", ".join(map(str, get_args(kind)))
        return Words(f"{names} のどれか", f"one of {names}")
    if origin is tuple:
        return Words("リスト([…])", "a list")
    return _SCALARS.get(kind, Words("表({…})", "a table"))


def _not(place: str, written: object, wanted: Words) -> Fault:
    shown = repr(written) if isinstance(written, str | int | bool | date) else f"a {type(written).__name__}"
    return Fault(place, Words(f"{shown} は{wanted.ja}ではありません", f"{shown} is not {wanted.en}"))
