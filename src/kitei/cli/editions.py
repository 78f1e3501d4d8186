"""`terms diff` and `terms publish`: an edition beside the one before, and put on record."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from kitei.catalogue import SERVICES
from kitei.cli.desk import faults_told, office_of
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.office.editions import edition_called
from kitei.office.papers.comparison import KINDS, comparison_pdf, place_text
from kitei.terms import Edition, Row, compare
from kitei.terms.comparison import Line
from kitei.values import Json, JsonObject, Language, Words

_service = option(
    "--service", ja="フォルダがどのサービスの版か", en="Of which service a folder is an edition."
)


@command(
    "diff",
    ja="二つの版の新旧対照表(版は service@date またはフォルダ)",
    en="Two editions compared; each is service@date or a folder.",
)
@click.argument("old")
@click.argument("new")
@_service
@option(
    "--pdf",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    ja="PDF をこのファイルに書く",
    en="Write the table to this file as PDF.",
)
def diff(talk: Talk, old: str, new: str, service: str | None, pdf: Path | None) -> None:
    with faults_told(talk):
        before, after = _both(old, new, service)
    rows = compare(before, after)
    if pdf is not None:
        pdf.write_bytes(comparison_pdf(before, after, SERVICES[after.service].title, talk.language))
    talk.answer(
        {"old": _edition_json(before), "new": _edition_json(after), "rows": [_row_json(row) for row in rows]},
        lambda: _table(before, after, rows, talk.language),
    )


@command(
    "publish",
    ja="版のハッシュを台帳に記録する(以後その版は変えられない)",
    en="Record the hash of every edition; from then on it cannot be changed.",
)
def publish(talk: Talk) -> None:
    with office_of(talk) as office:
        published = [entry.fact.body for entry in office.publish_editions()]
        none = Words("新しい版はありません。", "No edition is new.").to(talk.language)
        talk.answer(
            [dict(body) for body in published],
            lambda: (
                "\n".join(f"{body['service']}@{body['edition']}  {body['digest']}" for body in published)
                or none
            ),
        )


def _both(old: str, new: str, service: str | None) -> tuple[Edition, Edition]:
    """Both editions; a folder that says of no service is of the other's."""
    named = next((name.partition("@")[0] for name in (old, new) if "@" in name), None)
    before = edition_called(old, service or (named if Path(old).is_dir() else None))
    after = edition_called(new, service or before.service)
    if before.service != after.service:
        raise Misuse(
            Words(
                f"{before.service} と {after.service} は別のサービスです",
                f"{before.service} and {after.service} are different services; compare two editions of one",
            )
        )
    return before, after


def _table(old: Edition, new: Edition, rows: Sequence[Row], language: Language) -> str:
    if not rows:
        return Words("違いはありません。", "They say the same.").to(language)
    from rich.console import Console  # only who prints this table pays for it
    from rich.table import Table

    heads = (
        ("条項", f"現行 {old.in_force}", f"改正後 {new.in_force}")
        if language == "ja"
        else ("provision", f"now {old.in_force}", f"new {new.in_force}")
    )
    table = Table(title=f"{old} → {new}", show_lines=True, highlight=False)
    for head, share in zip(heads, (1, 2, 2), strict=True):
        table.add_column(head, overflow="fold", ratio=share)
    for row in rows:
        what = f"{row.heading.to(language)} [{KINDS[row.kind].to(language)}]"
        table.add_row(what, _side(row, row.said, language, True), _side(row, row.says, language, False))
    width = None if sys.stdout.isatty() else 120
    console = Console(width=width, color_system=None, markup=False)
    with console.capture() as printed:
        console.print(table)
    return printed.get().rstrip()


def _side(row: Row, lines: Sequence[Line], language: Language, is_old: bool) -> str:
    cite = row.old if is_old else row.new
    if cite is None:
        return Words("(なし)", "(none)").to(language)
    told = [f"{line.about.to(language)}: {line.says.to(language)}" for line in lines]
    return "\n".join([place_text(cite, language), *told])


def _edition_json(edition: Edition) -> JsonObject:
    return {
        "service": edition.service,
        "in_force": edition.in_force.isoformat(),
        "digest": edition.digest,
        "provisions": len(edition.provisions),
    }


def _row_json(row: Row) -> Json:
    return {
        "kind": row.kind,
        "old": str(row.old) if row.old else None,
        "new": str(row.new) if row.new else None,
        "heading": _words(row.heading),
        "said": [{"about": _words(line.about), "says": _words(line.says)} for line in row.said],
        "says": [{"about": _words(line.about), "says": _words(line.says)} for line in row.says],
    }


def _words(words: Words) -> JsonObject:
    return {"ja": words.ja, "en": words.en}
