"""Synthetic logins: real RADIUS requests from this node's own address, one thread and one socket an address.

A login counts as answered when the server's answer is proved by the shared secret and says what it should. Secrets
are read from the sacks each time they are needed: a new one counts with the next request.
"""

import contextlib
import heapq
import os
import random
import secrets
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, TypeAlias

from kitei.agent.probes import Course
from kitei.clock import wall_clock
from kitei.network import LoginProbe
from kitei.network.report import Fault, State
from kitei.radius.login import eap_message, eap_request, is_proved, login_request, names_tunnel, said
from kitei.radius.packet import Code
from kitei.radius.probing import THEIR_OWN
from kitei.radius.supplicant import Supplicant

_EAGER: Final = 1.0  # seconds between logins until the first answer
_FEWER: Final = 5  # by EAP no more than so many logins at the time of one
_PATIENCE: Final = 3.0  # seconds an answer may take, or the interval where that is shorter


_Route: TypeAlias = tuple[str, str, int]
"""From which address to which address and port."""


@dataclass(slots=True)
class _Asked:
    """A request under way; by EAP one of several of a login."""

    packet: bytes
    secret: bytes
    count: int
    supplicant: Supplicant | None


@dataclass(slots=True)
class _Watched:
    probe: LoginProbe
    number: int
    course: Course
    state: State | None = None
    asked: dict[int, _Asked] = field(default_factory=dict)


