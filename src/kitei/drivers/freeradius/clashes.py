"""What two contracts cannot both have on one node: whoever has it stays, and one's mistake, or malice, is no other's."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kitei.drivers.freeradius.policy import subject_of
from kitei.drivers.freeradius.relay import server_name, shared_with
from kitei.network import HomeServer, Part, RadiusGroup


@dataclass(frozen=True, slots=True)
class Clash:
    """Whose part is left out, whose stays, and what would be right."""

    out: str
    stays: str
    cure: str


def without_clashes(parts: Sequence[Part], policy: str | None) -> tuple[tuple[Part, ...], tuple[Clash, ...]]:
    """The parts without home servers named with two secrets, and without users' authorities of one name.

    Those stay that are in the `policy` in force.
    """
    realms: Mapping[str, Any] = json.loads(policy or "{}").get("realms", {})
    found = {
        **_secrets([part for part in parts if isinstance(part, HomeServer)], realms),
        **_issuers([part for part in parts if isinstance(part, RadiusGroup) and part.authority], realms),
    }
    return tuple(_left(parts, found)), tuple(found[key] for key in sorted(found))


def _left(parts: Sequence[Part], clashes: Mapping[str, Clash]) -> Iterator[Part]:
    for part in parts:
        if part.key not in clashes:
            yield part
        elif isinstance(part, RadiusGroup):
            yield replace(part, authority="")  # its certificates are nobody's; passwords go on


def _secrets(homes: Sequence[HomeServer], realms: Mapping[str, Any]) -> dict[str, Clash]:
    def is_new(part: HomeServer) -> bool:
        own = realms.get(part.realm, {})
        names = {each["name"] for each in own.get("targets", ())}
        return own.get("owner") != part.origin.owner or server_name(part) not in names

    first: dict[str, HomeServer] = {}
    clashes = {}
    for part in sorted(homes, key=lambda part: (is_new(part), part.key)):
        other = first.setdefault(server_name(part), part)
        if shared_with(other) != shared_with(part):
            cure = "one server with two secrets; give it one, or two addresses"
            clashes[part.key] = Clash(part.key, other.key, cure)
    return clashes


def _issuers(groups: Sequence[RadiusGroup], realms: Mapping[str, Any]) -> dict[str, Clash]:
    """A certificate tells its issuer by name alone."""

    def is_new(part: RadiusGroup) -> bool:
        own = realms.get(part.realm, {})
        return (own.get("owner"), own.get("issuer")) != (part.origin.owner, subject_of(part.authority))

    first: dict[str, RadiusGroup] = {}
    clashes = {}
    for part in sorted(groups, key=lambda part: (is_new(part), part.key)):
        other = first.setdefault(subject_of(part.authority), part)
        if other.authority != part.authority:
            cure = "two authorities of users' certificates with one name; give one another name"
            clashes[part.key] = Clash(part.key, other.key, cure)
    return clashes
