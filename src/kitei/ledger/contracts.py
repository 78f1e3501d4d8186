"""A contract as folded from its facts: what every service's contracts have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from kitei.values import JsonObject, Span, Yen


@dataclass(frozen=True, slots=True)
class Quote:
    """A price told to one customer. `name` is the fee it answers (`monthly`, `initial`, `lost-device` ...).

    `scope` narrows what it answers (`kind`, `item`, `network`, `contract`, `option`, `model`); empty, it
    answers for whatever the customer takes.
    """

    name: str
    amount: Yen
    valid: Span
    seq: int
    scope: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MinimumTerm:
    """Months counted from `start`, that day included; `last` is the day it runs out (Civil Code 143)."""

    months: int
    start: date
    last: date
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """When and why something ends. `last` is the final day of service, until 24:00 Asia/Tokyo."""

    last: date
    ground: str
    arrived: date | None
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OptionTaken:
    """An option of a contract, with a life of its own."""

    name: str
    added_on: date
    billing_start: date | None
    term: MinimumTerm | None
    ending: Ending | None
    quotes: tuple[Quote, ...] = ()
    body: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """A lent machine and its life. `slot` is its place at the site (`a`, `b`, `spare-a`, `switch` ...)."""

    serial: str
    model: str
    slot: str
    state: Literal["ordered", "installed", "failed", "replaced", "retired", "lost", "returned"]
    since: date
    return_by: date | None = None
    return_cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Charge:
    """A one-time amount that fell due. `amount` None: it cannot be computed, `missing` names the quote.

    `due_on` decides the month it is billed in; `customer` is who owes it; `contract` whose ledger stream
    it is recorded in.
    """

    name: str
    customer: str
    due_on: date
    amount: Yen | None
    cites: tuple[str, ...]
    detail: JsonObject = field(default_factory=dict)
    missing: str | None = None
    conventions: tuple[tuple[str, str], ...] = ()
    contract: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract, as known at ledger position `seq`.

    `group` is what several contracts share (a VPN network), '' where nothing is shared. `body` holds the
    service's own attributes, which its `contract.py` reads into types. `cites` are why it was accepted.
    `outages` are the bodies of its `outage.found` facts (see `kitei.watch.outage_of`), the last of each id.
    """

    id: str
    service: str
    customer: str
    kind: str
    item: str
    group: str
    application: str
    edition: date
    concluded_on: date
    billing_start: date | None
    term: MinimumTerm | None
    ending: Ending | None
    options: tuple[OptionTaken, ...]
    devices: tuple[Device, ...]
    quotes: tuple[Quote, ...]
    charges: tuple[Charge, ...]
    credits: tuple["Credit", ...]
    body: JsonObject
    cites: tuple[str, ...]
    version: int
    seq: int
    outages: tuple[JsonObject, ...] = ()

    def is_in_force(self, on: date) -> bool:
        """From its conclusion to the end of its last day."""
        return self.concluded_on <= on and (self.ending is None or on <= self.ending.last)


@dataclass(frozen=True, slots=True)
class Credit:
    """A reduction granted on claim: whole days' worth of an outage."""

    outage: str
    claimed_on: date
    units: int
    amount: Yen
    fraction: Fraction
    cites: tuple[str, ...]
    conventions: tuple[tuple[str, str], ...] = ()


Contracts = Mapping[str, Contract]
