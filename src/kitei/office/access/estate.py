"""Gateways of Secure Access as the operator states them, and on which days customers have the Private Backbone."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from kitei.desk.operator import holding_of
from kitei.ledger import Entry
from kitei.network import GatewayPlace
from kitei.terms import plain_name
from kitei.values import Json, Span, Words

PLACED: Final = "gateway.placed"
KEYED: Final = "gateway.keyed"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_PORT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,252}")
_PAGE: Final = re.compile(r"http://[A-Za-z0-9.-]+(:\d{1,5})?/[!-~]*")
_RANGE: Final = re.compile(r"(\d{1,5})-(\d{1,5})")


def body_of(place: GatewayPlace) -> dict[str, Json]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(place).items()}


def place_of(body: Mapping[str, Any]) -> GatewayPlace:
    told: dict[str, Any] = {
        key: tuple(each) if isinstance(each, list) else each for key, each in body.items()
    }
    return GatewayPlace(**told)


def backbones_of(entries: Iterable[Entry]) -> dict[str, tuple[Span, ...]]:
    """The days of each customer's Private Backbone service; of the same service and id what was said last."""
    from kitei.services.secure_access.edition import TERMS  # here: others' commands need not wait for it

    names = TERMS.editions[-1].value("backbone_names")
    found: dict[str, dict[tuple[str, str], Span | None]] = {}
    for entry in entries:
        if entry.fact.kind != "service.held" or not entry.stream.startswith("customer:"):
            continue
        held = holding_of(entry.fact.body)
        days = (
            held.days if names.choose(held.service) and held.attributes.get("active") is not False else None
        )
        found.setdefault(entry.stream.removeprefix("customer:"), {})[plain_name(held.service), held.id] = days
    return {who: tuple(days for days in told.values() if days is not None) for who, told in found.items()}


# -- what is wrong with a statement ------------------------------------------------------------------


def faults_of(place: GatewayPlace) -> Iterator[tuple[str, Words]]:
    """Every value that could not stand on a node, by its field."""
    for field, right, sample in (
        ("node", _NAME, "gw-acme"),
        ("customer", _NAME, "acme"),
        ("outside", _PORT, "wan0"),
        ("inside", _PORT, "lan0"),
        ("backbone", _PORT, "bb0"),
        ("endpoint", _HOST, "vpn.example.jp"),
    ):
        value = getattr(place, field)
        if not right.fullmatch(value) and (value or field in ("node", "customer", "outside")):
            yield field, Words(f"'{sample}' のような名前です", f"is a name such as '{sample}'")
    ports = [each for each in (place.outside, place.inside, place.backbone) if each]
    if len(ports) != len(set(ports)):
        yield "outside", Words("口は別々のものです", "is a port of its own, as inside and backbone are")
    for field in ("shared", "dedicated", "backbone_via"):
        yield from _one_a_family(field, getattr(place, field), ip_address, "192.0.2.1")
    for field in ("inside_prefixes", "backbone_prefixes"):
        for index, each in enumerate(getattr(place, field)):
            if _read(ip_network, each) is None:
                yield f"{field}[{index}]", _prefix_such_as("10.1.0.0/16")
    for index, each in enumerate(place.visits):
        if not _PAGE.fullmatch(each):
            sample = "http://status.example.jp/alive"
            yield f"visits[{index}]", Words(f"'{sample}' のような場所です", f"is a page such as '{sample}'")
    yield from _one_a_family("pools", place.pools, ip_network, "10.255.0.0/20")
    yield from _numbers(place)
    yield from _together(place)


def _one_a_family(
    field: str, listed: tuple[str, ...], read: Callable[[str], Any], sample: str
) -> Iterator[tuple[str, Words]]:
    for index, each in enumerate(listed):
        if _read(read, each) is None:
            yield f"{field}[{index}]", Words(f"'{sample}' のように書きます", f"is written as '{sample}'")
    families = [found.version for each in listed if (found := _read(read, each)) is not None]
    if len(families) != len(set(families)):
        yield field, Words("IPv4 と IPv6 で一つずつです", "has one for each family at most")


def _numbers(place: GatewayPlace) -> Iterator[tuple[str, Words]]:
    if not 1 <= place.listen <= 65535:
        yield "listen", Words("1 から 65535 です", "is 1 to 65535")
    found = _RANGE.fullmatch(place.shared_ports)
    if place.shared_ports and not (found and 1 <= int(found.group(1)) <= int(found.group(2)) <= 65535):
        yield "shared_ports", Words("'1024-16383' のような範囲です", "is a range such as '1024-16383'")


def _together(place: GatewayPlace) -> Iterator[tuple[str, Words]]:
    if not place.shared:
        yield "shared", Words("一つ以上要ります", "needs one at least")
    if place.dedicated and not _families(place.shared, ip_address) <= _families(place.dedicated, ip_address):
        yield (
            "dedicated",
            Words(
                "shared と同じ種類のアドレスが要ります。なければその通信は出られなくなります",
                "needs the families of shared: flows of one that it lacks would not leave",
            ),
        )
    if bool(place.backbone) != bool(place.backbone_prefixes):
        yield "backbone", Words("backbone_prefixes とともに書きます", "goes with backbone_prefixes")
    if not _families(place.backbone_prefixes, ip_network) <= _families(place.backbone_via, ip_address):
        yield (
            "backbone_via",
            Words("backbone_prefixes の種類ごとに要ります", "is needed for each family of backbone_prefixes"),
        )
    inner: list[tuple[str, IPv4Network | IPv6Network]] = [
        (f"{field}[{index}]", net)
        for field in ("pools", "inside_prefixes", "backbone_prefixes")
        for index, each in enumerate(getattr(place, field))
        if (net := _read(ip_network, each)) is not None
    ]
    for number, (field, net) in enumerate(inner):
        for other, earlier in inner[:number]:
            if net.version == earlier.version and net.overlaps(earlier):
                yield field, Words(f"{other} と重なります", f"overlaps {other}")


def _families(listed: tuple[str, ...], read: Callable[[str], Any]) -> set[int]:
    return {found.version for each in listed if (found := _read(read, each)) is not None}


def _read(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except ValueError:
        return None


def _prefix_such_as(sample: str) -> Words:
    return Words(f"'{sample}' のような範囲です", f"is a prefix such as '{sample}'")
