"""`ledger` and `terms`: what happened, and by which rules."""

from datetime import datetime

import click

from kitei.catalogue import SERVICES, service_named
from kitei.cli.desk import office_of
from kitei.cli.show import gists
from kitei.cli.speak import Command, Misuse, Talk, command, here
from kitei.ledger import Entry
from kitei.terms import Cite, known_conventions
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


@click.group("terms", help=Words("規程", "The terms.").to(here()))
def terms() -> None:
    pass


@command("list", ja="サービスと版", en="Services and their editions.")
def list_(talk: Talk) -> None:
    rows = [
        (service.name, edition.in_force.isoformat(), len(edition.provisions), edition.digest)
        for service in SERVICES.values()
        for edition in service.terms.editions
    ]
    talk.answer(
        [{"service": s, "edition": e, "provisions": n, "digest": d} for s, e, n, d in rows],
        lambda: "\n".join(f"{s} {e}  {n}  {d[:12]}" for s, e, n, d in rows),
    )


@command(
    "cite",
    ja="条項を示す(例: managed-vpn-pro art:9.2)",
    en="Show a provision, such as managed-vpn-pro art:9.2.",
)
@click.argument("service")
@click.argument("path")
def cite(talk: Talk, service: str, path: str) -> None:
    try:
        found = service_named(service).terms
        edition = found.on(talk.on) if talk.on else found.editions[-1]
        provision = edition.provision(path)
    except (LookupError, ValueError) as error:
        raise Misuse(str(error.args[0])) from None
    text = str(Cite(service, edition.in_force, path))
    talk.answer(
        {
            "cite": text,
            "heading": {"ja": provision.heading.ja, "en": provision.heading.en},
            "gist": {"ja": provision.gist.ja, "en": provision.gist.en},
            "defects": list(provision.defects),
        },
        lambda: gists([text], talk.language).strip(),
    )


@command("conventions", ja="規程の読み方の取り決め", en="How open readings of the terms are settled.")
def conventions(talk: Talk) -> None:
    known = known_conventions()
    talk.answer(
        {key: {"default": each.default, "confidence": each.confidence} for key, each in known.items()},
        lambda: "\n".join(f"{key} = {each.default} ({each.confidence})" for key, each in known.items()),
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
for _command in (list_, cite, conventions):
    terms.add_command(_command)
