"""IKEv2 and ESP between nodes by strongSwan's charon, driven through vici (RFC 7296, RFC 4303).

What is ours: the one charon of this node, all in it, and the node's keys. A key is made on its node and
stays there; `request_of` is what the controller gets to sign.
"""

from collections.abc import Sequence

from kitei.drivers.strongswan.charon import change_ike, request_of, see_ike
from kitei.drivers.strongswan.plan import NAME, plan_ike
from kitei.drivers.strongswan.seen import Association, IkeSeen
from kitei.network import Host, Identity, Part, SecureLink, Step

__all__ = ["Association", "IkeSeen", "Strongswan", "request_of"]


class Strongswan:
    """The driver of Identity and SecureLink."""

    name = NAME
    reads = (Identity, SecureLink)

    def see(self, host: Host) -> IkeSeen:
        return see_ike(host)

    def plan(self, wanted: Sequence[Part], seen: IkeSeen) -> tuple[Step, ...]:
        return plan_ike(wanted, seen)

    def apply(self, host: Host, step: Step) -> None:
        change_ike(host, step)
