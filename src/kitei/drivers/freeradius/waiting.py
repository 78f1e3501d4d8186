"""What a node goes on with until a newer sack has arrived: the older one that is in force here.

A change of a secret, a password or a paper reaches a node as orders first, and as a sack a little later, or
much later where the controller has gone in between. Nobody is left out of the policy meanwhile.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from kitei.drivers.freeradius.relay import server_name
from kitei.network import (
    HomeServer,
    Part,
    RadiusClient,
    RadiusGroup,
    RadiusPeer,
    RadiusProber,
    SyntheticUser,
    TunnelTerminator,
)

P = TypeVar("P", bound=Part)
_WITH_SACK: Final = (RadiusClient, RadiusProber, HomeServer, TunnelTerminator, RadiusPeer, SyntheticUser)


def with_sacks_of_now(parts: Sequence[Part], here: Collection[str], policy: str | None) -> tuple[Part, ...]:
    """The parts, with the sacks of the `policy` in force for those that have not arrived `here`.

    Only what is still here, for the same thing of the same contract.
    """
    told = json.loads(policy) if policy else {}
    return tuple(_with_sacks_of_now(part, here, told) for part in parts)


def _with_sacks_of_now(part: Part, here: Collection[str], told: Mapping[str, Any]) -> Part:
    if isinstance(part, RadiusGroup):
        return _group(part, here, told)
    if isinstance(part, _WITH_SACK):
        now = _now(part, told)
        part = _older(part, "sack", now.get("sack"), here)
        if isinstance(part, HomeServer):
            part = _older(part, "papers", now.get("papers"), here)
    return part


def _group(part: RadiusGroup, here: Collection[str], told: Mapping[str, Any]) -> RadiusGroup:
    """A table and its changes go together."""
    if {part.users, *filter(None, (part.changes,))} <= set(here):
        return part
    now = _realm(part, told)
    users, changes = now.get("users"), now.get("changes")
    if not users or not {users, *filter(None, (changes,))} <= set(here):
        return part
    return replace(part, users=users, changes=changes)


def _older(part: P, name: str, older: str | None, here: Collection[str]) -> P:
    wanted = getattr(part, name)
    if wanted is None or wanted in here or older not in here:
        return part
    changed: dict[str, Any] = {name: older}
    return replace(part, **changed)


def _now(part: Part, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the policy in force says of a part's sacks."""
    match part:
        case RadiusClient():
            now = told.get("clients", {}).get(part.address, {})
            return now if now.get("owner") == part.origin.owner else {}
        case RadiusProber():
            return {"sack": told.get("probers", {}).get(part.address)}
        case HomeServer() | TunnelTerminator():
            name = server_name(part) if isinstance(part, HomeServer) else f"l2tp-{part.address}"
            targets = _realm(part, told).get("targets", ())
            return next((each for each in targets if each["name"] == name), {})
        case SyntheticUser():
            return {"sack": _realm(part, told).get("synthetic")}
        case RadiusPeer():
            return {"sack": (told.get("peers") or {}).get("sack")}
    return {}


def _realm(part: Any, told: Mapping[str, Any]) -> Mapping[str, Any]:
    now: Mapping[str, Any] = told.get("realms", {}).get(part.realm, {})
    return now if now.get("owner") == part.origin.owner else {}
