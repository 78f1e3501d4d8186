"""What a decision is made against, and the voice in which a provision speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from kitei.desk.decision import Finding, Verdict
from kitei.desk.operator import Holding, Operator, quoted
from kitei.ledger.contracts import Contract, Quote
from kitei.terms import (
    Choice,
    Cite,
    Conventions,
    Edition,
    Reading,
    Setting,
    Terms,
    known_conventions,
    plain_name,
)
from kitei.values import Words

_ACCEPT = Verdict.ACCEPT


@dataclass(frozen=True, slots=True)
class Situation:
    """One day's view: the edition in force, the contracts that matter to the act, the operator's own facts.

    `groups` are the contracts by what they share (a VPN network), ended ones included, because their
    numbers stay taken; `running` are those in force. Make one with `Situation.of`; it serves any number of
    decisions of that day, and remembers what it said the same before (`cited`, `written`, `usual`).
    """

    on: date
    edition: Edition
    conventions: Conventions
    contracts: Mapping[str, Contract]
    groups: Mapping[str, tuple[Contract, ...]]
    running: Mapping[str, tuple[Contract, ...]]
    operator: Operator
    parts: Mapping[str, str]
    readings: Mapping[str, Reading]
    figures: Mapping[str, object]
    lists: Mapping[str, Mapping[str, Choice]]
    names: Mapping[str, Mapping[str, Choice]]
    cited: dict[tuple[str, ...], tuple[Cite, ...]] = field(compare=False, repr=False)
    written: dict[tuple[str, ...], tuple[str, ...]] = field(compare=False, repr=False)
    usual: dict[tuple[int, tuple[str, ...]], Finding] = field(compare=False, repr=False)

    @classmethod
    def of(cls, on: date, terms: Terms, contracts: Mapping[str, Contract], operator: Operator) -> "Situation":
        """The situation on a day (the day of the act, convention `edition`).

        Before the first edition held, that one stands in: it carries the transitional provisions of all
        earlier ones.
        """
        groups: dict[str, list[Contract]] = {}
        for contract in contracts.values():
            if contract.group:
                groups.setdefault(contract.group, []).append(contract)
        edition = terms.on(on) if on >= terms.first.in_force else terms.first
        return cls(
            on,
            edition,
            Conventions(operator.settings),
            contracts,
            {name: tuple(members) for name, members in groups.items()},
            {
                name: tuple(each for each in members if each.is_in_force(on))
                for name, members in groups.items()
            },
            operator,
            edition.roles,
            _readings(operator.settings, on),
            edition.figures,
            edition.lists,
            edition.names,
            {},
            {},
            {},
        )

    def contract(self, name: str) -> Contract:
        """A contract by id. Raises LookupError naming those there are."""
        found = self.contracts.get(name)
        if found is None:
            known = ", ".join(sorted(self.contracts)[:8]) or "none at all"
            raise LookupError(f"there is no contract {name!r}; there are {known}")
        return found

    def in_force(self, group: str) -> tuple[Contract, ...]:
        """The contracts of a group that are in force on the day."""
        return self.running.get(group, ())

    def number(self, name: str) -> int:
        """A figure of the edition, by name."""
        found = self.figures.get(name)
        return found if type(found) is int else self.edition.value(name).number  # says what it is instead

    def listed(self, name: str) -> tuple[str, ...]:
        """The texts that a list of the edition holds."""
        found = self.figures.get(name)
        return found if isinstance(found, tuple) else self.edition.value(name).texts

    def choice(self, name: str, slug: str) -> Choice | None:
        """An entry of one of the edition's closed lists, None where the list has no such."""
        return self.lists[name].get(slug)

    def name(self, name: str, slug: str) -> Words:
        """What people call an entry of a closed list; a slug that the list lacks is its own name."""
        found = self.lists[name].get(slug)
        return found.name if found else Words(slug, slug)

    def called(self, name: str, text: str) -> Choice | None:
        """The entry that a text names as the terms match names, None where none is called so."""
        return self.names[name].get(plain_name(text))

    def role(self, name: str) -> str:
        """The path of the provision that plays a part in these terms. Raises LookupError."""
        found = self.parts.get(name)
        return found if found is not None else self.edition.role(name)  # names those that are played

    def held(self, customer: str) -> tuple[Holding, ...]:
        """What else a customer has from the operator on the day, as recorded."""
        return tuple(each for each in self.operator.holdings.get(customer, ()) if self.on in each.days)

    def reading(self, key: str) -> Reading:
        """How the operator reads a convention on the day."""
        found = self.readings.get(key)
        return found if found is not None else self.conventions.read(key, self.on)  # names the close ones

    def quote(
        self,
        fee: str,
        customer: str,
        contract: Contract | None = None,
        on: date | None = None,
        **about: str,
    ) -> Quote | None:
        """The price told for a fee, valid on a day (the situation's own); None: none was told.

        A contract's own quotes go before the customer's others.
        """
        day = on or self.on
        if contract is not None:
            about = {
                "contract": contract.id,
                "kind": contract.kind,
                "item": contract.item,
                "network": contract.group,
                **about,
            }
            own = quoted(contract.quotes, fee, day, about)
            if own is not None:
                return own
        return quoted(self.operator.quotes.get(customer, ()), fee, day, about)

    def cites(self, paths: tuple[str, ...]) -> tuple[Cite, ...]:
        """Citations of provisions. Raises LookupError naming close ones for a path that the edition lacks."""
        found = self.cited.get(paths)
        if found is None:
            found = self.cited[paths] = tuple(self.edition.cite(path) for path in paths)
        return found

    def defects(self, *paths: str) -> tuple[str, ...]:
        """The drafting defects that provisions carry."""
        return tuple(dict.fromkeys(each for path in paths for each in self.edition.provision(path).defects))

    def texts(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Citations as the ledger writes them."""
        found = self.written.get(paths)
        if found is None:
            found = self.written[paths] = tuple(str(cite) for cite in self.cites(paths))
        return found

    def accept(self, *paths: str, why: Words, **more: Any) -> Finding:
        """These provisions allow it."""
        return Finding(_ACCEPT, self.cites(paths), why, **more)

    def confirm(self, why: Words, *paths: str) -> Finding:
        """These provisions allow it, said in words that are always the same (a constant): made once."""
        key = (id(why), paths)
        found = self.usual.get(key)
        if found is None:
            found = self.usual[key] = Finding(Verdict.ACCEPT, self.cites(paths), why)
        return found

    def refuse(self, *paths: str, why: Words, **more: Any) -> Finding:
        """These provisions forbid it."""
        return Finding(Verdict.REFUSE, self.cites(paths), why, **more)

    def refer(self, *paths: str, why: Words, proposes: Verdict, **more: Any) -> Finding:
        """These provisions leave it to a person; `proposes` is what happens by default."""
        return Finding(Verdict.REFER, self.cites(paths), why, proposes=proposes, **more)


@lru_cache(256)
def _readings(settings: tuple[Setting, ...], on: date) -> Mapping[str, Reading]:
    """Every convention as an operator reads it on a day."""
    conventions = Conventions(settings)
    return {key: conventions.read(key, on) for key in known_conventions()}
