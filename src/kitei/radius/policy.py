"""What a node's RADIUS server answers: pure, given the policy, the request, and what is known to live.

A request is the server's own attribute names with their texts; an answer is in the server's words too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Final, Literal, NamedTuple, TypeAlias
from zlib import crc32

from kitei.radius.names import bytes_of

Pairs: TypeAlias = tuple[tuple[str, str], ...]


class Reason(Enum):
    """Why a request was answered as it was. `kitei.radius.reasons` has the words."""

    ACCEPTED = "accepted"
    UNKNOWN_CLIENT = "unknown-client"
    NOT_SIGNED = "not-signed"
    TOO_MANY_REQUESTS = "too-many-requests"
    NO_REALM = "no-realm"
    NOT_YOUR_REALM = "not-your-realm"
    NO_SUCH_USER = "no-such-user"
    USER_IS_OFF = "user-is-off"
    METHOD_NOT_ENABLED = "method-not-enabled"
    WRONG_SECRET = "wrong-secret"
    NOT_YOUR_CERTIFICATE = "not-your-certificate"
    TOO_MANY_SESSIONS = "too-many-sessions"
    TOO_MUCH_TRAFFIC = "too-much-traffic"
    NO_HOME_SERVER = "no-home-server"
    NO_TERMINATOR = "no-terminator"
    NO_MATRIX = "no-matrix"
    WRONG_MATRIX = "wrong-matrix"
    LOCKED = "locked"


class Answer(NamedTuple):
    """`check`: the server compares the secret in `control` itself; `silent`: no packet goes back at all; `challenge`:
    the password is right, and what `reply` shows is to be read."""

    act: Literal["accept", "challenge", "check", "eap", "proxy", "refuse", "silent"]
    reason: Reason = Reason.ACCEPTED
    control: Pairs = ()
    reply: Pairs = ()


class User(NamedTuple):
    """A user's record. `off` by the customer's own word; `reply` goes into the Access-Accept. `matrix` is the pattern of
    cells (`kitei.radius.matrix`), '' where the user has none."""

    hashed: str = ""
    nt: str = ""
    clear: str = ""
    off: bool = False
    reply: Pairs = ()
    matrix: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Who may ask. `rate` in requests a second, 0: any."""

    owner: str
    realms: frozenset[str]
    carries: str = ""
    transition: bool = False
    rate: int = 0
    sack: str = ""


@dataclass(frozen=True, slots=True)
class Caps:
    """0: no limit."""

    sessions: int = 0
    sessions_each: int = 0
    octets: int = 0
    octets_each: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """`find` gives the record of a user's name without realm."""

    owner: str
    realm: str
    methods: frozenset[str]
    find: Callable[[str], User | None]
    issuer: str = ""
    caps: Caps = field(default_factory=Caps)


@dataclass(frozen=True, slots=True)
class Target:
    """A home server or a terminator. `name` is the server's name for it, `secret` a tunnel's."""

    name: str
    address: str
    preference: int
    weight: int
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Proxy:
    owner: str
    realm: str
    strips: bool
    targets: tuple[Target, ...]
    caps: Caps = field(default_factory=Caps)


@dataclass(frozen=True, slots=True)
class Vpdn:
    owner: str
    realm: str
    item: str
    spread: bool
    targets: tuple[Target, ...]
    caps: Caps = field(default_factory=Caps)


Realm: TypeAlias = Group | Proxy | Vpdn


@dataclass(frozen=True, slots=True)
class Policy:
    """All a node knows; replaced as a whole."""

    clients: Mapping[str, Client]
    realms: Mapping[str, Realm]


_NO_GRIDS: Final[Answer] = Answer("refuse", Reason.METHOD_NOT_ENABLED)


class World(NamedTuple):
    """What the answer depends on besides the policy.

    `may_ask(address, rate)` takes one from a client's allowance. `is_password(user key, password, hash)` is slow
    the first time. `sessions(realm, user)` are open ones of the realm and of the user; `octets` this month's.
    `matrix(user key, user, request, what the password says)` shows a grid, or judges what was read off one.
    """

    may_ask: Callable[[str, int], bool]
    is_password: Callable[[str, str, str], bool]
    sessions: Callable[[str, str], tuple[int, int]]
    octets: Callable[[str, str], tuple[int, int]]
    dead: frozenset[str] | set[str]
    matrix: "Callable[[str, User, Mapping[str, str], Callable[[], Answer]], Answer]" = lambda *asked: (
        _NO_GRIDS
    )


