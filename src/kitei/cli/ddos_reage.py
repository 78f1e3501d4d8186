"""`ddos reage`: thresholds learned anew from history, beside the present ones. Nothing changes by it."""

import json
from pathlib import Path

import click

from kitei.cli.ddos import book_of_file, policy_option, taking_option
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.collect.capture import NotACapture
from kitei.collect.counters import Second, shown
from kitei.collect.policy import Book
from kitei.collect.policy_text import write_policies
from kitei.collect.reaging import Line, Reaging, reage
from kitei.collect.replay import Replay, Taking
from kitei.values import Json, JsonObject, Words


@command(
    "reage",
    ja="記録から学び直し、勧めるしきい値を今のものと並べ、それぞれが出したはずの警報の数を示す",
    en="Learn thresholds anew from captures; show them beside the present ones, with the alarms of each.",
)
@click.argument(
    "captures", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@policy_option
@taking_option
@option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="学んだ値をここに書く(承認ののち replay や collect に渡す)",
    en="Write what was learned here, for `replay` and `collect` once it is approved.",
)
@option(
    "--write",
    "recommended",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="勧めるしきい値をこのファイルに書く(承認ののち --policy に渡す)",
    en="Write the recommended policies here, to be used as --policy once they are approved.",
)
def reage_(
    talk: Talk,
    captures: tuple[Path, ...],
    policy: Path,
    taking: Taking,
    baseline: Path | None,
    recommended: Path | None,
) -> None:
    book = book_of_file(policy, talk)
    try:
        history = _history(captures, book, taking)
    except NotACapture as error:
        raise Misuse(str(error)) from None
    found = reage(book, history)
    if baseline is not None:
        text = json.dumps(found.baseline.json(), ensure_ascii=False, indent=2)
        baseline.write_text(text + "\n", encoding="utf-8")
    if recommended is not None:
        if recommended.exists() and recommended.samefile(policy):
            raise Misuse(
                Words(
                    "今のしきい値を上書きすることになります。別の名前で書き、承認ののち使ってください",
                    "would overwrite the present policies: write to another name, and use it once approved",
                )
            )
        recommended.write_text(write_policies(found.book), encoding="utf-8")
    talk.answer(_json(found), lambda: _text(found, talk))


def _history(captures: tuple[Path, ...], book: Book, taking: Taking) -> list[Second]:
    """The seconds of all captures in the order of time."""
    seconds: dict[int, Second] = {}
    for capture in captures:
        run = Replay(capture, book.limits(), taking=taking, whole=True)
        for second in run.seconds():
            if second.at in seconds:
                raise Misuse(
                    Words(
                        f"{capture}: {second.at} の秒は別の記録にもあります",
                        f"{capture}: second {second.at} is in another capture too",
                    )
                )
            seconds[second.at] = second
        run.heading()
    return [seconds[at] for at in sorted(seconds)]


def _json(found: Reaging) -> JsonObject:
    lines: list[Json] = [
        {
            "policy": each.policy,
            "scope": each.scope,
            "metric": each.metric,
            "present": each.present,
            "recommended": each.recommended,
            "usual_high": each.usual_high,
            "peak": each.peak,
            "present_alarms": each.present_alarms,
            "recommended_alarms": each.recommended_alarms,
        }
        for each in found.lines
    ]
    return {
        "lines": lines,
        "seconds": found.baseline.seconds,
        "left_out": found.baseline.left_out,
        "present": [each.json() for each in found.present],
        "recommended": [each.json() for each in found.recommended],
    }


def _text(found: Reaging, talk: Talk) -> str:
    head = Words(
        f"{found.baseline.seconds} 秒から学んだ(警報中の {found.baseline.left_out} 秒は除いた)。何も変えていない。",
        f"Learned from {found.baseline.seconds} seconds, {found.baseline.left_out} in alarm left out."
        " Nothing was changed.",
    ).to(talk.language)
    columns = Words(
        "ポリシー 範囲 項目 | 今 → 勧める | ふだんの上 / 最大 | 警報 今 → 勧める",
        "policy scope metric | present -> recommended | usual high / peak | alarms present -> recommended",
    ).to(talk.language)
    return "\n".join([head, columns, *map(_line, found.lines)])


def _line(each: Line) -> str:
    return (
        f"{each.policy} {each.scope} {each.metric} | {shown(each.present)} -> {shown(each.recommended)}"
        f" | {shown(each.usual_high)} / {shown(each.peak)}"
        f" | {each.present_alarms} -> {each.recommended_alarms}"
    )
