"""What we ask of access servers about sessions that are up (RFC 5176): to end one, or to change it.

A session is named by all its access server told of it: some know sessions by one attribute, some by another. One
that does not answer in three tries is not asked again; its session is over when it says so or falls silent.
"""

import secrets
import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import Enum
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from kitei.radius.names import bytes_of
from kitei.radius.packet import Attribute, Code, is_answer, stated
from kitei.radius.policy import Group, Pairs, Policy, Realm
from kitei.radius.sessions import Session

_PORT: Final = 3799
_TRIES, _PATIENCE = 3, 0.5
_AT_ONCE: Final = 100  # unanswered at a time
_USER, _NAS_PORT, _ADDRESS, _SESSION = 1, 5, 8, 44
_TEXTS: Final = {"Filter-Id": 11, "Reply-Message": 18, "Framed-Route": 22}
_NUMBERS: Final = {"Session-Timeout": 27, "Idle-Timeout": 28}


class Heard(Enum):
    """What came back: done, refused (it has no such session, or cannot), or nothing."""

    DONE = "done"
    REFUSED = "refused"
    NOTHING = "nothing"


class Order(NamedTuple):
    """What to ask about a session. `change` is what its login's answer would say now; None: it has to end."""

    session: Session
    secret: bytes
    change: Pairs | None = None


class Messenger:
    """Carries orders in a thread of its own: one access server that is silent keeps no one else waiting.

    `counts` gets `disconnect-done`, `change-refused` and so on; `ended` hears of each session that is over.
    """

    def __init__(self, counts: Counter[str], ended: Callable[[Session], None]) -> None:
        self._counts, self._ended = counts, ended
        self._orders: deque[Order] = deque()
        self._news = threading.Event()
        threading.Thread(target=self._run, name="messenger", daemon=True).start()

    def put(self, orders: Iterable[Order]) -> None:
        self._orders.extend(orders)
        self._news.set()

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            while self._orders:
                these = [self._orders.popleft() for _ in range(min(_AT_ONCE, len(self._orders)))]
                for order, heard in zip(these, carry(these), strict=True):
                    self._counts[f"{'disconnect' if order.change is None else 'change'}-{heard.value}"] += 1
                    if heard is Heard.DONE and order.change is None:
                        self._ended(order.session)


def orders(
    sessions: Iterable[Session],
    before: Policy,
    after: Policy,
    waiting: Collection[str],
    secret: Callable[[str], str],
) -> Iterator[Order]:
    """What a new policy means for sessions that are up: their contract or user is gone, or has another answer.

    `waiting` are clients and realms that only lack a sack yet. `secret` opens a client's sack as it was: what is
    no longer named may still be here, and if not, nobody can ask.
    """
    changed = {
        name: (realm, after.realms.get(name))
        for name, realm in before.realms.items()
        if after.realms.get(name) is not realm and name not in waiting
    }
    for session in sessions:
        client = before.clients.get(session.client)
        if client is None:
            continue
        was, now = changed.get(session.realm, (None, None))
        if was is not None:
            change = _means(session, was, now)
        elif session.client not in after.clients and session.client not in waiting:
            change = None
        else:
            continue
        if change != _NOTHING:
            try:
                yield Order(session, secret(client.sack).encode(), change)
            except FileNotFoundError:
                continue


def carry(told: Sequence[Order]) -> list[Heard]:
    """Ask all at once; what came back, in their order. Takes 1.5 seconds at most."""
    heard = [Heard.NOTHING] * len(told)
    with selectors.DefaultSelector() as lines:
        for number, order in enumerate(told):
            line = _line(order.session.client)
            if line is not None:
                lines.register(line, selectors.EVENT_READ, (number, order, packet_of(order)))
        for _ in range(_TRIES):
            waiting = list(lines.get_map().values())
            for key in waiting:
                _send(key)
            until = time.monotonic() + _PATIENCE
            while lines.get_map() and (left := until - time.monotonic()) > 0:
                for key, _ in lines.select(left):
                    if (answer := _answer(key)) is not None:
                        heard[key.data[0]] = answer
                        _close(lines, key)
        for key in list(lines.get_map().values()):
            _close(lines, key)
    return heard


def packet_of(order: Order) -> bytes:
    """The request as it goes out."""
    code = Code.DISCONNECT_REQUEST if order.change is None else Code.COA_REQUEST
    told = [*_named(order.session), *_attributes(order.change or ())]
    return stated(code, secrets.randbelow(256), told, order.secret)


def changes(reply: Pairs) -> Pairs:
    """What of a login's answer a running session can take up: not its addresses."""
    return tuple(pair for pair in reply if pair[0] in _TEXTS or pair[0] in _NUMBERS)


_NOTHING: Final[Pairs] = (("nothing", ""),)


def _means(session: Session, was: Realm, now: Realm | None) -> Pairs | None:
    """None: it has to end."""
    if now is None or type(was) is not type(now) or was.owner != now.owner:
        return None
    if not isinstance(was, Group) or not isinstance(now, Group):
        return _NOTHING
    old, new = was.find(session.user), now.find(session.user)
    if old is None:
        return _NOTHING  # it logged in by what is no user of ours, such as a certificate's name
    if new is None or new.off:
        return None
    if changes(old.reply) == changes(new.reply):
        return _NOTHING
    return changes(new.reply)


def _named(session: Session) -> Iterator[Attribute]:
    yield Attribute(_SESSION, bytes_of(session.session))
    yield Attribute(_USER, bytes_of(session.told or session.user))
    if session.port.isascii() and session.port.isdigit():
        yield Attribute(_NAS_PORT, int(session.port).to_bytes(4))
    if "." in session.address:
        yield Attribute(_ADDRESS, IPv4Address(session.address).packed)


def _attributes(reply: Pairs) -> Iterator[Attribute]:
    for name, value in changes(reply):
        if name in _TEXTS:
            yield Attribute(_TEXTS[name], bytes_of(value)[:253])
        else:
            yield Attribute(_NUMBERS[name], int(value).to_bytes(4))


def _line(client: str) -> socket.socket | None:
    line = socket.socket(socket.AF_INET6 if ":" in client else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        line.setblocking(False)
        line.connect((client, _PORT))
    except OSError:  # there is no way to it now
        line.close()
        return None
    return line


def _send(key: selectors.SelectorKey) -> None:
    assert isinstance(key.fileobj, socket.socket)
    try:
        key.fileobj.send(key.data[2])
    except OSError:
        return  # "connection refused" of the try before


def _answer(key: selectors.SelectorKey) -> Heard | None:
    line, (_, order, packet) = key.fileobj, key.data
    assert isinstance(line, socket.socket)
    try:
        heard = line.recv(4096)
    except OSError:
        return None
    if not is_answer(heard, packet, order.secret):
        return None
    return Heard.DONE if heard[0] == packet[0] + 1 else Heard.REFUSED


def _close(lines: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    lines.unregister(key.fileobj)
    assert isinstance(key.fileobj, socket.socket)
    key.fileobj.close()
