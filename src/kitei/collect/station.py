"""The collector of a node, as a process of its own: `python -m kitei.collect.station FOLDER LANES`.

FOLDER holds `assignment.json`, which may change at any time, and what the station writes there: `status.json`
(which assignment is in force, and what of it is not), `remembered.json` and the diary. What it decides goes to
the lane `floods` in LANES, its diary's sheaves to the lane `counters`. It ends with SIGTERM.
"""

import json
import os
import queue
import signal
import socket
import sys
import time
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from kitei.collect.assignment import Assignment, Place, assignment_of
from kitei.collect.counters import Second
from kitei.collect.detection import PARTS, Decision, figures, standing
from kitei.collect.heads import Heads
from kitei.collect.history import Diary
from kitei.collect.meter import Meter
from kitei.collect.receiver import SECOND, Early, Receiver, Setting, Turn, listen
from kitei.collect.remembered import recall, remember
from kitei.collect.sampling import Sampling
from kitei.collect.sitting import Judged, Sitting, gap
from kitei.spool import Lane
from kitei.values import Json, JsonObject

STANDING_EVERY: Final = 5  # seconds
_GLANCE: Final = 0.05  # seconds between looks for what is too much before its second is over
_TRY_AGAIN: Final = 5.0  # seconds until an address that could not be listened to is tried again
_DIARY, _STATUS, _REMEMBERED = "diary", "status.json", "remembered.json"


