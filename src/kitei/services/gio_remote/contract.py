"""GIO Remote Access's contracts: folded from their facts, and read as gateways and the networks behind them.

A contract's `group` is the customer's service: the gateways of a group go through its networks. Its `body`
holds `name`, `months`, `sessions` and `accounts` with their later `changes`, `l2tp`, `browser`, `hosts`, `addresses`, `environment`,
and `made_as` where it was made as another service; what was done and seen is kept in lists (`works`,
`observations`, `proposals` ...).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, TypeAlias, cast

from kitei.clauses import contract as clauses
from kitei.clauses.contract import tables
from kitei.clauses.options import running
from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Entry
from kitei.values import Json, JsonObject

Item = Literal["type-a", "type-b"]
IpNetwork: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Designation:
    """An address, prefix or name that was designated, who did so (art. 5.2), since when and by which provisions."""

    what: str
    designated_by: Literal["customer", "operator"]
    since: date
    cites: tuple[str, ...]

    @property
    def prefix(self) -> IpNetwork | None:
        """The prefix, None where a name was designated."""
        return prefix_of(self.what)

    def holds(self, host: str) -> bool:
        """Whether an address lies in it, or a name is it."""
        prefix, asked = self.prefix, prefix_of(host)
        if prefix is None or asked is None:
            return self.what == host
        return asked.version == prefix.version and asked[0] in prefix


def prefix_of(text: str) -> IpNetwork | None:
    """An address or prefix, None for what is a name."""
    try:
        return ip_network(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway on a day. `sessions` and `accounts` None: no such number was agreed.

    `hosts` are what users may reach, `addresses` what the contract uses; `server_name` is the customer's own
    name for it, '' where it has none. `options` are those that run.
    """

    contract: str
    customer: str
    group: str
    item: Item
    sessions: int | None
    accounts: int | None
    l2tp: bool
    hosts: tuple[Designation, ...]
    addresses: tuple[Designation, ...]
    server_name: str
    options: tuple[str, ...]
    cites: tuple[str, ...]


def gateway(contract: Contract, on: date) -> Gateway:
    """The gateway a contract describes on a day."""
    body = contract.body
    certificate = running(contract, "server-certificate", on)
    return Gateway(
        contract=contract.id,
        customer=contract.customer,
        group=contract.group,
        item=cast(Item, contract.item),
        sessions=agreed(contract, "sessions", on),
        accounts=agreed(contract, "accounts", on),
        l2tp=body.get("l2tp") is True,
        hosts=designated(contract, "hosts", on),
        addresses=designated(contract, "addresses", on),
        server_name=str(certificate.body.get("server_name") or "") if certificate else "",
        options=tuple(
            each.name
            for each in contract.options
            if each.added_on <= on and (each.ending is None or on <= each.ending.last)
        ),
        cites=contract.cites,
    )


def number(body: JsonObject, key: str) -> int | None:
    """A whole number of a body, None where there is none."""
    found = body.get(key)
    return found if type(found) is int else None


def agreed(contract: Contract, matter: str, on: date) -> int | None:
    """The number of sessions or accounts agreed for a day: as concluded, or as last changed by then.

    Of two changes from one day the one that was made later holds.
    """
    changed = [
        each
        for each in tables(contract.body, "changes")
        if each["matter"] == matter and each["since"] <= on.isoformat()
    ]
    latest = sorted(changed, key=lambda each: str(each["since"]))[-1:]
    return latest[0]["number"] if latest else number(contract.body, matter)


def designated(contract: Contract, key: Literal["hosts", "addresses"], on: date) -> tuple[Designation, ...]:
    """The hosts or addresses of a contract on a day, in the order they were designated."""
    day = on.isoformat()
    return tuple(
        Designation(
            each["what"],
            each["designated_by"],
            date.fromisoformat(each["since"]),
            tuple(each["cites"]),
        )
        for each in tables(contract.body, key)
        if each["since"] <= day and (each.get("last") is None or day <= each["last"])
    )


def fold(contract: Contract | None, entry: Entry) -> Contract:
    """The contract after one more fact of its stream. Raises ValueError for one that no contract has."""
    return clauses.fold(contract, entry, _OWN)


def _listed(key: str) -> clauses.Grow:
    """A fact that is kept in a list of the body, with its day and provisions."""

    def grow(contract: Contract, entry: Entry) -> Contract:
        fact = entry.fact
        said: Json = {**fact.body, "on": fact.effective_on.isoformat(), "cites": list(fact.cites)}
        return replace(contract, body={**contract.body, key: [*tables(contract.body, key), said]})

    return grow


def _explained(contract: Contract, entry: Entry) -> Contract:
    """An outage that was found to come of a risk: whose doing it is, and which risk."""
    body = entry.fact.body
    told = {key: body[key] for key in ("cause", "risk")}
    return replace(
        contract,
        outages=tuple(
            {**each, **told} if each["id"] == body["outage"] else each for each in contract.outages
        ),
    )


_OWN: Mapping[str, clauses.Grow] = {
    "capacity.observed": _listed("observations"),
    "change.proposed": _listed("proposals"),
    "settings.changed": _listed("settings_changed"),
    "work.performed": _listed("works"),
    "software.provided": _listed("software"),
    "provision.begun": _listed("begun"),
    "outage.explained": _explained,
}
