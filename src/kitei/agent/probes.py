"""Probes by ICMP echo (RFC 792): one raw socket and one thread for all of them."""

import contextlib
import ctypes
import heapq
import os
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from kitei.network import Part, Probe, ReturnTunnel
from kitei.network.report import State

LOSSES: Final = 3
"""So many echoes lost one after another are a loss of the path."""

_EAGER: Final = 0.25  # seconds between echoes until the first answer
_SHORTEST: Final = 0.05
_PATIENCE: Final = 0.5  # seconds an answer may take, or the interval where that is longer
_IP_PKTINFO: Final = 8
_ICMP_FILTER: Final = 1
_SO_ATTACH_FILTER: Final = 26
_ECHO, _ECHO_REPLY = 8, 0
_PAYLOAD: Final = struct.Struct("!8sII")  # token of this prober, course, count
_HEADER: Final = struct.Struct("!BBHHH")


_TUNNEL_INTERVAL: Final = 500  # milliseconds: three lost are 1.5 s


def probes_of(parts: Iterable[Part]) -> Iterator[Probe]:
    """The probes among these, and one through each return tunnel that has IPv4 addresses inside."""
    for part in parts:
        if isinstance(part, Probe):
            yield part
        elif isinstance(part, ReturnTunnel) and ":" not in part.address:
            source = part.address.split("/")[0]
            yield Probe(part.origin, part.key, source, part.peer, _TUNNEL_INTERVAL, "tunnel")


@dataclass(slots=True)
class Course:
    """What became of one probe's echoes. Times are of one monotonic clock, in seconds.

    `up` None: no word yet. The first word "down" waits until `grace`, because a path that is being made
    is not a path that was lost.
    """

    patience: float
    grace: float
    up: bool | None = None
    count: int = 0
    losses: int = 0
    lost_since: float = 0.0
    answered: int = 0
    answered_sent_at: float = -1.0
    round_trip: float = 0.0
    under_way: dict[int, float] = field(default_factory=dict)

    def send(self, now: float) -> int:
        self.count += 1
        self.under_way[self.count] = now
        return self.count

    def answer(self, count: int, now: float) -> bool:
        """An answer came; true if that changes the state. One never asked, or answered before, is nothing."""
        sent = self.under_way.pop(count, None)
        if sent is None:
            return False
        self.answered_sent_at = max(self.answered_sent_at, sent)
        self.round_trip = now - sent
        if count > self.answered:
            self.answered = count
            self.losses = 0
        changed = self.up is not True
        self.up = True
        return changed

    def expire(self, now: float) -> bool:
        """Count those without an answer for too long; true if that changes the state."""
        for count, sent in list(self.under_way.items()):
            if now - sent < self.patience:
                break  # in the order they were sent
            del self.under_way[count]
            if count > self.answered:
                if self.losses == 0:
                    self.lost_since = sent
                self.losses += 1
        if self.losses < LOSSES or self.up is False or (self.up is None and now < self.grace):
            return False
        self.up = False
        return True


@dataclass(slots=True)
class _Watched:
    probe: Probe
    number: int
    interval: float
    course: Course
    state: State | None = None


