"""Which provisions the code of GIO Remote Access honours, for the account of its terms."""

from kitei.services.gio_remote import rules
from kitei.services.gio_remote.deadlines import PATHS
from kitei.terms import Spoken
from kitei.values import Words


def spoken() -> Spoken:
    """By rules and tracked last days; what gateways and networks themselves do is proven by the parts that will build them."""
    return Spoken(
        rules.SPOKEN,
        deadlines=PATHS,
        to_come=Words(
            "ゲートウェイとネットワークを立てる部分", "the part that builds gateways and networks on nodes"
        ),
    )