class LoginProber:
    """Makes all synthetic logins of a node; `changed` hears of each change, in the thread that asks.

    A state's `at` is when the first of the lost logins was sent, or when the first right answer came.
    """

    def __init__(
        self,
        sacks: str,
        clock: Callable[[], datetime],
        changed: Callable[[State], None],
        grace: float = 15.0,
    ) -> None:
        self._sacks = sacks
        self._clock, self._changed, self._grace = clock, changed, grace
        self._lock = threading.Lock()
        self._watched: dict[str, _Watched] = {}
        self._due: list[tuple[float, int]] = []
        self._by_number: dict[int, _Watched] = {}
        self._next_number = 1
        self._hindered: dict[str, str] = {}
        self._lines: dict[_Route, socket.socket] = {}
        self._route_of: dict[socket.socket, _Route] = {}
        self._waiting: dict[tuple[_Route, int], dict[int, _Watched]] = {}  # by identifier, then by number
        self._wire = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._wire.register(self._wake, selectors.EVENT_READ)
        self._is_over = False

    def watch(self, probes: Iterable[LoginProbe]) -> None:
        """Make these from now on. One that asks the same keeps its state, with a new secret too."""
        wanted = {probe.key: probe for probe in probes}
        now = time.monotonic()
        with self._lock:
            for key in [k for k, w in self._watched.items() if not _same(w.probe, wanted.get(k))]:
                gone = self._watched.pop(key)
                del self._by_number[gone.number]
                for identifier in tuple(gone.asked):
                    self._expect_no_more(gone, identifier)
                self._hindered.pop(key, None)
            for key, probe in wanted.items():
                if key in self._watched:
                    self._watched[key].probe = probe
                    continue
                course = Course(min(_PATIENCE, probe.interval / 1000), now + self._grace)
                one = _Watched(probe, self._next_number, course)
                self._next_number += 1
                self._watched[key] = self._by_number[one.number] = one
                heapq.heappush(self._due, (now + random.uniform(0, _EAGER / 2), one.number))
        os.eventfd_write(self._wake, 1)

    def states(self) -> tuple[State, ...]:
        with self._lock:
            return tuple(one.state for one in self._watched.values() if one.state is not None)

    def faults(self) -> tuple[Fault, ...]:
        """What keeps this node from asking."""
        with self._lock:
            return tuple(Fault("watching", key, why) for key, why in sorted(self._hindered.items()))

    def end(self) -> None:
        self._is_over = True
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Log in until `end`."""
        try:
            while not self._is_over:
                told: list[State] = []
                for key, _ in self._wire.select(self._left()):
                    if key.fileobj == self._wake:
                        os.eventfd_read(self._wake)
                    elif isinstance(key.fileobj, socket.socket):
                        told += self._hear(key.fileobj)
                told += self._ask_due()
                for state in told:
                    self._changed(state)
        finally:
            self._wire.close()
            for line in self._lines.values():
                line.close()

    def _left(self) -> float | None:
        with self._lock:
            return None if not self._due else max(0.0, self._due[0][0] - time.monotonic())

    def _ask_due(self) -> list[State]:
        told: list[State] = []
        with self._lock:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, number = heapq.heappop(self._due)
                one = self._by_number.get(number)
                if one is None:
                    continue
                if one.probe.key not in self._hindered and one.course.expire(now):
                    began = timedelta(seconds=now - one.course.lost_since)
                    told.append(self._state(one, self._clock() - began))
                self._ask(one, now)
                interval = one.probe.interval / 1000
                is_well = one.course.up is True and one.course.losses == 0
                pause = interval if is_well else min(interval, _eager(one.probe))
                heapq.heappush(self._due, (now + pause * random.uniform(0.9, 1.1), number))
        return told

    def _ask(self, one: _Watched, now: float) -> None:
        """Send one login. What keeps this node from asking (no sack yet, no such address) tells nothing of the
        other, and is a fault of our own."""
        probe = one.probe
        identifier = self._free(one)
        try:
            secret = self._sack(probe.sack)
            password = self._sack(probe.password).decode()
            line = self._line(probe)
        except OSError as error:
            self._hindered[probe.key] = str(error)
            return
        self._hindered.pop(probe.key, None)
        count = one.course.send(now)
        for old in [i for i, asked in one.asked.items() if asked.count not in one.course.under_way]:
            self._expect_no_more(one, old)
        supplicant = None
        if probe.way in ("ttls", "peap"):
            supplicant = Supplicant(probe.way, probe.user, password, wall_clock())
            packet = eap_request(identifier, probe.user, supplicant.begin(), b"", probe.source, secret)
        else:
            proof = secrets.token_bytes(16)
            packet = login_request(identifier, proof, probe.user, password, probe.source, secret)
        self._expect(one, identifier, _Asked(packet, secret, count, supplicant))
        with contextlib.suppress(OSError):  # refused or no way there: lost like any other
            line.send(packet)

    def _go_on(self, one: _Watched, asked: _Asked, packet: bytes, line: socket.socket) -> None:
        """The next word of a login by EAP; one that makes no sense to it is lost."""
        if asked.supplicant is None:
            return
        try:
            message = asked.supplicant.answer(eap_message(packet))
        except (ValueError, ssl.SSLError):
            return
        probe, identifier = one.probe, self._free(one)
        following = eap_request(identifier, probe.user, message, packet, probe.source, asked.secret)
        self._expect(one, identifier, replace(asked, packet=following))
        with contextlib.suppress(OSError):
            line.send(following)

    def _hear(self, line: socket.socket) -> list[State]:
        told: list[State] = []
        while True:
            try:
                packet = line.recv(4096)
            except BlockingIOError:
                return told
            except OSError:
                continue  # "connection refused": the login is lost like any other
            with self._lock:
                told += self._take(line, packet)

    def _take(self, line: socket.socket, packet: bytes) -> list[State]:
        """Whose answer it is says the proof in it: identifiers are few."""
        if len(packet) < 20:
            return []
        for one in tuple(self._waiting.get((self._route_of[line], packet[1]), {}).values()):
            asked = one.asked[packet[1]]
            if is_proved(packet, asked.packet, asked.secret):
                self._expect_no_more(one, packet[1])
                if packet[0] == Code.ACCESS_CHALLENGE:
                    self._go_on(one, asked, packet, line)
                elif _is_right(packet, one.probe) and one.course.answer(asked.count, time.monotonic()):
                    return [self._state(one, self._clock())]
                return []
        return []

    def _free(self, one: _Watched) -> int:
        """A number for a request: one that nobody's under way by the same socket has, or none of its own at least. Its
        patience is far from 256 of its own."""
        route, first = _route(one.probe), secrets.randbelow(256)
        order = (*range(first, 256), *range(first))
        unused = (n for n in order if not self._waiting.get((route, n)))
        found: int = next(chain(unused, (n for n in order if n not in one.asked)))
        return found

    def _expect(self, one: _Watched, identifier: int, asked: _Asked) -> None:
        one.asked[identifier] = asked
        self._waiting.setdefault((_route(one.probe), identifier), {})[one.number] = one

    def _expect_no_more(self, one: _Watched, identifier: int) -> None:
        del one.asked[identifier]
        del self._waiting[_route(one.probe), identifier][one.number]

    def _line(self, probe: LoginProbe) -> socket.socket:
        way = _route(probe)
        line = self._lines.get(way)
        if line is None:
            family = socket.AF_INET6 if ":" in probe.server else socket.AF_INET
            line = socket.socket(family, socket.SOCK_DGRAM)
            try:
                line.setblocking(False)
                line.bind((probe.source, 0))
                line.connect((probe.server, probe.port))
            except OSError:
                line.close()
                raise
            self._lines[way], self._route_of[line] = line, way
            self._wire.register(line, selectors.EVENT_READ)
        return line

    def _sack(self, name: str) -> bytes:
        with open(os.path.join(self._sacks, name), "rb") as file:
            return file.read()

    def _state(self, one: _Watched, at: datetime) -> State:
        detail = {"lost": one.course.losses}
        if one.course.up:
            detail["rtt_us"] = round(one.course.round_trip * 1e6)
        one.state = State(at, one.probe.name, one.probe.path, bool(one.course.up), detail)
        return one.state


def _eager(probe: LoginProbe) -> float:
    """Seconds until the next login where one is lost. Those by EAP cost so much that a server which comes back could not
    bear all of them each second, and would never seem to be back."""
    return max(_EAGER, probe.interval / 1000 / _FEWER) if probe.way in ("ttls", "peap") else _EAGER


def _is_right(packet: bytes, probe: LoginProbe) -> bool:
    """Let in, or told that it is the customer's own device that does not answer."""
    if packet[0] == Code.ACCESS_ACCEPT:
        return probe.way != "tunnel" or names_tunnel(packet)
    return probe.path == "login" and packet[0] == Code.ACCESS_REJECT and said(packet) in THEIR_OWN


def _route(probe: LoginProbe) -> _Route:
    return probe.source, probe.server, probe.port


def _same(one: LoginProbe, other: LoginProbe | None) -> bool:
    """Whether they ask the same of the same; why they do, how often, and with which secret, may differ."""
    if other is None:
        return False
    kept = {"origin": one.origin, "sack": one.sack, "password": one.password, "interval": one.interval}
    return replace(other, **kept) == one  # type: ignore[arg-type]
