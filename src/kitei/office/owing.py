"""Who owes what: customers a batch at a time, read from the ledger as it stood, so that no month is too big."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from kitei.accounts.month import Owed, owed_by_customer
from kitei.catalogue import service_named
from kitei.ledger import Entry, standing
from kitei.ledger.contracts import Contract
from kitei.store import SqlBook

_FACTS = ("contract.concluded", "charge.fell-due")


@dataclass(frozen=True, slots=True)
class Account:
    """One customer as the ledger stood: what is owed, and the entries of their own and their invoices' streams.

    `version` is how many entries the invoices' stream has, struck ones included.
    """

    owed: Owed
    said: tuple[Entry, ...]
    invoices: tuple[Entry, ...]
    version: int

    @property
    def customer(self) -> str:
        return self.owed.customer


@dataclass(frozen=True, slots=True)
class Batch:
    """Some customers, and the contracts that any of them holds or owes for."""

    customers: tuple[str, ...]
    contracts: tuple[str, ...]


def batches(book: SqlBook, upto: int, contracts: int = 2000) -> Iterator[Batch]:
    """Every customer in order of their ids; about so many contracts in a batch."""
    customers: list[str] = []
    held: list[str] = []
    rows = book.naming("customer", _FACTS, upto=upto)
    for customer, streams in groupby(rows, key=itemgetter(0)):
        customers.append(customer)
        held += [stream.removeprefix("contract:") for _, stream in streams]
        if len(held) >= contracts:
            yield Batch(tuple(customers), tuple(sorted(set(held))))
            customers, held = [], []
    if customers:
        yield Batch(tuple(customers), tuple(sorted(set(held))))


def batch_of(book: SqlBook, customer: str, upto: int) -> Batch:
    """One customer alone. Raises LookupError for one who never held or owed anything."""
    held = [stream for who, stream in book.naming("customer", _FACTS, upto=upto) if who == customer]
    if not held:
        raise LookupError(f"customer {customer!r} has no contract and owes nothing")
    return Batch((customer,), tuple(each.removeprefix("contract:") for each in held))


def accounts(book: SqlBook, batch: Batch, upto: int) -> Iterator[Account]:
    """The customers of a batch, in order. One whose contracts were all struck owes nothing and is left out."""
    contracts = _contracts(book, batch.contracts, upto)
    owed = owed_by_customer(contracts)
    said = _by_stream(book, "customer", batch.customers, upto)
    invoices = _by_stream(book, "invoice", batch.customers, upto)
    for customer in batch.customers:
        if customer in owed:
            issued = invoices.get(customer, ())
            version = issued[-1].version if issued else 0
            own = tuple(standing(said.get(customer, ())))
            yield Account(owed[customer], own, tuple(standing(issued)), version)


def _contracts(book: SqlBook, names: Sequence[str], upto: int) -> list[Contract]:
    entries = book.read_streams([f"contract:{name}" for name in names], upto=upto)
    found: list[Contract] = []
    for _, own in groupby(entries, key=lambda entry: entry.stream):
        contract: Contract | None = None
        for entry in standing(own):
            if contract is None and entry.fact.kind != "contract.concluded":
                break  # its conclusion was struck
            service = contract.service if contract else str(entry.fact.body["service"])
            contract = service_named(service).fold(contract, entry)
        if contract is not None:
            found.append(contract)
    return found


def _by_stream(book: SqlBook, kind: str, names: Sequence[str], upto: int) -> dict[str, tuple[Entry, ...]]:
    entries = book.read_streams([f"{kind}:{name}" for name in names], upto=upto)
    grouped = groupby(entries, key=lambda entry: entry.stream)
    return {stream.partition(":")[2]: tuple(own) for stream, own in grouped}
