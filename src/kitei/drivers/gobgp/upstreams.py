"""Upstreams as neighbours of the speaker: their sessions, tags, and how routes are dressed for them."""

import re
import zlib
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from kitei.drivers.gobgp.values import KINDS, NO_EXPORT, Kind, Neighbour, Permit, Tag
from kitei.network import Part, Speaker, Upstream

_DISCARDS = {
    4: "192.0.2.1",
    6: "100::1",
}  # customary, and RFC 6666: for routes of the other family than the session
_COMMUNITY = re.compile(r"\d{1,5}:\d{1,5}")  # RFC 1997
_LARGE = re.compile(r"\d{1,10}:\d{1,10}:\d{1,10}")  # RFC 8092


def tag_of(upstream: str, kind: Kind) -> Tag:
    """By its name alone, so that it stays when other upstreams come and go."""
    return Tag(KINDS[kind], zlib.crc32(upstream.encode()))


def upstreams_of(wanted: Sequence[Part]) -> tuple[dict[str, Upstream], list[str]]:
    """Those that can be spoken to, by name, and what is wrong with others."""
    sound: dict[str, Upstream] = {}
    flaws: list[str] = []
    for part in sorted((p for p in wanted if isinstance(p, Upstream)), key=lambda p: p.name):
        found = list(_flaws(part, list(sound.values())))
        flaws += [f"upstream {part.name}: {flaw}" for flaw in found]
        if not found:
            sound[part.name] = part
    return sound, flaws


def _flaws(part: Upstream, others: Sequence[Upstream]) -> Iterator[str]:
    for text in (part.address, *part.next_hops):
        if not _is_address(text):
            yield f"{text!r} is not an address such as '192.0.2.1'"
    if not (_is_community(part.blackhole) or part.blackhole == ""):
        yield f"blackhole {part.blackhole!r} is not a community such as '65535:666'"
    for other in others:
        if _is_address(part.address) and ip_address(part.address) == ip_address(other.address):
            yield f"{part.address} is {other.name}'s"
        if tag_of(part.name, "flow") == tag_of(other.name, "flow"):
            yield f"its name's mark is that of {other.name}; call it otherwise"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_community(text: str) -> bool:
    if _COMMUNITY.fullmatch(text):
        return all(int(each) < 1 << 16 for each in text.split(":"))
    return bool(_LARGE.fullmatch(text)) and all(int(each) < 1 << 32 for each in text.split(":"))


def neighbour_of(upstream: Upstream, speaker: Speaker, secret: str = "") -> Neighbour:
    """`secret` is a digest."""
    address = str(ip_address(upstream.address))
    ttl = 256 - upstream.hops if upstream.hops else 0
    return Neighbour(address, upstream.asn, frozenset(upstream.families), speaker.hold, ttl, secret)


def permits_of(upstream: Upstream) -> Iterator[Permit]:
    """Nothing that we say shall go further than to whom we say it: NO_EXPORT on everything (RFC 7999, 3.2)."""
    address = str(ip_address(upstream.address))
    for family in upstream.families:
        if family in ("ipv4-flowspec", "ipv6-flowspec"):
            yield Permit(address, tag_of(upstream.name, "flow"), family, (NO_EXPORT,), (), "")
            continue
        yield Permit(address, tag_of(upstream.name, "divert"), family, (NO_EXPORT,), (), "")
        if upstream.blackhole:
            is_large = upstream.blackhole.count(":") == 2
            communities = (NO_EXPORT,) if is_large else (upstream.blackhole, NO_EXPORT)
            large = (upstream.blackhole,) if is_large else ()
            hop = _discards_to(upstream, 4 if family == "ipv4" else 6)
            yield Permit(address, tag_of(upstream.name, "blackhole"), family, communities, large, hop)


def _discards_to(upstream: Upstream, version: int) -> str:
    """Where it wants no special next hop, ourselves: on the session's subnet, it is resolved everywhere."""
    for text in upstream.next_hops:
        if ip_address(text).version == version:
            return str(ip_address(text))
    return "self" if ip_address(upstream.address).version == version else _DISCARDS[version]
