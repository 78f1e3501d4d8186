"""The live collector: sockets, one thread that receives and ends the seconds, and a queue of seconds to judge.

The thread is in compiled code for all but a moment of each second, without the interpreter. If judging falls
behind by more than the queue holds, the oldest seconds are dropped and counted: receiving never waits.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kitei.collect.counters import Address, Network, Second
from kitei.collect.faults import Fault
from kitei.collect.meter import Ended, Exporter, Flow, Heard, Meter, NoRoom, read_heard

SECOND: Final = 10**9
BUFFER: Final = 64 << 20  # what the kernel may hold while a second is handed over
QUEUED: Final = 120


@dataclass(frozen=True, slots=True)
class Turn:
    """One second and the state of reception at its end. `skipped`: seconds before it that were not handed
    over; `new_drops`: what the kernel dropped in this second; `faults`: since the start; `late_ms`: how long after
    the second's end it was ready; `flows`: a sample, where one was asked for; `refused`: why the change that was
    asked for is not in force. `second` and `heard` are read when asked."""

    ended: Ended
    sessions: bytes
    datagrams: int
    records: int
    kernel_drops: int
    new_drops: int
    faults: Mapping[Fault, int]
    skipped: int
    late_ms: int
    flows: tuple[Flow, ...] = ()
    refused: str = ""

    @property
    def second(self) -> Second:
        return self.ended.read()

    @property
    def heard(self) -> tuple[Heard, ...]:
        return read_heard(self.sessions)


def listen(host: str, port: int) -> socket.socket:
    """A UDP socket with a buffer of 64 MiB where we may; on `::` it hears IPv4 as well."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        sock.setsockopt(socket.SOL_SOCKET, 33, BUFFER)  # SO_RCVBUFFORCE: beyond net.core.rmem_max
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    sock.bind((host, port))
    return sock


@dataclass(frozen=True, slots=True)
class Early:
    """Hosts that were too much before their second was over."""

    ended: Ended

    @property
    def second(self) -> Second:
        return self.ended.read()


@dataclass(frozen=True, slots=True)
class Setting:
    """What is counted and where it comes in: prefixes with their handing-over limits, sockets, and known
    exporters (None: anyone is heard). Sockets that are no longer among them are closed."""

    limits: Mapping[Network, Mapping[str, int]]
    sockets: tuple[socket.socket, ...]
    exporters: Mapping[Address, Exporter] | None = None


class Receiver:
    """Receives on `sockets` into `meter` until closed; `turns` is where the seconds come out.

    With `parts`, each second is looked at so many times before it is over, and what is too much by then comes out
    by `early`, called in the receiving thread: it has to be quick.
    """

    def __init__(
        self,
        meter: Meter,
        sockets: Sequence[socket.socket],
        *,
        parts: int = 1,
        early: Callable[[Early], None] = lambda early: None,
    ) -> None:
        self._parts, self._early = parts, early
        self._meter, self._sockets = meter, tuple(sockets)
        for each in self._sockets:
            self._prepare(each)
        self.turns: queue.Queue[Turn] = queue.Queue(QUEUED)
        self._in_force: Setting | None = None
        self._wanted: Setting | None = None
        self._sample: tuple[int, tuple[Address | Network, ...]] = (0, ())
        self._closing = threading.Event()
        self._failed: OSError | None = None
        self._skipped = self._drops = 0
        self._thread = threading.Thread(target=self._run, name="flow-receiver", daemon=True)

    def start(self) -> None:
        """Begin, by the setting that is wanted already. Raises NoRoom."""
        if refused := self._set():
            raise NoRoom(refused)
        self._thread.start()

    def change(self, setting: Setting) -> None:
        """Count and listen by this from the next second on. No datagram is lost by it: what comes meanwhile
        waits in the sockets. Where there is no room for it, what was before stays, and the next turn says why."""
        self._wanted = setting

    def sample(self, size: int, towards: Sequence[Address | Network] = ()) -> None:
        """Hand over the first `size` flows of each second from the next on, of those towards these targets;
        0: none."""
        self._sample = (size, tuple(towards))

    def close(self) -> None:
        """Stop receiving; raises what ended it before, if anything did."""
        self._closing.set()
        self._meter.stop()
        if self._thread.ident is not None:
            self._thread.join()
        if self._failed:
            raise self._failed

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        at = time.time_ns() // SECOND
        try:
            while self._receive(at) and not self._closing.is_set():
                self._hand_over(at)
                now = time.time_ns() // SECOND
                self._skipped += max(0, now - at - 1)
                at = max(now, at + 1)
        except OSError as error:
            self._failed = error

    def _receive(self, at: int) -> bool:
        """Until the second is over; false where we are to end."""
        for part in range(1, self._parts):
            if not self._meter.receive(self._sockets, at * SECOND + part * SECOND // self._parts):
                return False
            if (found := self._meter.peek(at)).hosts:
                self._early(Early(found))
        return self._meter.receive(self._sockets, (at + 1) * SECOND)

    def _prepare(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._meter.prepare(sock)

    def _hand_over(self, at: int) -> None:
        ended = self._meter.ended(at)
        flows = self._meter.tapped()
        refused = self._set()
        self._meter.tap(*self._sample)
        totals = self._meter.totals()
        late = (time.time_ns() - (at + 1) * SECOND) // 1_000_000
        turn = Turn(
            ended,
            self._meter.heard_bytes(),
            totals["datagrams"],
            totals["records"],
            totals["kernel_drops"],
            totals["kernel_drops"] - self._drops,
            self._meter.faults(),
            self._skipped,
            late,
            flows,
            refused,
        )
        self._drops = totals["kernel_drops"]
        while True:
            try:
                self.turns.put_nowait(turn)
            except queue.Full:
                self._drop_oldest()
                continue
            self._skipped = 0
            return

    def _set(self) -> str:
        """Put what is wanted in force; why not, where there is no room for it."""
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return ""
        try:
            self._enforce(wanted)
        except NoRoom as error:
            for each in set(wanted.sockets) - set(self._sockets):
                each.close()
            if self._in_force is not None:
                self._enforce(self._in_force)
            return str(error)
        for each in self._sockets:
            if each not in wanted.sockets:
                each.close()
        for each in wanted.sockets:
            if each not in self._sockets:
                self._prepare(each)
        self._sockets, self._in_force = wanted.sockets, wanted
        return ""

    def _enforce(self, setting: Setting) -> None:
        self._meter.protect(setting.limits)
        self._meter.allow(setting.exporters or {}, only=setting.exporters is not None)

    def _drop_oldest(self) -> None:
        try:
            self.turns.get_nowait()
        except queue.Empty:
            return
        self._skipped += 1
