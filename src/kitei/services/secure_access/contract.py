"""Secure Access's contracts: folded from their facts, with the number of accounts on each day.

A contract's `group` is its customer, so that what one customer has is found together. Its `body` holds `name`,
`months`, `accounts` (a list of `{since, accounts}`), `tunnel`, `environment`, `matters`, and of one made before
2026-04-01 `sandbox_before` and `sandbox_wish`; and `people`, `peers` and `policies` (see `people`).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from kitei.clauses import contract as clauses
from kitei.clauses.contract import tables
from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Entry
from kitei.values import Json


def accounts_on(contract: Contract, on: date) -> int:
    """The contracted accounts at the end of a day; before the first count, the first."""
    counts = sorted(tables(contract.body, "accounts"), key=lambda each: str(each["since"]))
    held = [each for each in counts if each["since"] <= on.isoformat()] or counts[:1]
    return int(held[-1]["accounts"]) if held else 0


def counted_from(contract: Contract) -> tuple[date, ...]:
    """The days from which another number of accounts holds, in order."""
    return tuple(sorted({date.fromisoformat(each["since"]) for each in tables(contract.body, "accounts")}))


def is_held(contract: Contract, on: date) -> bool:
    """Whether a contract counts on a day: concluded, and not past its last day, billed or not."""
    return contract.ending is None or on <= contract.ending.last


def fold(contract: Contract | None, entry: Entry) -> Contract:
    """The contract after one more fact of its stream. Raises ValueError for one that no contract has."""
    return clauses.fold(contract, entry, _OWN)


def _amended(contract: Contract, entry: Entry) -> Contract:
    """`count` (since, accounts) adds to the counts, a later one of the same day in place of the earlier."""
    changes = dict(entry.fact.body)
    count = changes.pop("count", None)
    if isinstance(count, Mapping):
        kept: list[Json] = [
            each for each in tables(contract.body, "accounts") if each["since"] != count["since"]
        ]
        changes["accounts"] = [*kept, count]
    return clauses.amended(contract, replace(entry, fact=replace(entry.fact, body=changes)))


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


def _wished(contract: Contract, entry: Entry) -> Contract:
    """The wish to keep the sandbox of before: the first counts."""
    wish = contract.body.get("sandbox_wish") or dict(entry.fact.body)
    return replace(contract, body={**contract.body, "sandbox_wish": wish})


def _policy_set(contract: Contract, entry: Entry) -> Contract:
    return _with(contract, policies=[*tables(contract.body, "policies"), dict(entry.fact.body)])


def _account_added(contract: Contract, entry: Entry) -> Contract:
    others = _but(contract, "people", "account", entry)
    return _with(contract, people=[*others, dict(entry.fact.body)])


def _account_removed(contract: Contract, entry: Entry) -> Contract:
    """The account's devices go with it."""
    left = {key: _but(contract, key, "account", entry) for key in ("people", "peers")}
    return _with(contract, **left)


def _peer_enrolled(contract: Contract, entry: Entry) -> Contract:
    return _with(contract, peers=[*_but(contract, "peers", "device", entry), dict(entry.fact.body)])


def _peer_revoked(contract: Contract, entry: Entry) -> Contract:
    return _with(contract, peers=_but(contract, "peers", "device", entry))


def _but(contract: Contract, key: str, name: str, entry: Entry) -> list[dict[str, Any]]:
    """A list of the body without whom the fact is about."""
    return [each for each in tables(contract.body, key) if each[name] != entry.fact.body[name]]


def _with(contract: Contract, **changes: Any) -> Contract:
    return replace(contract, body={**contract.body, **changes})


_OWN: Mapping[str, clauses.Grow] = {
    "account.added": _account_added,
    "account.removed": _account_removed,
    "peer.enrolled": _peer_enrolled,
    "peer.revoked": _peer_revoked,
    "policy.set": _policy_set,
    "contract.amended": _amended,
    "outage.explained": _explained,
    "sandbox.wished": _wished,
    "settings.changed": _listed("settings_changed"),
    "software.provided": _listed("software"),
}
