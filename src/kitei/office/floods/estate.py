"""What the operator has against floods, as it states it and as the ledger keeps it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from ipaddress import ip_address, ip_interface
from typing import Any, Final, TypeAlias

from kitei.network.ddos_estate import (
    CollectorPlace,
    DefencePlaces,
    ScrubberPlace,
    SpeakerPlace,
    TunnelPlace,
    UpstreamPlace,
)
from kitei.values import Json, Words

Place: TypeAlias = CollectorPlace | ScrubberPlace | SpeakerPlace | UpstreamPlace | TunnelPlace

PLACES: Final[Mapping[str, type[Any]]] = {
    "collector": CollectorPlace,
    "scrubber": ScrubberPlace,
    "speaker": SpeakerPlace,
    "upstream": UpstreamPlace,
    "return_tunnel": TunnelPlace,
}
_KINDS: Final = {key: f"{key.replace('_', '-')}.placed" for key in PLACES}
_BY_KIND: Final = {kind: key for key, kind in _KINDS.items()}
_COMMUNITY: Final = re.compile(r"\d{1,10}(:\d{1,10}){1,2}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def kind_of_fact(key: str) -> str:
    """`'return_tunnel'` is recorded as `'return-tunnel.placed'`."""
    return _KINDS[key]


def body_of(place: Place) -> dict[str, Json]:
    told = asdict(place)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in told.items()}


def name_of(place: Place) -> str:
    """What a later statement about the same thing replaces."""
    match place:
        case UpstreamPlace():
            return place.name
        case TunnelPlace():
            return f"{place.contract} {place.scrubber}"
        case _:
            return place.node


def gather(entries: Mapping[str, Mapping[str, Place]], lost: Iterable[str] = ()) -> DefencePlaces:
    """Places by their key and name, each in order of names, and which scrubbers are lost."""

    def listed(key: str) -> tuple[Any, ...]:
        found = entries.get(key, {})
        return tuple(found[name] for name in sorted(found))

    return DefencePlaces(
        listed("collector"),
        listed("scrubber"),
        listed("speaker"),
        listed("upstream"),
        listed("return_tunnel"),
        tuple(sorted(lost)),
    )


def place_of(kind: str, body: Mapping[str, Any]) -> tuple[str, Place] | None:
    """A place out of a fact, with the key it is stated under; None for a fact of another kind."""
    key = _BY_KIND.get(kind)
    if key is None:
        return None
    told = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
    place: Place = PLACES[key](**told)
    return key, place


# -- what is wrong with a statement ------------------------------------------------------------------


def faults_of(place: Place) -> Iterator[tuple[str, Words]]:
    """Every value that could not stand on a node, by its field."""
    told = asdict(place)
    for field in ("node", "name", "speaker", "scrubber", "far_node", "dirty_port"):
        value = told.get(field)
        if value is not None and not _NAME.fullmatch(str(value)):
            yield field, Words("'border-1' のような名前です", "is a name such as 'border-1'")
    for field in ("address", "local", "remote", "peer", "router_id"):
        is_outer = not (field == "address" and isinstance(place, TunnelPlace))
        if field in told and is_outer and not _is_address(str(told[field])):
            yield field, _ADDRESS
    for field in ("addresses", "next_hops"):
        for index, each in enumerate(told.get(field, ())):
            if not _is_address(each):
                yield f"{field}[{index}]", _ADDRESS
    for field, least, most in _NUMBERS:
        value = told.get(field)
        if value is not None and not least <= value <= most:
            yield field, Words(f"{least} から {most} です", f"is {least} to {most}")
    yield from _of_kind(place)


_ADDRESS: Final = Words("'192.0.2.1' のようなアドレスです", "is an address such as '192.0.2.1'")
_NUMBERS: Final = (
    ("asn", 1, 4294967294),
    ("port", 1, 65535),
    ("netflow_port", 1, 65535),
    ("sflow_port", 1, 65535),
    ("hold", 3, 65535),
    ("most", 1, 1_000_000),
    ("number", 1, 16_777_215),
    ("mtu", 1280, 9000),
    ("hops", 0, 254),
)


def _of_kind(place: Place) -> Iterator[tuple[str, Words]]:
    match place:
        case CollectorPlace() if not place.addresses:
            yield "addresses", Words("一つ以上要ります", "needs one at least")
        case ScrubberPlace() | UpstreamPlace():
            families = [ip_address(each).version for each in place.next_hops if _is_address(each)]
            if len(families) != len(set(families)):
                yield "next_hops", Words("種類ごとに一つです", "has one for each family at most")
    match place:
        case UpstreamPlace():
            if not _is_community(place.blackhole):
                yield (
                    "blackhole",
                    Words(
                        "'65535:666' のようなコミュニティか 'none' です",
                        "is a community such as '65535:666', or 'none'",
                    ),
                )
            if not place.families:
                yield "families", Words("一つ以上要ります", "needs one at least")
        case SpeakerPlace() if ":" in place.router_id:
            yield "router_id", Words("IPv4 アドレスの形です", "has the form of an IPv4 address")
        case TunnelPlace():
            if not _is_interface(place.address):
                yield (
                    "address",
                    Words("'10.255.0.1/31' のようなアドレスです", "is an address such as '10.255.0.1/31'"),
                )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_community(text: str) -> bool:
    """Two numbers (RFC 1997), three (RFC 8092), or `none`."""
    if not _COMMUNITY.fullmatch(text):
        return text == "none"
    numbers = [int(each) for each in text.split(":")]
    return all(each < (1 << 16 if len(numbers) == 2 else 1 << 32) for each in numbers)


def _is_interface(text: str) -> bool:
    try:
        ip_interface(text)
    except ValueError:
        return False
    return "/" in text
