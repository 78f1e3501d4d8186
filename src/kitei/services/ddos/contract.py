"""DDoS Protection's contracts: folded from their facts, and read as what is protected, by what.

A contract's `group` is its customer. Its `body` holds `name`, `months`, `base` (the contract a type M is
added to), `rests_on` (the id of the designated service), `addresses` (each with `prefix`, `designated_by`,
`since`, `last`), `policies`, `changed` (items it had before) and `billing_wish`. An option's body holds what
it was taken with: `item`, `model`, `variant`, `mbps`, `routers`, `route_control`, `accepts`, `months`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import ip_network
from typing import Literal

from kitei.clauses import contract as clauses
from kitei.clauses.contract import tables
from kitei.clauses.options import running
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.ledger.facts import Entry
from kitei.services.ddos import defence
from kitei.values import Json

ROUTER, MULTI_ISP = "tunnel-router", "multi-isp"


@dataclass(frozen=True, slots=True)
class Address:
    """A protected prefix, who designated it, and from which day (art. 5.2)."""

    prefix: str
    designated_by: Literal["customer", "operator"]
    since: date
    cites: tuple[str, ...]

    @property
    def family(self) -> str:
        return family_of(self.prefix)


def family_of(prefix: str) -> str:
    """'IPv4' or 'IPv6'."""
    return f"IPv{ip_network(prefix).version}"


def letter(item: str) -> str:
    """The letter that lists of items call a type by: 'E' of 'type-e'."""
    return item.rpartition("-")[2].upper()


def addresses(contract: Contract, on: date) -> tuple[Address, ...]:
    """The protected prefixes of a contract on a day, in order of their text."""
    day = on.isoformat()
    found = [
        Address(
            each["prefix"],
            each["designated_by"],
            date.fromisoformat(each["since"]),
            tuple(each.get("cites") or ()),
        )
        for each in tables(contract.body, "addresses")
        if each["since"] <= day and (each.get("last") is None or day <= each["last"])
    ]
    return tuple(sorted(found, key=lambda each: each.prefix))


def item_on(contract: Contract, on: date) -> str:
    """The item a contract has on a day; one that was changed had others before, each to its last day."""
    before = [each for each in tables(contract.body, "changed") if on.isoformat() <= each["until"]]
    return str(min(before, key=lambda each: str(each["until"]))["item"]) if before else contract.item


def text_of(contract: Contract, key: str) -> str | None:
    """An attribute that is a text, None where it is not set."""
    found = contract.body.get(key)
    return found if isinstance(found, str) and found else None


def router(contract: Contract, on: date) -> OptionTaken | None:
    """The tunnel router option a contract has on a day."""
    return running(contract, ROUTER, on)


def is_rental(taken: OptionTaken | None) -> bool:
    """Whether it is a tunnel router with rental, which makes its user a designated-item customer (art. 4.1)."""
    return taken is not None and taken.name == ROUTER and taken.body.get("item") == "rental"


def had_rental(contract: Contract) -> bool:
    """Whether a device was ever lent under the contract."""
    return any(is_rental(each) for each in contract.options)


def extra_mbps(contract: Contract, on: date) -> int:
    """What bandwidth extensions add to the item's ceiling on a day."""
    return sum(
        int(str(each.body.get("mbps") or 0))
        for each in contract.options
        if each.name == "bandwidth"
        and each.added_on <= on
        and (each.ending is None or on <= each.ending.last)
    )


def fold(contract: Contract | None, entry: Entry) -> Contract:
    """The contract after one more fact of its stream. Raises ValueError for one that no contract has."""
    return clauses.fold(contract, entry, _OWN)


def _amended(contract: Contract, entry: Entry) -> Contract:
    """`add_addresses`, `remove_addresses` (prefix, last) and `changed` grow the lists of the body."""
    changes = dict(entry.fact.body)
    removed = {each["prefix"]: each["last"] for each in tables(changes, "remove_addresses")}
    grown: list[Json] = [
        {**each, "last": removed[each["prefix"]]}
        if each["prefix"] in removed and each.get("last") is None
        else each
        for each in (*tables(contract.body, "addresses"), *tables(changes, "add_addresses"))
    ]
    changed = [*tables(contract.body, "changed"), *tables(changes, "changed")]
    for key in ("add_addresses", "remove_addresses", "changed"):
        changes.pop(key, None)
    body = {**changes, "addresses": grown, "changed": list(changed)}
    return clauses.amended(contract, replace(entry, fact=replace(entry.fact, body=body)))


def _noted(contract: Contract, entry: Entry) -> Contract:
    return contract


def _worked(contract: Contract, entry: Entry) -> Contract:
    done = contract.body.get("works")
    works = [*(done if isinstance(done, list | tuple) else ()), entry.fact.body["option"]]
    return replace(contract, body={**contract.body, "works": works})


def _reported(contract: Contract, entry: Entry) -> Contract:
    """Months whose report was sent, each once, in order."""
    months = sorted({*months_reported(contract), str(entry.fact.body["month"])})
    return replace(contract, body={**contract.body, "reported": months})


def works_done(contract: Contract, option: str) -> int:
    """How often work of an option was recorded as done."""
    found = contract.body.get("works")
    return list(found).count(option) if isinstance(found, list | tuple) else 0


def months_reported(contract: Contract) -> tuple[str, ...]:
    """The months (`2026-06`) whose monthly report was sent."""
    found = contract.body.get("reported")
    return tuple(str(each) for each in found) if isinstance(found, list | tuple) else ()


_OWN: Mapping[str, clauses.Grow] = {
    "contract.amended": _amended,
    "complaint.received": _noted,
    "support.asked": _noted,
    "report.sent": _reported,
    "work.performed": _worked,
    **defence.GROWTH,
}
