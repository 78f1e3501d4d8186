"""The language of desired state: parts, node intents, steps, and the protocols of hosts and drivers."""

from kitei.network.driver import Driver, Host, PermanentError, Risk, Step, TemporaryError
from kitei.network.estate import AuthorityPapers, Estate, Machine
from kitei.network.intent import Intent, NodeIntent, Orders
from kitei.network.parts import (
    Address,
    Allow,
    Bgp,
    BgpNeighbour,
    Forwarding,
    Gateway,
    Guard,
    Identity,
    Origin,
    Overlay,
    Part,
    Port,
    Probe,
    Route,
    SecureLink,
)

__all__ = [
    "Address",
    "Allow",
    "AuthorityPapers",
    "Bgp",
    "BgpNeighbour",
    "Driver",
    "Estate",
    "Forwarding",
    "Gateway",
    "Guard",
    "Host",
    "Identity",
    "Intent",
    "Machine",
    "NodeIntent",
    "Orders",
    "Origin",
    "Overlay",
    "Part",
    "PermanentError",
    "Port",
    "Probe",
    "Risk",
    "Route",
    "SecureLink",
    "Step",
    "TemporaryError",
]
