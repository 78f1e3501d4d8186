"""`ledger`: what happened, and whether the record of it is whole."""

from datetime import datetime

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import Command, Talk, command, here
from kitei.ledger import Entry
from kitei.values import JsonObject, Words


@click.group("ledger", help=Words("台帳", "The ledger.").to(here()))
def ledger() -> None:
    pass


@command(
    "verify", ja="連鎖を検め、壊れた最初の記載を挙げる", en="Check the chain, and name the first bad entry."
)
def verify(talk: Talk) -> None:
    with office_of(talk) as office:
        found = office.verify()
        text = (
            Words(f"{found.count} 件、すべて連鎖しています。", f"{found.count} entries, all chained.")
            if found.is_whole
            else found.why or Words("壊れています。", "The ledger is not whole.")
        )
        bad = found.first_bad
        talk.answer(
            {
                "whole": found.is_whole,
                "count": found.count,
                "first_bad": bad.seq if isinstance(bad, Entry) else bad,
                "why": None if found.is_whole else {"ja": text.ja, "en": text.en},
            },
            lambda: text.to(talk.language),
        )
        if not found.is_whole:
            raise SystemExit(1)


@command("show", ja="記載を示す(ストリーム名で絞る)", en="Show entries, of one stream or all.")
@click.argument("stream", required=False)
def show(talk: Talk, stream: str | None) -> None:
    with office_of(talk) as office:
        entries = list(office.book.read(stream, on=talk.on))
        talk.answer(
            [_entry_json(entry) for entry in entries],
            lambda: "\n".join(
                f"{e.seq:>6} {_moment(e.recorded_at)} {e.fact.effective_on} {e.stream} {e.fact.kind} ({e.actor})"
                for e in entries
            ),
        )


def _entry_json(entry: Entry) -> JsonObject:
    return {
        "seq": entry.seq,
        "stream": entry.stream,
        "version": entry.version,
        "kind": entry.fact.kind,
        "body": entry.fact.body,
        "effective_on": entry.fact.effective_on.isoformat(),
        "recorded_at": entry.recorded_at.isoformat(),
        "actor": entry.actor,
        "cites": list(entry.fact.cites),
        "hash": entry.hash,
    }


def _moment(at: datetime) -> str:
    from kitei.values import JST

    return at.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S")


for _command in (verify, show):
    assert isinstance(_command, Command)
    ledger.add_command(_command)