_METHODS: Final = (
    ("User-Password", "pap"),
    ("MS-CHAP2-Response", "mschapv2"),
    ("CHAP-Password", "chap"),
    ("EAP-Message", "eap"),
)
EAP: Final = frozenset({"peap", "ttls", "tls"})
MATRIX: Final = "matrix"
"""A group with this method asks whoever knows the password for what stands in a grid, too."""
_TUNNELLED: Final = {"PEAP": "peap", "TTLS": "ttls"}


def answer(
    policy: Policy, world: World, address: str, request: Mapping[str, str], tunnel: str = ""
) -> Answer:
    """Answer an Access-Request of `address`. `tunnel` is the EAP method around it, `'PEAP'` or `'TTLS'`."""
    client = policy.clients.get(address)
    if client is None:
        return Answer("silent", Reason.UNKNOWN_CLIENT)
    if not tunnel and client.rate and not world.may_ask(address, client.rate):
        return Answer("silent", Reason.TOO_MANY_REQUESTS)
    name, realm, refusal = realm_of(policy, client, request.get("User-Name", ""))
    if realm is None:
        return Answer("refuse", refusal)
    if over := _over_caps(world, realm, name):
        return Answer("refuse", over)
    match realm:
        case Group():
            return _group(realm, world, name, request, tunnel)
        case Proxy():
            return passed_on(realm, world, name)
        case Vpdn():
            return _vpdn(realm, world, request)


def node_realm(realm: str, carries: str) -> str:
    """What a node calls a realm: asked for by a mobile network of that type it is another than at a terminal, so that
    one customer may have a VPDN, and a group or a proxy for its users, under one name."""
    return f"{realm}/{carries.lower()}" if carries else realm


def realm_of(policy: Policy, client: Client, told: str) -> tuple[str, Realm | None, Reason]:
    """A told name as user and realm, if the client may ask for it. Without one, the client's only realm counts."""
    name, at, suffix = told.rpartition("@")
    place = suffix and node_realm(suffix.lower(), client.carries)
    if not at:
        name, place = told, next(iter(client.realms)) if len(client.realms) == 1 else ""
    if not place or not name:
        return name, None, Reason.NO_REALM
    realm = policy.realms.get(place)
    if realm is None or not _may_ask_for(client, realm):
        return name, None, Reason.NOT_YOUR_REALM  # whether another customer has it is not theirs to know
    return name, realm, Reason.ACCEPTED


def _may_ask_for(client: Client, realm: Realm) -> bool:
    if isinstance(realm, Vpdn):
        return client.carries == realm.item
    return not client.carries and realm.realm in client.realms


def _over_caps(world: World, realm: Realm, name: str) -> Reason | None:
    caps = realm.caps
    if caps.sessions or caps.sessions_each:
        together, own = world.sessions(realm.realm, name)
        if (caps.sessions and together >= caps.sessions) or (
            caps.sessions_each and own >= caps.sessions_each
        ):
            return Reason.TOO_MANY_SESSIONS
    if caps.octets or caps.octets_each:
        together, own = world.octets(realm.realm, name)
        if (caps.octets and together >= caps.octets) or (caps.octets_each and own >= caps.octets_each):
            return Reason.TOO_MUCH_TRAFFIC
    return None


def _group(group: Group, world: World, name: str, request: Mapping[str, str], tunnel: str) -> Answer:
    method = next((method for attribute, method in _METHODS if attribute in request), "")
    if tunnel:
        if _TUNNELLED.get(tunnel) not in group.methods:
            return Answer("refuse", Reason.METHOD_NOT_ENABLED)
    elif method == "eap":
        return Answer("eap") if group.methods & EAP else Answer("refuse", Reason.METHOD_NOT_ENABLED)
    elif method not in group.methods:
        return Answer("refuse", Reason.METHOD_NOT_ENABLED)
    user = group.find(name)
    if user is None:
        return Answer("refuse", Reason.NO_SUCH_USER)
    if user.off:
        return Answer("refuse", Reason.USER_IS_OFF)
    if method == "pap":
        first = partial(_password, group, world, name, user, request["User-Password"])
        if MATRIX in group.methods:
            return world.matrix(f"{name}@{group.realm}", user, request, first)
        return first()
    if user.clear:
        return Answer("check", Reason.ACCEPTED, (("Cleartext-Password", user.clear),), user.reply)
    if user.nt and method != "chap":
        return Answer("check", Reason.ACCEPTED, (("NT-Password", "0x" + user.nt),), user.reply)
    return Answer("refuse", Reason.METHOD_NOT_ENABLED)


