"""The services together: by name, folded and compiled as one, and the conflicts between them."""

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Final

from kitei.ledger.contracts import Contract
from kitei.network import EntranceProbe, Estate, Intent, LoginProbe, NodeIntent
from kitei.network.codec import node_intent
from kitei.network.plan import intent_of
from kitei.network.uniting import Contradiction
from kitei.service import Service
from kitei.values import Words

_LOOKS: Final = (LoginProbe, EntranceProbe)
_OURS: Final[Mapping[str, str]] = {
    "managed-vpn-pro": "kitei.services.managed_vpn",
    "secure-access": "kitei.services.secure_access",
    "gio-remote-access": "kitei.services.gio_remote",
    "auth-outsource": "kitei.services.auth_outsource",
    "ddos-protection": "kitei.services.ddos",
}


class _Catalogue(Mapping[str, Service]):
    """Services by name. A service is loaded when it is first asked for: who decides on one pays for one.

    A provider's own services stand beside ours by KITEI_SERVICES, `name=package` each, comma between; the
    package has the record as `SERVICE`.
    """

    def __getitem__(self, name: str) -> Service:
        return _load(name, packages()[name])

    def __iter__(self) -> Iterator[str]:
        return iter(packages())

    def __len__(self) -> int:
        return len(packages())

    def __contains__(self, name: object) -> bool:
        return name in packages()


SERVICES: Final[Mapping[str, Service]] = _Catalogue()


def service_named(name: str) -> Service:
    """A service by name. Raises LookupError naming those there are."""
    found = SERVICES.get(name)
    if found is None:
        raise LookupError(f"there is no service {name!r}; there are {', '.join(SERVICES)}")
    return found


def compile_all(contracts: Sequence[Contract], estate: Estate, on: date) -> Intent:
    """Every service's nodes under one intent. Raises Contradiction where nodes cannot be what is asked of them, with
    every reason: parts of one key that differ, and nodes that two services claim. One that only looks may look for
    several.
    """
    nodes: dict[str, tuple[Service, NodeIntent]] = {}
    told: list[Words] = []
    for service in SERVICES.values():
        own = [contract for contract in contracts if contract.service == service.name]
        try:
            compiled = service.compile(own, estate, on)
        except Contradiction as error:
            told += error.told
            continue
        for node in compiled:
            other, there = nodes.setdefault(node.node, (service, node))
            if there is node:
                continue
            if all(isinstance(part, _LOOKS) for part in (*there.parts, *node.parts)):
                nodes[node.node] = (other, node_intent(node.node, (*there.parts, *node.parts)))
            else:
                told.append(_claimed_twice(node.node, other, service))
    if told:
        raise Contradiction(told)
    return intent_of({name: node for name, (_, node) in nodes.items()})


def _claimed_twice(node: str, one: Service, other: Service) -> Words:
    return Words(
        f"ノード {node} が二度({one.name} と {other.name} で)使われます。それぞれに機器を与えてください",
        f"node {node} is claimed twice, by {one.name} and by {other.name}; give each its own machine",
    )


def conflicts(contracts: Sequence[Contract], on: date) -> Iterator[Words]:
    """What cannot be at once: a machine that two contracts in force have in service."""
    holders: dict[str, str] = {}
    for contract in contracts:
        for device in contract.devices:
            if not contract.is_in_force(on) or device.state not in ("ordered", "installed"):
                continue
            other = holders.setdefault(device.serial, contract.id)
            if other != contract.id:
                yield Words(
                    f"機器 {device.serial} が契約 {other} と {contract.id} の両方に割り当てられています",
                    f"machine {device.serial} is assigned to both {other} and {contract.id}",
                )


@cache
def packages() -> Mapping[str, str]:
    """The package of each service by its name, ours and the provider's own, as told when first asked.

    Raises ValueError naming what is not written `name=package`.
    """
    told = os.environ.get("KITEI_SERVICES", "")
    pairs = [each.strip().partition("=") for each in told.split(",") if each.strip()]
    for name, _, package in pairs:
        if not name or not package:
            raise ValueError(f"KITEI_SERVICES: {name!r} is not a service such as 'managed-dns=managed_dns'")
    return {**_OURS, **{name.strip(): package.strip() for name, _, package in pairs}}


@cache
def _load(name: str, package: str) -> Service:
    service = getattr(importlib.import_module(package), "SERVICE", None)
    if not isinstance(service, Service) or service.name != name:
        raise ValueError(f"{package} has no SERVICE that is the record of {name!r}")
    return service
