"""Which provisions the code of Secure Access honours, for the account of its terms."""

from kitei.services.secure_access import rules
from kitei.terms import Spoken
from kitei.values import Words


def spoken() -> Spoken:
    """By rules and the last day to keep a sandbox; what gateways, firewalls and tunnels themselves do is proven by the parts that will build them."""
    return Spoken(
        rules.SPOKEN,
        deadlines=frozenset({"suppl:2026-04-01.2"}),
        to_come=Words(
            "ゲートウェイとファイアウォールとトンネルを立てる部分",
            "the part that builds gateways, firewalls and tunnels on nodes",
        ),
    )
