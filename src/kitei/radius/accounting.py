"""The book of sessions of a running server: fed by the rows that were written down before they were answered.

It outlives a kill: a snapshot in `sessions.json`, and the rows since. Only the thread beside the calls changes it.
The snapshot is lines of JSON, each a name and some rows, so that it is written and read in pieces while others work.
"""

import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import islice
from typing import Final

from kitei.radius.marks import Marks
from kitei.radius.policy import Caps, Policy, realm_of
from kitei.radius.rows import Rows
from kitei.radius.sessions import Event, Row, Session, Sessions, event_of
from kitei.radius.turns import step_aside

_FOLD: Final = 4 << 20  # bytes of rows after which a new snapshot is due, or twice the last one's size
_FILES: Final = 16  # or so many files of rows: each start makes two, and the module writes no more beyond 64
_STEP: Final = 2.0  # seconds by which a clock was set; a leap second, and what is slewed, are less
_PIECE: Final = 100  # rows of a snapshot that are made at once
_AT_ONCE: Final = 1 << 11  # bytes of rows, some 25
_FEW: Final = 8  # rows, some 50 us
_MANY: Final = 1 << 14  # where this is behind by so many seconds: caps hold for what has been read
_BEHIND: Final = 1.0
_PLACES: Final = 1 << 12  # ends of names by client that are known at once


