"""`ddos`: what flows say of an attack. Each further command of the group lives in a module of its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from kitei.cli.speak import LazyGroup, Misuse, Talk, command, here, option
from kitei.collect.baseline import Baseline, baseline_of
from kitei.collect.capture import NotACapture
from kitei.collect.faults import FAULT_WORDS
from kitei.collect.library import NoCompiler
from kitei.collect.policies import BadPolicies, read_policies
from kitei.collect.policy import Book
from kitei.collect.replay import Heading, Taking, replay
from kitei.values import Json, JsonObject, Words

_COMMANDS: Final[Mapping[str, str]] = {
    "replay": "ddos",
    "flows": "ddos_flows",
    "reage": "ddos_reage",
    "collect": "ddos_collect",
    "policy": "ddos_policy",
    "mitigate": "ddos_mitigate",
    "prolong": "ddos_mitigate",
    "release": "ddos_mitigate",
    "top": "ddos_top",
    "incidents": "ddos_incidents",
    "report": "ddos_report",
    "alerts": "ddos_alerts",
    "excerpt": "ddos_excerpt",
    "secret": "ddos_secret",
}


@click.group(
    "ddos",
    cls=LazyGroup,
    modules=_COMMANDS,
    help=Words("DDoS を見て、止めて、知らせる", "See DDoS attacks, stop them, tell of them.").to(here()),
)
def ddos() -> None:
    pass


taking_option = option(
    "--as",
    "taking",
    type=click.Choice(["auto", "exports", "packets"]),
    default="auto",
    show_default=True,
    ja="記録の中のフロー送出を読むか、パケットそのものを数えるか",
    en="Read the flow exports in the capture, or count its packets themselves.",
)
policy_option = option(
    "--policy",
    "policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    ja="しきい値の TOML",
    en="The thresholds, a TOML file.",
)
baseline_option = option(
    "--baseline",
    "baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja='学んだ値(しきい値 "learned" に使う)',
    en='What was learned, for thresholds that say "learned".',
)
CAPTURE: Final = click.argument("capture", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def book_of_file(file: Path, talk: Talk, learned: Path | None = None) -> Book:
    """The policies of a file, or its faults, each on a line with its place."""
    baseline = baseline_of_file(learned) if learned else None
    try:
        return read_policies(file.read_text(encoding="utf-8"), baseline)
    except UnicodeDecodeError as error:
        wrong = Words("UTF-8 ではありません", "is not UTF-8").to(talk.language)
        raise Misuse(f"{file}: byte {error.start}: {wrong}") from None
    except BadPolicies as error:
        lines = [f"{file}: {each.place}: {each.words.to(talk.language)}" for each in error.faults]
        raise Misuse("\n".join(lines)) from None


def baseline_of_file(file: Path) -> Baseline:
    try:
        return baseline_of(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise Misuse(f"{file}: {error}") from None


@command(
    "replay",
    ja="記録を、そこに書かれた時刻で判断し直す。同じ記録としきい値からは、いつも同じ秒に同じ判断が出る",
    en="Judge a capture again by its own times: the same file and policy decide the same at the same seconds.",
)
@CAPTURE
@policy_option
@taking_option
@baseline_option
def replay_(talk: Talk, capture: Path, policy: Path, taking: Taking, baseline: Path | None) -> None:
    book = book_of_file(policy, talk, baseline)
    try:
        decisions, heading = replay(capture, book, taking)
    except NotACapture as error:
        raise Misuse(str(error)) from None
    except NoCompiler as error:
        raise Misuse(error.words) from None
    listed: list[Json] = [each.json() for each in decisions]
    talk.answer(
        {"decisions": listed, "read": heading_json(heading)},
        lambda: "\n".join([*(each.line(talk.language) for each in decisions), heading_text(heading, talk)]),
    )


def heading_json(heading: Heading) -> JsonObject:
    return {
        "seconds": heading.seconds,
        "datagrams": heading.datagrams,
        "packets": heading.packets,
        "records": heading.records,
        "elsewhere": heading.elsewhere,
        "faults": {fault.name.lower(): count for fault, count in heading.faults.items()},
        "exporters": [
            {
                "address": str(each.address),
                "protocol": each.protocol,
                "domain": each.domain,
                "rate": each.rate,
                "datagrams": each.datagrams,
                "records": each.records,
                "lost": each.lost,
            }
            for each in heading.exporters
        ],
    }


def heading_text(heading: Heading, talk: Talk) -> str:
    read = Words(
        f"{heading.seconds} 秒、データグラム {heading.datagrams}、パケット {heading.packets}、"
        f"記録 {heading.records}(うち対象外 {heading.elsewhere})",
        f"{heading.seconds} seconds, {heading.datagrams} datagrams, {heading.packets} packets,"
        f" {heading.records} records, {heading.elsewhere} of them to elsewhere",
    ).to(talk.language)
    dropped = [f"{FAULT_WORDS[fault].to(talk.language)}: {count}" for fault, count in heading.faults.items()]
    lost = [
        Words(f"{each.address} で {each.lost} 欠落", f"{each.address}: {each.lost} lost").to(talk.language)
        for each in heading.exporters
        if each.lost
    ]
    return "\n".join(["# " + read, *("# " + each for each in (*dropped, *lost))])
