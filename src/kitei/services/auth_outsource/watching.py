"""The operator's synthetic logins: who may make them on each node, and which each node makes. Pure.

A contract is watched by the way its logins take: from every prober to every node that answers. One who lost a
node still gets in by the other, so a contract is out only when none of its ways works.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from kitei.network import Estate, LoginProbe, Part, Prober, RadiusProber, SyntheticUser
from kitei.radius.policy import EAP
from kitei.radius.probing import SYNTHETIC
from kitei.services.auth_outsource.contract import Door
from kitei.services.auth_outsource.parts import ROWS, origin, realm_here
from kitei.terms import Edition

Way: TypeAlias = Literal["pap", "tunnel", "ttls", "peap"]

EAP_A_SECOND: Final = 50
"""Logins by EAP that a node answers each second at most, of all probers together. One is TLS from the beginning, some 3 ms
of a processor at either end, where a password costs a twentieth."""

# Article 12: what counts begins when the operator knows, so it is the operator's to find out.
KNOWN: Final = "art:12.1"


class _Login(NamedTuple):
    path: Literal["login", "home"]
    way: Way
    user: str
    password: str


def probers(estate: Estate) -> tuple[Prober, ...]:
    """Those the operator named, else the nodes that answer, each asking all."""
    places = sorted(estate.radius, key=lambda place: place.node)
    return estate.probers or tuple(Prober(place.node, place.addresses[0]) for place in places)


def watched_parts(served: Sequence[Door], estate: Estate, edition: Edition) -> Iterator[Part]:
    """What a node that answers needs, so that it can be asked."""
    realms = [door for door in served if door.kind != "client"]
    for prober in _able(estate):
        first = min((door.contract for door in realms), default="")
        if first:
            why = origin(first, edition, KNOWN)
            yield RadiusProber(why, prober.address, estate.sacks[f"prober.{prober.node}"])
    for door in realms:
        if door.kind == "group" and f"probe.{door.contract}" in estate.sacks:
            why = origin(door.contract, edition, ROWS["group"], KNOWN)
            yield SyntheticUser(why, door.realm, estate.sacks[f"probe.{door.contract}"])


def probes_of(node: str, served: Sequence[Door], estate: Estate, edition: Edition) -> Iterator[LoginProbe]:
    """The logins that a node makes: of every realm, at every node that answers."""
    doors = [door for door in served if door.kind != "client"]
    pause = _pause(doors, estate)
    for prober in _able(estate):
        if prober.node == node:
            for door in doors:
                yield from _probes(door, prober, estate, edition, pause)


def _pause(doors: Sequence[Door], estate: Estate) -> int:
    """Seconds between two logins by EAP of one way: as between others, doubled until a node that answers has no more of
    them than it can bear. It doubles, so that a contract more does not change the orders of all."""
    logins = sum(way in EAP for door in doors for way in _ways(door)) * len(tuple(_able(estate)))
    pause = estate.probe_seconds
    while logins > EAP_A_SECOND * pause:
        pause *= 2
    return pause


def _probes(door: Door, prober: Prober, estate: Estate, edition: Edition, pause: int) -> Iterator[LoginProbe]:
    logins = [_Login("login", way, SYNTHETIC, f"probe.{door.contract}") for way in _ways(door)]
    if door.kind == "proxy" and door.probe_user:
        logins.append(_Login("home", "pap", door.probe_user, f"login.{door.contract}"))
    for path, way, user, password in logins:
        if password not in estate.sacks:
            continue
        for place in sorted(estate.radius, key=lambda place: place.node):
            if (":" in place.addresses[0]) != (":" in prober.address):
                continue
            yield LoginProbe(
                origin(door.contract, edition, ROWS[door.kind], KNOWN),
                f"{door.contract}@{place.node}" + (f"/{way}" if way in EAP else ""),
                prober.address,
                place.addresses[0],
                place.auth_port,
                f"{user}@{realm_here(door)}",
                estate.sacks[f"prober.{prober.node}"],
                estate.sacks[password],
                path,
                1000 * (pause if way in EAP else estate.probe_seconds),
                way,
            )


def _ways(door: Door) -> tuple[Way, ...]:
    """The methods to log in by: what the contract enables. Who shows a certificate elsewhere says a password here, in
    the same TLS, since no certificate of ours is a customer's."""
    match door.kind:
        case "vpdn":
            return ("tunnel",)
        case "group":
            enabled = set(door.methods)
            tunnelled: tuple[tuple[Way, set[str]], ...] = (("ttls", {"ttls", "tls"}), ("peap", {"peap"}))
            plain: tuple[Way, ...] = ("pap",) if enabled - EAP else ()
            return (*plain, *(way for way, methods in tunnelled if enabled & methods))
    return ("pap",)


def _able(estate: Estate) -> Iterator[Prober]:
    """Probers that share a secret with the nodes already."""
    return (each for each in probers(estate) if f"prober.{each.node}" in estate.sacks)
