"""Orders for what changes by itself, published without looking at anything else: in a moment, however many contracts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from kitei.ledger import Fact
from kitei.ledger.contracts import Contract
from kitei.network import Estate, FlowCollector, NodeIntent, Orders
from kitei.network.codec import orders_json, orders_of
from kitei.network.ddos import DdosPart
from kitei.network.ddos_estate import DefencePlaces
from kitei.network.report import Report
from kitei.office.estate import estate_of
from kitei.office.floods.sequence import Readiness, in_turn
from kitei.office.office import Office
from kitei.services.ddos import SERVICE
from kitei.services.ddos.intent import refreshed


@dataclass(slots=True)
class Refreshing:
    """The orders of nodes that stand against floods, as published, and what attacks change of them, in its turn.

    It reads the orders again only when somebody else published, and looks only when a contract changed.
    """

    office: Office
    _generation: int = -1
    _orders: dict[str, Orders] = field(default_factory=dict)
    _known: tuple[object, ...] = ()
    _versions: dict[str, int] = field(default_factory=dict)
    _estate: tuple[int, Estate] = (-1, Estate())
    _readiness: Readiness | None = None
    _waits: bool = False
    _until: datetime | None = None
    is_due: bool = False
    """Whether nodes have said what something waited for."""

    def take(self, report: Report) -> bool:
        """A node's word; whether something that waits for nodes may go out now."""
        self.is_due |= self._ready.take(report) and self._waits
        return self.is_due

    @property
    def places(self) -> DefencePlaces:
        """What stands against floods, as the operator said last."""
        return self._estate_now().defence

    def publish(self) -> bool:
        """Publish what has to be done against attacks now; whether that was anything new."""
        contracts = _own(self.office)
        today, generation = self.office.today(), self.office.shelf.generation()
        estate = self._estate_now()
        known = (generation, today, estate, tuple((each.id, each.version) for each in contracts))
        self.is_due |= self._until is not None and self.office.clock() >= self._until
        if known == self._known and not self.is_due:
            return False
        self.is_due = False
        self._load(generation)
        everything = self._known[:3] != (generation, today, estate)
        touched = None if everything else frozenset(self._touched(contracts))
        changed = self._changes(today, touched) if self._orders else {}
        if changed:
            self._publish(today, changed, touched)
        self._versions = {each.id: each.version for each in contracts}
        self._known = (self._generation, *known[1:])
        return self._generation != generation

    @property
    def orders(self) -> Mapping[str, Orders]:
        return self._orders

    def _touched(self, contracts: Sequence[Contract]) -> set[str]:
        """The contracts that changed since the last look."""
        return {each.id for each in contracts if self._versions.get(each.id) != each.version}

    def collectors(self) -> frozenset[str]:
        """The nodes that were told to hear flows."""
        self._load(self.office.shelf.generation())
        return frozenset(
            name
            for name, orders in self._orders.items()
            if any(isinstance(part, FlowCollector) for part in orders.intent.parts)
        )

    def _publish(self, today: date, wanted: Mapping[str, NodeIntent], touched: frozenset[str] | None) -> None:
        """All or none, and never over orders that somebody else gave meanwhile."""
        office, shelf = self.office, self.office.shelf
        with office.book.writing() as transaction:
            before = shelf.generation()
            if before != self._generation:
                self._load(before)
                wanted = self._changes(today, touched)
            generation = before + 1
            changed = {
                name: Orders(generation, intent, self._orders[name].may_cut)
                for name, intent in wanted.items()
            }
            if not changed:
                return
            told = {
                name: json.dumps(orders_json(orders), ensure_ascii=False) for name, orders in changed.items()
            }
            shelf.publish(generation, told, within=transaction)
            digests = {name: orders.intent.digest for name, orders in changed.items()}
            fact = Fact("intent.published", {"generation": generation, "nodes": digests}, today)
            office.book.append([("intent", fact)], actor="controller", at=office.clock(), within=transaction)
        self._orders |= changed
        self._generation = generation
        self._ready.publish(self._orders)

    def _changes(self, today: date, touched: frozenset[str] | None) -> dict[str, NodeIntent]:
        published = {name: orders.intent for name, orders in self._orders.items()}
        found = refreshed(published.values(), _own(self.office), self._estate_now(), today, touched)
        wanted = {node.node: node for node in found}
        turn = in_turn(published, wanted, self.places.scrubbers, self._ready.cleans, self.office.clock())
        self._waits, self._until = turn.waits, turn.until
        return dict(turn.nodes)

    def _load(self, generation: int) -> None:
        """The orders in force of the nodes that have to do with floods."""
        if generation == self._generation:
            return
        found = {}
        for name, published in self.office.shelf.in_force().items():
            known = self._orders.get(name)
            if known is not None and known.generation == published.generation:
                found[name] = known
                continue
            orders = orders_of(json.loads(published.orders), name)
            if any(isinstance(part, DdosPart) for part in orders.intent.parts):
                found[name] = orders
        self._orders, self._generation = found, generation
        self._ready.publish(found)

    @property
    def _ready(self) -> Readiness:
        if self._readiness is None:
            self._readiness = Readiness(self.office)
        return self._readiness

    def _estate_now(self) -> Estate:
        """What stands against floods, folded anew when the operator said something."""
        said = self.office.picture().said
        if len(said) != self._estate[0]:
            self._estate = (len(said), estate_of(each for each in said if each.stream == "operator"))
        return self._estate[1]


def _own(office: Office) -> list[Contract]:
    return [each for each in office.contracts().values() if each.service == SERVICE.name]
