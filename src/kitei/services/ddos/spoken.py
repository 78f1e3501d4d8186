"""Which provisions the code of DDoS Protection honours, for the account of its terms."""

from kitei.services.ddos import rules
from kitei.terms import Spoken
from kitei.values import Words


def spoken() -> Spoken:
    """By rules, and by the day devices must be back; nodes that watch and mitigate are to come."""
    return Spoken(
        rules=rules.SPOKEN,
        deadlines=frozenset({"art:7.3"}),
        to_come=Words("攻撃を見つけて止める部分", "the part that sees attacks and stops them"),
    )
