"""`ddos policy`: what the contracts have watched, policies to begin with, and whether a file is what they say."""

from pathlib import Path

import click

from kitei.cli.ddos import baseline_option, book_of_file
from kitei.cli.desk import office_of
from kitei.cli.speak import Talk, command, option
from kitei.office.flood_watch import Watched, compare, drafted, watched
from kitei.values import Words


@command(
    "policy",
    ja="契約が見るものを示す。--check でしきい値のファイルが契約どおりかを、--draft で初めのファイルを",
    en="Show what contracts have watched; --check a policy file against them, or --draft one to begin with.",
)
@option(
    "--check",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="確かめるしきい値のファイル",
    en="The policy file to check.",
)
@option(
    "--draft", is_flag=True, ja="初めのしきい値を TOML で書く", en="Print policies to begin with, as TOML."
)
@baseline_option
def policy(talk: Talk, file: Path | None, draft: bool, baseline: Path | None) -> None:
    book = book_of_file(file, talk, baseline) if file else None
    with office_of(talk) as office:
        found = watched(dict(office.contracts()), talk.on or office.today())
    if book is not None:
        faults = compare(book, found)
        talk.answer(
            [{"place": each.place, "wrong": each.words.to(talk.language)} for each in faults],
            lambda: "\n".join(f"{each.place}: {each.words.to(talk.language)}" for each in faults),
        )
        raise SystemExit(1 if faults else 0)
    if draft:
        talk.say(drafted(found))
        return
    talk.answer([each.json() for each in found], lambda: "\n".join(_line(each, talk) for each in found))


def _line(each: Watched, talk: Talk) -> str:
    does = (
        Words("検知と防御", "detects and mitigates") if each.mitigates else Words("検知のみ", "detects only")
    )
    seen = ", ".join(f"{address.prefix} ({address.designated_by})" for address in each.addresses) or "-"
    return f"{each.contract} {each.customer} {each.item}: {does.to(talk.language)}: {seen}"
