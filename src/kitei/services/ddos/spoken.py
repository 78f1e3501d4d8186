"""Which provisions the code of DDoS Protection honours, for the account of its terms."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kitei.services.ddos import rules
from kitei.terms import Spoken

# What the parts of nodes cite, over all items and options; a test compiles them all and compares.
NETWORK: Final = frozenset(
    {
        *(f"art:1.1.t{row}" for row in range(1, 8) if row != 6),
        "art:5.1",
        "art:10.2.1.a2",
        "art:10.2.5.a2",
        "art:10.2.7.a2",
        "art:10.2.8.a2",
        "art:10.2.9.a2",
    }
)
# What is done with what collectors saw, and not by a node: the fact that is on record, citing it, once it was done.
# A test does each and reads the ledger. (Type V is watched by parts that cite its row; that is not its report.)
RECORDED: Final[Mapping[str, str]] = MappingProxyType(
    {"art:1.1.t6": "report.sent", "art:10.2.4.a2": "reaging.reported"}
)


def spoken() -> Spoken:
    """By rules, by parts of nodes, by reports made of what collectors saw, and by the day devices must be back."""
    return Spoken(rules.SPOKEN, NETWORK | RECORDED.keys(), frozenset({"art:7.3"}))