class Station:
    """One station. All but receiving happens in the thread that calls `run`."""

    def __init__(self, folder: Path, lanes: Path) -> None:
        self._folder = folder
        self._floods, self._counters = Lane(lanes / "floods"), Lane(lanes / "counters")
        self._stopped = False
        self._stamp: tuple[int, int, int] | None = None
        self._again = 0.0
        self._open: dict[Place, socket.socket] = {}
        self._begun = _now()
        self._meter = Meter(seed=int.from_bytes(os.urandom(8), "big"))
        self._early: queue.SimpleQueue[Early] = queue.SimpleQueue()
        self._receiver = Receiver(self._meter, [], parts=PARTS, early=self._early.put)
        self._assignment, self._faults = self._read()
        self._diary = Diary(folder / _DIARY, self._assignment.name)
        last, watches = recall(folder / _REMEMBERED, time.time_ns() // SECOND)
        self._sitting = Sitting(self._assignment.book, watches)
        self._sampling = Sampling()
        self._heads = Heads(lanes / "excerpts")
        self._judged = 0
        self._begun_early: tuple[Decision, ...] = ()
        missed = gap(last, time.time_ns() // SECOND) if last is not None else None
        self._event("collector.began", {"gap": missed.body if missed else None})

    def stop(self) -> None:
        self._stopped = True

    def run(self) -> None:
        """Judge until stopped."""
        self._take_up()
        self._receiver.start()
        try:
            while not self._stopped:
                self._look_at_assignment()
                self._judge_early()
                try:
                    turn = self._receiver.turns.get(timeout=_GLANCE)
                except queue.Empty:
                    if not self._receiver.is_running:
                        break
                    continue
                self._turn(turn)
        finally:
            self._receiver.close()
            self._diary.close()
            self._ship()
            self._floods.close()
            self._counters.close()

    # -- what it is told -----------------------------------------------------------------------------

    def _read(self) -> tuple[Assignment, list[str]]:
        file = self._folder / "assignment.json"
        told = file.stat()
        self._stamp = (told.st_mtime_ns, told.st_ino, told.st_size)
        assignment, faults = assignment_of(file.read_text(encoding="utf-8"))
        return assignment, [f"{each.place}: {each.words.en}" for each in faults]

    def _look_at_assignment(self) -> None:
        told = (self._folder / "assignment.json").stat()
        if (told.st_mtime_ns, told.st_ino, told.st_size) != self._stamp:
            self._assignment, self._faults = self._read()
            self._decide(self._sitting.use(self._assignment.book, time.time_ns() // SECOND), None)
            self._take_up()
        elif len(self._open) < len(self._assignment.places) and time.monotonic() > self._again:
            self._take_up()

    def _take_up(self) -> None:
        """Have the receiver do as assigned, as far as it can be done; the status says how far that is."""
        deaf: list[str] = []
        sockets: dict[Place, socket.socket] = {}
        for place in self._assignment.places:
            try:
                sockets[place] = self._open.get(place) or listen(*place)
            except (OSError, OverflowError) as error:
                deaf.append(f"{place[0]} port {place[1]}: {error}")
        self._open = sockets
        self._again = time.monotonic() + _TRY_AGAIN
        limits = self._assignment.book.limits()
        self._receiver.change(Setting(limits, tuple(sockets.values()), self._assignment.exporters))
        self._tell_status([*self._faults, *deaf])

    def _tell_status(self, faults: list[str]) -> None:
        status: Json = {"digest": self._assignment.digest, "faults": list(faults), "pid": os.getpid()}
        draft = self._folder / f"{_STATUS}.new"
        draft.write_text(json.dumps(status))
        os.replace(draft, self._folder / _STATUS)

    # -- what it says --------------------------------------------------------------------------------

    def _turn(self, turn: Turn) -> None:
        judged = self._sitting.take(turn)
        self._sampling.take(turn.flows, self._sitting.watches)
        self._decide(judged.decisions, judged.second)
        self._judged = judged.second.at
        self._stand(judged)
        for note in judged.notes:
            self._event(f"collector.{note.kind}", note.body)
            if note.kind == "refused":
                self._tell_status([*self._faults, turn.refused])
        for notice in judged.notices:
            words: JsonObject = {"ja": notice.words.ja, "en": notice.words.en}
            self._event(f"exporter.{notice.kind}", {**notice.json(), "words": words})
        sitting = self._sitting
        self._receiver.sample(*self._sampling.wanted(turn.ended.at, sitting.watches, sitting.book))
        self._write_down(judged, turn)

    def _write_down(self, judged: Judged, turn: Turn) -> None:
        """What a full disk may cost is told where our output goes, and does not stop the judging."""
        try:
            remember(self._folder / _REMEMBERED, turn.ended.at, self._sitting.watches)
            decisions, self._begun_early = (*self._begun_early, *judged.decisions), ()
            self._diary.take(self._sitting.book, judged.second, decisions, turn.flows)
            self._ship()
            if decisions:
                self._floods.settle()
        except OSError as error:
            print(f"second {turn.ended.at} could not be written down: {error}", file=sys.stderr, flush=True)

    def _judge_early(self) -> None:
        """What is too much before its second is over."""
        while not self._early.empty():
            part = self._early.get().second
            if part.at == self._judged + 1:  # else judging is late, and the whole second is as soon
                decisions = self._sitting.begin(part)
                self._decide(decisions, part)
                self._begun_early += decisions

    def _decide(self, decisions: tuple[Decision, ...], second: Second | None) -> None:
        if not decisions:
            return
        known = (
            {(p.name, s, t): counters for p, s, t, counters, _ in figures(self._sitting.book, second)}
            if second
            else {}
        )
        for each in decisions:
            if each.kind == "alarm":
                self._excerpt(each)
            counters = known.get((each.policy, each.scope, each.target))
            self._event(
                "flood.decided",
                {
                    "begun": self._begun.isoformat(),
                    "id": f"{each.policy}|{each.scope}|{each.target}|{each.since}",
                    "contract": each.policy.partition("/")[0],
                    "detection": self._row(each),
                    "counters": counters.json() if counters else None,
                },
            )

    def _excerpt(self, each: Decision) -> None:
        """Have packets towards what is flooded kept, where exporters send any."""
        ports = [port for _, port in self._assignment.places]
        heard = self._assignment.exporters
        self._heads.take(each.policy.partition("/")[0], ip_network(each.target), ports, heard)

    def _stand(self, judged: Judged) -> None:
        """All alarms that stand: every few seconds, and once more where the sample has told more of one."""
        if judged.second.at % STANDING_EVERY and not self._sampling.has_news:
            return
        self._sampling.has_news = False
        rows: list[Json] = [
            self._row(each) for each in standing(self._sitting.book, self._sitting.watches, judged.second)
        ]
        self._event("flood.standing", {"begun": self._begun.isoformat(), "standing": rows})

    def _row(self, each: Decision) -> JsonObject:
        ports = self._sampling.source_ports((each.policy, each.scope, each.target))
        return {**each.json(), "source_ports": [list(pair) for pair in ports]}

    def _ship(self) -> None:
        for name, text in self._diary.finished():
            self._counters.put(_now(), "counters.sheaf", {"name": name, "text": text})
            (self._diary.folder / name).unlink(missing_ok=True)

    def _event(self, kind: str, body: JsonObject) -> None:
        """Alarms that could not be put stand, and are told with the next standing ones that can."""
        try:
            self._floods.put(_now(), kind, body)
        except OSError as error:
            print(f"{kind} could not be told: {error}", file=sys.stderr, flush=True)


def _now() -> datetime:
    return datetime.now(UTC)


def main(words: list[str]) -> int:
    if len(words) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    station = Station(Path(words[0]), Path(words[1]))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: station.stop())
    station.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