def _password(group: Group, world: World, name: str, user: User, password: str) -> Answer:
    if user.clear:
        is_right = password == user.clear
    else:
        is_right = bool(user.hashed) and world.is_password(f"{name}@{group.realm}", password, user.hashed)
    if is_right:
        return Answer("accept", Reason.ACCEPTED, (), user.reply)
    return Answer("refuse", Reason.WRONG_SECRET)


def certificate(group: Group, name: str, issuer: str) -> Reason:
    """Whether the owner of a certificate that `issuer` signed may log in by EAP-TLS as this user."""
    if "tls" not in group.methods:
        return Reason.METHOD_NOT_ENABLED
    user = group.find(name)
    if user is None:
        return Reason.NO_SUCH_USER
    if user.off:
        return Reason.USER_IS_OFF
    return Reason.ACCEPTED if issuer and issuer == group.issuer else Reason.NOT_YOUR_CERTIFICATE


def passed_on(proxy: Proxy, world: World, name: str) -> Answer:
    """Which of its living servers is asked is the relay's business."""
    if all(target.name in world.dead for target in proxy.targets):
        return Answer("silent", Reason.NO_HOME_SERVER)  # no answer, so that the client tries another node
    control: Pairs = (("Tmp-String-2", proxy.realm),)
    return Answer("proxy", Reason.ACCEPTED, (*control, ("Tmp-String-1", name)) if proxy.strips else control)


def _vpdn(vpdn: Vpdn, world: World, request: Mapping[str, str]) -> Answer:
    living = in_turn(vpdn.targets, world.dead)
    if not living:
        return Answer("refuse", Reason.NO_TERMINATOR)
    if not vpdn.spread:
        return Answer("accept", Reason.ACCEPTED, (), tunnel_attributes(living[:1]))
    caller = "|".join(
        (request.get("User-Name", ""), request.get("Calling-Station-Id", ""), request.get("NAS-Port", ""))
    )
    first = by_weight(living, crc32(bytes_of(caller)))
    rest = [target for target in living if target is not first]
    return Answer("accept", Reason.ACCEPTED, (), tunnel_attributes((first, *rest)))


def in_turn(targets: Sequence[Target], dead: frozenset[str] | set[str]) -> list[Target]:
    """Living targets, the preferred ones first."""
    return sorted((t for t in targets if t.name not in dead), key=lambda t: (t.preference, t.name))


def by_weight(living: Sequence[Target], number: int) -> Target:
    """One of the most preferred, each as often as its weight says when the number is evenly spread."""
    best = [target for target in living if target.preference == living[0].preference]
    total = sum(target.weight for target in best)
    if total == 0:
        return best[number % len(best)]
    left = number % total
    for target in best:
        left -= target.weight
        if left < 0:
            return target
    return best[-1]


def tunnel_attributes(targets: Sequence[Target]) -> Pairs:
    """Tunnels in the order to try, tagged from 1 (RFC 2868, 3). A tag is at most 31."""
    return tuple(pair for tag, target in enumerate(targets[:31], 1) for pair in _tunnel(tag, target))


def _tunnel(tag: int, target: Target) -> Pairs:
    medium = "IPv6" if ":" in target.address else "IPv4"
    secret = ((f"Tunnel-Password:{tag}", target.secret),) if target.secret else ()
    return (
        (f"Tunnel-Type:{tag}", "L2TP"),
        (f"Tunnel-Medium-Type:{tag}", medium),
        (f"Tunnel-Server-Endpoint:{tag}", target.address),
        (f"Tunnel-Assignment-Id:{tag}", target.name),
        (f"Tunnel-Preference:{tag}", str(tag)),
        *secret,
    )
