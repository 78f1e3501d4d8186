"""What collectors are told: whom they hear, and what is too much for each contract."""

import json
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final

from kitei.ledger.contracts import Contract
from kitei.network import FloodWatch, FlowCollector, Origin
from kitei.network.ddos_estate import CollectorPlace
from kitei.services.ddos.defence import Policy, policies
from kitei.services.ddos.means import Means, lies_in
from kitei.terms import Edition

OWN: Final = "operator"


def collector_part(place: CollectorPlace, edition: Edition) -> FlowCollector:
    origin = Origin(OWN, (str(edition.cite("art:1.1")),))
    return FlowCollector(origin, place.addresses, place.netflow_port, place.sflow_port, place.exporters)


def watch_parts(
    contracts: Mapping[str, Contract], bought: Sequence[Means], edition: Edition
) -> Iterator[FloodWatch]:
    """A watch for each policy of each contract, over what of it is still protected."""
    for each in bought:
        for policy in policies(contracts[each.contract]):
            prefixes = watched_prefixes(each, policy)
            if prefixes:
                cites = (*(str(edition.cite(path)) for path in each.watch_paths), *policy.cites)
                origin = Origin(each.contract, tuple(dict.fromkeys(cites)))
                line = watched_line(contracts[each.contract], policy, prefixes)
                yield FloodWatch(origin, policy_name(each.contract, policy), prefixes, line)


def watched_prefixes(bought: Means, policy: Policy) -> tuple[str, ...]:
    """The policy's prefixes that are protected (all that are, where it names none), in order of their text."""
    protected = tuple(each.prefix for each in bought.addresses)
    if not policy.prefixes:
        return protected
    return tuple(each for each in sorted(policy.prefixes) if bought.protects(each))


def policy_name(contract: str, policy: Policy) -> str:
    return f"{contract}/{policy.name}" if policy.name else contract


def watched_line(contract: Contract, policy: Policy, prefixes: Sequence[str]) -> str:
    """One policy as a line of JSON with the keys of a collector's file of policies."""
    told: dict[str, Any] = {key: value for key, value in policy.watch.items() if value not in ({}, [])}
    told |= {"name": policy_name(contract.id, policy), "prefixes": list(prefixes)}
    if "override" in told:
        told["override"] = [each for each in told["override"] if _within(each["network"], prefixes)]
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _within(network: str, prefixes: Sequence[str]) -> bool:
    return any(lies_in(ip_network(network), ip_network(each)) for each in prefixes)
