"""One collector's judging, second after second: what it remembers, and what it has to say after each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kitei.collect.counters import Second
from kitei.collect.detection import ALARMED, NO_WATCHES, WATCHED, Decision, Watches, forsake, judge
from kitei.collect.exporters import UNHEARD, Healths, Notice, are_overdue, look
from kitei.collect.faults import FAULT_WORDS, Fault
from kitei.collect.meter import Heard
from kitei.collect.policy import Book
from kitei.collect.receiver import SECOND, Turn
from kitei.values import JsonObject, Words

NOTICES: Final = 256  # a second: whoever forges exporters is told of no quicker
FAULTS_EVERY: Final = 60  # seconds: a flood of nonsense is one line a minute


@dataclass(frozen=True, slots=True)
class Note:
    """Something said of reception: `kind` and figures for programs, words for people."""

    kind: str
    body: JsonObject
    words: Words


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one turn."""

    second: Second
    decisions: tuple[Decision, ...]
    notices: tuple[Notice, ...]
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Sitting:
    """Judges by `book`, which may be changed between two turns with `use`."""

    book: Book
    watches: Watches = field(default_factory=lambda: NO_WATCHES)
    _healths: Healths = field(default_factory=lambda: UNHEARD)
    _told: Mapping[Fault, int] = field(default_factory=dict)
    _unknown: bool = False
    _full: bool = False

    def use(self, book: Book, at: int) -> tuple[Decision, ...]:
        """Judge by another book from now on; alarms of what it does not watch are released."""
        self.book = book
        self.watches, decisions = forsake(book, self.watches, at)
        return decisions

    def begin(self, part: Second) -> tuple[Decision, ...]:
        """Judge a second that is not over yet."""
        self.watches, decisions = judge(self.book, self.watches, part)
        return decisions

    def take(self, turn: Turn) -> Judged:
        second = turn.second
        self._healths, notices = look(self._healths, turn.heard, (second.at + 1) * SECOND)
        second = replace(second, unheard=are_overdue(self._healths, second.at))
        self.watches, decisions = judge(self.book, self.watches, second)
        notes = [*self._notes(turn), *self._doubts(second), *self._crowded(second.at)]
        if len(notices) > NOTICES:
            notes.append(_unsaid(second.at, len(notices) - NOTICES))
            notices = _foremost(notices, turn.heard)
        return Judged(second, decisions, notices, tuple(notes))

    def _doubts(self, second: Second) -> Iterator[Note]:
        """That alarms stand because nothing is known of them, once, and once when that is over."""
        stand = sum(each.alarmed is not None for each in self.watches.values())
        unknown = second.unheard and stand > 0
        if unknown != self._unknown:
            self._unknown = unknown
            words = (
                Words(
                    f"送出元が黙り、警報 {stand} 件の今がわからない",
                    f"exporters are silent: {stand} alarms stand unseen",
                )
                if unknown
                else Words("警報の今が再びわかる", "alarms are seen again")
            )
            yield Note("unknown" if unknown else "known", {"at": second.at, "alarms": stand}, words)

    def _crowded(self, at: int) -> Iterator[Note]:
        """That there are too many hosts to watch, or to alarm of, one by one; once for as long as it is so."""
        hosts = [watch for (_, scope, _), watch in self.watches.items() if scope == "host"]
        alarmed = sum(each.alarmed is not None for each in hosts)
        full = len(hosts) >= WATCHED or alarmed >= ALARMED
        if full and not self._full:
            words = Words(
                f"{len(hosts)} ホストを見ていて {alarmed} が警報中。それ以上は一つずつ見ない(プレフィックスには計上)",
                f"{len(hosts)} hosts are watched, {alarmed} of them in alarm, and no more one by one (their prefixes are)",
            )
            yield Note("full", {"at": at, "hosts": len(hosts), "alarms": alarmed}, words)
        self._full = full

    def _notes(self, turn: Turn) -> Iterator[Note]:
        at = turn.ended.at
        if turn.skipped:
            words = Words(
                f"{turn.skipped} 秒を判断できなかった", f"{turn.skipped} seconds could not be judged"
            )
            yield Note("skipped", {"at": at, "seconds": turn.skipped}, words)
        if turn.new_drops:
            words = Words(
                f"受ける側で {turn.new_drops} データグラムがあふれた",
                f"{turn.new_drops} datagrams overflowed here",
            )
            yield Note("overflow", {"at": at, "datagrams": turn.new_drops}, words)
        if untold := turn.ended.untold:
            words = Words(
                f"しきい値を超えたホストのうち {untold} を見きれなかった(プレフィックスには計上)",
                f"{untold} hosts over their limits were not looked at one by one (their prefixes were)",
            )
            yield Note("untold", {"at": at, "hosts": untold}, words)
        if turn.refused:
            words = Words(
                f"新しい設定は入りきらず、前のまま: {turn.refused}",
                f"as before, for want of room: {turn.refused}",
            )
            yield Note("refused", {"at": at, "why": turn.refused}, words)
        if at % FAULTS_EVERY == 0:
            yield from self._faults(turn)

    def _faults(self, turn: Turn) -> Iterator[Note]:
        """What was dropped since the last time, by reason."""
        for fault, count in turn.faults.items():
            if more := count - self._told.get(fault, 0):
                said = FAULT_WORDS[fault]
                body: JsonObject = {"at": turn.ended.at, "fault": fault.name.lower(), "count": more}
                yield Note("dropped", body, Words(f"{said.ja}: {more}", f"{said.en}: {more}"))
        self._told = turn.faults


def _foremost(notices: Sequence[Notice], heard: Sequence[Heard]) -> tuple[Notice, ...]:
    """Of very many those of listed exporters first, then of such as told most."""
    claims = {(each.address, each.protocol, each.domain): (each.listed, each.records) for each in heard}
    first = sorted(notices, key=lambda each: claims[each.exporter, each.protocol, each.domain], reverse=True)
    return tuple(first[:NOTICES])


def _unsaid(at: int, count: int) -> Note:
    words = Words(
        f"送出元についてあと {count} 件あるが、一つずつは言わない",
        f"there is as much to say of {count} more exporters",
    )
    return Note("unsaid", {"at": at, "notices": count}, words)


def gap(last: int, now: int) -> Note | None:
    """What was missed between the last second that was judged and now; None where nothing was."""
    if now - last <= 1:
        return None
    words = Words(
        f"{last + 1} から {now - 1} まで {now - last - 1} 秒、受けていなかった",
        f"nothing was received for {now - last - 1} s, from {last + 1} to {now - 1}",
    )
    return Note("gap", {"first": last + 1, "last": now - 1}, words)