class Prober:
    """Asks all probes of a node; `changed` hears of each change, in the prober's thread.

    A state's `at` is when the first of the lost echoes was sent, or when the first answer came.
    """

    def __init__(
        self, clock: Callable[[], datetime], changed: Callable[[State], None], grace: float = 15.0
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._grace = grace
        self._lock = threading.Lock()
        self._watched: dict[str, _Watched] = {}
        self._by_number: dict[int, _Watched] = {}
        self._due: list[tuple[float, int]] = []
        self._next_number = 1
        self._token = os.urandom(8)
        self._id = int.from_bytes(os.urandom(2), "big")
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_over = False
        self.fault: str | None = None

    def watch(self, probes: Iterable[Probe]) -> None:
        """Ask these from now on. A probe that stays as it was keeps its state."""
        wanted = {probe.name: probe for probe in probes}
        now = time.monotonic()
        with self._lock:
            for name in [n for n, w in self._watched.items() if not _same(w.probe, wanted.get(n))]:
                del self._by_number[self._watched.pop(name).number]
            for name, probe in wanted.items():
                if name in self._watched:
                    self._watched[name].probe = probe
                    continue
                interval = max(probe.interval / 1000, _SHORTEST)
                course = Course(max(interval, _PATIENCE), now + self._grace)
                one = _Watched(probe, self._next_number, interval, course)
                self._next_number += 1
                self._watched[name] = self._by_number[one.number] = one
                heapq.heappush(self._due, (now + random.uniform(0, min(interval, _EAGER)), one.number))
        os.eventfd_write(self._wake, 1)

    def states(self) -> tuple[State, ...]:
        with self._lock:
            return tuple(one.state for one in self._watched.values() if one.state is not None)

    def green(self, among: Collection[str] | None = None, since: float = -1.0) -> frozenset[str]:
        """Names of probes that are up, by an echo sent after `since` (monotonic)."""
        with self._lock:
            return frozenset(
                name
                for name, one in self._watched.items()
                if one.course.up and one.course.answered_sent_at > since and (among is None or name in among)
            )

    def end(self) -> None:
        self._is_over = True
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Probe until `end`. Without the right to a raw socket, `fault` says so and nothing is probed."""
        try:
            echo = _open_socket(self._token)
        except OSError as error:
            self.fault = f"no raw socket for ICMP: {error}"
            return
        with contextlib.closing(echo):
            poll = select.poll()
            poll.register(echo, select.POLLIN)
            poll.register(self._wake, select.POLLIN)
            while not self._is_over:
                for ready, _ in poll.poll(self._left()):
                    if ready == self._wake:
                        os.eventfd_read(self._wake)
                told = self._hear(echo)  # before anything expires: answers may have queued while we slept
                told += self._ask_due(echo)
                for state in told:
                    self._changed(state)

    def _left(self) -> int | None:
        with self._lock:
            return None if not self._due else max(0, int((self._due[0][0] - time.monotonic()) * 1000) + 1)

    def _hear(self, echo: socket.socket) -> list[State]:
        told: list[State] = []
        while True:
            try:
                packet, (sender, _) = echo.recvfrom(256)
            except BlockingIOError:
                return told
            except OSError:
                continue  # an ICMP error that the kernel tells the socket: its echo is lost like any other
            parts = _read(packet, self._token)
            if parts is None:
                continue
            number, count = parts
            with self._lock:
                one = self._by_number.get(number)
                if one and sender == one.probe.target and one.course.answer(count, time.monotonic()):
                    told.append(self._state(one, self._clock()))

    def _ask_due(self, echo: socket.socket) -> list[State]:
        told: list[State] = []
        now = time.monotonic()
        with self._lock:
            while self._due and self._due[0][0] <= now:
                due, number = heapq.heappop(self._due)
                one = self._by_number.get(number)
                if one is None:
                    continue
                if one.course.expire(now):
                    began = timedelta(seconds=now - one.course.lost_since)
                    told.append(self._state(one, self._clock() - began))
                self._send(echo, one, now)
                pause = min(one.interval, _EAGER) if one.course.up is None else one.interval
                following = due + pause if due + pause > now else now + pause  # never catch up what was slept
                heapq.heappush(self._due, (following, number))
        return told

    def _send(self, echo: socket.socket, one: _Watched, now: float) -> None:
        payload = _PAYLOAD.pack(self._token, one.number, count := one.course.send(now))
        head = _HEADER.pack(_ECHO, 0, 0, self._id, count & 0xFFFF)
        head = _HEADER.pack(_ECHO, 0, _checksum(head + payload), self._id, count & 0xFFFF)
        source = struct.pack("=i4s4s", 0, socket.inet_aton(one.probe.source), bytes(4))
        with contextlib.suppress(OSError):  # no route, no such address here, filtered: lost like any other
            echo.sendmsg(
                [head, payload], [(socket.IPPROTO_IP, _IP_PKTINFO, source)], 0, (one.probe.target, 0)
            )

    def _state(self, one: _Watched, at: datetime) -> State:
        detail = {"lost": one.course.losses}
        if one.course.up:
            detail["rtt_us"] = round(one.course.round_trip * 1e6)
        one.state = State(at, one.probe.name, one.probe.path, bool(one.course.up), detail)
        return one.state


def _same(one: Probe, other: Probe | None) -> bool:
    """Whether they measure the same; why they do may differ."""
    return other is not None and (one.source, one.target, one.interval, one.path) == (
        other.source,
        other.target,
        other.interval,
        other.path,
    )


def _open_socket(token: bytes) -> socket.socket:
    echo = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
    echo.setsockopt(255, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF & ~(1 << _ECHO_REPLY)))  # SOL_RAW
    _only_answers_to(echo, token)
    return echo


def _only_answers_to(echo: socket.socket, token: bytes) -> None:
    """Let the kernel drop what is not ours: a raw socket is given every echo reply of the namespace."""
    first, second = struct.unpack("!II", token)
    code = [  # classic BPF; X is the length of the IP header, the payload begins 8 bytes after it
        (0xB1, 0, 0, 0),  # ldxb 4*([0]&0xf)
        (0x40, 0, 0, 8),  # ld [x + 8]
        (0x15, 0, 3, first),  # jeq first, else drop
        (0x40, 0, 0, 12),  # ld [x + 12]
        (0x15, 0, 1, second),
        (0x06, 0, 0, 0xFFFF),  # keep
        (0x06, 0, 0, 0),  # drop
    ]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
    filter_ = struct.pack("HL", len(code), ctypes.addressof(program))
    echo.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)


def _read(packet: bytes, token: bytes) -> tuple[int, int] | None:
    """Course and count of an answer to one of our own echoes; None for anything else."""
    start = (packet[0] & 0xF) * 4 + _HEADER.size if packet else 0
    if len(packet) < start + _PAYLOAD.size or packet[start - _HEADER.size] != _ECHO_REPLY:
        return None
    ours, number, count = _PAYLOAD.unpack_from(packet, start)
    return (number, count) if ours == token else None


def _checksum(message: bytes) -> int:
    """RFC 1071, of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
