"""What a server answers to the operator's own probers: the same ways as a customer's login, and nobody's account.

A prober can log in as no user of a customer's but one whom it designated. Caps are no trouble of the network's, so
a synthetic login passes them by.
"""

import hmac
from collections.abc import Mapping
from typing import Final

from kitei.radius.policy import (
    Answer,
    Group,
    Policy,
    Proxy,
    Reason,
    Vpdn,
    World,
    in_turn,
    passed_on,
    tunnel_attributes,
)

SYNTHETIC: Final = "kitei-probe"
THEIR_OWN: Final = frozenset({Reason.NO_HOME_SERVER.value, Reason.NO_TERMINATOR.value})
"""Refusals that tell of a customer's devices: the operator's network did its part."""
_NOBODY: Final = Answer("refuse", Reason.NO_SUCH_USER)


def answer_to_prober(
    policy: Policy, world: World, synthetic: Mapping[str, str], request: Mapping[str, str]
) -> Answer:
    """Answer an Access-Request of a prober. `synthetic` are the passwords of synthetic users, by realm of a group."""
    name, _, suffix = request.get("User-Name", "").rpartition("@")
    realm = policy.realms.get(suffix.lower())
    if realm is None:
        return Answer("refuse", Reason.NOT_YOUR_REALM)
    if name != SYNTHETIC:
        return passed_on(realm, world, name) if isinstance(realm, Proxy) else _NOBODY
    match realm:
        case Group():
            realm.find(name)  # a table that cannot be read answers nobody, and so neither us
            told, right = request.get("User-Password", ""), synthetic.get(realm.realm, "")
            is_right = bool(right) and hmac.compare_digest(told.encode(), right.encode())
            return Answer("accept") if is_right else Answer("refuse", Reason.WRONG_SECRET)
        case Proxy():
            is_dark = all(target.name in world.dead for target in realm.targets)
            return Answer("refuse", Reason.NO_HOME_SERVER) if is_dark else Answer("accept")
        case Vpdn():
            living = in_turn(realm.targets, world.dead)
            if not living:
                return Answer("refuse", Reason.NO_TERMINATOR)
            return Answer("accept", Reason.ACCEPTED, (), tunnel_attributes(living[:1]))
