"""`ddos collect`: listen to exporters, and say alarms and what is wrong with exporters as they are found."""

import json
import os
import queue
import signal
import socket
import time
from pathlib import Path
from types import FrameType
from typing import Final

import click

from kitei.cli.ddos import baseline_option, book_of_file, policy_option
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.collect.assignment import exporter_of, place_of
from kitei.collect.counters import Address
from kitei.collect.history import Diary
from kitei.collect.library import NoCompiler
from kitei.collect.meter import Exporter, Meter
from kitei.collect.policy import Book
from kitei.collect.receiver import SECOND, Receiver, listen
from kitei.collect.remembered import recall, remember
from kitei.collect.sampling import Sampling
from kitei.collect.sitting import Judged, Sitting, gap
from kitei.office.floods.history import history_of
from kitei.office.home import Home
from kitei.values import JsonObject, Words

LISTEN: Final = ("[::]:2055", "[::]:4739", "[::]:6343")


@command(
    "collect",
    ja="フローを受け、警報と、送出元の異常を見つけ次第知らせる(Ctrl-C で終わる)",
    en="Listen to exporters; tell alarms and what is wrong with exporters as they are found, until Ctrl-C.",
)
@policy_option
@baseline_option
@option(
    "--listen",
    "places",
    multiple=True,
    default=LISTEN,
    show_default=True,
    metavar="HOST:PORT",
    ja="受ける所",
    en="Where to listen.",
)
@option(
    "--exporter",
    "exporters",
    multiple=True,
    metavar="ADDRESS[=RATE][,ingress]",
    ja="この送出元だけを聞く。RATE は抽出率(送出元の言う値に代える)、ingress は入りの記録だけを数える",
    en="Listen to these only. RATE replaces the sampling rate an exporter tells; ingress: pass over egress.",
)
@option("--seconds", type=int, ja="この秒数で終わる", en="End after so many seconds.")
def collect(
    talk: Talk,
    policy: Path,
    baseline: Path | None,
    places: tuple[str, ...],
    exporters: tuple[str, ...],
    seconds: int | None,
) -> None:
    book = book_of_file(policy, talk, baseline)
    allowed = dict(map(_exporter, exporters))
    try:
        meter = Meter(seed=int.from_bytes(os.urandom(8), "big"))
    except NoCompiler as error:
        raise Misuse(error.words) from None
    meter.protect(book.limits())
    if allowed:
        meter.allow(allowed)
    with meter:
        _run(talk, book, Receiver(meter, [_listen(each) for each in places]), seconds)


def _exporter(written: str) -> tuple[Address, Exporter]:
    try:
        return exporter_of(written)
    except ValueError as error:
        raise Misuse(Words(f"{written} は送出元ではありません: {error}", str(error))) from None


def _listen(written: str) -> socket.socket:
    try:
        return listen(*place_of(written))
    except ValueError as error:
        raise Misuse(str(error)) from None
    except (OSError, OverflowError) as error:
        raise Misuse(f"{written}: {error}") from None


def _run(talk: Talk, book: Book, receiver: Receiver, seconds: int | None) -> None:
    """Judge each second that comes out, until told to stop. What stood at the end is known at the next start,
    which says what it missed."""
    stopped: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stopped.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    file = talk.home / "collect.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    now = time.time_ns() // SECOND
    last, watches = recall(file, now)
    if last is not None and (missed := gap(last, now)):
        _say(talk, {"kind": missed.kind, **missed.body}, missed.words)
    sitting, diary = Sitting(book, watches), Diary(talk.home / "diary", "collect")
    sampling = Sampling()
    receiver.start()
    done = 0
    try:
        while not stopped and (seconds is None or done < seconds):
            try:
                turn = receiver.turns.get(timeout=0.5)
            except queue.Empty:
                if not receiver.is_running:
                    break
                continue
            judged = sitting.take(turn)
            _tell(talk, judged)
            sampling.take(turn.flows, sitting.watches)
            receiver.sample(*sampling.wanted(turn.ended.at, sitting.watches, sitting.book))
            diary.take(sitting.book, judged.second, judged.decisions, turn.flows)
            _keep(talk, diary)
            remember(file, turn.ended.at, sitting.watches)
            done += 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        receiver.close()
        diary.close()
        _keep(talk, diary)


def _keep(talk: Talk, diary: Diary) -> None:
    """What was counted goes into the history of this home, which `ddos top` asks."""
    for name, text in diary.finished():
        history_of(Home(talk.home)).take("here", name, text)
        (diary.folder / name).unlink(missing_ok=True)


def _tell(talk: Talk, judged: Judged) -> None:
    for note in judged.notes:
        _say(talk, {"kind": note.kind, **note.body}, note.words)
    for decision in judged.decisions:
        _say(talk, decision.json(), decision.line(talk.language))
    for notice in judged.notices:
        who = f"{judged.second.at} {notice.kind} {notice.exporter} {notice.protocol}/{notice.domain}: "
        _say(talk, notice.json(), who + notice.words.to(talk.language))


def _say(talk: Talk, value: JsonObject, text: Words | str) -> None:
    """One line, of JSON or of text."""
    said = text if isinstance(text, str) else text.to(talk.language)
    click.echo(json.dumps(value, ensure_ascii=False) if talk.as_json else said)