class Accounting:
    """`ending` are sessions that are to be asked to leave. `is_set_back`: the clock was, since this began.

    `is_whole`: the snapshot has been read, so the book may be asked how many there are. `loss` says what could not be.
    """

    def __init__(self, folder: str, policy: Callable[[], Policy], marks: Marks) -> None:
        self.ending: deque[Session] = deque()
        self._gone: deque[Session] = deque()
        self._path = os.path.join(folder, "sessions.json")
        self._policy = policy
        self._marks = marks
        self._over: set[tuple[str, str]] = set()
        self._asked: Policy | None = None
        self._capped: dict[str, Caps] = {}
        self._realm: Callable[[str, str], str | None] = lambda address, place: None
        self._read, self._size, self._kept = 0, 0, 0
        self._ahead = _ahead()
        self.is_set_back = False
        self._until = time.time()
        self.book, self._rows = Sessions(), Rows(folder, "sessions")
        self.is_whole = not os.path.exists(self._path)
        self.loss = ""

    def restore(self) -> Iterator[None]:
        """Read the snapshot, once and before `catch_up`, in pieces between which others are served."""
        if not self.is_whole:
            self.book = Sessions()
            try:
                yield from self._taken()
            except (
                ValueError,
                KeyError,
                TypeError,
            ) as fault:  # better one session too many than none answered
                self.loss = f"the snapshot was damaged and is put aside: {type(fault).__name__}: {fault}"
                os.replace(self._path, self._path + ".damaged")
                self.book = Sessions()
        now = time.time()
        if self.book.latest() > now + _STEP:  # the clock was set back while no server ran
            self.book.shift(now - self.book.latest(), now)
        self.is_whole = True

    def _taken(self) -> Iterator[None]:
        with open(self._path) as file:
            for line in file:
                name, rows = json.loads(line)
                if name == "place":
                    self._rows.begin(*rows)
                    self._kept = self._rows.number
                else:
                    self.book.take(name, rows)
                yield
        self._size = os.path.getsize(self._path)

    def catch_up(self) -> list[Event]:
        """Hear what has been written down since; empty when that is all."""
        self._mind_clock()
        events = [self._stop(self._gone.popleft()) for _ in range(len(self._gone))]
        rows = self._rows.read(_MANY if self.behind() > _BEHIND else _AT_ONCE)
        if not rows and not events:
            self._until = time.time()
            return events
        self._read += len(rows)
        told = json.loads(b"[" + rows.rstrip(b"\n").replace(b"]\n", b"],") + b"]")
        self._know_policy()
        events += [event for row in told if (event := self._event(row)) is not None]
        now = time.time()
        self._until = told[-1][0] if told else now
        for number, event in enumerate(events):
            if number % _FEW == 0:
                step_aside()
            self._hear(event, "", now)
        step_aside()
        return events

    def behind(self) -> float:
        """Seconds since the time up to which all was heard; 0 where a clock was set back meanwhile."""
        return max(0.0, time.time() - self._until)

    def hear(self, event: Event, node: str = "") -> None:
        """`node`: the one that heard it, empty for this one. What comes from a wrong clock's future comes now."""
        self._know_policy()
        self._hear(event, node, time.time())

    def _hear(self, event: Event, node: str, now: float) -> None:
        if event.at > now + _STEP:
            event = event._replace(at=now)
        ended = self.book.hear(event, node)
        for each in ended:
            self._cross(each.session.realm, each.session.user)
        if event.realm in self._capped and event.status != "Stop":
            self._judge(event, node)

    def _stop(self, session: Session) -> Event:
        place = (session.session, session.realm, session.user, session.port, session.address)
        return Event(time.time(), session.client, "Stop", *place)

    def over(self, session: Session) -> None:
        """Its access server says that it ended it; from any thread."""
        self._gone.append(session)

    def _mind_clock(self) -> None:
        ahead = _ahead()
        if abs(ahead - self._ahead) > _STEP:
            self.book.shift(ahead - self._ahead, time.time())
            self.is_set_back = self.is_set_back or ahead < self._ahead
            self._ahead = ahead

    def tidy(self, now: float) -> None:
        self._know_policy()
        for each in self.book.tidy(now):
            self._cross(each.session.realm, each.session.user)

    def lose(self, nodes: frozenset[str]) -> None:
        """These are out of touch; those not named are not."""
        if nodes != self.book.lost:
            self.book.lost = nodes
            if any(realm.caps != _NONE for realm in self._policy().realms.values()):
                self.begin_anew()

    def begin_anew(self) -> None:
        """Other caps, or another way to count."""
        self._over.clear()
        self._marks.forget_all()

    def keep(self) -> Iterator[None]:
        """A snapshot in the place of the rows before it, when there are many, in pieces; nothing is heard meanwhile.
        After a kill anywhere both agree."""
        is_due = self._read >= max(_FOLD, 2 * self._size) or self._rows.number - self._kept >= _FILES
        if not is_due:
            return
        with open(self._path + ".new", "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(json.dumps(["place", [self._rows.number, self._rows.at]]) + "\n")
            for line in _lines(self.book):
                file.write(line)
                yield
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()
        os.replace(self._path + ".new", self._path)
        self._read, self._kept = 0, self._rows.number
        self._rows.forget()

    def _judge(self, event: Event, node: str) -> None:
        """One whose traffic is used up, or who is one too many, is asked to leave (RFC 5176) by who heard it."""
        caps = self._capped[event.realm]
        self._cross(event.realm, event.user)
        session = self.book.get(event.client, event.session)
        if session is None:
            return
        together, own = self.book.octets(event.realm, event.user)
        if not node and (_at(caps.octets, together) or _at(caps.octets_each, own)):
            self.ending.append(session)
        elif event.status == "Start":
            self._part(session, caps)

    def _part(self, session: Session, caps: Caps) -> None:
        """One too many: the youngest goes. Two nodes that let one in each at once agree on which that is."""
        together, own = self.book.count(session.realm, session.user)
        if caps.sessions_each and own > caps.sessions_each:
            those = (s for s in self.book if (s.realm, s.user) == (session.realm, session.user))
        elif caps.sessions and together > caps.sessions:
            those = (s for s in self.book if s.realm == session.realm)
        else:
            return
        youngest = max(those, key=lambda s: (s.since, s.client, s.session))
        if not youngest.node or youngest.node in self.book.lost:
            self.ending.append(youngest)

    def _cross(self, realm: str, user: str) -> None:
        """What was remembered of a user who has come to a cap is forgotten, and of all where the realm has."""
        caps = self._capped.get(realm)
        if caps is None:
            return
        together, own = self.book.count(realm, user)
        all_octets, octets = self.book.octets(realm, user)
        if self._turns((realm, user), _at(caps.sessions_each, own) or _at(caps.octets_each, octets)):
            self._marks.forget(realm, user)
        if self._turns((realm, ""), _at(caps.sessions, together) or _at(caps.octets, all_octets)):
            self._marks.forget_all()

    def _turns(self, who: tuple[str, str], is_over: bool) -> bool:
        if is_over == (who in self._over):
            return False
        (self._over.add if is_over else self._over.discard)(who)
        return True

    def _know_policy(self) -> None:
        """The policy of now, and those of its realms that have a limit at all."""
        policy = self._policy()
        if policy is not self._asked:
            self._capped = {name: each.caps for name, each in policy.realms.items() if each.caps != _NONE}
            self._realm = lru_cache(_PLACES)(partial(_realm, policy))
            self._asked = policy

    def _event(self, row: Row) -> Event | None:
        """Of one whose client or realm we do not know nothing is kept."""
        before, at, after = row[4].rpartition("@")
        user, realm = (before, self._realm(row[1], at + after)) if at else (after, self._realm(row[1], ""))
        if realm is None or (not (realm and user) and not row[2].startswith("Accounting")):
            return None
        return event_of(row, realm if user else "", user)


_NONE: Final = Caps()


def _ahead() -> float:
    """The wall clock less the time since boot, in which suspended time counts."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _realm(policy: Policy, address: str, place: str) -> str | None:
    """What a name's end says, the same for all users: empty where the client may not ask for it, None: no client."""
    client = policy.clients.get(address)
    if client is None:
        return None
    _, realm, _ = realm_of(policy, client, "anybody" + place)
    return realm.realm if realm else ""


def _at(cap: int, count: int) -> bool:
    return bool(cap) and count >= cap


def _lines(book: Sessions) -> Iterator[str]:
    """JSON in pieces: one call for all would keep everybody waiting."""
    for name, rows in book.snapshot():
        while piece := list(islice(rows, _PIECE)):
            yield json.dumps([name, piece]) + "\n"
