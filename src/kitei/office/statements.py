"""What the operator states in an order book: itself, its customers, lists, parameters, prices, machines and places."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

from kitei.accounts.provider import provider_json, provider_of
from kitei.desk import Fault, Unreadable, quote_json, read
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Quote
from kitei.network import Concentrator, GatewayPlace, Machine, Prober, RadiusPlace, RemotePlace
from kitei.office.access import estate as access
from kitei.office.floods.estate import PLACES, body_of, faults_of, kind_of_fact
from kitei.office.remote import estate as remote
from kitei.store import Party
from kitei.terms import Edition, known_conventions
from kitei.values import Json, Span, Words, Yen


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing the operator says: where it is recorded, from when it holds (None: the day it is recorded)."""

    stream: str
    kind: str
    body: Mapping[str, Json]
    since: date | None

    def is_among(self, entries: Iterable[Entry]) -> bool:
        """Whether it was said already."""
        return any(
            entry.stream == self.stream
            and entry.fact.kind == self.kind
            and entry.fact.body == self.body
            and self.since in (None, entry.fact.effective_on)
            for entry in entries
        )

    def fact(self, today: date) -> tuple[str, Fact]:
        return self.stream, Fact(self.kind, self.body, self.since or today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What every statement may say: from which day, and of which service."""

    since: date | None = field(default=None, metadata={"key": "from"})
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyTold:
    """Who a customer is."""

    id: str
    name: Words
    address: Words
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTold(Told):
    """Who issues the invoices. The registration number is checked as `kitei.accounts` does."""

    name: Words
    address: Words
    registration: str
    contact: str
    payment: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTold(Told):
    """A list that the terms leave to the operator; `entries` are names, or pairs of names."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterTold(Told):
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConventionTold(Told):
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteTold(Told):
    """A price told to a customer, valid from `first` to `last` (none: open)."""

    customer: str
    fee: str
    amount: int
    first: date
    last: date | None = None
    scope: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingTold:
    """Another service that a customer has from `first` to `last` (none: open), as the operator knows it."""

    customer: str
    holds: str
    id: str = ""
    first: date
    last: date | None = None
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorTold(Told):
    """The operator's monitoring place on the closed network."""

    node: str
    port: str
    address: str


def read_party(written: object, place: str, edition: Edition) -> Party:
    """Raises Unreadable."""
    told = read(PartyTold, written, place, edition)
    return Party(told.id, told.name, told.address, dict(told.more))


def read_statement(kind: str, written: object, place: str, edition: Edition) -> Statement:
    """A statement of a kind in STATEMENTS. Raises Unreadable with every fault."""
    return STATEMENTS[kind](written, place, edition)


def _provider(written: object, place: str, edition: Edition) -> Statement:
    told = read(ProviderTold, written, place, edition)
    body: dict[str, Json] = {
        "name": asdict(told.name),
        "address": asdict(told.address),
        "registration": told.registration,
        "contact": told.contact,
        "payment": asdict(told.payment) if told.payment else None,
    }
    try:
        provider = provider_json(provider_of(body))
    except ValueError as wrong:
        raise _unreadable(place, str(wrong)) from None
    return _said(told, {"name": "provider", "value": provider})


def _list(written: object, place: str, edition: Edition) -> Statement:
    rest, entries = _apart(written, "entries")
    told = read(ListTold, rest, place, edition)
    if not isinstance(entries, list) or not all(_is_listed(each) for each in entries):
        wanted = Words("名前、または名前の対のリスト", "a list of names, or of pairs of names")
        raise _not(f"{place}.entries", entries, wanted)
    body = {"service": told.service or edition.service, "list": told.name, "entries": entries}
    return Statement(stream="operator", kind="operator.listed", body=body, since=told.since)


def _parameter(written: object, place: str, edition: Edition) -> Statement:
    rest, value = _apart(written, "value")
    told = read(ParameterTold, rest, place, edition)
    if not isinstance(value, str | int):
        raise _not(
            f"{place}.value", value, Words("整数、文字列、true/false", "a whole number, a text or true/false")
        )
    return _said(told, {"service": told.service or edition.service, "name": told.name, "value": value})


def _convention(written: object, place: str, edition: Edition) -> Statement:
    told = read(ConventionTold, written, place, edition)
    known = known_conventions().get(told.key)
    if known is None:
        raise _not(
            f"{place}.key",
            told.key,
            Words("読み方(docs/conventions.ja.md)", "a convention (docs/conventions.md)"),
        )
    if told.value not in known.values:
        named = ", ".join(known.values)
        raise _not(f"{place}.value", told.value, Words(f"{named} のどれか", f"one of {named}"))
    body: dict[str, Json] = {"convention": told.key, "value": told.value}
    if told.service:
        body["service"] = told.service
    return _said(told, body)


def _quote(written: object, place: str, edition: Edition) -> Statement:
    told = read(QuoteTold, written, place, edition)
    if told.amount < 0 or (told.last is not None and told.last < told.first):
        raise _unreadable(place, "an amount below 0, or a last day before the first")
    scope = tuple(sorted(told.scope.items()))
    quote = Quote(told.fee, Yen(told.amount), Span(told.first, told.last), 0, scope)
    body = {"service": told.service or edition.service, **quote_json(quote)}
    return Statement(
        stream=f"customer:{told.customer}",
        kind="quote.recorded",
        body=body,
        since=told.since or told.first,
    )


def _holding(written: object, place: str, edition: Edition) -> Statement:
    told = read(HoldingTold, written, place, edition)
    body: dict[str, Json] = {
        "holds": told.holds,
        "id": told.id,
        "first": told.first.isoformat(),
        "last": told.last.isoformat() if told.last else None,
        **told.more,
    }
    return Statement(stream=f"customer:{told.customer}", kind="service.held", body=body, since=told.first)


def _machine(written: object, place: str, edition: Edition) -> Statement:
    rest, since = _since(written, place)
    machine = read(Machine, rest, place, edition)
    return Statement(stream="operator", kind="machine.registered", body=asdict(machine), since=since)


def _monitor(written: object, place: str, edition: Edition) -> Statement:
    told = read(MonitorTold, written, place, edition)
    body = {"node": told.node, "port": told.port, "address": told.address}
    return Statement(stream="operator", kind="monitor.placed", body=body, since=told.since)


def _radius(written: object, place: str, edition: Edition) -> Statement:
    rest, since = _since(written, place)
    body = asdict(read(RadiusPlace, rest, place, edition))
    body["addresses"] = list(body["addresses"])
    return Statement(stream="operator", kind="radius.placed", body=body, since=since)


def _concentrator(written: object, place: str, edition: Edition) -> Statement:
    rest, since = _since(written, place)
    body = asdict(read(Concentrator, rest, place, edition))
    return Statement(stream="operator", kind="concentrator.placed", body=body, since=since)


def _prober(written: object, place: str, edition: Edition) -> Statement:
    rest, since = _since(written, place)
    body = asdict(read(Prober, rest, place, edition))
    return Statement(stream="operator", kind="prober.placed", body=body, since=since)


def _defence(key: str) -> Callable[[object, str, Edition], Statement]:
    """What stands against floods: `[[collector]]`, `[[scrubber]]`, ..."""

    def statement(written: object, place: str, edition: Edition) -> Statement:
        rest, since = _since(written, place)
        told = read(PLACES[key], rest, place, edition)
        if wrong := tuple(Fault(f"{place}.{field}", words) for field, words in faults_of(told)):
            raise Unreadable(wrong)
        return Statement(stream="operator", kind=kind_of_fact(key), body=body_of(told), since=since)

    return statement


def _gateway(written: object, place: str, edition: Edition) -> Statement:
    rest, since = _since(written, place)
    told = read(GatewayPlace, rest, place, edition)
    if wrong := tuple(Fault(f"{place}.{field}", words) for field, words in access.faults_of(told)):
        raise Unreadable(wrong)
    return Statement(stream="operator", kind=access.PLACED, body=access.body_of(told), since=since)


def _remote_gateway(written: object, place: str, edition: Edition) -> Statement:
    rest, since = _since(written, place)
    told = read(RemotePlace, rest, place, edition)
    if wrong := tuple(Fault(f"{place}.{field}", words) for field, words in remote.faults_of(told)):
        raise Unreadable(wrong)
    return Statement(stream="operator", kind=remote.PLACED, body=remote.body_of(told), since=since)


def _since(written: object, place: str) -> tuple[object, date | None]:
    """A table without its `from`, and that day."""
    rest, since = _apart(written, "from")
    if since is not None and type(since) is not date:
        raise _not(f"{place}.from", since, Words("2026-04-01 のような日付", "a day such as 2026-04-01"))
    return rest, since


STATEMENTS: Final[Mapping[str, Callable[[object, str, Edition], Statement]]] = {
    "provider": _provider,
    "list": _list,
    "parameter": _parameter,
    "convention": _convention,
    "quote": _quote,
    "holding": _holding,
    "machine": _machine,
    "monitor": _monitor,
    "radius": _radius,
    "concentrator": _concentrator,
    **{key: _defence(key) for key in PLACES},
    "prober": _prober,
    "gateway": _gateway,
    "remote_gateway": _remote_gateway,
}


def _said(told: Told, body: Mapping[str, Json]) -> Statement:
    return Statement(stream="operator", kind="operator.set", body=body, since=told.since)


def _apart(written: object, key: str) -> tuple[object, Any]:
    """A table without one of its keys, and what stood under it."""
    if not isinstance(written, Mapping):
        return written, None
    return {name: value for name, value in written.items() if name != key}, written.get(key)


def _is_listed(entry: object) -> bool:
    return isinstance(entry, str) or (
        isinstance(entry, list) and len(entry) == 2 and all(isinstance(each, str) for each in entry)
    )


def _not(place: str, written: object, wanted: Words) -> Unreadable:
    return Unreadable(
        (Fault(place, Words(f"{written!r} は{wanted.ja}ではありません", f"{written!r} is not {wanted.en}")),)
    )


def _unreadable(place: str, wrong: str) -> Unreadable:
    return Unreadable((Fault(place, Words(f"誤りがあります: {wrong}", wrong)),))
