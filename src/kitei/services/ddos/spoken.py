"""Which provisions the code of DDoS Protection honours, for the account of its terms."""

from typing import Final

from kitei.services.ddos import rules
from kitei.terms import Spoken

# What the parts of nodes cite, over all items and options; a test compiles them all and compares.
NETWORK: Final = frozenset(
    {
        *(f"art:1.1.t{row}" for row in range(1, 8)),
        "art:5.1",
        "art:10.2.1.a2",
        "art:10.2.5.a2",
        "art:10.2.7.a2",
        "art:10.2.8.a2",
        "art:10.2.9.a2",
    }
)
# What no part of a node can cite: thresholds are learned anew from what collectors kept, and reports are sent.
WITHOUT_NODES: Final = frozenset({"art:10.2.4.a2"})


def spoken() -> Spoken:
    """By rules, by parts of nodes, by relearning from what collectors saw, and by the day devices must be back."""
    return Spoken(rules.SPOKEN, NETWORK | WITHOUT_NODES, frozenset({"art:7.3"}))
