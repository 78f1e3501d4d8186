"""Ports, addresses, VXLAN overlays, static routes and the kernel's switches.

What is ours: devices whose name starts with `kt`, addresses and routes with protocol 107, every IPv4
address on a port that the node's intent names (only virtual gateway addresses are left to their keeper),
and the alias `kitei:<owner>` that says whom a device serves. Ports are never created, removed or lowered.
"""

from collections.abc import Sequence

from kitei.drivers.links.kernel import change_links, see_links
from kitei.drivers.links.plan import NAME, plan_links
from kitei.drivers.links.seen import Device, Held, LinksSeen, Tunnel, Way, tunnel_between
from kitei.network import (
    Address,
    Forwarding,
    Gateway,
    Host,
    Overlay,
    Part,
    Port,
    ReturnTunnel,
    Route,
    Scrubber,
    Step,
)

__all__ = ["Device", "Held", "Links", "LinksSeen", "Tunnel", "Way", "tunnel_between"]


class Links:
    """The driver of Port, Address, Overlay, Route and Forwarding."""

    name = NAME
    reads = (Port, Address, Route, Overlay, Forwarding, Gateway, Scrubber, ReturnTunnel)

    def see(self, host: Host) -> LinksSeen:
        return see_links(host)

    def plan(self, wanted: Sequence[Part], seen: LinksSeen) -> tuple[Step, ...]:
        return plan_links(wanted, seen)

    def apply(self, host: Host, step: Step) -> None:
        change_links(host, step)
