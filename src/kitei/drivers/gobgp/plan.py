"""From what a speaker has to what it must have: pure.

The order of steps is a guard, too: nothing is said before nothing else can be said, a route is taken back
while the permit under which it went out still stands, and a session comes up when all is in its place.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kitei.drivers.gobgp.leave import Allowed, Place, allowed
from kitei.drivers.gobgp.upstreams import neighbour_of, permits_of, upstreams_of
from kitei.drivers.gobgp.values import Held, Match, Neighbour, Permit, Self, SpeakerSeen
from kitei.network import Announcement, FlowRule, Part, Risk, Speaker, Step, Upstream
from kitei.network.expiry import still_wanted

NAME = "gobgp"
_SHOWN: Final = 3  # routes named in a step's sentence
_SHORTEST, _LONGEST = 3, 65535  # hold times (RFC 4271, 4.2); 0 would mean for ever


def plan_speaker(wanted: Sequence[Part], seen: SpeakerSeen) -> tuple[Step, ...]:
    parts = tuple(still_wanted(wanted, seen.at))
    speaker = next((part for part in parts if isinstance(part, Speaker)), None)
    if speaker is None:
        stop = (Step(NAME, "stop speaking BGP", "stop", {}, Risk.BLIP),) if seen.present else ()
        left = [part.key for part in parts if isinstance(part, Announcement | FlowRule)]
        refused = [f"{key}: this node has no speaker" for key in sorted(left)]
        return (*stop, *_refusal(refused))
    return tuple(_steps(speaker, parts, seen))


def _steps(speaker: Speaker, parts: Sequence[Part], seen: SpeakerSeen) -> Iterator[Step]:
    upstreams, flaws = upstreams_of(parts)
    if not _SHORTEST <= speaker.hold <= _LONGEST:
        upstreams, told = (
            {},
            f"speaker: hold {speaker.hold} is not between {_SHORTEST} and {_LONGEST} seconds",
        )
        flaws.append(told)
    may = allowed(parts, upstreams, {(held.family, held.of) for held in seen.routes})
    neighbours, sacks = _neighbours(upstreams.values(), speaker, seen, flaws)
    permits = {permit for upstream in upstreams.values() for permit in permits_of(upstream)}
    itself = Self(speaker.asn, speaker.router_id, speaker.port)
    there = seen
    if seen.program is None or seen.itself != itself:
        there = SpeakerSeen(seen.at, seen.program, secrets=seen.secrets)  # it will know nothing
        yield _start(itself, seen, may)
    if not there.guarded:
        yield Step(NAME, "let nothing in or out unless permitted", "guard")
    yield from _partings(neighbours, there)
    yield from _withdrawals(may, itself, there)
    if permits != there.permits or not there.guarded:
        yield _permit(permits, itself, there)
    yield from _announcements(may, itself, there)
    for neighbour in sorted(neighbours - there.neighbours, key=lambda n: n.address):
        do = f"meet {neighbour.address}, AS {neighbour.asn}"
        yield Step(NAME, do, "meet", {"neighbour": neighbour, "sack": sacks.get(neighbour.address)})
    yield from _refusal((*flaws, *may.refused))


def _neighbours(
    upstreams: Iterable[Upstream], speaker: Speaker, seen: SpeakerSeen, flaws: list[str]
) -> tuple[set[Neighbour], dict[str, str]]:
    """Sessions to keep, and the sacks with their secrets. One whose secret has not arrived stays as it is, and is not
    begun without."""
    known = {each.address: each for each in seen.neighbours}
    found: set[Neighbour] = set()
    sacks: dict[str, str] = {}
    for upstream in upstreams:
        digest = seen.secrets.get(upstream.sack, "") if upstream.sack else ""
        wanted = neighbour_of(upstream, speaker, digest)
        if upstream.sack and not digest:
            flaws.append(f"upstream {upstream.name}: the secret of its session has not arrived yet")
            found |= {known[wanted.address]} if wanted.address in known else set()
            continue
        found.add(wanted)
        if upstream.sack:
            sacks[wanted.address] = upstream.sack
    return found, sacks


def _start(itself: Self, seen: SpeakerSeen, may: Allowed) -> Step:
    """What runs with another identity goes; its routes are said anew a moment later."""
    if seen.itself is None:
        return Step(NAME, f"speak BGP as AS {itself.asn}", "start", {"itself": itself, "anew": False})
    do = f"speak BGP as AS {itself.asn} instead of AS {seen.itself.asn}, from the beginning"
    owners = tuple(sorted({owner for whose in may.routes.values() for owner in whose}))
    return Step(NAME, do, "start", {"itself": itself, "anew": True}, Risk.BLIP, owners)


def _partings(neighbours: set[Neighbour], seen: SpeakerSeen) -> Iterator[Step]:
    for neighbour in sorted(seen.neighbours - neighbours, key=lambda n: n.address):
        do = f"part from {neighbour.address}, AS {neighbour.asn}"
        yield Step(NAME, do, "part", {"address": neighbour.address}, Risk.BLIP)


def _withdrawals(may: Allowed, itself: Self, seen: SpeakerSeen) -> Iterator[Step]:
    """Withdrawn, and changed for the worse or the better: under the permits by which they went out."""
    kept = {_place(held) for held in may.routes}
    gone = tuple(_ordered(held for held in seen.routes if _place(held) not in kept))
    if gone:
        yield Step(NAME, f"withdraw {_listed(gone)}", "change", _change(gone, (), itself))
    there = {_place(held) for held in seen.routes}
    other = tuple(_ordered(held for held in may.routes if held not in seen.routes and _place(held) in there))
    if other:
        yield Step(
            NAME,
            f"change {_listed(other)}",
            "change",
            _change((), other, itself),
            Risk.BLIP,
            _owners(other, may),
        )


def _permit(permits: set[Permit], itself: Self, seen: SpeakerSeen) -> Step:
    do = f"permit routes to {len({permit.neighbour for permit in permits})} upstreams, in their dress"
    ordered = tuple(sorted(permits, key=lambda p: (p.tag, p.family)))
    return Step(NAME, do, "permit", {"permits": ordered, "asn": itself.asn})


def _announcements(may: Allowed, itself: Self, seen: SpeakerSeen) -> Iterator[Step]:
    """An order in the ledger is behind each, so none waits for its contract's agreement."""
    there = {_place(held) for held in seen.routes}
    new = tuple(_ordered(held for held in may.routes if _place(held) not in there))
    if new:
        do = f"announce {_listed(new)}"
        yield Step(NAME, do, "change", _change((), new, itself), Risk.BLIP, _owners(new, may))


def _refusal(refused: Sequence[str]) -> tuple[Step, ...]:
    if not refused:
        return ()
    return (Step(NAME, f"refuse {len(refused)} that may not be said", "refuse", {"refused": tuple(refused)}),)


def _change(gone: Sequence[Held], said: Sequence[Held], itself: Self) -> dict[str, object]:
    return {"withdrawn": tuple(gone), "announced": tuple(said), "asn": itself.asn}


def _owners(held: Sequence[Held], may: Allowed) -> tuple[str, ...]:
    return tuple(sorted({owner for each in held for owner in may.routes[each]}))


def _place(held: Held) -> Place:
    return held.family, held.of


def _ordered(held: Iterator[Held]) -> list[Held]:
    return sorted(held, key=lambda each: (each.family, _text(each.of)))


def _text(of: str | Match) -> str:
    return of if isinstance(of, str) else f"packets to {of.destination}{of.components}"


def _listed(held: Sequence[Held]) -> str:
    names = [each.of if isinstance(each.of, str) else f"a filter to {each.of.destination}" for each in held]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
