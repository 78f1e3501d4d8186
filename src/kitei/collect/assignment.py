"""What a collector on a node is told to do: where to listen, whom to hear, and the policies; from one file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

from kitei.collect.counters import Address
from kitei.collect.meter import Exporter
from kitei.collect.policies import Fault, policies_of
from kitei.collect.policy import Book, book_of
from kitei.values import Words

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Assignment:
    """`exporters` None: anyone is heard. `digest` is of the text it was written in."""

    name: str
    places: tuple[Place, ...]
    exporters: Mapping[Address, Exporter] | None
    book: Book
    digest: str


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def assignment_of(text: str) -> tuple[Assignment, tuple[Fault, ...]]:
    """What of a text can be done, and everything that cannot: a policy that cannot be read does not blind those
    beside it."""
    digest = digest_of(text)
    faults: list[Fault] = []
    try:
        written: Any = json.loads(text)
    except ValueError as error:
        words = Words(f"JSON ではありません: {error}", f"is not JSON: {error}")
        return Assignment("", (), None, book_of(()), digest), (Fault("file", words),)
    table: Mapping[str, Any] = written if isinstance(written, dict) else {}
    places = [place for each in _listed(table, "listen", faults) if (place := _place(each, faults))]
    heard = dict(filter(None, (_heard(each, faults) for each in _listed(table, "exporters", faults))))
    policies = _listed(table, "policies", faults)
    book, wrong = policies_of(policies, digest[:12]) if policies else (book_of(()), ())
    name = table.get("name")
    if not isinstance(name, str) or not name:
        faults.append(Fault("name", Words("名前が要ります", "a name is needed, such as the node's")))
        name = "collector"
    exporters = heard if table.get("exporters") else None
    return Assignment(name, tuple(places), exporters, book, digest), (*faults, *wrong)


def place_of(written: str) -> Place:
    """`'[::]:2055'` or `'192.0.2.1:2055'`. ValueError says what is wrong."""
    match = re.fullmatch(r"\[?([^\[\]]*?)\]?:(\d{1,5})", written)
    if match is None or int(match[2]) > 65535:
        raise ValueError(f"{written!r} is not a place such as [::]:2055 or 192.0.2.1:2055")
    return match[1] or "::", int(match[2])


def exporter_of(written: str) -> tuple[Address, Exporter]:
    """`'192.0.2.1'`, `'2001:db8::1=1000'` or `'192.0.2.1=1000,ingress'`. ValueError says what is wrong."""
    match = re.fullmatch(r"([0-9a-fA-F.:]+)(?:=(\d{1,8}))?(,ingress)?", written)
    try:
        if match is None:
            raise ValueError
        return ip_address(match[1]), Exporter(int(match[2] or 0), bool(match[3]))
    except ValueError:
        right = "192.0.2.1, 2001:db8::1=1000 or 192.0.2.1=1000,ingress"
        raise ValueError(f"{written!r} is not an exporter such as {right}") from None


def _listed(table: Mapping[str, Any], name: str, faults: list[Fault]) -> list[Any]:
    value = table.get(name)
    if isinstance(value, list):
        return value
    faults.append(Fault(name, Words("列でなければなりません", f"{value!r} is not a list")))
    return []


def _place(written: Any, faults: list[Fault]) -> Place | None:
    try:
        return place_of(str(written))
    except ValueError as error:
        faults.append(Fault("listen", Words(f"{written} は受ける所ではありません", str(error))))
        return None


def _heard(written: Any, faults: list[Fault]) -> tuple[Address, Exporter] | None:
    try:
        return exporter_of(str(written))
    except ValueError as error:
        faults.append(Fault("exporters", Words(f"{written} は送出元ではありません", str(error))))
        return None
