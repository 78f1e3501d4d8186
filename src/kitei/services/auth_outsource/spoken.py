"""Which provisions the code of Authentication Outsource honours, for the account of its terms."""

from kitei.services.auth_outsource import rules
from kitei.terms import Spoken
from kitei.values import Words

TO_COME = Words(
    "契約から認証装置の部品(network/radius.py)を立てる部分",
    "the part that makes parts of RADIUS nodes (network/radius.py) out of contracts",
)


def spoken() -> Spoken:
    """By rules; what the network does is told apart until parts of nodes cite it."""
    return Spoken(rules.SPOKEN, to_come=TO_COME)
