"""`decide`: what the terms would say, with nothing loaded that records."""

from pathlib import Path

import click

from kitei.cli.desk import desk_of
from kitei.cli.show import decided_json, decided_text
from kitei.cli.speak import Talk, command
from kitei.desk import Verdict
from kitei.office.orderbook import read_book


@command(
    "decide",
    ja="申込がどう判断されるかを示す。何も記録しない(--on で別の日なら)",
    en="Say what would be decided, recording nothing (with --on: on another day).",
)
@click.argument("source", type=click.Path(exists=True, path_type=Path))
def decide(talk: Talk, source: Path) -> None:
    with desk_of(talk) as office:
        book = read_book(source, office)
        found = [
            (asked, office.decide(asked.act, asked.written, service=asked.service, on=talk.on))
            for asked in book.acts
        ]
        talk.answer(
            [decided_json(decided, asked.place) for asked, decided in found],
            lambda: "\n".join(decided_text(each, talk.language, asked.place) for asked, each in found),
        )
        if any(each.decision.outcome is Verdict.REFUSE for _, each in found):
            raise SystemExit(1)
