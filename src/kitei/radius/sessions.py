"""Open sessions and traffic of the month, from accounting (RFC 2866), as the network really sends it.

Stops get lost, access servers restart, packets come twice. So: an Accounting-On or -Off ends all sessions of its
sender; a start on a port ends what was there; one that told of itself and fell silent is ended; whatever comes
twice counts once. Times are seconds since 1970 and are told, never asked. A clock set wrong ends sessions too
early or too late in this book only: nobody's login depends on it but through a cap.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

_SILENCE: Final = 3  # missed interim updates
_LONGEST: Final = 86_400.0  # seconds without a word from one that never told anything between
_REMEMBERED: Final = 50_000  # ended sessions, so that a late or second Stop counts nothing twice
_JST: Final = timedelta(hours=9)

Status = Literal["Start", "Interim-Update", "Stop", "Accounting-On", "Accounting-Off"]
End = Literal["stop", "restart", "port-taken", "silent"]


class Event(NamedTuple):
    """One accounting request. `client` is the address that sent it; `port` names the place on it, if told.

    `told` is the User-Name as it stood there, which `user` is without its realm.
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


@dataclass(frozen=True, slots=True)
class Session:
    """`pace` is the longest time between two words of it, 0 before the second."""

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


class Ended(NamedTuple):
    session: Session
    at: float
    why: End


def event_of(request: Mapping[str, str], client: str, realm: str, user: str, at: float) -> Event | None:
    """None for a request that is no accounting we know (it is answered all the same)."""
    status = request.get("Acct-Status-Type", "")
    if status not in ("Start", "Interim-Update", "Stop", "Accounting-On", "Accounting-Off"):
        return None
    return Event(
        at,
        client,
        status,
        request.get("Acct-Session-Id", ""),
        realm,
        user,
        request.get("NAS-Port-Id", "") or request.get("NAS-Port", ""),
        request.get("Framed-IP-Address", "") or request.get("Framed-IPv6-Prefix", ""),
        _octets(request, "Input"),
        _octets(request, "Output"),
        _number(request.get("Acct-Session-Time", "")),
        request.get("User-Name", ""),
    )


class Sessions:
    """The book. `hear` and `tidy` tell which sessions ended by it."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Session] = {}
        self._at_port: dict[tuple[str, str], tuple[str, str]] = {}
        self._ended: OrderedDict[tuple[str, str], Session] = OrderedDict()
        self._count: Counter[tuple[str, str]] = Counter()
        self._octets: Counter[tuple[str, str]] = Counter()
        self._month = ""

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._open.values()))

    def count(self, realm: str, user: str) -> tuple[int, int]:
        """Open sessions of the realm, and of the user."""
        return self._count[realm, ""], self._count[realm, user]

    def octets(self, realm: str, user: str) -> tuple[int, int]:
        """Both ways, in the month of what was heard last: of the realm, and of the user."""
        return self._octets[realm, ""], self._octets[realm, user]

    def hear(self, event: Event) -> list[Ended]:
        self._turn_month(event.at)
        if event.status in ("Accounting-On", "Accounting-Off"):
            return [self._end(s, event.at, "restart") for s in self if s.client == event.client]
        key = (event.client, event.session)
        ended: list[Ended] = []
        known = self._open.get(key) or self._ended.get(key)
        if key in self._ended and event.status != "Start":
            self._ended[key] = self._grown(self._ended[key], event)
            return []
        if key not in self._open and (known is None or event.status == "Start"):
            ended = self._take_port(event)
            self._ended.pop(key, None)
            self._begin(event)
        session = self._grown(self._open[key], event)
        self._open[key] = session
        if event.status == "Stop":
            ended.append(self._end(session, event.at, "stop"))
        return ended

    def tidy(self, now: float) -> list[Ended]:
        """End what has been silent for too long."""
        return [self._end(s, now, "silent") for s in self if now - s.heard > _patience(s)]

    def snapshot(self) -> dict[str, object]:
        """All that must outlive a restart, as JSON."""
        return {
            "month": self._month,
            "octets": [[realm, user, count] for (realm, user), count in self._octets.items()],
            "open": [[getattr(s, name) for name in Session.__slots__] for s in self],
            "ended": [[getattr(s, name) for name in Session.__slots__] for s in self._ended.values()],
        }

    @classmethod
    def restored(cls, told: Mapping[str, list[list[object]]]) -> "Sessions":
        """Raises ValueError, KeyError or TypeError for what `snapshot` did not make."""
        book = cls()
        book._month = str(told["month"])
        book._octets.update({(str(r), str(u)): int(str(n)) for r, u, n in told["octets"]})
        for row in told["ended"]:
            session = Session(*row)  # type: ignore[arg-type]
            book._ended[session.client, session.session] = session
        for row in told["open"]:
            book._put(Session(*row))  # type: ignore[arg-type]
        return book

    def _begin(self, event: Event) -> None:
        since = event.at - event.seconds
        place = (event.client, event.session, event.realm, event.user, event.port, event.address)
        self._put(Session(*place, since, event.at, 0.0, 0, 0, event.told))

    def _put(self, session: Session) -> None:
        key = (session.client, session.session)
        self._open[key] = session
        if session.port:
            self._at_port[session.client, session.port] = key
        self._count[session.realm, ""] += 1
        self._count[session.realm, session.user] += 1

    def _take_port(self, event: Event) -> list[Ended]:
        """Two sessions cannot be at one place: the Stop of the earlier was lost."""
        there = self._at_port.get((event.client, event.port)) if event.port else None
        if there is None or event.status != "Start":
            return []
        return [self._end(self._open[there], event.at, "port-taken")]

    def _grown(self, session: Session, event: Event) -> Session:
        """Counters only grow; one that shrank has begun anew or its packet is late, and counts nothing."""
        received, sent = max(session.received, event.received), max(session.sent, event.sent)
        more = received - session.received + sent - session.sent
        if more:
            self._octets[session.realm, ""] += more
            self._octets[session.realm, session.user] += more
        pace = max(session.pace, event.at - session.heard)
        return replace(
            session,
            heard=max(session.heard, event.at),
            pace=pace,
            received=received,
            sent=sent,
            address=event.address or session.address,
        )

    def _end(self, session: Session, at: float, why: End) -> Ended:
        key = (session.client, session.session)
        del self._open[key]
        if self._at_port.get((session.client, session.port)) == key:
            del self._at_port[session.client, session.port]
        for who in ((session.realm, ""), (session.realm, session.user)):
            self._count[who] -= 1
            if not self._count[who]:
                del self._count[who]
        self._ended[key] = session
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        return Ended(session, at, why)

    def _turn_month(self, at: float) -> None:
        month = (datetime.fromtimestamp(at, UTC) + _JST).strftime("%Y-%m")
        if month > self._month:  # a clock set back does not count a month twice
            self._month = month
            self._octets.clear()


def _patience(session: Session) -> float:
    return max(60.0, _SILENCE * session.pace) if session.pace > 0 else _LONGEST


def _octets(request: Mapping[str, str], way: str) -> int:
    low, high = request.get(f"Acct-{way}-Octets", ""), request.get(f"Acct-{way}-Gigawords", "")
    return (_number(high) << 32) + _number(low)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
