"""The services together: by name, folded and compiled as one, and the conflicts between them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from kitei.ledger.contracts import Contract
from kitei.network import Estate, Intent, NodeIntent
from kitei.network.plan import intent_of
from kitei.service import Service
from kitei.services.managed_vpn import SERVICE as MANAGED_VPN
from kitei.values import Words

SERVICES: Final[Mapping[str, Service]] = {service.name: service for service in (MANAGED_VPN,)}


def service_named(name: str) -> Service:
    """A service by name. Raises LookupError naming those there are."""
    found = SERVICES.get(name)
    if found is None:
        raise LookupError(f"there is no service {name!r}; there are {', '.join(SERVICES)}")
    return found


def compile_all(contracts: Sequence[Contract], estate: Estate, on: date) -> Intent:
    """Every service's nodes under one intent. ValueError when two services claim one node."""
    nodes: dict[str, NodeIntent] = {}
    for service in SERVICES.values():
        own = [contract for contract in contracts if contract.service == service.name]
        for node in service.compile(own, estate, on):
            if node.node in nodes:
                raise ValueError(f"node {node.node!r} is claimed by two services; give each its own machine")
            nodes[node.node] = node
    return intent_of(nodes)


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
