"""Authentication Outsource's contracts: folded from their facts, and read as what serves a realm.

A contract's `group` is its customer: clients, groups and proxies of a customer serve together. Its `body`
holds `name`, `months`, `ip`, `accounts`, `realm`, `forward_to`, `terminators`, `first`, `last` and `limits`, and
of what the customer prepared `home_servers`, `strips_realm`, `tunnels`, `methods`, `authority`, `transition`, `probe_user`,
how often `secret` and `users` were handed over, and `counts`, since when how many accounts are contracted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import ip_address
from typing import Literal, cast

from kitei.clauses import contract as clauses
from kitei.clauses.contract import tables
from kitei.clauses.options import running
from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Entry
from kitei.values import Json, JsonObject, Span

Kind = Literal["client", "vpdn", "proxy", "group"]
Item = Literal["", "type-d", "type-k", "type-i"]
# RFC 2865 and RFC 6614.
RADIUS_PORT, RADSEC_PORT = 1812, 2083
DEFAULT_METHODS = ("pap",)
RADIUS: tuple[Kind, ...] = ("client", "proxy", "group")


@dataclass(frozen=True, slots=True)
class Home:
    """A proxy's authentication device (see `HomeServerWanted`)."""

    address: str
    port: int
    transport: Literal["udp", "radsec"]
    preference: int
    weight: int
    silent: bool
    authority: str


@dataclass(frozen=True, slots=True)
class Terminator:
    """A device that ends a VPDN's tunnels; `secret`: its tunnels are made with one."""

    address: str
    preference: int
    weight: int
    secret: bool


@dataclass(frozen=True, slots=True)
class Door:
    """A contract as the network needs it on a day.

    `ip` is a client's terminal ('' for other kinds), `accounts` a group's most users (None: none was agreed),
    `homes` a proxy's authentication devices, `terminators` a VPDN's, `balanced` whether connections are
    spread over all of them. `probe_user` is whom we may log in as at a proxy's own devices, `has_users` whether this contract (and not one
    before it with the same realm) handed users over. `realm` '' means none was designated yet. `cites` are why it was accepted.
    """

    contract: str
    customer: str
    kind: Kind
    item: Item
    realm: str
    ip: str
    accounts: int | None
    homes: tuple[Home, ...]
    strips: bool
    terminators: tuple[Terminator, ...]
    balanced: bool
    methods: tuple[str, ...]
    authority: str
    transition: bool
    probe_user: str
    has_users: bool
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
        homes=homes(body),
        strips=body.get("strips_realm") is True,
        terminators=terminators(body),
        balanced=running(contract, "load-balancing", on) is not None,
        methods=texts(body, "methods") or DEFAULT_METHODS,
        authority=text(body, "authority"),
        transition=body.get("transition") is True,
        probe_user=text(body, "probe_user"),
        has_users=number(body, "users") is not None,
        cites=contract.cites,
    )


def homes(body: JsonObject) -> tuple[Home, ...]:
    """A proxy's devices as they were set up, else as the application named them."""
    told = tables(body, "home_servers")
    if told:
        return tuple(Home(**each) for each in told)
    named = [each for each in texts(body, "forward_to") if is_host(each)]
    return tuple(Home(each, RADIUS_PORT, "udp", at, 1, False, "") for at, each in enumerate(named))


def terminators(body: JsonObject) -> tuple[Terminator, ...]:
    """A VPDN's devices as they were set up, else as the application named them, all alike."""
    told = tables(body, "tunnels")
    if told:
        return tuple(Terminator(**each) for each in told)
    return tuple(Terminator(each, 0, 1, False) for each in texts(body, "terminators") if is_host(each))


def terminator_names(body: JsonObject) -> tuple[str, ...]:
    """What a VPDN's devices are called: their addresses, or the names they were applied for with."""
    return tuple(str(each["address"]) for each in tables(body, "tunnels")) or texts(body, "terminators")


def is_host(text: str) -> bool:
    """Whether a text is an IP address and not only a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


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


def counts(contract: Contract) -> tuple[tuple[date, int], ...]:
    """The days from which another number of accounts holds, in order, with the number. Empty: none was agreed."""
    told = tables(contract.body, "counts")
    held = [(date.fromisoformat(str(each["since"])), int(str(each["accounts"]))) for each in told]
    first = number(contract.body, "accounts")
    return tuple(sorted(dict(held).items())) or (
        ((contract.concluded_on, first),) if first is not None else ()
    )


def accounts_on(contract: Contract, on: date) -> int | None:
    """The contracted accounts at the end of a day; before the first count, the first. None: none was agreed."""
    known = counts(contract)
    held = [count for since, count in known if since <= on] or [count for _, count in known[:1]]
    return held[-1] if held else None


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
    """As every contract is amended; a new kind is the contract's own, and accounts are counted by days."""
    kind = entry.fact.body.get("kind")
    amended = clauses.amended(contract, entry)
    if isinstance(new := entry.fact.body.get("accounts"), int):
        held = [(since, count) for since, count in counts(contract) if since != entry.fact.effective_on]
        told: list[Json] = [
            {"since": since.isoformat(), "accounts": count}
            for since, count in [*held, (entry.fact.effective_on, new)]
        ]
        amended = replace(amended, body={**amended.body, "counts": told})
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
