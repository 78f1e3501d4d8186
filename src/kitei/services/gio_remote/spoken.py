"""Which provisions the code of GIO Remote Access honours, for the account of its terms."""

from typing import Final

from kitei.services.gio_remote import rules
from kitei.services.gio_remote.deadlines import PATHS
from kitei.terms import Spoken
from kitei.values import Words

# What the parts of gateways' nodes cite; a test compiles them and compares.
NETWORK: Final = frozenset(
    {
        "art:1.1.t1",
        "art:1.1.t2",
        "art:2.1.t1",
        "art:2.1.t2",
        "art:5.1",
        "art:5.3",
        "art:8.1.1",
        "art:8.1.2",
        "art:9.2.1.a2",
        "art:9.2.3.a2",
        "art:15.1",
        "art:18.1",
    }
)


def spoken() -> Spoken:
    """By rules, by parts of gateways' nodes, and by tracked last days; L2TP and software are proven by the parts that will build them."""
    return Spoken(
        rules.SPOKEN,
        NETWORK,
        deadlines=PATHS,
        to_come=Words(
            "L2TP とソフトウェアを担う部分",
            "the part that does L2TP and software",
        ),
    )
