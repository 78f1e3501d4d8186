"""Which provisions the code of Authentication Outsource honours, for the account of its terms."""

from typing import Final

from kitei.services.auth_outsource import rules
from kitei.terms import Spoken

# What the parts of nodes cite, over all kinds and items; a test compiles them all and compares.
NETWORK: Final = frozenset(
    {
        "art:1.1.t1",
        "art:1.1.t2",
        "art:1.1.t3",
        "art:1.1.t4",
        "art:2.1.t1",
        "art:2.1.t2",
        "art:2.1.t3",
        "art:5.6.1",
        "art:5.6.2",
        "art:5.6.3",
        "art:5.6.5",
        "art:5.6.6",
        "art:7.1.1",
        "art:8.2.1.a2",
        "art:12.1",
        "art:14.2",
    }
)


def spoken() -> Spoken:
    """By rules, and by parts of nodes."""
    return Spoken(rules.SPOKEN, NETWORK)
