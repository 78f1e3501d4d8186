"""`ddos collect`: listen to exporters, and say alarms and what is wrong with exporters as they are found."""

import json
import os
import queue
import re
import signal
import socket
import time
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Final

import click

from kitei.cli.ddos import baseline_option, book_of_file, policy_option
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.collect.counters import Address
from kitei.collect.detection import NO_WATCHES, Watches, judge
from kitei.collect.exporters import UNHEARD, Healths, look
from kitei.collect.faults import FAULT_WORDS, Fault
from kitei.collect.library import NoCompiler
from kitei.collect.meter import Exporter, Meter
from kitei.collect.policy import Book
from kitei.collect.receiver import Receiver, Turn, listen
from kitei.values import JsonObject, Words

SECOND: Final = 10**9
FAULTS_EVERY: Final = 60  # seconds: a flood of nonsense is one line a minute
State = tuple[Watches, Healths, Mapping[Fault, int]]
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
    match = re.fullmatch(r"([0-9a-fA-F.:]+)(?:=(\d{1,8}))?(,ingress)?", written)
    try:
        if match is None:
            raise ValueError
        return ip_address(match[1]), Exporter(int(match[2] or 0), bool(match[3]))
    except ValueError:
        right = "192.0.2.1, 2001:db8::1=1000 or 192.0.2.1=1000,ingress"
        raise Misuse(
            Words(
                f"{written} は送出元ではありません(例 {right})",
                f"{written!r} is not an exporter such as {right}",
            )
        ) from None


def _listen(written: str) -> socket.socket:
    match = re.fullmatch(r"\[?([^\[\]]*?)\]?:(\d{1,5})", written)
    if match is None:
        raise Misuse(f"{written!r} is not a place such as [::]:2055 or 192.0.2.1:2055")
    try:
        return listen(match[1] or "::", int(match[2]))
    except (OSError, OverflowError) as error:
        raise Misuse(f"{written}: {error}") from None


def _run(talk: Talk, book: Book, receiver: Receiver, seconds: int | None) -> None:
    """Judge each second that comes out, until told to stop. The last one judged is written down, so that the
    next start can say what it missed."""
    stopped: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stopped.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    mark = talk.home / "collect.json"
    _say_gap(talk, mark)
    receiver.start()
    state: State = (NO_WATCHES, UNHEARD, {})
    done = 0
    try:
        while not stopped and (seconds is None or done < seconds):
            try:
                turn = receiver.turns.get(timeout=0.5)
            except queue.Empty:
                if not receiver.is_running:
                    break
                continue
            state = _turn(talk, book, turn, state)
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps({"last": turn.ended.at}))
            done += 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        receiver.close()


def _say_gap(talk: Talk, mark: Path) -> None:
    try:
        last = int(json.loads(mark.read_text())["last"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return  # a first start has missed nothing
    now = time.time_ns() // SECOND
    if now - last > 1:
        words = Words(
            f"{last + 1} から {now - 1} まで {now - last - 1} 秒、受けていなかった",
            f"nothing was received for {now - last - 1} s, from {last + 1} to {now - 1}",
        )
        _say(talk, {"kind": "gap", "first": last + 1, "last": now - 1}, words)


def _turn(talk: Talk, book: Book, turn: Turn, state: State) -> State:
    watches, healths, told = state
    at = turn.ended.at
    if turn.skipped:
        words = Words(f"{turn.skipped} 秒を判断できなかった", f"{turn.skipped} seconds could not be judged")
        _say(talk, {"kind": "skipped", "at": at, "seconds": turn.skipped}, words)
    if turn.new_drops:
        words = Words(
            f"受ける側で {turn.new_drops} データグラムがあふれた",
            f"{turn.new_drops} datagrams overflowed here",
        )
        _say(talk, {"kind": "overflow", "at": at, "datagrams": turn.new_drops}, words)
    if turn.ended.untold:
        words = Words(
            f"しきい値を超えたホストのうち {turn.ended.untold} を見きれなかった(プレフィックスには計上)",
            f"{turn.ended.untold} hosts over their limits were not looked at one by one (their prefixes were)",
        )
        _say(talk, {"kind": "untold", "at": at, "hosts": turn.ended.untold}, words)
    if at % FAULTS_EVERY == 0:
        told = _say_faults(talk, turn, told)
    watches, decisions = judge(book, watches, turn.second)
    for decision in decisions:
        _say(talk, decision.json(), decision.line(talk.language))
    healths, notices = look(healths, turn.heard, (at + 1) * SECOND)
    for notice in notices:
        who = f"{at} {notice.kind} {notice.exporter} {notice.protocol}/{notice.domain}: "
        _say(talk, notice.json(), who + notice.words.to(talk.language))
    return watches, healths, told


def _say_faults(talk: Talk, turn: Turn, told: Mapping[Fault, int]) -> Mapping[Fault, int]:
    """What was dropped since the last time, by reason."""
    for fault, count in turn.faults.items():
        if more := count - told.get(fault, 0):
            words = Words(f"{FAULT_WORDS[fault].ja}: {more}", f"{FAULT_WORDS[fault].en}: {more}")
            _say(
                talk,
                {"kind": "dropped", "at": turn.ended.at, "fault": fault.name.lower(), "count": more},
                words,
            )
    return turn.faults


def _say(talk: Talk, value: JsonObject, text: Words | str) -> None:
    """One line, of JSON or of text."""
    said = text if isinstance(text, str) else text.to(talk.language)
    click.echo(json.dumps(value, ensure_ascii=False) if talk.as_json else said)
