"""The collector's diary: seconds of counters become sheaves, small files that are whole or not there.

Whoever keeps history takes sheaves (`kitei.network.sheaf`) and throws them away; nothing here waits for that.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

from kitei.collect.counters import Address, Counters, Network, Second
from kitei.collect.detection import Decision
from kitei.collect.meter import Flow
from kitei.collect.policy import Book, Scope
from kitei.network.sheaf import MINUTE, SUMS, SheafName, parts, written

_HOSTS, _PORTS, _SECONDS, _FLOWS = 20_000, 20_000, 20_000, 4_000
HURRY: Final = 10
"""While an alarm stands a sheaf is written after so many seconds: a collector that dies then loses no more."""
SHEAVES: Final = 10_080
"""At most so many wait in the folder (a week of minutes); the oldest go first, and the next sheaf says so."""

Row = tuple[str, Scope, str]


@dataclass(slots=True)
class _Sum:
    """A target's minute."""

    seconds: int = 0
    sums: list[int] = field(default_factory=lambda: [0] * len(SUMS))
    sources: int = 0
    mosts: list[int] = field(default_factory=lambda: [0] * len(SUMS))

    def add(self, counters: Counters) -> None:
        self.seconds += 1
        for n, name in enumerate(SUMS):
            value = getattr(counters, name)
            self.sums[n] += value
            if value > self.mosts[n]:
                self.mosts[n] = value
        self.sources = max(self.sources, counters.sources)


class Minute:
    """One minute, gathered. What exceeds its bounds is left out and counted in a note: 20,000 hosts, ports and
    seconds each, 4,000 flows; protected prefixes are always there."""

    def __init__(self, at: int, collector: str) -> None:
        self.at, self.collector = at, collector
        self._sums: dict[Row, _Sum] = {}
        self._hosts = 0
        self._ports: dict[tuple[str, str, int], int] = {}
        self._lines: list[str] = []
        self._seconds = self._flows = 0
        self._judged = 0
        self.left_out: dict[str, int] = {}

    def take(self, book: Book, second: Second, burning: frozenset[Row]) -> None:
        """One second more; each row of `burning` is written with this second's own figures as well."""
        self._judged += 1
        for network, counters in second.prefixes.items():
            for contract in _contracts(book, network):
                self._count((contract, "prefix", str(network)), second.at, counters, burning)
                for port, packets in counters.ports:
                    self._port((contract, str(network), port), packets)
        for host, counters in second.hosts.items():
            for contract in _contracts(book, host):
                row: Row = (contract, "host", str(host))
                self._count(row, second.at, counters, burning)
                if row in burning:
                    for port, packets in counters.ports:
                        self._port((contract, str(host), port), packets)
        if second.untold:
            self._leave_out("hosts untold", second.untold)

    def sample(self, book: Book, at: int, flows: Iterable[Flow]) -> None:
        """Flows of a second, of contracts alone."""
        for each in flows:
            for contract in _contracts(book, each.dst):
                if self._flows >= _FLOWS:
                    self._leave_out("flows")
                    continue
                self._flows += 1
                self._line(
                    "flow", at, contract, str(each.src), each.sport, str(each.dst), each.dport, each.protocol,
                    each.bytes, each.packets, each.flags, str(each.exporter),
                )  # fmt: skip

    def decide(self, each: Decision) -> None:
        self._line(
            "decision", each.at, each.kind, contract_of(each.policy), each.policy, each.version, each.scope,
            str(each.target), each.metric, each.figure, each.threshold, each.since, each.sources,
            each.dry_run, each.why.name if each.why else None,
        )  # fmt: skip

    def note(self, what: str, number: int) -> None:
        self._line("note", self.at, "", what, number)

    def text(self) -> str:
        """The sheaf, in an order that depends on what was counted alone; '' where nothing was."""
        lines = list(self._lines)
        for (contract, scope, target), each in sorted(self._sums.items()):
            lines.append(
                written(
                    "minute", self.at, contract, scope, target, each.seconds, *each.sums, each.sources,
                    *each.mosts,
                )
            )  # fmt: skip
        for (contract, target, port), packets in sorted(self._ports.items()):
            lines.append(written("port", self.at, contract, target, port, packets))
        if self._judged:
            lines.append(written("note", self.at, self.collector, "seconds", self._judged))
        for what, number in sorted(self.left_out.items()):
            lines.append(written("note", self.at, "", f"left out: {what}", number))
        return "".join(f"{line}\n" for line in lines)

    def _count(self, row: Row, at: int, counters: Counters, burning: frozenset[Row]) -> None:
        found = self._sums.get(row)
        if found is None:
            if row[1] == "host":
                if self._hosts >= _HOSTS:
                    self._leave_out("hosts")
                    return
                self._hosts += 1
            found = self._sums[row] = _Sum()
        found.add(counters)
        if row in burning:
            if self._seconds >= _SECONDS:
                self._leave_out("seconds")
                return
            self._seconds += 1
            sums = [getattr(counters, name) for name in SUMS]
            self._line("second", at, *row, *sums, counters.sources)

    def _port(self, key: tuple[str, str, int], packets: int) -> None:
        if key in self._ports or len(self._ports) < _PORTS:
            self._ports[key] = self._ports.get(key, 0) + packets
        else:
            self._leave_out("ports")

    def _line(self, kind: str, *values: object) -> None:
        self._lines.append(written(kind, *values))

    def _leave_out(self, what: str, number: int = 1) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + number


