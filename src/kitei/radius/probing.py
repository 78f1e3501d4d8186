"""What a server answers to the operator's own probers: the same ways as a customer's login, and nobody's account.

A prober can log in as no user of a customer's but one whom it designated. Caps are no trouble of the network's, so
a synthetic login passes them by.
"""

import hmac
from collections.abc import Mapping
from typing import Final

from kitei.radius.policy import (
    EAP,
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
_TO_RELAY: Final = Answer("proxy", Reason.ACCEPTED, (("Tmp-String-2", "?"),))
"""A pool that no realm has: the relay answers such a request itself, so that one that hangs is seen."""
_NOBODY: Final = Answer("refuse", Reason.NO_SUCH_USER)
_TUNNELS: Final = {"PEAP": frozenset({"peap"}), "TTLS": frozenset({"ttls", "tls"})}


def answer_to_prober(
    policy: Policy, world: World, synthetic: Mapping[str, str], request: Mapping[str, str], tunnel: str = ""
) -> Answer:
    """Answer an Access-Request of a prober. `synthetic` are the passwords of synthetic users, by realm of a group,
    `tunnel` the EAP method around it, `'PEAP'` or `'TTLS'`."""
    name, _, suffix = request.get("User-Name", "").rpartition("@")
    realm = policy.realms.get(suffix.lower())
    if realm is None:
        return Answer("refuse", Reason.NOT_YOUR_REALM)
    if name != SYNTHETIC:
        return passed_on(realm, world, name) if isinstance(realm, Proxy) else _NOBODY
    match realm:
        case Group():
            realm.find(name)  # a table that cannot be read answers nobody, and so neither us
            return _login(realm, synthetic.get(realm.realm, ""), request, tunnel)
        case Proxy():
            is_dark = all(target.name in world.dead for target in realm.targets)
            return Answer("refuse", Reason.NO_HOME_SERVER) if is_dark else _TO_RELAY
        case Vpdn():
            living = in_turn(realm.targets, world.dead)
            if not living:
                return Answer("refuse", Reason.NO_TERMINATOR)
            return Answer("accept", Reason.ACCEPTED, (), tunnel_attributes(living[:1]))


def _login(group: Group, password: str, request: Mapping[str, str], tunnel: str) -> Answer:
    """The way a user's login would go. No certificate of ours is a customer's, so where users show theirs, we say a
    password inside the same TLS."""
    if not password:
        return Answer("refuse", Reason.WRONG_SECRET)
    if tunnel:
        if not group.methods & _TUNNELS.get(tunnel, frozenset()):
            return Answer("refuse", Reason.METHOD_NOT_ENABLED)
        if "User-Password" not in request:
            return Answer("check", Reason.ACCEPTED, (("Cleartext-Password", password),))
    elif "EAP-Message" in request:
        return Answer("eap") if group.methods & EAP else Answer("refuse", Reason.METHOD_NOT_ENABLED)
    elif not group.methods - EAP:
        return Answer("refuse", Reason.METHOD_NOT_ENABLED)
    is_right = hmac.compare_digest(request.get("User-Password", "").encode(), password.encode())
    return Answer("accept") if is_right else Answer("refuse", Reason.WRONG_SECRET)
