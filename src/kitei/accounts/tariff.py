"""What a service tells of its prices, and how they are looked up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias

from kitei.desk.operator import quoted
from kitei.ledger.contracts import Charge, Contract, Credit, Quote
from kitei.terms import Conventions, Edition, Terms
from kitei.values import Span, Words, Yen

About: TypeAlias = Mapping[str, str]
Nature: TypeAlias = Literal["supply", "compensation"]


@dataclass(frozen=True, slots=True)
class Subject:
    """How a contract is named on an invoice. `place` orders contracts there."""

    words: Words
    place: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fee:
    """A monthly fee of a contract. `days` are those it is owed for; `fee` and `about` find its quote.

    `quotes` were told for it alone and go first. With `counts` it is owed that many times (of `counted`,
    accounts say) from each of the days. It is not owed on days when one of the fees in `unless` was told
    instead, and one that is owed only `if_told` is not missed where it was not.
    """

    name: str
    fee: str
    about: About
    days: Span
    words: Words
    paths: tuple[str, ...]
    quotes: tuple[Quote, ...] = ()
    counts: tuple[tuple[date, int], ...] = ()
    counted: Words | None = None
    unless: tuple[str, ...] = ()
    if_told: bool = False

    def times(self, on: date) -> int:
        """How many times it is owed on a day; before the first count, as often as that says."""
        held = [count for since, count in self.counts if since <= on]
        return held[-1] if held else self.counts[0][1] if self.counts else 1


@dataclass(frozen=True, slots=True)
class Missing:
    """A quote without which a line cannot be computed: for which contract and fee, and from which day."""

    contract: str
    fee: str
    since: date
    words: Words
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """A one-time amount as its line says it: `quantity` × `unit`.

    `nature` is `supply` for what the customer gets, `compensation` for what makes good a loss; the tax
    may tell them apart.
    """

    words: Words
    quantity: Fraction
    unit: Yen
    measure: Words
    steps: tuple[Words, ...] = ()
    period: Span | None = None
    nature: Nature = "supply"
    review: bool = False


class Prices:
    """The quotes told to one customer, found by fee, day and what they are about."""

    __slots__ = ("_by_fee",)

    def __init__(self, quotes: Iterable[Quote]) -> None:
        # By fee and the contract a quote is narrowed to, so that many contracts stay quick to price.
        self._by_fee: dict[tuple[str, str], list[Quote]] = {}
        for quote in quotes:
            narrowed = next((value for key, value in quote.scope if key == "contract"), "")
            self._by_fee.setdefault((quote.name, narrowed), []).append(quote)

    def quotes(self, fee: str, contract: Contract, own: Sequence[Quote] = ()) -> tuple[Quote, ...]:
        """All that may answer for a fee of a contract, on whichever day."""
        return (
            *own,
            *contract.quotes,
            *self._by_fee.get((fee, contract.id), ()),
            *self._by_fee.get((fee, ""), ()),
        )

    def on(
        self, day: date, fee: str, contract: Contract, about: About | None = None, own: Sequence[Quote] = ()
    ) -> Quote | None:
        """The price on a day: the option's own quotes first, then the contract's, then the customer's."""
        asked = about_of(contract) | dict(about or {})
        for told in (own, contract.quotes):
            if told and (found := quoted(told, fee, day, asked)):
                return found
        narrow, wide = self._by_fee.get((fee, contract.id), []), self._by_fee.get((fee, ""), [])
        return quoted(narrow + wide if narrow else wide, fee, day, asked)


def about_of(contract: Contract) -> dict[str, str]:
    """What a quote's scope may name of a contract."""
    return {
        "contract": contract.id,
        "kind": contract.kind,
        "item": contract.item,
        "network": contract.group,
    }


@dataclass(frozen=True, slots=True)
class Tariff:
    """A service's side of an invoice.

    `fees` are a contract's monthly fees, whenever owed. `state` and `credit` put a charge and a credit into
    words and figures; where the amount was left open for want of a quote, `state` looks for one told since.
    """

    terms: Terms
    subject: Callable[[Contract], Subject]
    fees: Callable[[Contract, Edition], Sequence[Fee]]
    state: Callable[[Charge, Contract, Prices, Edition], Stated | Missing]
    credit: Callable[[Credit, Contract, Prices, Edition], Stated]

    def edition(self, on: date) -> Edition:
        """The edition in force on a day; before the first one held, that one, which carries their transitions."""
        return self.terms.on(on) if on >= self.terms.first.in_force else self.terms.first


@dataclass(frozen=True, slots=True)
class Pricing:
    """One service's prices at one operator: its tariff, the quotes told to each customer, its readings."""

    tariff: Tariff
    quotes: Mapping[str, Sequence[Quote]] = field(default_factory=dict)
    conventions: Conventions = field(default_factory=Conventions)