class Diary:
    """Keeps the minutes of one collector in a folder. `folder` is the diary's own; `name` tells collectors apart."""

    def __init__(self, folder: Path, name: str = "collector") -> None:
        self.folder, self.name = folder, name
        self._minute: Minute | None = None
        self._first = 0
        self._burning: dict[tuple[str, Scope, str], Row] = {}

    def take(
        self, book: Book, second: Second, decisions: Sequence[Decision], flows: Iterable[Flow] = ()
    ) -> None:
        """A second that was judged. Seconds come in order. Raises OSError where a sheaf cannot be written."""
        at = second.at - second.at % MINUTE
        hurries = bool(self._burning) and second.at - self._first >= HURRY
        if self._minute is not None and (self._minute.at != at or hurries):
            self.close()
        if self._minute is None:
            self._minute, self._first = Minute(at, self.name), second.at
        for each in decisions:
            key = (each.policy, each.scope, str(each.target))
            if each.kind == "release":
                self._burning.pop(key, None)
            elif each.kind == "alarm":
                self._burning[key] = (contract_of(each.policy), each.scope, str(each.target))
            self._minute.decide(each)
        self._minute.take(book, second, frozenset(self._burning.values()))
        self._minute.sample(book, second.at, flows)

    def close(self) -> None:
        """Write what there is of the minute that is open."""
        if self._minute is None:
            return
        minute, self._minute = self._minute, None
        self.folder.mkdir(parents=True, exist_ok=True)
        if dropped := self._make_room():
            minute.note("sheaves dropped", dropped)
        for number, text in enumerate(parts(minute.text())):
            name = str(SheafName(minute.at, self._first - minute.at, self.name, number))
            draft = self.folder / f".{name}"
            with draft.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self.folder / name)

    def finished(self) -> Iterator[tuple[str, str]]:
        """Sheaves by name, the oldest first, with their text."""
        for path in sorted(self.folder.glob("*.sheaf")):
            yield path.name, path.read_text(encoding="utf-8")

    def _make_room(self) -> int:
        waiting = sorted(self.folder.glob("*.sheaf"))
        oldest = waiting[: max(0, len(waiting) - SHEAVES + 1)]
        for each in oldest:
            each.unlink(missing_ok=True)
        return len(oldest)


def contract_of(policy: str) -> str:
    """The contract a policy is named after: `d1` of `d1/web`."""
    return policy.partition("/")[0]


def _contracts(book: Book, target: Address | Network) -> tuple[str, ...]:
    """Whose a target is, each contract once however many of its policies cover it."""
    policies = book.over(target) if isinstance(target, IPv4Network | IPv6Network) else book.of(target)
    return tuple(dict.fromkeys(contract_of(each.name) for each in policies))
