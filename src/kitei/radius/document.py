"""The policy as the file `policy.json` that a driver writes and the server's engine reads; secrets stay in sacks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kitei.radius.policy import Caps, Client, Group, Policy, Proxy, Realm, Target, User, Vpdn
from kitei.radius.table import Table

Finder = Callable[[str, str | None], Callable[[str], User | None]]
"""From the sacks of a table and of its changes to a search."""


@dataclass(frozen=True, slots=True)
class Read:
    """A policy with what it was read from."""

    told: Mapping[str, Any]
    policy: Policy


def read_policy(text: str, finder: Finder, secret: Callable[[str], str], before: Read | None = None) -> Read:
    """`secret` gives what is in a sack. What is told as `before` stays the very same object.

    Raises ValueError, KeyError or TypeError for what is not a policy.
    """
    told = json.loads(text)
    old = before or Read({"clients": {}, "realms": {}}, Policy({}, {}))
    clients = {
        address: old.policy.clients[address]
        if old.told["clients"].get(address) == each
        else Client(
            each["owner"],
            frozenset(each["realms"]),
            each["carries"],
            each["transition"],
            each["rate"],
            each["sack"],
        )
        for address, each in told["clients"].items()
    }
    realms = {
        name: old.policy.realms[name]
        if old.told["realms"].get(name) == each
        else _realm(name, each, finder, secret)
        for name, each in told["realms"].items()
    }
    return Read(told, Policy(clients, realms))


def read_user(text: str) -> User:
    """A record of a table of users. Raises ValueError, KeyError or TypeError."""
    told = json.loads(text)
    reply = tuple((name, value) for name, value in told.get("r", ()))
    return User(
        told.get("h", ""),
        told.get("n", ""),
        told.get("c", ""),
        bool(told.get("off")),
        reply,
        told.get("m", ""),
    )


def user_record(user: User) -> str:
    """The record of a user as it stands in a table."""
    told = {
        "h": user.hashed,
        "n": user.nt,
        "c": user.clear,
        "off": user.off,
        "r": [list(p) for p in user.reply],
        "m": user.matrix,
    }
    return json.dumps(
        {key: value for key, value in told.items() if value}, ensure_ascii=False, separators=(",", ":")
    )


def _realm(name: str, told: Mapping[str, Any], finder: Finder, secret: Callable[[str], str]) -> Realm:
    owner, caps = told["owner"], Caps(*told["caps"])
    match told["kind"]:
        case "group":
            find = finder(told["users"], told["changes"])
            return Group(owner, name, frozenset(told["methods"]), find, told["issuer"], caps)
        case "proxy":
            return Proxy(owner, name, told["strips"], _targets(told, secret), caps)
        case "vpdn":
            return Vpdn(owner, name, told["item"], told["spread"], _targets(told, secret), caps)
    raise ValueError(f"{told['kind']!r} is not a kind of realm such as 'group'")


def _targets(told: Mapping[str, Any], secret: Callable[[str], str]) -> tuple[Target, ...]:
    return tuple(
        Target(
            each["name"],
            each["address"],
            each["preference"],
            each["weight"],
            secret(each["sack"]) if each.get("tunnel") and each["sack"] else "",
        )
        for each in told["targets"]
    )


class Users:
    """A table of users with what changed since."""

    def __init__(self, table: Table, newer: dict[str, str | None]) -> None:
        self._table, self.newer = table, newer

    def find(self, name: str) -> User | None:
        record = self.newer[name] if name in self.newer else self._table.get(name)
        return None if record is None else read_user(record)


def but_changes(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """A policy without its changes to users."""
    realms = {
        name: {key: value for key, value in realm.items() if key != "changes"}
        for name, realm in told.get("realms", {}).items()
    }
    return {**told, "realms": realms}
