"""Which provisions the code of Managed VPN PRO honours, for the account of its terms."""

from typing import Final

from kitei.services.managed_vpn import rules
from kitei.terms import Spoken

# What the parts of nodes cite, over all items and options; a test compiles them all and compares.
NETWORK: Final = frozenset(
    {
        "art:2.1.t1",
        "art:2.1.t2",
        "art:2.1.t3",
        "art:2.1.t4",
        "art:7.1",
        "art:7.2",
        "art:7.3",
        "art:8.2.1",
        "art:8.2.4",
        "art:17.2.5.a2",
        "art:17.2.6.a2",
        "art:21.1",
        "art:22.1",
        "art:22.2",
        "art:22.3",
        "art:22.4",
    }
)


def spoken() -> Spoken:
    """By rules, by parts of nodes, and by the day devices must be back."""
    return Spoken(rules.SPOKEN, NETWORK, frozenset({"art:14.3"}))
