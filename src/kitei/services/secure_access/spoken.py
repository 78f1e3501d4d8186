"""Which provisions the code of Secure Access honours, for the account of its terms."""

from typing import Final

from kitei.services.secure_access import rules
from kitei.terms import Spoken
from kitei.values import Words

# What the parts of nodes cite, over all kinds and options; a test compiles them all and compares.
WEB: Final = frozenset({"art:1.1.t1", "art:9.2.2"})  # what only parts of Web gateways are for
NETWORK: Final = WEB | frozenset(
    {
        "art:1.1.t2",
        "art:1.1.t4",
        "art:1.1.t5",
        "art:2.1.t1",
        "art:2.1.t1.a2",
        "art:2.1.t2",
        "art:7.1.1",
        "art:9.2.1",
    }
)


# Cited by parts of a firewall of type 2, whose engine is not of the maker that the article names: it counts for nothing.
STANDS_IN: Final = frozenset({"art:1.1.t3"})


def spoken() -> Spoken:
    """By rules, by parts of nodes, and by the last day to keep a sandbox."""
    return Spoken(
        rules.SPOKEN,
        NETWORK,
        frozenset({"suppl:2026-04-01.2"}),
        Words(
            "Fortinet の仮想アプライアンスそのもの(いまは Suricata が代わる)",
            "Fortinet's own appliances, which Suricata stands in for now",
        ),
    )
