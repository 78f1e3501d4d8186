"""What the operator has set for itself: dated lists, parameters, quotes to customers, readings of conventions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from kitei.ledger.contracts import Quote
from kitei.ledger.facts import Entry
from kitei.terms import Setting, plain_name
from kitei.values import Json, JsonObject, Span, Yen


@dataclass(frozen=True, slots=True)
class Holding:
    """A service that a customer has beside the one decided on, as recorded and never inferred.

    `service` is its name, `id` what it goes by, `attributes` what else was recorded (class, plan, item ...).
    """

    service: str
    id: str
    days: Span
    attributes: JsonObject = field(default_factory=dict)

    def is_called(self, name: str) -> bool:
        """Whether it is the service of that name, whatever its width and spaces."""
        return plain_name(self.service) == plain_name(name)


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's own facts about one service, as of a day.

    `lists` are what the terms leave to the operator to designate (`equivalent-devices` ...), `parameters`
    single settings (`max-children` ...), `quotes` the prices told to each customer, `holdings` what else
    each customer has.
    """

    lists: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    parameters: Mapping[str, Json] = field(default_factory=dict)
    quotes: Mapping[str, tuple[Quote, ...]] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    holdings: Mapping[str, tuple[Holding, ...]] = field(default_factory=dict)

    def designates(self, name: str, wanted: str) -> bool:
        """Whether a text stands in a list, whatever its width and spaces. A list never made holds nothing."""
        plain = plain_name(wanted)
        return any(isinstance(each, str) and plain_name(each) == plain for each in self.lists.get(name, ()))

    def pairs(self, name: str, old: str, new: str) -> bool:
        """Whether a list of (from, to) pairs holds this one, in this direction."""
        wanted = [plain_name(old), plain_name(new)]
        return any(
            isinstance(each, list | tuple) and [plain_name(str(one)) for one in each] == wanted
            for each in self.lists.get(name, ())
        )

    def number(self, name: str) -> int | None:
        """A parameter that is a whole number, None when it was never set."""
        found = self.parameters.get(name)
        return found if type(found) is int else None


def operator_of(entries: Iterable[Entry], service: str) -> Operator:
    """Fold the streams `operator` and `customer:<id>`.

    Facts and bodies: `operator.listed` `{service, list, entries}`; `operator.set` `{service, name, value}`
    or `{convention, value}`; `quote.recorded` as `quote_json` writes it; `service.held`
    `{holds, id, first, last, ...}`, where a later one of the same service and id takes the place of the
    earlier. What is said later of the same thing counts. Read the book `on` the day meant.
    """
    lists: dict[str, tuple[Json, ...]] = {}
    parameters: dict[str, Json] = {}
    quotes: dict[str, list[Quote]] = {}
    settings: list[Setting] = []
    holdings: dict[str, dict[tuple[str, str], Holding]] = {}
    for entry in entries:
        body = entry.fact.body
        if body.get("service", service) != service:
            continue
        match entry.fact.kind:
            case "operator.listed":
                listed = body["entries"]
                lists[str(body["list"])] = tuple(listed) if isinstance(listed, list | tuple) else ()
            case "operator.set" if "convention" in body:
                settings.append(Setting(str(body["convention"]), str(body["value"]), entry.fact.effective_on))
            case "operator.set":
                parameters[str(body["name"])] = body["value"]
            case "quote.recorded" if entry.stream.startswith("customer:"):
                quotes.setdefault(entry.stream.removeprefix("customer:"), []).append(
                    quote_of(body, entry.seq)
                )
            case "service.held" if entry.stream.startswith("customer:"):
                holding = holding_of(body)
                held = holdings.setdefault(entry.stream.removeprefix("customer:"), {})
                held[plain_name(holding.service), holding.id] = holding
    return Operator(
        lists,
        parameters,
        {who: tuple(told) for who, told in quotes.items()},
        tuple(settings),
        {who: tuple(held.values()) for who, held in holdings.items()},
    )


def holding_of(body: JsonObject) -> Holding:
    """Read a `service.held` fact. KeyError or ValueError name what is missing or wrong."""
    last = body.get("last")
    return Holding(
        service=str(body["holds"]),
        id=str(body.get("id") or ""),
        days=Span(date.fromisoformat(str(body["first"])), date.fromisoformat(str(last)) if last else None),
        attributes={key: value for key, value in body.items() if key not in ("holds", "id", "first", "last")},
    )


def quote_json(quote: Quote) -> JsonObject:
    """The body of a `quote.recorded` fact."""
    return {
        "fee": quote.name,
        "amount": quote.amount,
        "first": quote.valid.first.isoformat(),
        "last": quote.valid.last.isoformat() if quote.valid.last else None,
        "scope": dict(quote.scope),
    }


def quote_of(body: JsonObject, seq: int) -> Quote:
    """Read one back. KeyError or ValueError name what is missing or wrong."""
    last, scope = body.get("last"), body.get("scope") or {}
    amount = body["amount"]
    if type(amount) is not int:
        raise ValueError(f"amount: {amount!r} is not whole yen")
    if not isinstance(scope, Mapping):
        raise ValueError(f"scope: {scope!r} is not a table such as {{kind: 'child'}}")
    return Quote(
        name=str(body["fee"]),
        amount=Yen(amount),
        valid=Span(date.fromisoformat(str(body["first"])), date.fromisoformat(str(last)) if last else None),
        seq=seq,
        scope=tuple(sorted((str(key), str(value)) for key, value in scope.items())),
    )


def quoted(quotes: Iterable[Quote], fee: str, on: date, about: Mapping[str, str]) -> Quote | None:
    """The quote that answers for a fee on a day: the most narrowly scoped that fits, of those the latest."""
    best: Quote | None = None
    for quote in quotes:
        if quote.name != fee or on not in quote.valid:
            continue
        if all(about.get(key) == value for key, value in quote.scope) and (
            best is None or (len(quote.scope), quote.seq) >= (len(best.scope), best.seq)
        ):
            best = quote
    return best
