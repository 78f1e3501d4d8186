"""`ddos top`: who sent and who received most, of the history that collectors keep."""

from datetime import datetime, timedelta
from typing import get_args

import click

from kitei.cli.desk import desk_of, faults_told
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.clock import shifted_clock
from kitei.collect.counters import shown
from kitei.office.floods.history import up_to_date
from kitei.office.home import Home
from kitei.store.tallies import By, Top
from kitei.store.tallies import top as find_top
from kitei.values import JST, Words

_NOTES = {
    "source": Words(
        "フローの標本による割合で、総量ではない(しきい値超過中は毎秒 256 件まで、平時は 10 秒ごとに 16 件まで)",
        "of sampled flows, shares and no totals: up to 256 a second while something is too much, else 16 each 10 seconds",
    ),
    "port": Words("毎秒多いポート三つまでによる", "of up to three busiest ports of each second"),
    "target": Words("しきい値に近いホストによる", "of hosts near their thresholds"),
    "protocol": Words("すべての通信", "of all traffic"),
}

_NONE = Words("その間の記録はありません", "nothing was kept of that time")


@command(
    "top",
    ja="多い送信元・ポート・対象・プロトコル(既定は最近の 24 時間)。protocol は全量。target はしきい値に近いホスト"
    "(なければ保護プレフィックス)、port は毎秒多い三つ、source はフローの標本(平時 10 秒ごとに 16 件、攻撃中は"
    "対象宛だけ毎秒 256 件まで)による",
    en="The greatest sources, ports, targets or protocols; of the last 24 hours unless told. `protocol` rests on all "
    "traffic, `target` on hosts near their thresholds (where there are none, protected prefixes), `port` on the three "
    "busiest of each second, `source` on sampled flows: 16 of every tenth second, and up to 256 a second of those to "
    "a target that gets too much. So sources of days with attacks are mostly those of the attacks.",
)
@option(
    "--by", type=click.Choice(get_args(By)), default="target", show_default=True, ja="何で", en="Of what."
)
@option("--from", "since", metavar="TIME", ja="始まり(2026-06-01 か 2026-06-01T09:00)", en="From when on.")
@option("--to", "until", metavar="TIME", ja="終わり(日付ならその日まで)", en="Until when; a day is included.")
@option("--contract", ja="この契約だけ", en="Of this contract only.")
@option("--most", type=click.IntRange(1, 1000), default=20, show_default=True, ja="いくつ", en="How many.")
def top(talk: Talk, by: By, since: str | None, until: str | None, contract: str | None, most: int) -> None:
    last = _instant(until, whole_day=True) if until else shifted_clock(Home(talk.home).clock)()
    first = _instant(since) if since else last - timedelta(days=1)
    if first >= last:
        raise Misuse(
            Words(
                f"--from {since} は終わりより前ではありません",
                f"--from {since} is not before the end, {until or 'now'}",
            )
        )
    with faults_told(talk):
        history = up_to_date(Home(talk.home))
        found = find_top(
            history, by, int(first.timestamp()), -int(-last.timestamp() // 1), contract=contract, most=most
        )
    if contract is not None and not found:
        with desk_of(talk) as desk:
            desk.contract(contract)  # one that there is not has no traffic either, and that is not the answer
    talk.answer(
        [{"name": each.name, "packets": each.packets, "bytes": each.bytes} for each in found],
        lambda: "\n".join([*map(_line, found), "# " + (_NOTES[by] if found else _NONE).to(talk.language)]),
    )


def _instant(text: str, *, whole_day: bool = False) -> datetime:
    """A day (its beginning, or its end) or an instant; Asia/Tokyo where no zone is told."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(
            Words(
                f"{text} は時刻ではありません(例 2026-06-01T09:00)",
                f"{text!r} is no time such as 2026-06-01T09:00",
            )
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=JST)
    return found + timedelta(days=1) if whole_day and len(text) == len("2026-06-01") else found


def _line(each: Top) -> str:
    size = f"  {shown(each.bytes)}B" if each.bytes is not None else ""
    return f"{each.name:<42} {shown(each.packets):>8}p{size}"
