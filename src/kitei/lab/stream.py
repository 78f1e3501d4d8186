"""A steady UDP stream both ways between two LAN hosts, and what became of it.

Each end sends one datagram every `interval` ms with its number and MARK, and notes when the other's
arrive (CLOCK_MONOTONIC, one clock for the whole room). A gap is the time between two arrivals at one end;
an undisturbed stream of 10 ms has gaps of 10 ms.
"""

import contextlib
import itertools
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

from kitei.lab.inside import Errand, Stop, send
from kitei.lab.plan import Host

MARK = b"kitei-lab plaintext"
_LAYOUT = struct.Struct("!Q")
_COUNT = struct.Struct("I")
SO_RXQ_OVFL = 40  # socket(7), as the next; Python names neither
_SO_RCVBUFFORCE = 33
_PORTS = 20000
_ROOM = 4 << 20  # bytes of datagrams that may wait at an end: half a minute's, whoever else has the processor
_LINGER = 0.6  # seconds that what is in flight may still arrive in
_PATIENCE = 10.0  # seconds to wait for the other end


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction. `longest_gap` in ms, counted from the first datagram sent to the last one sent."""

    sent: int
    lost: int
    longest_gap: float
    out_of_order: int
    duplicated: int


@dataclass(frozen=True, slots=True)
class Streamed:
    """Both directions: what `there` (the second host) got of the first's, and `back`."""

    there: Flow
    back: Flow

    @property
    def longest_gap(self) -> float:
        return max(self.there.longest_gap, self.back.longest_gap)

    @property
    def lost(self) -> int:
        return self.there.lost + self.back.lost

    @property
    def sent(self) -> int:
        return self.there.sent + self.back.sent


@dataclass(slots=True)
class Stream:
    """A stream under way. `finish` ends it and says what became of it."""

    one: Errand
    other: Errand

    def finish(self) -> Streamed:
        """End both ends now (what is in flight may still arrive) and compare what they saw."""
        for end in (self.one, self.other):
            end.end()
        first, second = self.one.finish(), self.other.finish()
        return Streamed(flow(first["sent"], second["got"]), flow(second["sent"], first["got"]))


def start(one: Host, other: Host, interval: int = 10, number: int = 0) -> Stream:
    """Begin a stream between two hosts, one datagram every `interval` ms each way.

    Streams of one host at the same time need different numbers.
    """
    port = _PORTS + number % 10000
    here, there = socket.socketpair()
    with here, there:
        return Stream(
            send(one.name, _talk, one.ip, other.ip, port, interval / 1000, here),
            send(other.name, _talk, other.ip, one.ip, port, interval / 1000, there),
        )


def flow(sent: Sequence[float], got: Sequence[Sequence[float]]) -> Flow:
    """What became of one direction: times of sending by number, and (number, time) of each arrival."""
    if not sent:
        return Flow(0, 0, 0.0, 0, 0)
    numbers = [int(number) for number, _ in got]
    seen = set(numbers)
    late = sum(1 for before, after in itertools.pairwise(numbers) if after < before)
    marks = [sent[0], *(at for _, at in got if at <= sent[-1]), sent[-1]]
    gap = max(after - before for before, after in itertools.pairwise(marks)) if len(marks) > 1 else 0
    return Flow(len(sent), len(sent) - len(seen), round(1000 * gap, 1), late, len(numbers) - len(seen))


def _talk(mine: str, theirs: str, port: int, interval: float, peer: socket.socket) -> dict[str, object]:
    """One end, inside its host's namespace, until it is asked to end.

    It tells the other end, beside the network, that it listens and that it has ceased to send: on a busy
    machine one of them may be there much earlier, and what it sent to nobody would look lost. Nor does it
    make up in a burst for a time in which it did not run: what that loses, no steady stream would have.
    Raises OverflowError where datagrams came that found no room here: that is no loss of the network's.
    """
    stop = Stop()
    sent: list[float] = []
    got: list[tuple[int, float]] = []
    with peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _ROOM)
        wire.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        wire.bind((mine, port))
        wire.setblocking(False)
        peer.settimeout(_PATIENCE)
        peer.sendall(b"+")
        peer.recv(1)
        due = time.monotonic()
        while not stop:
            now = time.monotonic()
            if now < due:
                _listen(wire, got, min(0.2, due - now))
                continue
            due = max(due, now - interval) + interval
            with contextlib.suppress(OSError):  # no route at this moment is a loss like any other
                wire.sendto(_LAYOUT.pack(len(sent)) + MARK, (theirs, port))
            sent.append(now)
        peer.sendall(b"-")
        until = time.monotonic() + _PATIENCE
        while not select.select([peer], [], [], 0)[0] and time.monotonic() < until:
            _listen(wire, got, 0.05)
        _listen(wire, got, _LINGER)
    return {"sent": sent, "got": got}


def _listen(wire: socket.socket, got: list[tuple[int, float]], seconds: float) -> None:
    """Take what arrives in these seconds, and what has arrived when they are over: they may have passed asleep."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([wire], [], [], left)[0]:
            take(wire, got)
    take(wire, got)


def take(wire: socket.socket, got: list[tuple[int, float]]) -> None:
    """Everything that has arrived. An ICMP error answering a datagram of ours is no arrival."""
    while True:
        try:
            told, beside, *_ = wire.recvmsg(2048, socket.CMSG_SPACE(_COUNT.size))
        except BlockingIOError:
            return
        except OSError:
            continue
        got.append((_LAYOUT.unpack_from(told)[0], time.monotonic()))
        for _, kind, count in beside:
            if kind == SO_RXQ_OVFL and _COUNT.unpack(count)[0]:
                raise OverflowError(f"{_COUNT.unpack(count)[0]} datagrams found no room at their receiver")
