"""Open sessions and traffic of the month, from accounting (RFC 2866), as the network really sends it.

Stops get lost, access servers restart, packets come twice, late and in another order, and to another node than the
one before. So: an Accounting-On or -Off ends all sessions of its sender; a start on a port ends what was there; one
that told of itself and fell silent is ended; whatever comes twice counts once; and what two nodes hear and tell each
other makes the same book in whichever order. Times are seconds since 1970 and are told, never asked. When the clock
was set the book is told too (`shift`), so that nobody is kept out by a session or a month that only a clock made.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias

_SILENCE: Final = 3  # missed interim updates
_LONGEST: Final = 86_400.0  # seconds without a word from one that never told anything between
_LATE: Final = (
    300.0  # seconds after its end in which a Start is a late packet, and no new session of that name
)
_REMEMBERED: Final = 100_000  # ended sessions, so that a late or second Stop counts nothing twice
_TICK: Final = 60.0  # seconds of silence that are looked at together
_HALF: Final = 1 << 31
_JST: Final = timedelta(hours=9)

Status = Literal["Start", "Interim-Update", "Stop", "Accounting-On", "Accounting-Off"]
End = Literal["stop", "restart", "port-taken", "silent"]
Key: TypeAlias = tuple[str, str]
"""Client and session."""


Row: TypeAlias = tuple[float, str, str, str, str, str, str, int, int, int, int, int, int, int]
"""A request: at, client, status, session, User-Name, port, address, octets in and out, Gigawords in and out, seconds
of the session and of delay, and whether it told Gigawords at all (RFC 2866, RFC 2869)."""


class Event(NamedTuple):
    """One accounting request. `client` is the address that sent it; `port` names the place on it, if told.

    `told` is the User-Name as it stood there, which `user` is without its realm. `wide`: it told Gigawords
    (RFC 2869, 5.1), so its counters do not begin anew at 4 GiB.
    """

    at: float
    client: str
    status: str
    session: str = ""
    realm: str = ""
    user: str = ""
    port: str = ""
    address: str = ""
    received: int = 0
    sent: int = 0
    seconds: int = 0
    told: str = ""
    wide: bool = False


class Session(NamedTuple):
    """`pace` is the longest time between two words of it, 0 before the second; `seconds` what it told of its age.

    `told` is its User-Name as it stood in the request; `node` the other node that heard its last word, empty for
    this one.
    """

    client: str
    session: str
    realm: str
    user: str
    port: str
    address: str
    since: float
    heard: float
    pace: float
    received: int
    sent: int
    told: str = ""
    seconds: int = 0
    wide: bool = False
    node: str = ""


class Ended(NamedTuple):
    session: Session
    at: float
    why: End


_quick: Final = tuple.__new__  # a record is made for each request, and by its own name it takes twice as long


def event_of(row: Row, realm: str, user: str) -> Event:
    """From what the server wrote down of a request; `at` is when it happened, and not when it was heard at last."""
    at, client, status, session, told, port, address, received, sent, more_in, more_out, age, late, wide = row
    received, sent = received + (more_in << 32), sent + (more_out << 32)
    place = (realm, user, port, address)
    return _quick(Event, (at - late, client, status, session, *place, received, sent, age, told, bool(wide)))


class Sessions:
    """The book. `hear` and `tidy` tell which sessions ended by it.

    `lost` are nodes that are out of touch: what only they have heard of for certain counts against nobody.
    """

    def __init__(self) -> None:
        self.lost: frozenset[str] = frozenset()
        self._open: dict[Key, Session] = {}
        self._at_port: OrderedDict[Key, Session] = OrderedDict()
        self._ended: OrderedDict[Key, Ended] = OrderedDict()
        self._count: dict[tuple[str, ...], int] = {}
        self._elsewhere: dict[tuple[str, ...], int] = {}
        self._octets: dict[tuple[str, ...], int] = {}
        self._due: defaultdict[int, set[Key]] = defaultdict(set)
        self._restarted: dict[str, float] = {}
        self._sharing: set[str] = set()
        self._month = ""
        self._month_ends = 0.0

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def get(self, client: str, session: str) -> Session | None:
        return self._open.get((client, session))

    def count(self, realm: str, user: str) -> tuple[int, int]:
        """Open sessions of the realm, and of the user."""
        together, own = self._count.get((realm, ""), 0), self._count.get((realm, user), 0)
        for node in self.lost:
            together -= self._elsewhere.get((node, realm, ""), 0)
            own -= self._elsewhere.get((node, realm, user), 0)
        return together, own

    def octets(self, realm: str, user: str) -> tuple[int, int]:
        """Both ways, in the month of what was heard last: of the realm, and of the user."""
        return self._octets.get((realm, ""), 0), self._octets.get((realm, user), 0)

    def shift(self, by: float, now: float) -> None:
        """The clock was set, by so many seconds, and says `now`: nothing is older or younger by that.

        What was counted this month stays counted, under whatever month it is now.
        """
        self._open = {key: _shifted(each, by) for key, each in self._open.items()}
        self._at_port = OrderedDict((place, _shifted(each, by)) for place, each in self._at_port.items())
        ended = ((key, Ended(_shifted(e.session, by), e.at + by, e.why)) for key, e in self._ended.items())
        self._ended = OrderedDict(ended)
        self._restarted = {client: at + by for client, at in self._restarted.items()}
        self._due.clear()
        for key, each in self._open.items():
            self._due[int(_due(each) // _TICK)].add(key)
        self._month = _month_of(now)
        self._month_ends = _end_of(self._month)

    def latest(self) -> float:
        """When something was heard last, 0 if nothing was."""
        return max((each.heard for each in self._open.values()), default=0.0)

    def hear(self, event: Event, node: str = "") -> list[Ended]:
        """`node`: the one that heard it, empty for this one."""
        if event.at >= self._month_ends:
            self._turn_month(event.at)
        if event.status in ("Accounting-On", "Accounting-Off"):
            return self._restart(event)
        key = (event.client, event.session)
        session = self._open.get(key)
        ended: list[Ended] = []
        if session is None:
            before = self._ended.get(key)
            if before is not None and not _begins_again(before, event):
                self._ended[key] = before._replace(session=self._grown(before.session, event, node))
                return ended
            session, ended = self._begin(key, event, before, node)
            if event.status == "Start" and not event.received and not event.sent:
                if over := self._was_over(session):
                    ended.append(self._end(session, *over))
                return ended
        grown = self._grown(session, event, node)
        if event.status == "Stop":
            ended.append(self._end(session, event.at, "stop", grown))
            return ended
        self._open[key] = grown
        self._retime(key, session, grown)
        if grown.node != session.node:
            self._retell(session, -1)
            self._retell(grown, 1)
        if over := self._was_over(grown):
            ended.append(self._end(grown, *over))
        return ended

    def tidy(self, now: float) -> list[Ended]:
        """End what has been silent for too long."""
        ended = []
        for tick in sorted(tick for tick in tuple(self._due) if tick * _TICK <= now):
            for key in tuple(self._due[tick]):
                session = self._open[key]
                if now > _due(session):
                    ended.append(self._end(session, now, "silent"))
        return ended

    def words(self, ended: int) -> Iterator[Event]:
        """What another node must be told to have this book; of those that ended, the last.  From any thread."""
        for client, at in tuple(self._restarted.items()):
            yield Event(at, client, "Accounting-On")
        for each in list(self._ended.values())[-ended:]:
            if each.why == "stop":
                yield _word(each.session, each.at, "Stop")
        for session in self:
            yield _word(session, session.heard, "Interim-Update" if session.pace else "Start")

    def snapshot(self) -> Iterator[tuple[str, Iterator[list[object]]]]:
        """All that must outlive a restart, as names and their rows, each to be gone through before the next."""
        yield "month", iter([[self._month]])
        yield "octets", ([realm, user, count] for (realm, user), count in self._octets.items())
        yield "restarted", ([client, at] for client, at in self._restarted.items())
        yield "sharing", ([client] for client in sorted(self._sharing))
        yield "ended", ([*each.session, each.at, each.why] for each in self._ended.values())
        yield "open", map(list, self._open.values())

    @classmethod
    def restored(cls, told: Mapping[str, list[list[Any]]]) -> "Sessions":
        book = cls()
        for name, rows in told.items():
            book.take(name, rows)
        return book

    def take(self, name: str, rows: Iterable[list[Any]]) -> None:
        """Some of a snapshot, in its order. Raises ValueError, KeyError or TypeError for what `snapshot` did not make."""
        for row in rows:
            self._TAKEN[name](self, *row)

    def _take_month(self, month: str) -> None:
        self._month, self._month_ends = month, _end_of(month) if month else 0.0

    def _take_octets(self, realm: str, user: str, count: int) -> None:
        self._octets[realm, user] = count

    def _take_restarted(self, client: str, at: float) -> None:
        self._restarted[client] = at

    def _take_ended(self, *row: Any) -> None:
        session = Session(*row[:-2])
        self._ended[session.client, session.session] = Ended(session, *row[-2:])
        self._note_port(session)

    _TAKEN: Final[Mapping[str, Callable[..., None]]] = {
        "month": _take_month,
        "octets": _take_octets,
        "restarted": _take_restarted,
        "sharing": lambda self, client: self._sharing.add(client),
        "ended": _take_ended,
        "open": lambda self, *row: self._put(Session(*row)),
    }

    def _restart(self, event: Event) -> list[Ended]:
        """What began after it, and was heard of before it, lives on."""
        self._restarted[event.client] = max(event.at, self._restarted.get(event.client, 0.0))
        gone = [s for s in self if s.client == event.client and s.heard <= event.at]
        return [self._end(s, event.at, "restart") for s in gone]

    def _begin(self, key: Key, event: Event, before: Ended | None, node: str) -> tuple[Session, list[Ended]]:
        ended: list[Ended] = []
        if before is not None:
            del self._ended[key]
            if before.why == "port-taken":
                self._sharing.add(event.client)  # it lives, so its port is not its own
        elif event.port and event.client not in self._sharing:
            last = self._at_port.get((event.client, event.port))
            there = self._open.get((last.client, last.session)) if last else None
            is_there = there is not None and there.port == event.port  # it may have moved meanwhile
            if there is not None and is_there and there.heard <= event.at - event.seconds:
                ended.append(self._end(there, event.at - event.seconds, "port-taken"))
        same = before.session if before is not None and event.status != "Start" else None
        counters = (same.received, same.sent) if same else (0, 0)
        place = (event.client, event.session, event.realm, event.user, event.port, event.address)
        age = 0 if same else event.seconds
        told = (event.at - event.seconds, event.at, 0.0, *counters, event.told, age, event.wide, node)
        session = _quick(Session, (*place, *told))
        self._put(session)
        return session, ended

    def _was_over(self, session: Session) -> tuple[float, End] | None:
        """Its end came before this word of it: its access server began anew, or another has its port."""
        restarted = self._restarted.get(session.client, 0.0)
        if session.heard < restarted:
            return restarted, "restart"
        if session.port and session.client not in self._sharing:
            last = self._at_port.get((session.client, session.port))
            if last is not None and last.session != session.session and last.since > session.heard:
                return last.since, "port-taken"
        return None

    def _put(self, session: Session) -> None:
        key = (session.client, session.session)
        self._open[key] = session
        self._note_port(session)
        _add(self._count, (session.realm, ""), 1)
        _add(self._count, (session.realm, session.user), 1)
        self._due[int(_due(session) // _TICK)].add(key)
        self._retell(session, 1)

    def _note_port(self, session: Session) -> None:
        """Who was last at a port is remembered beyond its end: a word of one before it may still be under way."""
        place = (session.client, session.port)
        last = self._at_port.get(place)
        if session.port and (last is None or last.since <= session.since):
            self._at_port[place] = session
            if last is not None:
                self._at_port.move_to_end(place)
        while len(self._at_port) > len(self._open) + _REMEMBERED:
            self._at_port.popitem(last=False)

    def _retell(self, session: Session, by: int) -> None:
        if session.node:
            _add(self._elsewhere, (session.node, session.realm, ""), by)
            _add(self._elsewhere, (session.node, session.realm, session.user), by)

    def _retime(self, key: Key, before: Session, after: Session) -> None:
        old, new = int(_due(before) // _TICK), int(_due(after) // _TICK)
        if old != new:
            self._not_due(old, key)
            self._due[new].add(key)

    def _not_due(self, tick: int, key: Key) -> None:
        keys = self._due[tick]
        keys.discard(key)
        if not keys:
            del self._due[tick]

    def _grown(self, session: Session, event: Event, node: str) -> Session:
        """Counters only grow; one that shrank is late or has begun anew and counts nothing, but at 4 GiB."""
        received, sent, heard = session.received, session.sent, session.heard
        is_later = event.seconds > session.seconds
        wide = event.wide or session.wide
        more_in = _grown_by(received, event.received, is_later and not wide)
        more_out = _grown_by(sent, event.sent, is_later and not wide)
        if more := more_in + more_out:
            _add(self._octets, (session.realm, ""), more)
            _add(self._octets, (session.realm, session.user), more)
        began, between, is_news = event.at - event.seconds, event.at - heard, event.at > heard
        grown = (
            session.client,
            session.session,
            session.realm,
            session.user,
            session.port,
            event.address or session.address,
            began if began < session.since else session.since,
            event.at if is_news else heard,
            between if between > session.pace else session.pace,
            received + more_in,
            sent + more_out,
            session.told or event.told,
            event.seconds if is_later else session.seconds,
            wide,
            node if is_news else session.node,
        )
        return _quick(Session, grown)

    def _end(self, session: Session, at: float, why: End, grown: Session | None = None) -> Ended:
        """`grown`: with its last word, when the book does not have it yet."""
        key = (session.client, session.session)
        del self._open[key]
        self._not_due(int(_due(session) // _TICK), key)
        self._retell(session, -1)
        _add(self._count, (session.realm, ""), -1)
        _add(self._count, (session.realm, session.user), -1)
        ended = self._ended[key] = Ended(grown or session, at, why)
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        return ended

    def _turn_month(self, at: float) -> None:
        month = _month_of(at)
        self._month_ends = _end_of(max(month, self._month))
        if month > self._month:  # a clock set back does not count a month twice
            self._month = month
            self._octets.clear()


def _add(counts: dict[tuple[str, ...], int], who: tuple[str, ...], by: int) -> None:
    """What comes to nothing is not kept."""
    count = counts.get(who, 0) + by
    if count:
        counts[who] = count
    else:
        del counts[who]


def _begins_again(before: Ended, event: Event) -> bool:
    """Is this word of an ended session the beginning of another by its name, or proof that it never ended?"""
    if event.status == "Start":
        return event.at > before.at + (0.0 if before.why == "restart" else _LATE)
    return (
        event.status == "Interim-Update" and before.why in ("silent", "port-taken") and event.at > before.at
    )


def _word(session: Session, at: float, status: Status) -> Event:
    place = (session.session, session.realm, session.user, session.port, session.address)
    age = max(session.seconds, int(at - session.since))
    counters = (session.received, session.sent, age)
    return Event(at, session.client, status, *place, *counters, session.told, session.wide)


def _due(session: Session) -> float:
    """When its silence has been too long."""
    pace = min(session.pace, _LONGEST)  # a clock that jumped between two words of it is no pace
    return session.heard + (max(60.0, _SILENCE * pace) if pace > 0 else _LONGEST)


def _grown_by(before: int, told: int, may_wrap: bool) -> int:
    """RFC 2866 counts to 4 GiB and then begins anew. `before` is without that, `told` with it where it may wrap."""
    if told >= before:
        return told - before
    if not may_wrap:
        return 0
    more = (told - before) % (1 << 32)
    return more if more < _HALF else 0


def _month_of(at: float) -> str:
    return (datetime.fromtimestamp(at, UTC) + _JST).strftime("%Y-%m")


def _shifted(session: Session, by: float) -> Session:
    return session._replace(since=session.since + by, heard=session.heard + by)


def _end_of(month: str) -> float:
    year, number = int(month[:4]), int(month[5:])
    first = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC) - _JST
    return first.timestamp()
