"""`ddos reage`: thresholds learned anew, beside the present ones: of a contract as an order, or of capture files.

With `--policy` the arguments are captures, and nothing but files is read or written; without it the one argument is a
contract, and the order goes to the terms (`ddos_reaging`).
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kitei.cli.ddos import book_of_file, taking_option
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.collect.capture import NotACapture
from kitei.collect.counters import Second, shown
from kitei.collect.policy import Book
from kitei.collect.policy_text import write_policies
from kitei.collect.reaging import Line, Reaging, reage
from kitei.collect.replay import Replay, Taking
from kitei.values import Json, JsonObject, Words

_DAY = click.DateTime(["%Y-%m-%d"])


@command(
    "reage",
    ja="契約のしきい値を履歴から学び直す(規程が判断し、報告し、--apply で承認)。--policy があれば契約でなく記録の"
    "ファイルから学ぶ",
    en="Learn a contract's thresholds anew from the history: decided by the terms, reported, approved by --apply."
    " With --policy: from capture files instead, outside of any contract.",
)
@click.argument("contract_or_captures", nargs=-1, required=True)
@option("--from", "first", type=_DAY, ja="学ぶ最初の日", en="The first day to learn from.")
@option("--to", "last", type=_DAY, ja="学ぶ最後の日", en="The last day to learn from.")
@option(
    "--by",
    default="operator",
    show_default=True,
    ja="誰が(operator か契約者の id)",
    en="Who orders or approves: the operator, or the customer's id.",
)
@option("--what-if", is_flag=True, ja="判断だけして記録しない", en="Only decide; record nothing.")
@option("--apply", "approved", is_flag=True, ja="報告の勧めを承認し、定める", en="Approve what was reported.")
@option(
    "--reaging",
    ja="承認する、または示す学び直し(なければ最後のもの)",
    en="Which re-aging to approve or show; else the last.",
)
@option("--show", is_flag=True, ja="報告をもう一度示す", en="Show a report again.")
@option(
    "--pdf",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="--show とともに: 報告を PDF にする(ことばは --lang)",
    en="With --show: write the report as PDF, in the language of --lang.",
)
@option(
    "--send",
    is_flag=True,
    ja="--show とともに: 報告を契約者にメールで送る(指示の時に送れなかった場合)",
    en="With --show: e-mail the report to the customer, where it could not be when it was ordered.",
)
@option(
    "--policy",
    "policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="記録のファイルから: 今のしきい値の TOML",
    en="For captures: the present thresholds, a TOML file.",
)
@taking_option
@option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="記録のファイルから: 学んだ値をここに書く(承認ののち replay や collect に渡す)",
    en="For captures: write what was learned here, for `replay` and `collect` once it is approved.",
)
@option(
    "--write",
    "recommended",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="記録のファイルから: 勧めるしきい値をここに書く(承認ののち --policy に渡す)",
    en="For captures: write the recommended policies here, to be used as --policy once approved.",
)
def reage_(talk: Talk, contract_or_captures: tuple[str, ...], **more: Any) -> None:
    of_files = {name: more.pop(name) for name in ("policy", "taking", "baseline", "recommended")}
    of_order = {name: value for name, value in more.items() if value not in (None, False, "operator")}
    if of_files["policy"] is not None:
        if of_order:
            raise Misuse(_APART)
        _of_captures(talk, tuple(map(_capture, contract_or_captures)), **of_files)
        return
    if of_files["baseline"] or of_files["recommended"] or len(contract_or_captures) > 1:
        raise Misuse(_APART)
    _of_contract(talk, contract_or_captures[0], **more)


_APART = Words(
    "契約は一つで --from --to --by --what-if --apply --show などとともに、記録のファイルは --policy とともに指定します",
    "name one contract (with --from, --to, --by, --what-if, --apply, --show ...), or captures with --policy",
)


def _capture(name: str) -> Path:
    place = Path(name)
    if not place.is_file():
        raise Misuse(Words(f"{name} というファイルはありません", f"there is no file {name}"))
    return place


def _of_contract(
    talk: Talk,
    contract: str,
    *,
    first: datetime | None,
    last: datetime | None,
    by: str,
    what_if: bool,
    approved: bool,
    reaging: str | None,
    show: bool,
    pdf: Path | None,
    send: bool,
) -> None:
    from kitei.cli import ddos_reaging

    if (pdf or send) and not show:
        raise Misuse(Words("--pdf と --send は --show とともに指定します", "--pdf and --send go with --show"))
    if show:
        ddos_reaging.show(talk, contract, reaging, pdf=pdf, send=send)
    elif approved:
        ddos_reaging.apply(talk, contract, reaging, by=by)
    else:
        days = {"first": first.date() if first else None, "last": last.date() if last else None}
        ddos_reaging.order(talk, contract, by=by, what_if=what_if, **days)


def _of_captures(
    talk: Talk,
    captures: tuple[Path, ...],
    *,
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
