"""A capture judged again, by the times written in it: the same file and policies give the same decisions, always."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from kitei.collect.capture import Datagram, Frame, datagram_in, frames
from kitei.collect.counters import Address, Network, Second
from kitei.collect.detection import PARTS, Decision, judge_all
from kitei.collect.exporters import UNHEARD, Healths, are_overdue, look
from kitei.collect.faults import Fault
from kitei.collect.meter import Exporter, Heard, Meter
from kitei.collect.policy import Book
from kitei.collect.sizes import Sizes

Taking = Literal["auto", "exports", "packets"]

# Where exporters send to by habit: NetFlow, IPFIX, sFlow.
EXPORT_PORTS: Final = frozenset({2055, 2056, 4432, 4739, 6343, 9555, 9991, 9995, 9996})
SECOND: Final = 10**9
_WHOLE: Final = Sizes(told_hosts=262_144)  # nobody waits for these seconds


@dataclass(frozen=True, slots=True)
class Heading:
    """What a replay found beside its decisions."""

    seconds: int
    datagrams: int
    packets: int
    records: int
    elsewhere: int
    faults: Mapping[Fault, int]
    exporters: tuple[Heard, ...]


class Replay:
    """One capture through one meter.

    `taking`: flow exports in the capture are read as such (to a usual port, or to `ports`), or its packets
    themselves are the traffic; `auto` takes exports where there are any. `exporters` says what they do not.
    """

    def __init__(
        self,
        path: Path,
        limits: Mapping[Network, Mapping[str, int]],
        *,
        taking: Taking = "auto",
        ports: frozenset[int] = EXPORT_PORTS,
        exporters: Mapping[Address, Exporter] | None = None,
        whole: bool = False,
        sizes: Sizes | None = None,
    ) -> None:
        self.path, self.ports, self.whole = path, ports, whole
        self.taking: Taking = taking
        self._meter = Meter(sizes or (_WHOLE if whole else None))
        self._meter.protect(limits)
        if exporters:
            self._meter.allow(exporters, only=False)
        self._healths: Healths = UNHEARD
        self._seconds = self._datagrams = self._packets = 0

    def seconds(self) -> Iterator[Second]:
        """Each second with packets, in order."""
        return (second for second in self.moments() if not second.partial)

    def moments(self) -> Iterator[Second]:
        """Each second with packets, in order, and before it its parts in which something was too much already;
        time that runs backwards counts in the second that is open."""
        taking = self.taking
        if taking == "auto":
            taking = "exports" if any(self._export(each) for each in frames(self.path)) else "packets"
        now, part = None, 0
        for frame in frames(self.path):
            at = frame.at_ns // SECOND
            if now is None:
                now = at
            if at > now:
                yield self._roll(now)
                if taking == "exports":
                    yield from self._between(now + 1, at)
                now, part = at, 0
            reached = (frame.at_ns - now * SECOND) * PARTS // SECOND
            if reached > part:
                part = reached
                if early := self._meter.peek(now).read().hosts:
                    yield Second(now, early, {}, partial=True)
            self._take(frame, taking)
        if now is not None:
            yield self._roll(now)

    def heading(self) -> Heading:
        """The sums, once `seconds` is exhausted; the meter is given back."""
        totals = self._meter.totals()
        heading = Heading(
            self._seconds,
            self._datagrams,
            self._packets,
            totals["records"],
            totals["elsewhere"],
            self._meter.faults(),
            self._meter.heard(),
        )
        self._meter.close()
        return heading

    def _roll(self, at: int) -> Second:
        self._seconds += 1
        return self._known(self._meter.roll(at, whole=self.whole))

    def _between(self, first: int, end: int) -> Iterator[Second]:
        """Seconds of a capture of exports in which nothing came; of a long break its first hour."""
        for at in range(first, min(end, first + 3600)):
            yield self._known(Second(at, {}, {}))

    def _known(self, second: Second) -> Second:
        self._healths, _ = look(self._healths, self._meter.heard(), (second.at + 1) * SECOND)
        return replace(second, unheard=are_overdue(self._healths, second.at))

    def _export(self, frame: Frame) -> Datagram | None:
        found = datagram_in(frame)
        return found if found and found.dport in self.ports else None

    def _take(self, frame: Frame, taking: Taking) -> None:
        if taking == "packets":
            self._packets += 1
            self._meter.packet(frame.head, frame.length, link=frame.link, at_ns=frame.at_ns)
            return
        export = self._export(frame)
        if export:
            self._datagrams += 1
            self._meter.feed(export.payload, export.src, export.sport, frame.at_ns)


def replay(path: Path, book: Book, taking: Taking = "auto") -> tuple[tuple[Decision, ...], Heading]:
    """Every decision of a capture under a book."""
    run = Replay(path, book.limits(), taking=taking)
    decisions = tuple(judge_all(book, run.moments()))
    return decisions, run.heading()
