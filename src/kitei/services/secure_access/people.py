"""Who of a customer's people uses a contract, and with which devices; and the policy in force. From facts alone.

A contract's body holds `people` (account, groups), `peers` (device, account, public_key, number, until) and `policies`
(version, text, at, by), as the facts left them. An account is written by a name that the customer chose.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_network

from kitei.clauses.contract import tables
from kitei.ledger.contracts import Contract

_FIRST = 2  # of a pool: 0 names the network, 1 is the gateway


@dataclass(frozen=True, slots=True)
class Person:
    account: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """A device with its WireGuard key. `number` is its place in the pools, kept for as long as it is enrolled."""

    device: str
    account: str
    public_key: str
    number: int
    until: str | None


@dataclass(frozen=True, slots=True)
class PolicySet:
    """A policy as it was set; its versions are numbered from 1."""

    version: int
    text: str
    at: datetime
    by: str


def people(contract: Contract) -> tuple[Person, ...]:
    return tuple(
        Person(str(each["account"]), tuple(each.get("groups", ())))
        for each in tables(contract.body, "people")
    )


def peers(contract: Contract) -> tuple[Peer, ...]:
    return tuple(
        Peer(each["device"], each["account"], each["public_key"], int(each["number"]), each.get("until"))
        for each in tables(contract.body, "peers")
    )


def free_number(contract: Contract) -> int:
    taken = {each.number for each in peers(contract)}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def policies(contract: Contract) -> tuple[PolicySet, ...]:
    """All that were set, in order; the last is in force."""
    return tuple(
        PolicySet(int(each["version"]), each["text"], datetime.fromisoformat(each["at"]), each["by"])
        for each in tables(contract.body, "policies")
    )


def with_policy(contract: Contract, text: str) -> Contract:
    """The contract as it would be if a policy were set next."""
    found = list(tables(contract.body, "policies"))
    last = found[-1] if found else {"at": "1970-01-01T00:00:00+00:00", "by": ""}
    more = {**last, "version": len(found) + 1, "text": text}
    return replace(contract, body={**contract.body, "policies": [*found, more]})


def addresses_of(peer: Peer, pools: tuple[str, ...]) -> tuple[str, ...]:
    """A device's inner addresses, one of each pool; none where a pool is too small for it."""
    if peer.number >= room(pools):
        return ()
    nets = [ip_network(pool) for pool in pools]
    return tuple(f"{net[peer.number + _FIRST]}/{net.max_prefixlen}" for net in nets)


def own_addresses(pools: tuple[str, ...]) -> tuple[str, ...]:
    """The gateway's own, with prefix length."""
    return tuple(f"{ip_network(pool)[1]}/{ip_network(pool).prefixlen}" for pool in pools)


def room(pools: tuple[str, ...]) -> int:
    """How many devices fit into all pools."""
    sizes = (ip_network(pool).num_addresses - _FIRST - (ip_network(pool).version == 4) for pool in pools)
    return max(0, min(sizes, default=0))
