"""Gateways of GIO Remote Access as the operator states them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from ipaddress import ip_address, ip_network
from typing import Any, Final

from kitei.network import RemotePlace
from kitei.values import Json, Words

PLACED: Final = "remote-gateway.placed"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_PORT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
_LABEL: Final = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SERVER: Final = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?")


def body_of(place: RemotePlace) -> dict[str, Json]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(place).items()}


def place_of(body: Mapping[str, Any]) -> RemotePlace:
    told: dict[str, Any] = {
        key: tuple(each) if isinstance(each, list) else each for key, each in body.items()
    }
    return RemotePlace(**told)


def faults_of(place: RemotePlace) -> Iterator[tuple[str, Words]]:
    """Every value that could not stand on a node, by its field."""
    for field, right, sample in (
        ("node", _NAME, "ra-acme"),
        ("customer", _NAME, "acme"),
        ("name", _SERVER, "vpn.example.jp"),
        ("inside", _PORT, "lan0"),
    ):
        if not right.fullmatch(getattr(place, field)):
            yield field, Words(f"'{sample}' のような名前です", f"is a name such as '{sample}'")
    if not any(":" not in each for each in place.outside):
        yield "outside", Words("IPv4 アドレスが要ります", "needs an IPv4 address")
    yield from _one_a_family("outside", place.outside, ip_address, "192.0.2.1")
    for index, each in enumerate(place.resolvers):
        if _read(ip_address, each) is None:
            yield f"resolvers[{index}]", Words("'10.1.0.53' のように書きます", "is written as '10.1.0.53'")
    yield from _one_a_family("pools", place.pools, ip_network, "10.255.0.0/20")
    if not 1 <= place.port <= 65535:
        yield "port", Words("1 から 65535 です", "is 1 to 65535")


def _read(read: Callable[[str], Any], written: str) -> Any:
    try:
        return read(written)
    except ValueError:
        return None


def _one_a_family(
    field: str, listed: tuple[str, ...], read: Callable[[str], Any], sample: str
) -> Iterator[tuple[str, Words]]:
    families: list[int] = []
    for index, each in enumerate(listed):
        found = _read(read, each)
        if found is not None:
            families.append(found.version)
        else:
            yield f"{field}[{index}]", Words(f"'{sample}' のように書きます", f"is written as '{sample}'")
    if len(families) != len(set(families)):
        yield field, Words("IPv4 と IPv6 で一つずつです", "has one for each family at most")
