"""Application to decision: every rule of the provisions that speak on an act, the strictest finding wins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kitei.desk import Decision, Situation
from kitei.desk import decide as decide_by
from kitei.services.managed_vpn.act import Act
from kitei.services.managed_vpn.application import Apply, WorkOrder
from kitei.services.managed_vpn.rules import RULES


def decide(asked: Act, situation: Situation, at: datetime) -> Decision:
    """What the terms say of an act. Pure.

    Raises LookupError for a contract that does not exist: that is no matter of the terms.
    """
    return decide_by(asked, RULES[type(asked)], situation, at)


@dataclass(frozen=True, slots=True)
class Concern:
    """What an act is about. A decision looks at these contracts, at all others of their networks, and no more."""

    contracts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()


def concern(asked: Act) -> Concern:
    """Which contracts, networks and customers' contracts a decision on an act needs to see."""
    if isinstance(asked, Apply):
        return Concern(networks=tuple(dict.fromkeys(name for site in asked.sites for name in site.network)))
    fields: Mapping[str, object] = {
        name: getattr(asked, name, None) for name in ("contract", "subject", "network", "customer")
    }
    named = [str(fields[name]) for name in ("contract", "subject") if fields[name]]
    if isinstance(asked, WorkOrder):
        named += [end for tunnel in asked.tunnels for end in tunnel]
    return Concern(
        contracts=tuple(dict.fromkeys(named)),
        networks=(str(fields["network"]),) if fields["network"] else (),
        customers=(str(fields["customer"]),) if fields["customer"] else (),
    )
