"""What a gateway would do with a flow, by the very parts that it has or would have. Pure, but for reading them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Final

from kitei.network import Appliance, Egress, Filter, FilterRule, Part
from kitei.network.access_filter import Flow, in_order, judge
from kitei.network.inspection import Inside, Noticed, entries_of, look
from kitei.services.secure_access.firewall import DEFAULT

_NOTHING: Final = Inside()


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a flow: by which rule (`default`: none fits) of which version of the policy, under which
    contract and provisions; and by which address it leaves, '' where it does not leave or nothing tells.

    `appliance` looks into it, and `noticed` is what its profile says of what is seen there."""

    allowed: bool
    rule: str
    version: int
    contract: str
    cites: tuple[str, ...]
    leaves_by: str
    appliance: Appliance | None = None
    noticed: tuple[Noticed, ...] = ()


def judged(parts: Sequence[Part], flow: Flow, at: datetime, inside: Inside = _NOTHING) -> Judged:
    """By the parts of a gateway; `inside` is what is seen in the flow. LookupError where it has no filter."""
    gate = next((part for part in parts if isinstance(part, Filter)), None)
    if gate is None:
        raise LookupError("no filter stands there: nothing is forwarded at all")
    rule = judge(in_order((part for part in parts if isinstance(part, FilterRule)), at), flow)
    origin = rule.origin if rule else gate.origin
    allowed = rule is not None and rule.action == "allow"
    egress = next((part for part in parts if isinstance(part, Egress)), None)
    family = ":" in flow.source
    leaves = next((each for each in egress.addresses if (":" in each) is family), "") if egress else ""
    inner = _is_inner(gate, flow.destination)
    looks = (part for part in parts if isinstance(part, Appliance) and rule and part.number == rule.profile)
    appliance = next(looks, None) if allowed else None
    noticed = look(entries_of(appliance.text), inside) if appliance else ()
    allowed = allowed and (inner or bool(leaves)) and all(each.action != "deny" for each in noticed)
    return Judged(
        allowed,
        rule.name if rule else DEFAULT,
        gate.version,
        origin.owner,
        origin.cites,
        leaves if allowed and not inner else "",
        appliance,
        noticed,
    )


def _is_inner(gate: Filter, address: str) -> bool:
    found = ip_address(address)
    nets = [ip_network(prefix) for zone in gate.zones for prefix in zone.split(" ")[1:]]
    return any(net.version == found.version and found in net for net in nets)


def cut_by(
    before: Sequence[Part], after: Sequence[Part], flows: Sequence[Flow], at: datetime
) -> tuple[Flow, ...]:
    """Of flows that live now, those that a change would cut (art. 15.2(1)); of what is said in them nothing is known."""
    return tuple(
        flow
        for flow in flows
        if (was := judged(before, flow, at)).allowed and _is_cut(was, judged(after, flow, at))
    )


def _is_cut(was: Judged, will: Judged) -> bool:
    """An engine that did not see a flow from its beginning lets it pass only where its profile is open."""
    if not will.allowed or will.appliance is None or will.appliance.blind == "allow":
        return not will.allowed
    return was.appliance is None or _engine(was.appliance) != _engine(will.appliance)


def _engine(part: Appliance) -> tuple[str, int, str]:
    """What cannot be changed in an engine that runs."""
    return part.name, part.number, part.blind
