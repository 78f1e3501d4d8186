"""Authentication Outsource's contracts: folded from their facts, and read as what serves a realm.

A contract's `group` is its customer: clients, groups and proxies of a customer serve together. Its `body`
holds `name`, `months`, `ip`, `accounts`, `realm`, `forward_to`, `terminators`, `first`, `last` and `limits`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, cast

from kitei.clauses import contract as clauses
from kitei.clauses.contract import tables
from kitei.clauses.options import running
from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Entry
from kitei.values import Json, JsonObject, Span

Kind = Literal["client", "vpdn", "proxy", "group"]
Item = Literal["", "type-d", "type-k", "type-i"]
RADIUS: tuple[Kind, ...] = ("client", "proxy", "group")


@dataclass(frozen=True, slots=True)
class Door:
    """A contract as the network needs it on a day.

    `ip` is a client's terminal ('' for other kinds), `accounts` a group's most users (None: none was agreed),
    `forward_to` a proxy's authentication devices, `terminators` a VPDN's, `balanced` whether connections
    are spread over all of them. `realm` '' means none was designated yet.
    """

    contract: str
    customer: str
    kind: Kind
    item: Item
    realm: str
    ip: str
    accounts: int | None
    forward_to: tuple[str, ...]
    terminators: tuple[str, ...]
    balanced: bool
    cites: tuple[str, ...]


def door(contract: Contract, on: date) -> Door:
    """What a contract opens on a day."""
    body = contract.body
    return Door(
        contract=contract.id,
        customer=contract.customer,
        kind=cast(Kind, contract.kind),
        item=cast(Item, contract.item),
        realm=text(body, "realm"),
        ip=text(body, "ip"),
        accounts=number(body, "accounts"),
        forward_to=texts(body, "forward_to"),
        terminators=texts(body, "terminators"),
        balanced=running(contract, "load-balancing", on) is not None,
        cites=contract.cites,
    )


def text(body: JsonObject, key: str) -> str:
    """A text of a body, '' where there is none."""
    found = body.get(key)
    return found if isinstance(found, str) else ""


def texts(body: JsonObject, key: str) -> tuple[str, ...]:
    """A list of texts of a body, empty where there is none."""
    found = body.get(key)
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()


def number(body: JsonObject, key: str) -> int | None:
    """A whole number of a body, None where there is none."""
    found = body.get(key)
    return found if type(found) is int else None


def days_of_use(contract: Contract) -> Span:
    """The days a contract is used: from the day wished for, else its conclusion, to its last."""
    first = text(contract.body, "first")
    wished = text(contract.body, "last")
    ends = [contract.ending.last] if contract.ending else []
    ends += [date.fromisoformat(wished)] if wished else []
    return Span(date.fromisoformat(first) if first else contract.concluded_on, min(ends, default=None))


def fold(contract: Contract | None, entry: Entry) -> Contract:
    """The contract after one more fact of its stream. Raises ValueError for one that no contract has."""
    return clauses.fold(contract, entry, _OWN)


def _amended(contract: Contract, entry: Entry) -> Contract:
    """As every contract is amended; a new kind is the contract's own."""
    kind = entry.fact.body.get("kind")
    amended = clauses.amended(contract, entry)
    return replace(amended, kind=kind) if isinstance(kind, str) else amended


def _explained(contract: Contract, entry: Entry) -> Contract:
    """An outage that was found to come of a limit: whose doing it is, and which limit."""
    body = entry.fact.body
    told = {key: body[key] for key in ("cause", "limit")}
    return replace(
        contract,
        outages=tuple(
            {**each, **told} if each["id"] == body["outage"] else each for each in contract.outages
        ),
    )


def _limited(contract: Contract, entry: Entry) -> Contract:
    """A limit of its function that was set, with its day and provisions."""
    fact = entry.fact
    said: Json = {**fact.body, "on": fact.effective_on.isoformat(), "cites": list(fact.cites)}
    return replace(contract, body={**contract.body, "limits": [*tables(contract.body, "limits"), said]})


_OWN: Mapping[str, clauses.Grow] = {
    "contract.amended": _amended,
    "outage.explained": _explained,
    "function.limited": _limited,
}
